//! What contact sheets and strips are drawn with: a canvas, boxes, pictures and text.

use std::sync::LazyLock;

use ab_glyph::{Font as _, FontRef, PxScale, ScaleFont as _, point};

use crate::Result;
use pulse_core::image::{Image, Rectangle};
use pulse_core::image::{Kernel, Size};

/// An sRGB colour.
pub type Colour = [u8; 3];

static REGULAR: LazyLock<FontRef<'static>> =
    LazyLock::new(|| font(include_bytes!("../../assets/fonts/DejaVuSans.ttf")));
static BOLD: LazyLock<FontRef<'static>> =
    LazyLock::new(|| font(include_bytes!("../../assets/fonts/DejaVuSans-Bold.ttf")));

fn font(bytes: &'static [u8]) -> FontRef<'static> {
    FontRef::try_from_slice(bytes).expect("the embedded fonts are whole")
}

/// How thick text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// For sentences.
    Regular,
    /// For headings and numbers.
    Bold,
}

/// How text looks. The font has Latin-1 and the signs `– — ‘ ’ “ ” … → ε ∞ ≈ ≤ ≥ ✓ ✗`; other characters
/// are drawn as `?`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextStyle {
    /// Its thickness.
    pub weight: Weight,
    /// The size of its em square in pixels.
    pub size: f32,
    /// Its colour.
    pub colour: Colour,
}

impl TextStyle {
    fn font(self) -> &'static FontRef<'static> {
        match self.weight {
            Weight::Regular => &REGULAR,
            Weight::Bold => &BOLD,
        }
    }

    fn scale(self) -> PxScale {
        let font = self.font();
        // `PxScale` is the height from the lowest to the highest point of the font, not of its em square.
        PxScale::from(self.size * font.height_unscaled() / font.units_per_em().unwrap_or(1000.0))
    }

    /// Pixels from one line to the next.
    pub fn line_height(self) -> usize {
        (self.size * 1.35).round() as usize
    }

    /// How many pixels wide `text` is in one line.
    pub fn width(self, text: &str) -> usize {
        self.layout(text).1.ceil() as usize
    }

    /// `text` in lines of at most `width` pixels, broken between words. A word that is wider stands alone
    /// in a line, shortened as by [`shortened`](Self::shortened).
    pub fn wrapped(self, text: &str, width: usize) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split_whitespace() {
            if let Some(line) = lines.last_mut() {
                let longer = format!("{line} {word}");
                if self.width(&longer) <= width {
                    *line = longer;
                    continue;
                }
            }
            lines.push(self.shortened(word, width));
        }
        lines
    }

    /// `text`, or as much of its start as fits into `width` pixels together with an ellipsis.
    pub fn shortened(self, text: &str, width: usize) -> String {
        if self.width(text) <= width {
            return text.to_owned();
        }
        let mut start = String::new();
        for character in text.chars() {
            start.push(character);
            if self.width(&format!("{start}…")) > width {
                start.pop();
                break;
            }
        }
        start + "…"
    }

    /// The glyphs of `text` from x = 0 on a baseline at y = 0, and where the next one would start.
    fn layout(self, text: &str) -> (Vec<ab_glyph::Glyph>, f32) {
        let font = self.font().as_scaled(self.scale());
        let mut glyphs: Vec<ab_glyph::Glyph> = Vec::new();
        let mut x = 0.0;
        for character in text.chars() {
            let mut id = font.glyph_id(character);
            if id.0 == 0 {
                id = font.glyph_id('?');
            }
            if let Some(last) = glyphs.last() {
                x += font.kern(last.id, id);
            }
            glyphs.push(id.with_scale_and_position(self.scale(), point(x, 0.0)));
            x += font.h_advance(id);
        }
        (glyphs, x)
    }
}

/// An RGB picture to draw on. What lies outside of it is not drawn.
#[derive(Clone, Debug)]
pub struct Canvas {
    width: usize,
    height: usize,
    /// Interleaved `[height, width, 3]`.
    bytes: Vec<u8>,
}

impl Canvas {
    /// A canvas of one colour.
    pub fn new(width: usize, height: usize, background: Colour) -> Self {
        Self { width, height, bytes: background.repeat(width * height) }
    }

    /// Fills a box.
    pub fn fill(&mut self, part: Rectangle, colour: Colour) {
        for y in part.top..part.top + part.height {
            for x in part.left..part.left + part.width {
                self.blend(x, y, colour, 1.0);
            }
        }
    }

