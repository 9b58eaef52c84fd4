//! The contact sheet: one picture that shows what was given and what was found.

pub mod canvas;
mod certainty;
mod colormap;
mod strip;

use crate::{Error, ErrorKind, Result};
use canvas::{Canvas, Colour, TextStyle, Weight, pixelated, smooth};
pub use certainty::CertaintyMap;
pub(crate) use certainty::overlay;
pub use colormap::{Colormap, coloured};
use pulse_core::candidate::Outcome;
use pulse_core::image::Size;
use pulse_core::image::{Image, Rectangle};
use pulse_core::judge::Verdict;
pub(crate) use strip::PICTURE as STRIP_PICTURE;
pub use strip::{Cell, Strip};

/// The most candidates on one sheet. Of more, the first are shown.
pub const MAX_SHOWN: usize = 64;

const PAPER: Colour = [250, 250, 248];
const CARD: Colour = [255, 255, 255];
const LINE: Colour = [222, 222, 217];
const INK: Colour = [28, 28, 30];
const GREY: Colour = [98, 98, 102];
const GREEN: Colour = [22, 120, 62];
const AMBER: Colour = [142, 92, 0];
const RED: Colour = [178, 58, 22];

const TITLE: TextStyle = TextStyle { weight: Weight::Bold, size: 24.0, colour: INK };
const HEADING: TextStyle = TextStyle { weight: Weight::Bold, size: 14.0, colour: INK };
const BODY: TextStyle = TextStyle { weight: Weight::Regular, size: 14.0, colour: GREY };
const LABEL: TextStyle = TextStyle { weight: Weight::Regular, size: 12.0, colour: GREY };

/// Around everything.
const MARGIN: usize = 36;
/// Between cards.
const GAP: usize = 16;
/// Between the border of a card and what is in it, and between its parts.
const PADDING: usize = 10;
/// The box of a sharp picture.
const SHARP: Size = Size::new(192, 192);
/// The box of what a candidate shrinks to, which leaves room for text beside it.
const SMALL: Size = Size::new(110, 110);
/// The box of the given picture, as wide as a card.
const GIVEN: Size = Size::new(CARD_WIDTH, CARD_WIDTH);
const CARD_WIDTH: usize = SHARP.width + 2 * PADDING;
/// The width of a column with the gap after it. The header stands in the columns of the cards.
const COLUMN: usize = CARD_WIDTH + GAP;
/// The height of a bar of colours.
const BAR: usize = 16;
/// The widest that a paragraph of several lines is still easy to read.
const READABLE: usize = 480;
/// The least number of columns: given picture, original, explanation.
const LEAST_COLUMNS: usize = 3;

/// What is on a contact sheet.
#[derive(Clone, Debug)]
pub struct Sheet<'a> {
    /// The heading.
    pub title: &'a str,
    /// What stands under the heading, such as the generator and the seed; may be empty.
    pub note: &'a str,
    /// The given small picture.
    pub target: &'a Image,
    /// The sharp picture that the given one was made from, where it is known. The search has not seen it.
    pub original: Option<&'a Image>,
    /// The colours in which grey pictures are shown, where not in grey.
    pub colours: Option<Colormap>,
    /// The candidates, the first at the top left.
    pub entries: Vec<Entry<'a>>,
}

/// One candidate on a contact sheet.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Its number within the run, from 1.
    pub number: usize,
    /// The sharp picture.
    pub image: &'a Image,
    /// What it shrinks to.
    pub measured: &'a Image,
    /// The agreement of that with the given picture, in dB.
    pub db: f64,
    /// How the search for it ended.
    pub outcome: Outcome,
    /// How far the generator had to be bent for it, where that was measured.
    pub verdict: Option<Verdict>,
}

