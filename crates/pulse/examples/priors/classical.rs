//! The classical answer to a small or blurred picture.

use pulse::Result;
use pulse::engine::Engine;
use pulse::image::Image;
use pulse::measurement::{Measurement, Projection};

use crate::score::distance;

/// The weights of smoothness that are tried.
const WEIGHTS: [f32; 6] = [1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1];
/// The steps of conjugate gradients.
const STEPS: usize = 60;

/// How far Tikhonov's answer is from the truth, in levels: `argmin_x |A x − y|² + λ |∇x|²`, for the `λ` of [`WEIGHTS`] that comes nearest. That
/// is an advantage: who does not know the truth has to guess it.
pub(crate) fn error(measurement: &dyn Measurement, target: &Image, truth: &Image, engine: &dyn Engine) -> Result<f64> {
    let mut operator = Projection::new(engine, measurement, 1)?;
    let mut right = vec![0.0; truth.values().len()];
    operator.adjoint(target.values(), &mut right);
    let mut least = f64::INFINITY;
    for weight in WEIGHTS {
        let answer = solved(&mut operator, &right, target.values().len(), truth, weight);
        let answer = Image::clamped(truth.channels(), truth.height(), truth.width(), answer)?;
        least = least.min(distance(truth, &answer));
    }
    Ok(least)
}

/// `(Aᵀ A + λ ∇ᵀ ∇) x = right`, by conjugate gradients from zero.
fn solved(operator: &mut Projection, right: &[f32], measured: usize, like: &Image, weight: f32) -> Vec<f32> {
    let mut x = vec![0.0; right.len()];
    let (mut residual, mut direction) = (right.to_vec(), right.to_vec());
    let (mut y, mut image) = (vec![0.0; measured], vec![0.0; right.len()]);
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
    let mut squares = dot(&residual, &residual);
    for _ in 0..STEPS {
        operator.measure(&direction, &mut y);
        operator.adjoint(&y, &mut image);
        roughness(&direction, like, weight, &mut image);
        let length = (squares / dot(&direction, &image)) as f32;
        if !length.is_finite() {
            break;
        }
        x.iter_mut().zip(&direction).for_each(|(x, d)| *x += length * d);
        residual.iter_mut().zip(&image).for_each(|(r, a)| *r -= length * a);
        let next = dot(&residual, &residual);
        let kept = (next / squares) as f32;
        direction.iter_mut().zip(&residual).for_each(|(d, r)| *d = r + kept * *d);
        squares = next;
    }
    x
}

/// Adds `λ ∇ᵀ ∇ x`, of differences between neighbours, to `sum`.
fn roughness(x: &[f32], like: &Image, weight: f32, sum: &mut [f32]) {
    let (height, width) = (like.height(), like.width());
    let mut pair = |a: usize, b: usize| {
        let step = weight * (x[a] - x[b]);
        sum[a] += step;
        sum[b] -= step;
    };
    for row in 0..like.channels() * height {
        for column in 0..width {
            let at = row * width + column;
            if column + 1 < width {
                pair(at, at + 1);
            }
            if row % height + 1 < height {
                pair(at, at + width);
            }
        }
    }
}
