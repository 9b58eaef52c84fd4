//! The certainty map: what candidates agree on, and where they differ, as a picture.

use crate::Result;
use pulse_core::image::Size;
use pulse_core::image::{Image, Rectangle};
use pulse_core::judge::Certainty;

use super::canvas::{Canvas, Colour, smooth};
use super::{BODY, GAP, HEADING, INK, LABEL, LINE, MARGIN, PADDING, PAPER, TITLE};

/// The box of each of the two pictures.
const PICTURE: Size = Size::new(320, 320);
/// The height of the legend's bar.
const BAR: usize = 16;
/// How much of the mean shows through the colours.
const SHOWN: f32 = 0.35;
/// The share of pixels that the legend reaches; those beyond it have its last colour.
const REACHED: f64 = 0.99;
/// Candidates that are nearer than this, in levels of 255, are all in the legend's first colours.
const LEAST_SCALE: f32 = 4.0;

/// Cividis (Nuñez, Anderton, Renslow, "Optimizing colormaps with consideration for color vision deficiency", 2018), at nine
/// places: the same to people with and without a colour vision deficiency, and in grey.
const COLOURS: [Colour; 9] = [
    [0, 34, 78],
    [26, 56, 111],
    [67, 78, 108],
    [97, 101, 111],
    [125, 124, 120],
    [155, 148, 118],
    [188, 174, 108],
    [222, 201, 88],
    [254, 232, 56],
];

/// The colour of a place between 0 and 1 of the legend.
pub fn colour(at: f32) -> Colour {
    let at = at.clamp(0.0, 1.0) * (COLOURS.len() - 1) as f32;
    let first = (at as usize).min(COLOURS.len() - 2);
    let [a, b] = [COLOURS[first], COLOURS[first + 1]];
    std::array::from_fn(|channel| {
        let [a, b] = [a, b].map(|colour| f32::from(colour[channel]));
        (a + (b - a) * (at - first as f32)).round() as u8
    })
}

/// A map of where candidates differ, over their mean.
#[derive(Clone, Debug)]
pub struct CertaintyMap<'a> {
    certainty: &'a Certainty,
    /// The deviation of each pixel, in levels of 255.
    levels: Vec<f32>,
    scale: f32,
}

impl<'a> CertaintyMap<'a> {
    /// The map of what was found of candidates.
    pub fn new(certainty: &'a Certainty) -> Self {
        let levels: Vec<f32> = certainty.deviation_of_pixels().iter().map(|deviation| deviation * 255.0).collect();
        let mut sorted = levels.clone();
        let reached = ((sorted.len() - 1) as f64 * REACHED) as usize;
        let (_, &mut most, _) = sorted.select_nth_unstable_by(reached, f32::total_cmp);
        Self { certainty, levels, scale: most.ceil().max(LEAST_SCALE) }
    }

    /// The standard deviation at the end of the legend, in levels of 255.
    pub fn scale(&self) -> f32 {
        self.scale
    }

    /// The mean in grey, coloured by the standard deviation of each pixel.
    ///
    /// # Errors
    /// None for a picture of at least one pixel.
    pub fn overlay(&self) -> Result<Image> {
        let mean = self.certainty.mean().to_grey();
        let pixel = |(&grey, &level): (&f32, &f32)| {
            colour(level / self.scale).map(|c| (f32::from(c) * (1.0 - SHOWN) + 255.0 * grey * SHOWN).round() as u8)
        };
        let bytes: Vec<u8> = mean.values().iter().zip(&self.levels).flat_map(pixel).collect();
        Image::from_bytes(3, mean.height(), mean.width(), &bytes)
    }

    /// Mean and map side by side, with a legend, and below them the `caption`.
    ///
    /// # Errors
    /// None for a picture of at least one pixel.
    pub fn draw(&self, title: &str, caption: &str) -> Result<Image> {
        let mean = smooth(self.certainty.mean(), PICTURE)?;
        let overlay = smooth(&self.overlay()?, PICTURE)?;
        let Size { width: side, height } = mean.size();
        let column = side.max(PICTURE.width / 2);
        let width = 2 * column + GAP;
        let explanation = BODY.wrapped(caption, width);
        let pictures_top = MARGIN + TITLE.line_height() + HEADING.line_height() + PADDING;
        let legend_top = pictures_top + height + PADDING;
        let text_top = legend_top + BAR + LABEL.line_height() + 2 * PADDING;
        let below = text_top + explanation.len() * BODY.line_height() + MARGIN;

        let mut canvas = Canvas::new(width + 2 * MARGIN, below, PAPER);
        canvas.text(MARGIN, MARGIN, &TITLE.shortened(title, width), TITLE);
        let differs = MARGIN + column + GAP;
        let named = [(MARGIN, "Mean of the candidates", mean), (differs, "Where they differ", overlay)];
        for (left, heading, picture) in named {
            canvas.text(left, pictures_top - HEADING.line_height() - PADDING / 2, heading, HEADING);
            canvas.picture(left, pictures_top, &picture);
            canvas.outline(Rectangle { left, top: pictures_top, width: side, height }, LINE);
        }
        self.legend(&mut canvas, differs, legend_top, column);
        let note = LABEL.wrapped("The colours: standard deviation over candidates, in levels of 255", column);
        canvas.lines(MARGIN, legend_top, &note, LABEL);
        canvas.lines(MARGIN, text_top, &explanation, BODY);
        canvas.into_image()
    }

    fn legend(&self, canvas: &mut Canvas, left: usize, top: usize, width: usize) {
        for column in 0..width {
            let part = Rectangle { left: left + column, top, width: 1, height: BAR };
            canvas.fill(part, colour(column as f32 / (width - 1) as f32));
        }
        canvas.outline(Rectangle { left, top, width, height: BAR }, INK);
        let ends = [
            ("0".to_owned(), 0.0),
            (format!("{:.0}", self.scale / 2.0), 0.5),
            (format!("{:.0} or more", self.scale), 1.0),
        ];
        for (text, at) in ends {
            let shift = (at * (width - LABEL.width(&text)) as f32) as usize;
            canvas.text(left + shift, top + BAR + 2, &text, LABEL);
        }
    }
}
