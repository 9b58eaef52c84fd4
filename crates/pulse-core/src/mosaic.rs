//! Pictures of big blocks: where the blocks lie, and the one value that each has.
//!
//! A pixelated picture seldom arrives with one pixel a block. It was enlarged, saved as JPEG, cropped so that the
//! blocks start off its edge, or is only a part of a photograph. [`Mosaic::detect`] finds the [`Grid`], and
//! [`Mosaic::reduce`] gives the small picture that it was made from, as [`Kernel::Area`](crate::image::Kernel)
//! measures it.

mod detect;
mod margin;
mod region;
mod turned;

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use crate::image::{Image, Rectangle};
use crate::place::Placement;
use crate::placement::{Point, Square};
use crate::{Error, ErrorKind, Result};

pub use turned::Guess;

/// Where square blocks lie: block `(i, j)` covers `[left + i size, left + (i + 1) size)` along the horizontal axis and
/// `[top + j size, top + (j + 1) size)` along the vertical one, in pixels from the picture's top left corner. `i` and `j`
/// may be negative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// The side of a block in pixels.
    pub size: f64,
    /// The first edge between blocks, in `[0, size)`.
    pub left: f64,
    /// The same along the vertical axis.
    pub top: f64,
}

/// Blocks, and the part of the picture that they cover.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mosaic {
    /// Where they lie.
    pub grid: Grid,
    /// The part of the picture that is pixelated, in whole pixels.
    pub region: Rectangle,
}

/// The smallest blocks that are told from the grain of a picture.
const LEAST_SIZE: f64 = 3.0;

/// How much of a block's border is left out of its mean: what a JPEG smears over it, and what an enlargement blends.
const MARGIN: f64 = 2.0;

impl Grid {
    /// Checks the numbers.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] when the size is below 3 pixels, or a number is not finite. The edges may be any:
    /// the grid is the same one block further.
    pub fn new(size: f64, left: f64, top: f64) -> Result<Self> {
        if size.is_finite() && size >= LEAST_SIZE && left.is_finite() && top.is_finite() {
            return Ok(Self { size, left: left.rem_euclid(size), top: top.rem_euclid(size) });
        }
        let message =
            format!("blocks of {size} pixels from ({left}, {top}) cannot be: give a size of at least {LEAST_SIZE}");
        Err(Error::new(ErrorKind::Setting, message))
    }

    /// The same in a picture that is so many times smaller.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn shrunk(self, by: usize) -> Result<Self> {
        let by = by as f64;
        Self::new(self.size / by, self.left / by, self.top / by)
    }

    /// The same in a picture that is so many times larger.
    #[must_use]
    pub fn enlarged(self, by: usize) -> Self {
        let by = by as f64;
        Self { size: self.size * by, left: self.left * by, top: self.top * by }
    }

    /// Where the blocks along one axis begin of which at least half lies in `range`.
    fn starts(size: f64, first: f64, range: &Range<usize>) -> impl Iterator<Item = f64> {
        let (start, end) = (range.start as f64, range.end as f64);
        let near = ((start - first) / size).floor() as i64..((end - first) / size).ceil() as i64;
        let edges = near.map(move |block| first + block as f64 * size);
        edges.filter(move |edge| (edge + size).min(end) - edge.max(start) >= size / 2.0)
    }

    /// The same blocks as the pixels that the mean of each is taken of.
    fn blocks(size: f64, first: f64, range: Range<usize>) -> Vec<Range<usize>> {
        let (start, end) = (range.start as f64, range.end as f64);
        let margin = (size / 4.0).min(MARGIN);
        let there = Self::starts(size, first, &range).map(|edge| [edge.max(start), (edge + size).min(end)]);
        let pixels = there.map(|[from, to]| {
            // The pixels whose centres lie within, at least one.
            let low = (from + margin - 0.5).ceil().max(start) as usize;
            let high = (to - margin + 0.5).floor().min(end) as usize;
            if low < high {
                low..high
            } else {
                let middle = (f64::midpoint(from, to) as usize).clamp(range.start, range.end - 1);
                middle..middle + 1
            }
        });
        pixels.collect()
    }
}

impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let round = |number: f64| (number * 100.0).round() / 100.0;
        write!(f, "{}+{}+{}", round(self.size), round(self.left), round(self.top))
    }
}

impl FromStr for Grid {
    type Err = Error;

    /// `SIZE` or `SIZE+X+Y`.
    fn from_str(text: &str) -> Result<Self> {
        let numbers: std::result::Result<Vec<f64>, _> = text.split('+').map(|number| number.trim().parse()).collect();
        match numbers.as_deref() {
            Ok(&[size]) => Self::new(size, 0.0, 0.0),
            Ok(&[size, left, top]) => Self::new(size, left, top),
            _ => {
                let message = format!("cannot read the blocks `{text}`: write SIZE or SIZE+X+Y, such as 12.5+3+7");
                Err(Error::new(ErrorKind::Setting, message))
            }
        }
    }
}

impl Mosaic {
    /// Blocks of a known grid over the whole picture.
    pub fn whole(grid: Grid, picture: &Image) -> Self {
        let region = Rectangle { left: 0, top: 0, width: picture.width(), height: picture.height() };
        Self { grid, region }
    }

