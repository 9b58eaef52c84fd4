//! A picture as its file has it: its own numbers, depth, colours and transparency.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::colours::Colours;
use crate::{Error, ErrorKind, Result};
use pulse_core::image::{Image, Rectangle, Size};

/// What is to be said of a file that was read all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileNote {
    /// Its colours are not sRGB's and were converted.
    Converted {
        /// What the file calls them.
        from: String,
    },
    /// What it says of its colours cannot be used.
    UnreadableColours {
        /// Why.
        reason: String,
    },
    /// A JPEG without the marker at its end; all of the picture is there.
    NoEnd,
    /// A JPEG whose data does not fit the picture.
    Damaged {
        /// How.
        reason: String,
    },
}

impl fmt::Display for FileNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Converted { from } => write!(f, "its colours are {from}, and were converted to sRGB"),
            Self::UnreadableColours { reason } => {
                write!(f, "its colour profile cannot be used ({reason}): its numbers were taken for sRGB's")
            }
            Self::NoEnd => f.write_str("the marker at the end of the JPEG is missing; all of the picture is there"),
            Self::Damaged { reason } => write!(
                f,
                "it is damaged inside ({reason}): a part of the picture is not what it was; copy or download it again"
            ),
        }
    }
}

/// The numbers of a picture, interleaved `[height, width, channels]`.
#[derive(Clone)]
pub(super) enum Samples {
    /// `value / 255`.
    Bytes(Arc<Vec<u8>>),
    /// `value / 65535`.
    Words(Arc<Vec<u16>>),
    /// In [0, 1].
    Floats(Arc<Vec<f32>>),
}

/// A picture as its file has it. It takes as many bytes as its numbers do, 1 to 8 a pixel for most files, and 12 for arrays of
/// floats; an [`Image`] of it takes 4 or 12. Copies share the numbers.
#[derive(Clone)]
pub struct Raster {
    size: Size,
    /// 1 (grey) or 3.
    inks: usize,
    has_alpha: bool,
    is_opaque: bool,
    samples: Samples,
    colours: Colours,
    background: Option<[u8; 3]>,
    notes: Vec<FileNote>,
}

/// The most pixels that are worked on at a time: a picture of more is seen as the means of 2x2 of its pixels, or of more.
pub const VIEWED: usize = 12_500_000;

/// Rows that are converted at a time, side by side.
const ROWS: usize = 64;

impl From<&Image> for Raster {
    fn from(image: &Image) -> Self {
        let (inks, pixels) = (image.channels(), image.width() * image.height());
        let values = image.values();
        let interleaved = (0..pixels).flat_map(|pixel| (0..inks).map(move |ink| values[ink * pixels + pixel]));
        let samples = Samples::Floats(Arc::new(interleaved.collect()));
        Self::new(image.size(), inks, samples, Colours::default(), Vec::new())
    }
}

impl Raster {
    /// Bytes of sRGB, interleaved, 1 to 4 a pixel: grey or red, green and blue, and, as the last of 2 or 4, how much each pixel is there.
    ///
    /// # Errors
    /// [`ErrorKind::Picture`] when they are not as many as the size says, or none.
    pub fn of_bytes(size: Size, channels: usize, bytes: Vec<u8>) -> Result<Self> {
        let length = [size.width, size.height, channels].into_iter().try_fold(1_usize, usize::checked_mul);
        if !(1..=4).contains(&channels) || bytes.is_empty() || length != Some(bytes.len()) {
            let message = format!("{} bytes are no picture of {size} with {channels} channels", bytes.len());
            return Err(Error::new(ErrorKind::Picture, message));
        }
        Ok(Self::new(size, channels, Samples::Bytes(Arc::new(bytes)), Colours::default(), Vec::new()))
    }

    /// One of `channels` numbers a pixel, of which an even number has alpha last.
    pub(super) fn new(size: Size, channels: usize, samples: Samples, colours: Colours, notes: Vec<FileNote>) -> Self {
        let has_alpha = channels.is_multiple_of(2);
        let is_opaque = !has_alpha
            || match &samples {
                Samples::Bytes(all) => all.iter().skip(channels - 1).step_by(channels).all(|&alpha| alpha == u8::MAX),
                Samples::Words(all) => all.iter().skip(channels - 1).step_by(channels).all(|&alpha| alpha == u16::MAX),
                Samples::Floats(all) => all.iter().skip(channels - 1).step_by(channels).all(|&alpha| alpha >= 1.0),
            };
        Self {
            size,
            inks: channels - usize::from(has_alpha),
            has_alpha,
            is_opaque,
            samples,
            colours,
            background: None,
            notes,
        }
    }