impl Sheet<'_> {
    /// Draws the sheet: an RGB picture of 8-bit values.
    ///
    /// Pixels of small pictures are shown as squares, so that they look as small as they are; sharp ones
    /// are scaled smoothly.
    ///
    /// # Errors
    /// [`ErrorKind::Picture`] when there is no candidate to show.
    pub fn draw(&self) -> Result<Image> {
        if self.entries.is_empty() {
            let message = "cannot draw a contact sheet without candidates: search for at least one first";
            return Err(Error::new(ErrorKind::Picture, message));
        }
        let shown = self.entries.iter().take(MAX_SHOWN);
        let cards = shown.map(|entry| Card::new(entry, self.colours)).collect::<Result<Vec<_>>>()?;
        let header = Header::new(self)?;
        let columns = columns_of(cards.len());
        let width = columns.max(LEAST_COLUMNS) * COLUMN - GAP;

        let card_height = Card::height(&cards);
        let grid_top = header.height(width) + MARGIN / 2;
        let rows = cards.len().div_ceil(columns);
        let footer_top = grid_top + rows * (card_height + GAP) - GAP + MARGIN / 2;
        let footer = BODY.wrapped(&self.footer(cards.len()), width);
        let height = footer_top + footer.len() * BODY.line_height();

        let mut canvas = Canvas::new(width + 2 * MARGIN, height + 2 * MARGIN, PAPER);
        header.draw(&mut canvas, width);
        for (place, card) in cards.iter().enumerate() {
            let left = MARGIN + place % columns * COLUMN;
            let top = MARGIN + grid_top + place / columns * (card_height + GAP);
            card.draw(&mut canvas, left, top, card_height);
        }
        canvas.lines(MARGIN, MARGIN + footer_top, &footer, BODY);
        canvas.into_image()
    }

    /// What the pictures are and are not, in words that hold for any generator.
    fn footer(&self, shown: usize) -> String {
        let all = self.entries.len();
        let of_outcome = |outcome| self.entries.iter().filter(|entry| entry.outcome == outcome).count();
        let (reached, stopped) = (of_outcome(Outcome::Reached), of_outcome(Outcome::Stopped));
        let counted = match (all, reached) {
            _ if stopped > 0 => {
                format!("What is shown is imagined, and not done: the search was stopped, for {stopped} of {all}.")
            }
            (1, 1) => "This picture is imagined: one of infinitely many that shrink to the given one.".to_owned(),
            (1, _) => "This picture is imagined, and does not shrink to the given one closely enough.".to_owned(),
            (_, 0) => {
                format!("These {all} pictures are imagined, and none shrinks to the given one closely enough.")
            }
            _ if reached == all => {
                format!("These pictures are imagined: {all} of infinitely many that shrink to the given one.")
            }
            _ => format!(
                "These pictures are imagined: {reached} of infinitely many that shrink to the given one, and {} that \
                 did not come close enough.",
                all - reached
            ),
        };
        let subject = if all == 1 { "It does" } else { "They do" };
        let hidden = if shown < all { format!(" The first {shown} of {all} are shown.") } else { String::new() };
        format!("{counted} {subject} not show who or what was really in it.{hidden}")
    }
}

/// How many cards stand in a row: of the numbers that make the sheet about square or somewhat wider, the one
/// that leaves the fewest gaps in the last row.
fn columns_of(cards: usize) -> usize {
    let side = (cards as f64).sqrt();
    let widest = ((side * 1.25).ceil() as usize).max(4).min(cards);
    let gaps = |columns: &usize| cards.next_multiple_of(*columns) - cards;
    (side.ceil() as usize..=widest).rev().min_by_key(gaps).unwrap_or(widest)
}

/// The heading, the given picture, and how to read the sheet.
struct Header<'a> {
    title: &'a str,
    note: &'a str,
    /// Pictures with a heading and a label each.
    pictures: Vec<(Image, &'static str, String)>,
    /// The colours that need a legend.
    colours: Option<Colormap>,
}

impl<'a> Header<'a> {
    fn new(sheet: &Sheet<'a>) -> Result<Self> {
        let size = |image: &Image| format!("{} × {} pixels", image.width(), image.height());
        let given = pixelated(sheet.target, GIVEN)?;
        // The original is shown as large as the given picture, so that the two are seen to be one.
        let beside = given.size();
        let mut pictures = vec![(coloured(given, sheet.colours), "Given", size(sheet.target))];
        if let Some(original) = sheet.original {
            let shown = coloured(smooth(original, beside)?, sheet.colours);
            pictures.push((shown, "Original", size(original) + ", not used"));
        }
        let colours = sheet.colours.filter(|_| sheet.target.channels() == 1);
        Ok(Self { title: sheet.title, note: sheet.note, pictures, colours })
    }

    fn explanation(&self, width: usize) -> Vec<String> {
        let text = "Every picture below is a guess by a generative model. Under each stands what it shrinks to, which \
                    should look like the given picture, and how closely the two agree: more dB is closer. Where the model had to be stretched for that, or \
                    does not know such pictures at all, the card says so.";
        BODY.wrapped(text, (width - self.pictures.len() * COLUMN).min(READABLE))
    }

    fn note(&self, width: usize) -> Vec<String> {
        BODY.wrapped(self.note, width)
    }

    fn pictures_top(&self, width: usize) -> usize {
        TITLE.line_height() + self.note(width).len() * BODY.line_height() + MARGIN / 2
    }

    fn height(&self, width: usize) -> usize {
        let pictures = self.pictures.iter().map(|(picture, ..)| picture.height()).max().unwrap_or(0);
        let legend = self.colours.map_or(0, |_| PADDING + BAR + LABEL.line_height());
        let text = HEADING.line_height() + self.explanation(width).len() * BODY.line_height() + legend;
        self.pictures_top(width) + text.max(pictures + PADDING / 2 + HEADING.line_height() + LABEL.line_height())
    }

