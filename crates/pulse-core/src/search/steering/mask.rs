//! A part of the generator's pictures.

use crate::image::{Image, Kernel, Resize, Size};
use crate::{Error, ErrorKind, Result};

/// How much each pixel of the generator's pictures belongs to a region: 1 altogether, 0 not at all.
#[derive(Clone, Debug, PartialEq)]
pub struct Mask {
    size: Size,
    values: Vec<f32>,
}

impl Mask {
    /// The whole picture.
    pub fn everywhere(size: Size) -> Self {
        Self { size, values: vec![1.0; size.width * size.height] }
    }

    /// White is in the region, black is not, and grey is partly: the picture's luma. A picture of another size, but of the
    /// same proportions, is resized, each pixel the mean of what it covers.
    ///
    /// # Errors
    /// [`ErrorKind::Picture`] when the proportions are others, or when the region is empty or everything.
    pub fn of(picture: &Image, size: Size) -> Result<Self> {
        let own = picture.size();
        let fault = |reason: String| Err(Error::new(ErrorKind::Picture, reason));
        if own.width * size.height != own.height * size.width {
            return fault(format!(
                "a mask of {own} pixels cannot lie on pictures of {size}: make it of the same size or proportions"
            ));
        }
        let grey = picture.to_grey();
        let values = if own == size { grey.into_values() } else { grey.resized(Kernel::Area, size)?.into_values() };
        if values.iter().all(|&value| value == 0.0) {
            return fault("a mask that is black everywhere names no region: paint it white".into());
        }
        if values.iter().all(|&value| value == 1.0) {
            return fault("a mask that is white everywhere leaves nothing out: paint the rest black".into());
        }
        Ok(Self { size, values })
    }

    /// Everything that is not in the region.
    #[must_use]
    pub fn inverted(&self) -> Self {
        Self { size: self.size, values: self.values.iter().map(|value| 1.0 - value).collect() }
    }

    /// The region with an edge that fades outwards over `width` pixels: `max_q (m(q) − |p − q|² / width²)` for each pixel `p`, at
    /// least 0. What was white stays so. (The grey-scale dilation by a paraboloid, which goes along rows and then along columns;
    /// van den Boomgaard et al. 1996.)
    #[must_use]
    pub fn feathered(&self, width: usize) -> Self {
        // One pixel off, an edge of one pixel has faded altogether.
        let width = width.max(1);
        let Size { width: columns, height: rows } = self.size;
        let mut along = vec![0.0; self.values.len()];
        let mut values = along.clone();
        for row in 0..rows {
            fade(&self.values, &mut along, width, &(row * columns..(row + 1) * columns).collect::<Vec<_>>());
        }
        for column in 0..columns {
            fade(&along, &mut values, width, &(column..rows * columns).step_by(columns).collect::<Vec<_>>());
        }
        Self { size: self.size, values }
    }

    /// What the region is a part of.
    pub fn size(&self) -> Size {
        self.size
    }

    /// One number a pixel, row by row, in [0, 1].
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The numbers at another size.
    pub(super) fn resized(&self, to: Size) -> Result<Vec<f32>> {
        Ok(Resize::new(Kernel::Area, self.size, to)?.apply(&self.values))
    }
}

/// The dilation along one `line` of pixels.
fn fade(from: &[f32], to: &mut [f32], width: usize, line: &[usize]) {
    for (at, &pixel) in line.iter().enumerate() {
        let near = at.saturating_sub(width)..line.len().min(at + width + 1);
        let faded = near.map(|other| from[line[other]] - (other.abs_diff(at) as f32 / width as f32).powi(2));
        to[pixel] = faded.fold(from[pixel], f32::max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_size_is_averaged_and_other_proportions_are_refused() {
        let picture = Image::new(1, 2, 2, vec![1.0, 0.0, 0.5, 0.0]).unwrap();
        let mask = Mask::of(&picture, Size::new(1, 1)).unwrap();
        assert_eq!(mask.values(), [0.375]);
        assert_eq!(mask.inverted().values(), [0.625]);
        let error = Mask::of(&picture, Size::new(2, 1)).unwrap_err();
        assert!(error.to_string().contains("2x2") && error.to_string().contains("2x1"), "{error}");
    }

    #[test]
    fn a_mask_of_nothing_or_everything_is_refused() {
        for (value, word) in [(0.0, "black"), (1.0, "white")] {
            let error = Mask::of(&Image::new(1, 1, 2, vec![value; 2]).unwrap(), Size::new(2, 1)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Picture);
            assert!(error.to_string().contains(word), "{error}");
        }
    }

    #[test]
    fn an_edge_fades_outwards_as_round_as_it_is() {
        let picture = Image::new(1, 7, 9, (0..63).map(|i| f32::from(u8::from(i == 31))).collect()).unwrap();
        let mask = Mask::of(&picture, Size::new(9, 7)).unwrap().feathered(3);
        for (pixel, &value) in mask.values().iter().enumerate() {
            let (x, y) = ((pixel % 9).abs_diff(4), (pixel / 9).abs_diff(3));
            let wanted = (1.0 - (x * x + y * y) as f32 / 9.0).max(0.0);
            assert!((value - wanted).abs() < 1e-6, "{value} and {wanted} at {x}, {y}");
        }
        assert_eq!(mask.feathered(0), mask, "no width, no edge");
    }
}