    /// Width and height.
    pub fn size(&self) -> Size {
        self.size
    }

    /// What is to be said of the file.
    pub fn notes(&self) -> &[FileNote] {
        &self.notes
    }

    /// All of it.
    pub fn whole(&self) -> Rectangle {
        Rectangle { left: 0, top: 0, width: self.size.width, height: self.size.height }
    }

    /// The same over this sRGB colour, which shows through where it is transparent: `alpha value + (1 − alpha) background`, of the
    /// encoded values, as browsers do. White where none is said.
    #[must_use]
    pub fn over(self, background: [u8; 3]) -> Self {
        Self { background: Some(background), ..self }
    }

    /// What was said to show through.
    pub fn background(&self) -> Option<[u8; 3]> {
        self.background
    }

    /// The picture in sRGB.
    ///
    /// # Errors
    /// As [`Image::new`].
    pub fn image(&self) -> Result<Image> {
        self.part(self.whole(), 1)
    }

    /// The picture in sRGB with no more than [`VIEWED`] pixels, and by how much it was shrunk along each side.
    ///
    /// # Errors
    /// As [`part`](Self::part).
    pub fn view(&self) -> Result<(Image, usize)> {
        let pixels = self.size.width * self.size.height;
        let shrink = (1..=self.size.width).find(|shrink| pixels / (shrink * shrink) <= VIEWED).unwrap_or(1);
        Ok((self.part(self.whole(), shrink)?, shrink))
    }

    /// A part of the picture in sRGB, where each pixel is the mean of `shrink` x `shrink`; what is left over at the end is left out.
    ///
    /// # Errors
    /// As [`Image::crop`].
    pub fn part(&self, part: Rectangle, shrink: usize) -> Result<Image> {
        let (width, height) = (part.width / shrink, part.height / shrink);
        let fits = |start: usize, length: usize, all: usize| start.checked_add(length).is_some_and(|end| end <= all);
        if !fits(part.left, part.width, self.size.width)
            || !fits(part.top, part.height, self.size.height)
            || width * height == 0
        {
            // The words for it are there already.
            return Image::new(1, 1, 1, vec![0.0])?.crop(part);
        }
        let background = self.background.unwrap_or([u8::MAX; 3]).map(|byte| f32::from(byte) / 255.0);
        let coloured = !self.is_opaque && background != [background[0]; 3];
        let channels = if coloured { 3 } else { self.inks };
        let mut values = vec![0.0; channels * width * height];
        for first in (0..height).step_by(ROWS) {
            let rows: Vec<_> = (first..height.min(first + ROWS))
                .into_par_iter()
                .map(|row| self.shrunk_row(part, row, shrink, channels, background))
                .collect();
            for (row, pixels) in (first..).zip(&rows) {
                for channel in 0..channels {
                    let plane = &mut values[(channel * height + row) * width..][..width];
                    plane
                        .iter_mut()
                        .zip(pixels.iter().skip(channel).step_by(channels))
                        .for_each(|(to, from)| *to = *from);
                }
            }
        }
        Image::new(channels, height, width, values)
    }

    fn shrunk_row(
        &self,
        part: Rectangle,
        row: usize,
        shrink: usize,
        channels: usize,
        background: [f32; 3],
    ) -> Vec<f32> {
        let width = part.width / shrink;
        let columns = part.left..part.left + width * shrink;
        let mut sums = vec![0.0; width * channels];
        for y in (0..shrink).map(|y| part.top + row * shrink + y) {
            let (colours, alpha) = self.colours_of(y, columns.clone());
            for (x, colour) in colours.chunks_exact(self.inks).enumerate() {
                let sums = &mut sums[x / shrink * channels..][..channels];
                for (channel, sum) in sums.iter_mut().enumerate() {
                    let value = colour[channel.min(self.inks - 1)];
                    *sum += alpha.get(x).map_or(value, |alpha| alpha * value + (1.0 - alpha) * background[channel]);
                }
            }
        }
        let count = (shrink * shrink) as f32;
        if shrink > 1 {
            for sum in &mut sums {
                *sum = (*sum / count).min(1.0);
            }
        }
        sums
    }