    /// Draws a line of one pixel along the inside of the border of a box.
    pub fn outline(&mut self, part: Rectangle, colour: Colour) {
        let Rectangle { left, top, width, height } = part;
        let (right, bottom) = (left + width.saturating_sub(1), top + height.saturating_sub(1));
        self.fill(Rectangle { left, top, width, height: 1 }, colour);
        self.fill(Rectangle { left, top: bottom, width, height: 1 }, colour);
        self.fill(Rectangle { left, top, width: 1, height }, colour);
        self.fill(Rectangle { left: right, top, width: 1, height }, colour);
    }

    /// Draws a picture, one pixel to a pixel, with its top left corner at (`left`, `top`).
    pub fn picture(&mut self, left: usize, top: usize, image: &Image) {
        let image = image.to_rgb();
        for (pixel, colour) in image.to_bytes().as_chunks::<3>().0.iter().enumerate() {
            self.blend(left + pixel % image.width(), top + pixel / image.width(), *colour, 1.0);
        }
    }

    /// Draws one line of text whose line box has its top left corner at (`left`, `top`).
    pub fn text(&mut self, left: usize, top: usize, text: &str, style: TextStyle) {
        let font = style.font().as_scaled(style.scale());
        let leading = style.line_height() as f32 - font.height();
        // On whole pixels all lines have the same sharpness.
        let baseline = (top as f32 + leading / 2.0 + font.ascent()).round();
        for mut glyph in style.layout(text).0 {
            glyph.position += point(left as f32, baseline);
            let Some(outline) = style.font().outline_glyph(glyph) else { continue };
            let corner = outline.px_bounds().min;
            outline.draw(|x, y, coverage| {
                let (x, y) = (corner.x + x as f32, corner.y + y as f32);
                if x >= 0.0 && y >= 0.0 {
                    self.blend(x as usize, y as usize, style.colour, coverage);
                }
            });
        }
    }

    /// Draws `lines` one below the other, and gives the y below the last.
    pub fn lines(&mut self, left: usize, top: usize, lines: &[String], style: TextStyle) -> usize {
        for (number, line) in lines.iter().enumerate() {
            self.text(left, top + number * style.line_height(), line, style);
        }
        top + lines.len() * style.line_height()
    }

    fn blend(&mut self, x: usize, y: usize, colour: Colour, coverage: f32) {
        if x >= self.width || y >= self.height {
            return;
        }
        let pixel = &mut self.bytes[(y * self.width + x) * 3..][..3];
        for (byte, colour) in pixel.iter_mut().zip(colour) {
            *byte = (f32::from(*byte) * (1.0 - coverage) + f32::from(colour) * coverage).round() as u8;
        }
    }

    /// What was drawn.
    ///
    /// # Errors
    /// [`ErrorKind::Picture`](pulse_core::ErrorKind::Picture) when the canvas has no pixel.
    pub fn into_image(self) -> Result<Image> {
        Image::from_bytes(3, self.height, self.width, &self.bytes)
    }
}

/// The size of `of` after it was scaled, with its proportions, to just fit into a box.
pub fn fitted(of: Size, into: Size) -> Size {
    // In whole numbers, so that a picture as large as the box keeps its size.
    let scaled = |side: usize, to: usize, from: usize| ((side * to + from / 2) / from).max(1);
    if of.width * into.height >= of.height * into.width {
        Size::new(into.width, scaled(of.height, into.width, of.width))
    } else {
        Size::new(scaled(of.width, into.height, of.height), into.height)
    }
}

/// A picture scaled smoothly to just fit into a box: for sharp pictures.
///
/// # Errors
/// None for a picture and a box of at least one pixel.
pub fn smooth(image: &Image, into: Size) -> Result<Image> {
    image.resized(Kernel::Bicubic, fitted(image.size(), into))
}

/// A picture scaled into a box so that one still sees its pixels: each becomes a square of as many pixels as
/// fit. A picture of more than half the side of the box is scaled to just fit into it.
///
/// # Errors
/// None for a picture and a box of at least one pixel.
pub fn pixelated(image: &Image, into: Size) -> Result<Image> {
    let Size { width, height } = image.size();
    let factor = (into.width / width).min(into.height / height);
    let size = if factor < 2 { fitted(image.size(), into) } else { Size::new(width * factor, height * factor) };
    image.resized(Kernel::Area, size)
}
