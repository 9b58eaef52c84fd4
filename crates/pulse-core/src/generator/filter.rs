//! Resampling filters, from the buffers that files carry.

use pulse_engine::{FirTaps, Weights};

use crate::Result;
use crate::tensors::Tensors;

/// How far a filter may be from a product of two, relative to its largest tap, to run as one: what f32 rounds.
const ROUNDING: f64 = 1e-6;
/// More taps along an axis than any filter has.
const MOST_TAPS: usize = 256;

/// The filter `name`, turned by half a turn as a convolution needs it, times `gain`. One axis stands for the
/// product of the filter with itself.
pub(super) fn read(tensors: &Tensors, name: &str, gain: f64) -> Result<FirTaps> {
    let tensor = tensors.get(name)?;
    let reversed: Weights = tensor.data().iter().rev().copied().collect();
    match *tensor.shape() {
        [length] if (1..=MOST_TAPS).contains(&length) => {
            let taps = times(&reversed, gain.sqrt());
            Ok(FirTaps::Separable { vertical: taps.clone(), horizontal: taps })
        }
        [height, width] if (1..=MOST_TAPS).contains(&height) && (1..=MOST_TAPS).contains(&width) => {
            Ok(separated(&reversed, width, gain).unwrap_or_else(|| FirTaps::Full {
                height,
                width,
                taps: times(&reversed, gain),
            }))
        }
        ref shape => Err(tensors.unfit(name, &format!("has the shape {shape:?}, which no filter has"))),
    }
}

/// The two filters whose product this is: its row and column through the largest tap.
fn separated(taps: &Weights, width: usize, gain: f64) -> Option<FirTaps> {
    let (largest, _) = taps.iter().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
    let (row, column) = (largest / width, largest % width);
    let peak = f64::from(taps[largest]);
    if peak == 0.0 {
        return None;
    }
    let vertical: Vec<f64> = taps.iter().skip(column).step_by(width).map(|&tap| f64::from(tap) / peak).collect();
    let horizontal: Vec<f64> = taps[row * width..][..width].iter().map(|&tap| f64::from(tap)).collect();
    let product = |index: usize| vertical[index / width] * horizontal[index % width];
    let near = |(index, &tap): (usize, &f32)| (product(index) - f64::from(tap)).abs() <= ROUNDING * peak.abs();
    taps.iter().enumerate().all(near).then(|| FirTaps::Separable {
        vertical: vertical.iter().map(|tap| (tap * gain) as f32).collect(),
        horizontal: horizontal.iter().map(|&tap| tap as f32).collect(),
    })
}

fn times(taps: &Weights, gain: f64) -> Weights {
    taps.iter().map(|&tap| (f64::from(tap) * gain) as f32).collect()
}
