//! What a value of the graph holds, for one candidate.

use std::fmt;

/// The shape of a value for one candidate; the batch is always the outermost axis and never named here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// `[n]`: z, w, a style.
    Vector(usize),
    /// `[rows, width]`: ws, one row of `width` for each layer that takes a style.
    Rows {
        /// How many vectors.
        rows: usize,
        /// The length of each.
        width: usize,
    },
    /// `[channels, height, width]`: features, noise maps (one channel), images.
    Map {
        /// Channels.
        channels: usize,
        /// Rows of pixels.
        height: usize,
        /// Pixels in a row.
        width: usize,
    },
}

impl Shape {
    /// A map of `channels` x `height` x `width`.
    pub const fn map(channels: usize, height: usize, width: usize) -> Self {
        Self::Map { channels, height, width }
    }

    /// How many numbers one candidate has.
    pub const fn len(self) -> usize {
        match self {
            Self::Vector(n) => n,
            Self::Rows { rows, width } => rows * width,
            Self::Map { channels, height, width } => channels * height * width,
        }
    }

    /// True for a shape that holds nothing; the builder refuses such.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The length of the axis along which per-channel constants run: the channels of a map, the columns
    /// of rows, the elements of a vector.
    pub const fn channels(self) -> usize {
        match self {
            Self::Vector(n) => n,
            Self::Rows { width, .. } => width,
            Self::Map { channels, .. } => channels,
        }
    }

    /// The length of the outermost axis: the elements of a vector, the rows of rows, the channels of a map.
    pub(crate) const fn outermost(self) -> usize {
        match self {
            Self::Vector(n) => n,
            Self::Rows { rows, .. } => rows,
            Self::Map { channels, .. } => channels,
        }
    }

    /// Which channel the element at `index` (row-major) belongs to.
    pub const fn channel_of(self, index: usize) -> usize {
        match self {
            Self::Vector(_) => index,
            Self::Rows { width, .. } => index % width,
            Self::Map { height, width, .. } => index / (height * width),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vector(n) => write!(f, "[{n}]"),
            Self::Rows { rows, width } => write!(f, "[{rows}, {width}]"),
            Self::Map { channels, height, width } => write!(f, "[{channels}, {height}, {width}]"),
        }
    }
}
