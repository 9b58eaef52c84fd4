//! NIQE: how far a picture is from looking natural and sharp, with nothing to compare it to.

mod features;
mod pristine;

use crate::image::{Image, Rectangle};
use features::{FEATURES, Grey};
use pristine::PRISTINE;

/// The side of a block, in pixels of the picture.
const BLOCK: usize = 96;
/// Below it a block has too few pixels for the shape of a distribution.
const LEAST_BLOCK: usize = 32;

/// How many numbers describe a block: its features at two scales.
const NUMBERS: usize = 2 * FEATURES;

/// `NIQE(x) = sqrt((ν − μ)ᵀ ((Σ + C) / 2)⁻¹ (ν − μ))` (Mittal, Soundararajan, Bovik, "Making a 'completely blind' image quality
/// analyzer", IEEE Signal Processing Letters 20(3), 2013, equation 10): less is sharper and more natural. Photographs lie at
/// about 2 to 5.
///
/// `ν` and `C` are the mean and the covariance of 36 features over the picture's blocks of 96x96 pixels, `μ` and `Σ` those of
/// pristine photographs (the authors' numbers, as BasicSR distributes them). The picture is grey for it,
/// `0.2989 R + 0.5870 G + 0.1140 B`, rounded to 8 bits, as the authors' program has it.
///
/// A picture with a side below 96 has blocks of that side (less one where it is odd): it is not enlarged, which would blur it.
/// A picture of one block has no covariance, and `C` is `Σ`. So numbers of small pictures can be compared with each other, and
/// hardly with published ones. Nothing, for a picture with a side below 32, or where every block is flat.
pub fn niqe(picture: &Image) -> Option<f64> {
    let side = picture.width().min(picture.height()).min(BLOCK) / 2 * 2;
    if side < LEAST_BLOCK {
        return None;
    }
    let (across, down) = (picture.width() / side, picture.height() / side);
    let part = Rectangle { left: 0, top: 0, width: across * side, height: down * side };
    let grey = Grey::of(&picture.crop(part).ok()?);
    let fine = grey.features(side);
    let coarse = grey.halved().features(side / 2);
    let mut blocks: Vec<[f64; NUMBERS]> = Vec::with_capacity(fine.len());
    for (fine, coarse) in fine.iter().zip(&coarse) {
        let mut numbers = [0.0; NUMBERS];
        numbers[..FEATURES].copy_from_slice(fine);
        numbers[FEATURES..].copy_from_slice(coarse);
        if numbers.iter().all(|number| number.is_finite()) {
            blocks.push(numbers);
        }
    }
    distance(&blocks)
}

/// The distance of the blocks' distribution from the pristine one.
fn distance(blocks: &[[f64; NUMBERS]]) -> Option<f64> {
    if blocks.is_empty() {
        return None;
    }
    let count = blocks.len() as f64;
    let mean: [f64; NUMBERS] =
        std::array::from_fn(|index| blocks.iter().map(|block| block[index]).sum::<f64>() / count);
    let mut covariance = PRISTINE.covariance.clone();
    if blocks.len() > 1 {
        for i in 0..NUMBERS {
            for j in 0..NUMBERS {
                let products = blocks.iter().map(|block| (block[i] - mean[i]) * (block[j] - mean[j]));
                let own = products.sum::<f64>() / (count - 1.0);
                let both = &mut covariance[i * NUMBERS + j];
                *both = f64::midpoint(*both, own);
            }
        }
    }
    let offset: Vec<f64> = mean.iter().zip(&PRISTINE.mean).map(|(own, pristine)| own - pristine).collect();
    mahalanobis(&mut covariance, &offset)
}

/// `sqrt(vᵀ M⁻¹ v)` by the Cholesky factor of a symmetric positive definite `M`, which is overwritten; nothing where `M` is not.
fn mahalanobis(matrix: &mut [f64], offset: &[f64]) -> Option<f64> {
    let n = offset.len();
    let mut solved = vec![0.0; n];
    let mut square = 0.0;
    for row in 0..n {
        for column in 0..=row {
            let dot: f64 = (0..column).map(|k| matrix[row * n + k] * matrix[column * n + k]).sum();
            let rest = matrix[row * n + column] - dot;
            if row > column {
                matrix[row * n + column] = rest / matrix[column * n + column];
            } else if rest > 0.0 {
                matrix[row * n + row] = rest.sqrt();
            } else {
                return None;
            }
        }
        let dot: f64 = (0..row).map(|k| matrix[row * n + k] * solved[k]).sum();
        solved[row] = (offset[row] - dot) / matrix[row * n + row];
        square += solved[row] * solved[row];
    }
    Some(square.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_inverse() {
        // [[4, 2], [2, 3]]⁻¹ = [[3, −2], [−2, 4]] / 8.
        let found = mahalanobis(&mut [4.0, 2.0, 2.0, 3.0], &[1.0, 2.0]).unwrap();
        assert!((found - (11.0f64 / 8.0).sqrt()).abs() < 1e-12);
        assert_eq!(mahalanobis(&mut [1.0, 2.0, 2.0, 1.0], &[1.0, 1.0]), None);
    }

    #[test]
    fn what_has_no_texture_has_no_number() {
        let flat = |side: usize| Image::new(1, side, side, vec![0.5; side * side]).unwrap();
        assert_eq!(niqe(&flat(128)), None);
        assert_eq!(niqe(&flat(8)), None);
    }
}