    /// The same in a picture that is so many times larger.
    #[must_use]
    pub fn enlarged(&self, by: usize) -> Self {
        let Rectangle { left: x, top: y, width, height } = self.region;
        Self {
            grid: self.grid.enlarged(by),
            region: Rectangle { left: x * by, top: y * by, width: width * by, height: height * by },
        }
    }

    /// The same in a picture that is so many times smaller.
    ///
    /// # Errors
    /// As [`Grid::new`].
    pub fn shrunk(&self, by: usize) -> Result<Self> {
        let Rectangle { left, top, width, height } = self.region;
        let region = Rectangle { left: left / by, top: top / by, width: width / by, height: height / by };
        Ok(Self { grid: self.grid.shrunk(by)?, region })
    }

    /// How many blocks it has across and down.
    pub fn blocks(&self) -> [usize; 2] {
        self.ranges().map(|ranges| ranges.len())
    }

    fn ranges(&self) -> [Vec<Range<usize>>; 2] {
        let Rectangle { left, top, width, height } = self.region;
        let Grid { size, left: first_left, top: first_top } = self.grid;
        [Grid::blocks(size, first_left, left..left + width), Grid::blocks(size, first_top, top..top + height)]
    }

    /// The corner of the first block, in pixels from the picture's top left corner.
    fn origin(&self) -> Point {
        let Rectangle { left, top, width, height } = self.region;
        let Grid { size, left: first_left, top: first_top } = self.grid;
        [(first_left, left, width), (first_top, top, height)].map(|(first, start, length)| {
            Grid::starts(size, first, &(start..start + length)).next().unwrap_or(start as f64)
        })
    }

    /// The upright square of the picture that a placement among the blocks is.
    pub fn square(&self, placement: Placement) -> Square {
        let Placement { left, top, side } = placement;
        let (origin, size) = (self.origin(), self.grid.size);
        let centre = [left, top].map(|start| start + side / 2.0);
        Square::upright([0, 1].map(|axis| origin[axis] + centre[axis] * size - 0.5), side * size)
    }

    /// Where an upright square of the picture lies among the blocks: a placement in the picture that [`reduce`](Self::reduce) gives.
    pub fn placement(&self, square: &Square) -> Placement {
        let (origin, side) = (self.origin(), square.side());
        // The centre of the first pixel is half a pixel from the corner.
        let [left, top] = [0, 1].map(|axis| (square.centre[axis] + 0.5 - side / 2.0 - origin[axis]) / self.grid.size);
        Placement { left, top, side: side / self.grid.size }
    }

    /// The colours of the blocks, of which `small` are the values, going over into each other: between the centres of the four nearest
    /// blocks, in proportion to their distances. It shows what the blocks show and has none of their edges. Some of the rows of the
    /// region, counted from its top.
    ///
    /// # Errors
    /// As [`Image::clamped`].
    pub fn smooth_rows(&self, small: &Image, rows: Range<usize>) -> Result<Image> {
        let origin = self.origin();
        let Rectangle { left, top, width, .. } = self.region;
        let between = |pixel: usize, origin: f64, count: usize| {
            let at = ((pixel as f64 + 0.5 - origin) / self.grid.size - 0.5).clamp(0.0, (count - 1) as f64);
            let before = at as usize;
            (before, (before + 1).min(count - 1), (at - before as f64) as f32)
        };
        let columns: Vec<_> = (left..left + width).map(|x| between(x, origin[0], small.width())).collect();
        let mut values = Vec::with_capacity(small.channels() * rows.len() * width);
        for channel in 0..small.channels() {
            let blocks = small.plane(channel);
            for y in rows.clone() {
                let (above, below, down) = between(top + y, origin[1], small.height());
                values.extend(columns.iter().map(|&(before, after, along)| {
                    let at = |row: usize| {
                        let blocks = &blocks[row * small.width()..];
                        blocks[before] + along * (blocks[after] - blocks[before])
                    };
                    at(above) + down * (at(below) - at(above))
                }));
            }
        }
        Image::clamped(small.channels(), rows.len(), width, values)
    }

    /// One value a block and channel, the mean over the block away from its edges. Blocks at the border of the region
    /// count where at least half of them is there.
    ///
    /// # Errors
    /// [`ErrorKind::Picture`] when the region holds no block, or reaches out of the picture.
    pub fn reduce(&self, picture: &Image) -> Result<Image> {
        // Whether the region fits is checked where it is checked for all.
        picture.crop(self.region)?;
        let [columns, rows] = self.ranges();
        let mut values = Vec::with_capacity(picture.channels() * rows.len() * columns.len());
        for channel in 0..picture.channels() {
            let plane = picture.plane(channel);
            for row in &rows {
                for column in &columns {
                    let lines = row.clone().map(|y| &plane[y * picture.width()..][column.clone()]);
                    let sum: f64 = lines.flatten().map(|&value| f64::from(value)).sum();
                    values.push((sum / (row.len() * column.len()) as f64) as f32);
                }
            }
        }
        Image::clamped(picture.channels(), rows.len(), columns.len(), values)
            .map_err(|error| Error::new(error.kind(), format!("there is no whole block of {}: {error}", self.grid)))
    }
}
