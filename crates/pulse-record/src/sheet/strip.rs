//! Strips: pictures in a row, each with what there is to say about it.

use super::canvas::{Canvas, TextStyle, smooth};
use super::{BODY, GAP, HEADING, INK, LABEL, LINE, MARGIN, PADDING, PAPER, TITLE};
use crate::{Error, ErrorKind, Result};
use pulse_core::image::Size;
use pulse_core::image::{Image, Rectangle};

/// The box of a picture.
pub(crate) const PICTURE: Size = Size::new(128, 128);
/// The width of a column with the gap after it.
const COLUMN: usize = PICTURE.width + GAP / 2;

/// Pictures one after the other.
#[derive(Clone, Debug)]
pub struct Strip<'a> {
    /// The heading.
    pub title: &'a str,
    /// What stands under the heading; may be long.
    pub note: &'a str,
    /// The pictures, the first at the left.
    pub cells: Vec<Cell<'a>>,
    /// How many stand in one row.
    pub columns: usize,
}

/// One picture of a strip.
#[derive(Clone, Debug)]
pub struct Cell<'a> {
    /// The picture.
    pub image: &'a Image,
    /// The part of it that is framed.
    pub part: Option<Rectangle>,
    /// More pictures below it, no larger than itself.
    pub below: Vec<Image>,
    /// What stands below them, in bold.
    pub heading: String,
    /// What stands below that, a line each.
    pub lines: Vec<String>,
    /// Whether it is framed, as what the others are compared with.
    pub marked: bool,
}

impl Strip<'_> {
    /// Draws it: an RGB picture of 8-bit values.
    ///
    /// # Errors
    /// [`ErrorKind::Picture`] when there is nothing to show.
    pub fn draw(&self) -> Result<Image> {
        if self.cells.is_empty() {
            return Err(Error::new(ErrorKind::Picture, "cannot draw a strip without pictures: give at least one"));
        }
        let columns = self.columns.clamp(1, self.cells.len());
        let pictures = self.cells.iter().map(|cell| smooth(cell.image, PICTURE)).collect::<Result<Vec<_>>>()?;
        let width = columns.max(LEAST_COLUMNS) * COLUMN - GAP / 2;
        let note = BODY.wrapped(self.note, width);
        let picture_height = pictures.iter().map(Image::height).max().unwrap_or(0);
        let lines = self.cells.iter().map(|cell| cell.lines.len()).max().unwrap_or(0);
        let more = self.cells.iter().map(Cell::height_below).max().unwrap_or(0);
        let row = picture_height + more + PADDING / 2 + HEADING.line_height() + lines * LABEL.line_height() + GAP;
        let top = TITLE.line_height() + note.len() * BODY.line_height() + GAP;
        let height = top + self.cells.len().div_ceil(columns) * row - GAP;

        let mut canvas = Canvas::new(width + 2 * MARGIN, height + 2 * MARGIN, PAPER);
        canvas.text(MARGIN, MARGIN, &TITLE.shortened(self.title, width), TITLE);
        canvas.lines(MARGIN, MARGIN + TITLE.line_height(), &note, BODY);
        for (number, (cell, picture)) in self.cells.iter().zip(&pictures).enumerate() {
            let left = MARGIN + number % columns * COLUMN;
            cell.draw(&mut canvas, left, MARGIN + top + number / columns * row, picture);
        }
        canvas.into_image()
    }
}

/// The least width, for what stands above the pictures.
const LEAST_COLUMNS: usize = 4;

impl Cell<'_> {
    fn height_below(&self) -> usize {
        self.below.iter().map(|picture| picture.height() + PADDING / 2).sum()
    }

    fn draw(&self, canvas: &mut Canvas, left: usize, top: usize, picture: &Image) {
        canvas.picture(left, top, picture);
        let (width, height) = (picture.width(), picture.height());
        canvas.outline(Rectangle { left, top, width, height }, LINE);
        if self.marked {
            for border in 1..=2 {
                let [left, top] = [left - border, top - border];
                let [width, height] = [width, height].map(|side| side + 2 * border);
                canvas.outline(Rectangle { left, top, width, height }, INK);
            }
        }
        if let Some(part) = self.part {
            let scaled = |side: usize| side * width / self.image.width().max(1);
            let [x, y] = [left + scaled(part.left), top + scaled(part.top)];
            let [wide, high] = [scaled(part.width), scaled(part.height)];
            canvas.outline(Rectangle { left: x, top: y, width: wide, height: high }, PAPER);
            canvas.outline(Rectangle { left: x + 1, top: y + 1, width: wide.max(3) - 2, height: high.max(3) - 2 }, INK);
        }
        let mut below = top + height + PADDING / 2;
        for picture in &self.below {
            canvas.picture(left, below, picture);
            canvas.outline(Rectangle { left, top: below, width: picture.width(), height: picture.height() }, LINE);
            below += picture.height() + PADDING / 2;
        }
        let fits = |text: &str, style: TextStyle| style.shortened(text, PICTURE.width);
        canvas.text(left, below, &fits(&self.heading, HEADING), HEADING);
        let below = below + HEADING.line_height();
        let lines: Vec<_> = self.lines.iter().map(|line| fits(line, LABEL)).collect();
        canvas.lines(left, below, &lines, LABEL);
    }
}
