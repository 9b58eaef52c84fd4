//! How a value lies in memory: planar, or in blocks of sixteen channels.

use super::coefficients::Coefficients;
use super::simd::LANES;
use crate::Shape;

/// More floats than any memory holds, and few enough that sums of them are whole: 2^44, and 2^28 where addresses have 32 bits.
pub(crate) const COUNTABLE: usize = 1 << (usize::BITS / 2 + 12);

/// Maps of fewer channels than this are planar.
const BLOCKED_FROM: usize = 8;

/// Where the numbers of one candidate lie.
///
/// Maps of many channels are `[channels / 16, height, width, 16]`, with the last block filled up with zero
/// channels. Maps of few channels are `[channels, height, width]`. Both may have a border of zero pixels.
/// Vectors and rows are one plane without a border.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The value's shape.
    pub(crate) shape: Shape,
    /// How many planes there are.
    pub(crate) planes: usize,
    /// How many channels lie side by side in a plane: 1 or [`LANES`].
    pub(crate) lanes: usize,
    /// Rows of a plane, the border not counted.
    pub(crate) height: usize,
    /// Pixels of a row, the border not counted.
    pub(crate) width: usize,
    /// Zero pixels on every side of a plane.
    pub(crate) border: usize,
    /// Whether the map is styled as it is read, with coefficients that lie behind its planes. Behind its gradient's
    /// lie two sums for each channel: that of the gradient, and that of the gradient times the deviation of the map
    /// from its mean.
    pub(crate) styled: bool,
}

impl Layout {
    pub(crate) fn new(shape: Shape, border: usize) -> Self {
        let (planes, lanes, height, width) = match shape {
            Shape::Vector(n) => (1, 1, 1, n),
            Shape::Rows { rows, width } => (1, 1, rows, width),
            Shape::Map { channels, height, width } if channels >= BLOCKED_FROM => {
                (channels.div_ceil(LANES), LANES, height, width)
            }
            Shape::Map { channels, height, width } => (channels, 1, height, width),
        };
        Self { shape, planes, lanes, height, width, border, styled: false }
    }

    pub(crate) fn styled(self, styled: bool) -> Self {
        Self { styled, ..self }
    }

    /// Floats between a row and the next.
    pub(crate) fn row_stride(&self) -> usize {
        (self.width + 2 * self.border) * self.lanes
    }

    /// Floats between a plane and the next.
    pub(crate) fn plane_stride(&self) -> usize {
        (self.height + 2 * self.border) * self.row_stride()
    }

    /// Floats of one candidate, a multiple of [`LANES`].
    pub(crate) fn len(&self) -> usize {
        let coefficients = if self.styled { Coefficients::len(self.planes, 1) } else { 0 };
        self.coefficients() + coefficients
    }

    /// The same, for sizes that were not counted yet: as much as there can be where it overflows.
    pub(crate) fn saturating_len(&self) -> usize {
        let side = |pixels: usize| pixels.saturating_add(self.border.saturating_mul(2));
        let planes = [self.planes, side(self.height), side(self.width), self.lanes];
        let map = planes.into_iter().fold(1usize, usize::saturating_mul).saturating_add(LANES);
        if map > COUNTABLE { usize::MAX } else { self.len() }
    }

    /// Where the coefficients of a styled map lie.
    pub(crate) fn coefficients(&self) -> usize {
        (self.planes * self.plane_stride()).next_multiple_of(LANES)
    }

    /// Where the first pixel of the first plane lies.
    pub(crate) fn origin(&self) -> usize {
        self.border * (self.row_stride() + self.lanes)
    }

    /// Where a row begins.
    pub(crate) fn row(&self, plane: usize, y: usize) -> usize {
        self.origin() + plane * self.plane_stride() + y * self.row_stride()
    }

    /// Where a pixel lies, or would if the plane had it.
    pub(crate) fn pixel(&self, plane: usize, y: isize, x: isize) -> isize {
        self.row(plane, 0) as isize + y * self.row_stride() as isize + x * self.lanes as isize
    }

    /// Floats of a row, the border not counted.
    pub(crate) fn row_len(&self) -> usize {
        self.width * self.lanes
    }

    /// How many rows there are in all planes.
    pub(crate) fn rows(&self) -> usize {
        self.planes * self.height
    }

    /// How many channels of a plane are real, not filling.
    pub(crate) fn channels_of(&self, plane: usize) -> usize {
        if self.lanes == 1 { 1 } else { (self.shape.channels() - plane * LANES).min(LANES) }
    }

    /// Where the element at `index` of the row-major order lies.
    pub(crate) fn offset(&self, index: usize) -> usize {
        let (row, x) = (index / self.width, index % self.width);
        let (channel, y) = (row / self.height, row % self.height);
        self.row(channel / self.lanes, y) + x * self.lanes + channel % self.lanes
    }

    /// Whether the elements lie in row-major order without gaps.
    pub(crate) fn is_row_major(&self) -> bool {
        self.border == 0 && (self.lanes == 1 || self.height * self.width == 1)
    }
}

/// Numbers of channels with those of the filling, which are zero. A group of vectors may be longer than a map's planes.
pub(crate) fn filled(numbers: &[f32]) -> Vec<f32> {
    let mut filled = numbers.to_vec();
    filled.resize(numbers.len().next_multiple_of(2 * LANES), 0.0);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_has_its_own_place_inside_the_border() {
        for (shape, border) in
            [(Shape::map(35, 3, 5), 2), (Shape::map(3, 4, 2), 1), (Shape::Rows { rows: 3, width: 7 }, 0)]
        {
            let layout = Layout::new(shape, border);
            let mut seen = vec![false; layout.len()];
            for index in 0..shape.len() {
                let offset = layout.offset(index);
                assert!(!seen[offset], "{shape}: two elements at {offset}");
                seen[offset] = true;
                let x = offset % layout.row_stride() / layout.lanes;
                assert!((border..border + layout.width).contains(&x));
            }
        }
    }
}