    /// The colours of a row in sRGB, interleaved, and its alpha where something shows through.
    fn colours_of(&self, y: usize, columns: Range<usize>) -> (Vec<f32>, Vec<f32>) {
        let mut values = self.numbers(y, columns);
        let mut alpha = Vec::new();
        if self.has_alpha {
            if !self.is_opaque {
                alpha = values.iter().skip(self.inks).step_by(self.inks + 1).copied().collect();
            }
            values = values.chunks_exact(self.inks + 1).flat_map(|pixel| &pixel[..self.inks]).copied().collect();
        }
        self.colours.to_srgb(&mut values, self.inks);
        (values, alpha)
    }

    /// A row's own numbers as parts of 1, interleaved, alpha among them.
    pub(super) fn numbers(&self, y: usize, columns: Range<usize>) -> Vec<f32> {
        let channels = self.channels();
        let range = (y * self.size.width + columns.start) * channels..(y * self.size.width + columns.end) * channels;
        match &self.samples {
            Samples::Bytes(all) => all[range].iter().map(|&value| f32::from(value) / 255.0).collect(),
            Samples::Words(all) => all[range].iter().map(|&value| f32::from(value) / 65_535.0).collect(),
            Samples::Floats(all) => all[range].to_vec(),
        }
    }

    /// Puts a picture in sRGB in the place of a part. What is transparent stays so.
    ///
    /// # Panics
    /// When the part is not within the picture, or not of the other's size.
    pub fn put(&mut self, part: Rectangle, picture: &Image) {
        let picture = if self.inks == 1 { picture.to_grey() } else { picture.to_rgb() };
        assert_eq!(picture.size(), Size::new(part.width, part.height), "a picture fits the part that it is put in");
        let (inks, channels) = (self.inks, self.channels());
        for row in 0..part.height {
            let value = |at: usize| picture.plane(at % inks)[row * part.width + at / inks];
            let mut values: Vec<f32> = (0..inks * part.width).map(value).collect();
            self.colours.give_back(&mut values, inks);
            let first = ((part.top + row) * self.size.width + part.left) * channels;
            for (at, value) in values.into_iter().enumerate() {
                let at = first + at / inks * channels + at % inks;
                match &mut self.samples {
                    Samples::Bytes(all) => Arc::make_mut(all)[at] = (value * 255.0).round() as u8,
                    Samples::Words(all) => Arc::make_mut(all)[at] = (value * 65_535.0).round() as u16,
                    Samples::Floats(all) => Arc::make_mut(all)[at] = value,
                }
            }
        }
    }

    /// The same with its numbers taken for what they stand for, whatever its file says of colours.
    #[must_use]
    pub fn untagged(&self) -> Self {
        Self { colours: Colours::default(), notes: Vec::new(), ..self.clone() }
    }

    /// The same in colours that can be written: a few profiles tell only what their numbers look like, and not which look like a colour.
    pub(crate) fn writable(&self) -> Result<Self> {
        if self.colours.is_two_way() { Ok(self.clone()) } else { Ok(Self::from(&self.image()?)) }
    }

    /// How much each pixel is there: 0 where it is transparent. Nothing where all are there.
    pub fn opacity(&self) -> Option<Image> {
        if self.is_opaque {
            return None;
        }
        let row = |y: usize| self.numbers(y, 0..self.size.width).into_iter().skip(self.inks).step_by(self.channels());
        let values = (0..self.size.height).flat_map(row).collect();
        Image::new(1, self.size.height, self.size.width, values).ok()
    }

    /// The same without its transparency: its colours alone.
    #[must_use]
    pub fn opaque(&self) -> Self {
        Self { is_opaque: true, ..self.clone() }
    }

    /// 1 to 4, alpha among them.
    pub(super) fn channels(&self) -> usize {
        self.inks + usize::from(self.has_alpha)
    }

    pub(super) fn has_alpha(&self) -> bool {
        self.has_alpha
    }

    pub(super) fn samples(&self) -> &Samples {
        &self.samples
    }

    pub(crate) fn colours(&self) -> &Colours {
        &self.colours
    }
}

impl fmt::Debug for Raster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { size, inks, has_alpha, colours, notes, .. } = self;
        f.debug_struct("Raster")
            .field("size", size)
            .field("inks", inks)
            .field("has_alpha", has_alpha)
            .field("colours", colours)
            .field("notes", notes)
            .finish_non_exhaustive()
    }
}
