//! The certainty map: what candidates agree on, and where they differ, as a picture.

use crate::Result;
use pulse_core::image::Size;
use pulse_core::image::{Image, Rectangle};
use pulse_core::judge::Certainty;

use super::canvas::{Canvas, smooth};
use super::{BAR, BODY, Colormap, GAP, HEADING, LABEL, LINE, MARGIN, PADDING, PAPER, TITLE, legend};

/// The box of each of the two pictures.
const PICTURE: Size = Size::new(320, 320);
/// How much of the mean shows through the colours.
const SHOWN: f32 = 0.35;

/// The colours of the map.
pub(crate) const COLOURS: Colormap = Colormap::Cividis;

/// A picture in grey, each pixel in the colour of its place between 0 and 1.
///
/// # Errors
/// None for a picture of at least one pixel.
pub(crate) fn overlay(picture: &Image, places: &[f32]) -> Result<Image> {
    let grey = picture.to_grey();
    let pixel = |(&grey, &place): (&f32, &f32)| {
        COLOURS.at(place).map(|c| (f32::from(c) * (1.0 - SHOWN) + 255.0 * grey * SHOWN).round() as u8)
    };
    let bytes: Vec<u8> = grey.values().iter().zip(places).flat_map(pixel).collect();
    Image::from_bytes(3, grey.height(), grey.width(), &bytes)
}

/// A map of where candidates differ, over their mean.
#[derive(Clone, Debug)]
pub struct CertaintyMap<'a> {
    certainty: &'a Certainty,
    /// The deviation of each pixel, in levels of 255.
    levels: Vec<f32>,
}

impl<'a> CertaintyMap<'a> {
    /// The standard deviation at the end of the colours, in levels of 255. It is the same in every run, so that two maps can be
    /// compared: faces of 16 × 16 pixels reach 20 to 45.
    pub const SCALE: f32 = 40.0;

    /// The map of what was found of candidates.
    pub fn new(certainty: &'a Certainty) -> Self {
        let levels: Vec<f32> = certainty.deviation_of_pixels().iter().map(|deviation| deviation * 255.0).collect();
        Self { certainty, levels }
    }

    /// The mean in grey, coloured by the standard deviation of each pixel.
    ///
    /// # Errors
    /// None for a picture of at least one pixel.
    pub fn overlay(&self) -> Result<Image> {
        let places: Vec<f32> = self.levels.iter().map(|level| level / Self::SCALE).collect();
        overlay(self.certainty.mean(), &places)
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
        let bar = Rectangle { left: differs, top: legend_top, width: column, height: BAR };
        legend(&mut canvas, bar, COLOURS, ["0", &format!("{:.0} or more", Self::SCALE)]);
        let note = LABEL.wrapped(
            "The colours: standard deviation over candidates, in levels of 255, on one scale in every run",
            column,
        );
        canvas.lines(MARGIN, legend_top, &note, LABEL);
        canvas.lines(MARGIN, text_top, &explanation, BODY);
        canvas.into_image()
    }
}
