//! The numbers by which small pictures are compared, whatever their light and colours.

use crate::Result;
use crate::image::LUMA;
use crate::image::{Kernel, Resize, Size, mirror};

/// The longest side of what is compared: where a face lies is seen at that size.
const LONGEST: usize = 32;

/// The step between grey levels that counts as none.
const FAINT: f32 = 1.0 / 255.0;

/// The numbers by which small pictures are compared: of their grey values, in two blocks, each moved and scaled to a mean of 0
/// and a mean square of 1.
///
/// - `h / (σ + 0.3 H + 1/255)` with `h = g − G g`, `σ² = G h²`, `H² = mean h²`: what differs from its surroundings. `G` is a
///   Gaussian of σ = 2 r / 3 pixels, cut off at `r = 1 + side / 8`.
/// - `d / (|d| + E / 2 + 1/255)` with `d = (∂x g, ∂y g)`, differences of neighbours, `E² = mean |d|²`: which way edges lead.
///
/// A brighter or flatter picture of the same things has the same numbers. Pictures with a side above 32 are shrunk to it first.
#[derive(Clone, Debug)]
pub(super) struct Look {
    size: Size,
    shrink: Option<Resize>,
}

impl Look {
    /// The look of pictures of a size.
    pub(super) fn new(from: Size) -> Result<Self> {
        let longest = from.width.max(from.height);
        if longest <= LONGEST {
            return Ok(Self { size: from, shrink: None });
        }
        let shorter = |side: usize| (side * LONGEST / longest).max(1);
        let size = Size::new(shorter(from.width), shorter(from.height));
        Ok(Self { size, shrink: Some(Resize::new(Kernel::Area, from, size)?) })
    }

    /// How many numbers there are.
    pub(super) fn numbers(&self) -> usize {
        let Size { width, height } = self.size;
        width * height + 2 * (width - 1) * (height - 1)
    }

    /// The numbers of a picture `[channels, height, width]`.
    pub(super) fn of(&self, channels: usize, values: &[f32]) -> Vec<f32> {
        let shrunk = self.shrink.as_ref().map(|shrink| shrink.apply(values));
        let grey = grey(channels, shrunk.as_deref().unwrap_or(values));
        let mut numbers = self.contrast(&grey);
        normalise(&mut numbers);
        let mut edges = self.edges(&grey);
        normalise(&mut edges);
        numbers.extend(edges);
        numbers
    }

    fn contrast(&self, grey: &[f32]) -> Vec<f32> {
        let mut high: Vec<f32> = grey.iter().zip(self.smoothed(grey)).map(|(&grey, smooth)| grey - smooth).collect();
        let squares: Vec<f32> = high.iter().map(|high| high * high).collect();
        let whole = 0.3 * (squares.iter().sum::<f32>() / squares.len() as f32).sqrt() + FAINT;
        for (high, local) in high.iter_mut().zip(self.smoothed(&squares)) {
            *high /= local.sqrt() + whole;
        }
        high
    }

    fn edges(&self, grey: &[f32]) -> Vec<f32> {
        let Size { width, height } = self.size;
        let places = || (0..height - 1).flat_map(|y| (0..width - 1).map(move |x| y * width + x));
        let steps: Vec<[f32; 2]> = places().map(|at| [grey[at + 1] - grey[at], grey[at + width] - grey[at]]).collect();
        let square = |[x, y]: &[f32; 2]| x * x + y * y;
        let mean = steps.iter().map(square).sum::<f32>() / steps.len().max(1) as f32;
        let whole = 0.5 * mean.sqrt() + FAINT;
        steps.iter().flat_map(|step| step.map(|x| x / (square(step).sqrt() + whole))).collect()
    }

    /// `G x`, mirrored at the border.
    fn smoothed(&self, values: &[f32]) -> Vec<f32> {
        let Size { width, height } = self.size;
        let radius = (1 + width.max(height) / 8) as isize;
        let sigma = radius as f32 / 1.5;
        let weights: Vec<f32> = (-radius..=radius).map(|k| (-0.5 * (k as f32 / sigma).powi(2)).exp()).collect();
        let sum: f32 = weights.iter().sum();
        let along = |values: &[f32], at: usize, stride: usize, place: usize, length: usize| {
            let start = at - place * stride;
            let taps = weights.iter().zip(-radius..);
            taps.map(|(weight, k)| weight * values[start + mirror(place as isize + k, length) * stride]).sum::<f32>()
                / sum
        };
        let across: Vec<f32> = (0..values.len()).map(|at| along(values, at, 1, at % width, width)).collect();
        (0..values.len()).map(|at| along(&across, at, width, at / width, height)).collect()
    }
}

fn grey(channels: usize, values: &[f32]) -> Vec<f32> {
    if channels != 3 {
        return values.to_vec();
    }
    let pixels = values.len() / 3;
    (0..pixels).map(|pixel| (0..3).map(|channel| LUMA[channel] * values[channel * pixels + pixel]).sum()).collect()
}

fn normalise(numbers: &mut [f32]) {
    let count = numbers.len().max(1) as f32;
    let mean = numbers.iter().sum::<f32>() / count;
    for number in numbers.iter_mut() {
        *number -= mean;
    }
    let size = (numbers.iter().map(|number| number * number).sum::<f32>() / count).sqrt() + FAINT;
    for number in numbers.iter_mut() {
        *number /= size;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Image;

    fn picture(side: usize) -> Image {
        let value = |i: usize| (i * 37 % 101) as f32 / 101.0;
        Image::new(1, side, side, (0..side * side).map(value).collect()).unwrap()
    }

    #[test]
    fn light_and_contrast_do_not_count() {
        let look = Look::new(Size::new(16, 16)).unwrap();
        let picture = picture(16);
        let darker: Vec<f32> = picture.values().iter().map(|value| 0.1 + 0.5 * value).collect();
        let [a, b] = [picture.values(), &darker].map(|values| look.of(1, values));
        assert_eq!(a.len(), look.numbers());
        let apart = a.iter().zip(&b).map(|(a, b)| (a - b).powi(2)).sum::<f32>() / a.len() as f32;
        assert!(apart < 1e-3, "{apart}");
    }

    #[test]
    fn large_and_tiny_pictures_have_a_look_too() {
        for (width, height) in [(1, 1), (1, 9), (64, 64), (100, 30)] {
            let look = Look::new(Size::new(width, height)).unwrap();
            let numbers = look.of(3, &vec![0.5; 3 * width * height]);
            assert_eq!(numbers.len(), look.numbers());
            assert!(numbers.iter().all(|&number| number.abs() < 1e-2));
        }
    }
}
