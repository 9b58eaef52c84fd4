//! How near a set of candidates comes to a known truth.

use crate::image::Image;
use crate::{Error, ErrorKind, Result};

/// How near candidates come to a known truth, whole and patch by patch: the diversity score of the NTIRE challenge.
///
/// With `e[s, p]` the mean squared error of candidate `s` to the truth in patch `p`, over all channels and pixels of
/// the patch, and the picture cut into square patches (those at the right and lower border may be smaller, and count
/// for their pixels),
///
/// - `global best = min_s Σ_p share[p] e[s, p]`: the error of the one candidate that is nearest as a whole,
/// - `local best = Σ_p share[p] min_s e[s, p]`: the error of a picture that is put together from the best patches,
/// - `S = (global best − local best) / global best`, in [0, 1].
///
/// `S` is 0 where all candidates are alike, and 1 where every patch of the truth is in one of them. It grows with the
/// number of candidates, which the challenge sets to ten. (Lugmayr, Danelljan, Timofte et al., "NTIRE 2021 Learning the
/// Super-Resolution Space Challenge", CVPR Workshops 2021; the definition was checked against the challenge's own
/// [description](https://github.com/andreas128/NTIRE21_Learning_SR_Space#spanning-of-the-sr-space) and the program that
/// ranked it. Two things are otherwise there: `e` is the map of LPIPS distances, one a pixel, and `S` is in percent, a mean over
/// pictures. Here `e` is the mean squared error of a patch, so that no network stands between the figure and the pictures;
/// so our figures compare with each other, and not with those of the challenge.)
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Diversity {
    /// The mean squared error of the nearest whole candidate, pictures being in [0, 1].
    pub global_best: f64,
    /// The mean squared error of the best patches of all candidates.
    pub local_best: f64,
}

impl Diversity {
    /// How many candidates the challenge compares.
    pub const SAMPLES: usize = 10;

    /// Of candidates for the picture `truth`, in square patches of `side` pixels.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] when there is no candidate or the patches are of 0 pixels, [`ErrorKind::Picture`] when the
    /// pictures are not of one shape.
    pub fn of(truth: &Image, candidates: &[&Image], side: usize) -> Result<Self> {
        if candidates.is_empty() || side == 0 {
            let message = format!(
                "{} candidates in patches of {side} pixels: diversity needs one candidate and one pixel at least",
                candidates.len()
            );
            return Err(Error::new(ErrorKind::Setting, message));
        }
        let shape = |image: &Image| [image.channels(), image.height(), image.width()];
        if let Some(other) = candidates.iter().find(|candidate| shape(candidate) != shape(truth)) {
            let [channels, height, width] = shape(other);
            let message = format!(
                "a candidate of {width}x{height} pixels and {channels} channels cannot be compared with a truth of {}",
                truth.size()
            );
            return Err(Error::new(ErrorKind::Picture, message));
        }
        let errors: Vec<_> = candidates.iter().map(|candidate| patch_errors(truth, candidate, side)).collect();
        let numbers = truth.values().len() as f64;
        let whole = errors.iter().map(|patches| patches.iter().sum::<f64>() / numbers);
        let least = |patch: usize| errors.iter().map(|patches| patches[patch]).fold(f64::INFINITY, f64::min);
        Ok(Self {
            global_best: whole.fold(f64::INFINITY, f64::min),
            local_best: (0..errors[0].len()).map(least).sum::<f64>() / numbers,
        })
    }

    /// `S`; 0 where one candidate is the truth itself, and there is nothing to gain.
    pub fn score(&self) -> f64 {
        if self.global_best > 0.0 { (self.global_best - self.local_best) / self.global_best } else { 0.0 }
    }
}

/// The sum of the squared errors in each patch, row by row.
fn patch_errors(truth: &Image, candidate: &Image, side: usize) -> Vec<f64> {
    let columns = truth.width().div_ceil(side);
    let mut sums = vec![0.0; columns * truth.height().div_ceil(side)];
    for channel in 0..truth.channels() {
        let pixels = truth.plane(channel).iter().zip(candidate.plane(channel));
        for (pixel, (&truth_value, &value)) in pixels.enumerate() {
            let (row, column) = (pixel / truth.width(), pixel % truth.width());
            sums[row / side * columns + column / side] += (f64::from(value) - f64::from(truth_value)).powi(2);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(width: usize, values: &[f32]) -> Image {
        Image::new(1, values.len() / width, width, values.to_vec()).unwrap()
    }

    fn of(truth: &Image, candidates: &[Image], side: usize) -> Diversity {
        Diversity::of(truth, &candidates.iter().collect::<Vec<_>>(), side).unwrap()
    }

    #[test]
    fn is_what_the_definition_says() {
        let truth = grey(4, &[0.0; 8]);
        // The left patch of the first and the right patch of the second are right.
        let left = grey(4, &[0.0, 0.0, 0.5, 0.5, 0.0, 0.0, 0.5, 0.5]);
        let right = grey(4, &[1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.25]);
        let found = of(&truth, &[left.clone(), right], 2);
        assert_eq!(found.global_best, 0.125);
        assert_eq!(found.local_best, 0.0625 / 8.0);
        assert_eq!(found.score(), 1.0 - 0.0625);
        // In one patch of everything nothing can be put together.
        assert_eq!(of(&truth, &[left.clone(), left.clone()], 4).score(), 0.0);
        assert_eq!(of(&truth, &[left.clone(), left], 1).score(), 0.0);
    }

    #[test]
    fn patches_at_the_border_count_for_their_pixels() {
        let truth = grey(3, &[0.0; 3]);
        let found = of(&truth, &[grey(3, &[1.0, 0.0, 0.0]), grey(3, &[0.0, 0.0, 1.0])], 2);
        assert_eq!((found.global_best, found.local_best), (1.0 / 3.0, 0.0));
    }

    #[test]
    fn the_truth_itself_leaves_nothing_to_gain() {
        let truth = grey(2, &[0.25, 0.75]);
        assert_eq!(of(&truth, &[truth.clone(), grey(2, &[0.0, 0.0])], 1).score(), 0.0);
    }

    #[test]
    fn what_cannot_be_compared_is_named() {
        let truth = grey(2, &[0.25, 0.75]);
        let error = Diversity::of(&truth, &[], 1).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Setting);
        let error = Diversity::of(&truth, &[&grey(1, &[0.5])], 1).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Picture);
        assert!(error.to_string().contains("1x1"), "{error}");
    }
}