    fn draw(&self, canvas: &mut Canvas, width: usize) {
        canvas.text(MARGIN, MARGIN, &TITLE.shortened(self.title, width), TITLE);
        canvas.lines(MARGIN, MARGIN + TITLE.line_height(), &self.note(width), BODY);
        let top = MARGIN + self.pictures_top(width);
        let mut left = MARGIN;
        for (picture, heading, label) in &self.pictures {
            canvas.picture(left, top, picture);
            canvas.outline(Rectangle { left, top, width: picture.width(), height: picture.height() }, LINE);
            let below = top + picture.height() + PADDING / 2;
            canvas.text(left, below, heading, HEADING);
            canvas.text(left, below + HEADING.line_height(), label, LABEL);
            left += COLUMN;
        }
        canvas.text(left, top, "How to read this", HEADING);
        let explanation = self.explanation(width);
        canvas.lines(left, top + HEADING.line_height(), &explanation, BODY);
        if let Some(colours) = self.colours {
            let below = top + HEADING.line_height() + explanation.len() * BODY.line_height() + PADDING;
            legend(canvas, Rectangle { left, top: below, width: CARD_WIDTH, height: BAR }, colours, ["0", "255"]);
        }
    }
}

/// A bar of colours from the least to the greatest, and what stands below its ends.
fn legend(canvas: &mut Canvas, bar: Rectangle, colours: Colormap, [least, most]: [&str; 2]) {
    for column in 0..bar.width {
        let part = Rectangle { left: bar.left + column, width: 1, ..bar };
        canvas.fill(part, colours.at(column as f32 / (bar.width - 1) as f32));
    }
    canvas.outline(bar, INK);
    let below = bar.top + bar.height + 2;
    canvas.text(bar.left, below, least, LABEL);
    canvas.text(bar.left + bar.width - LABEL.width(most), below, most, LABEL);
}

/// One candidate, scaled to be drawn.
struct Card {
    number: usize,
    image: Image,
    measured: Image,
    db: f64,
    outcome: Outcome,
    verdict: Option<Verdict>,
}

impl Card {
    fn new(entry: &Entry<'_>, colours: Option<Colormap>) -> Result<Self> {
        Ok(Self {
            number: entry.number,
            image: coloured(smooth(entry.image, SHARP)?, colours),
            measured: coloured(pixelated(entry.measured, SMALL)?, colours),
            db: entry.db,
            outcome: entry.outcome,
            verdict: entry.verdict,
        })
    }

    fn image_height(cards: &[Self]) -> usize {
        cards.iter().map(|card| card.image.height()).max().unwrap_or(0)
    }

    fn height(cards: &[Self]) -> usize {
        let text = HEADING.line_height() + 2 * LABEL.line_height();
        let measured = cards.iter().map(|card| card.measured.height()).max().unwrap_or(0);
        Self::image_height(cards) + measured.max(text) + 3 * PADDING
    }

    fn draw(&self, canvas: &mut Canvas, left: usize, top: usize, height: usize) {
        let card = Rectangle { left, top, width: CARD_WIDTH, height };
        canvas.fill(card, CARD);
        canvas.outline(card, LINE);
        let (left, top) = (left + PADDING, top + PADDING);
        canvas.picture(left + (SHARP.width - self.image.width()) / 2, top, &self.image);

        let below = top + self.image.height() + PADDING;
        canvas.picture(left, below, &self.measured);
        let left = left + self.measured.width() + PADDING;
        canvas.text(left, below, &format!("#{}", self.number), LABEL);
        let below = below + LABEL.line_height();
        canvas.text(left, below, &decibels(self.db), HEADING);
        let (words, colour) = fit(self.outcome, self.verdict);
        canvas.text(left, below + HEADING.line_height(), words, TextStyle { colour, ..LABEL });
    }
}

/// What is said of a candidate that shrinks to the given picture, or does not: that it matches says little where the generator
/// had to be bent for it, and nothing where its search was not done.
pub fn fit(outcome: Outcome, verdict: Option<Verdict>) -> (&'static str, Colour) {
    match (outcome, verdict) {
        (Outcome::Stopped, _) => ("… stopped", AMBER),
        (Outcome::Reached, None | Some(Verdict::Known)) => ("✓ matches", GREEN),
        (Outcome::Reached, Some(Verdict::Stretched)) => ("~ stretched", AMBER),
        (Outcome::Reached, Some(Verdict::Unknown)) => ("? unknown", RED),
        _ => ("✗ too far", RED),
    }
}

fn decibels(db: f64) -> String {
    if db == f64::INFINITY { "∞ dB".to_owned() } else { format!("{db:.1} dB") }
}
