//! Half as many and twice as many pixels, by a filter.

use pulse_engine::{Fir, FirTaps, NetworkBuilder, Operator, Value, Weights};

use super::blocks::{average_pixels, repeat_pixels};
use crate::Result;
use crate::tensors::Tensors;

/// More taps along an axis than any such filter has.
const MOST_TAPS: usize = 16;
/// How far the product of a filter's two axes may be from the filter.
const ROUNDING: f32 = 1e-5;

/// The way that a block changes the number of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// To half as many along both axes.
    Halve,
    /// To twice as many along both axes.
    Double,
}

/// With taps `f` of sum 1, as many along both axes, an even number `K`, and `p = K / 2 − 1`:
///
/// `halved[i] = Σ_k f[k] x[2 i + k − p]`; `doubled[i] = Σ_j 2 f[i + p − 2 j] x[j]`, its adjoint but for the factor.
pub(super) fn by_filter(taps: &[f64], direction: Direction) -> Fir {
    let before = (taps.len() / 2) as isize - 1;
    let (taps, up, down, padding): (Weights, _, _, _) = match direction {
        Direction::Halve => (taps.iter().map(|&tap| tap as f32).collect(), 1, 2, [before; 2]),
        Direction::Double => {
            let turned = taps.iter().rev().map(|&tap| (2.0 * tap) as f32).collect();
            (turned, 2, 1, [taps.len() as isize - 1 - before, before])
        }
    };
    let taps = FirTaps::Separable { vertical: taps.clone(), horizontal: taps };
    Fir { taps, up, down, padding_y: padding, padding_x: padding }
}

/// A change of the number of pixels.
#[derive(Clone, Debug)]
pub(super) enum Resample {
    /// The means of squares of two by two pixels, or every pixel four times.
    Pairs(Direction),
    /// By a filter.
    Filter(Fir),
}

impl Resample {
    pub(super) fn append(&self, builder: &mut NetworkBuilder, x: Value) -> Result<Value> {
        match self {
            Self::Pairs(Direction::Halve) => average_pixels(builder, x),
            Self::Pairs(Direction::Double) => repeat_pixels(builder, x),
            Self::Filter(fir) => Ok(builder.add(Operator::Fir(fir.clone()), &[x])?),
        }
    }
}

/// One axis of the filter `name`, a square of taps that is an axis times itself. Without such a tensor it is `otherwise`, made to
/// have the sum 1.
pub(super) fn read_taps(tensors: &Tensors, name: &str, otherwise: &[f64]) -> Result<Vec<f64>> {
    if !tensors.has(name) {
        let sum: f64 = otherwise.iter().sum();
        return Ok(otherwise.iter().map(|tap| tap / sum).collect());
    }
    let [height, width] = tensors.shape(name)?;
    if height != width || !height.is_multiple_of(2) || height > MOST_TAPS {
        return Err(
            tensors.unfit(name, &format!("has {height}x{width} taps: even squares of up to {MOST_TAPS} can be read"))
        );
    }
    let square = tensors.numbers(name, &[height, width])?;
    let axis: Vec<f64> = square.chunks_exact(width).map(|row| row.iter().copied().map(f64::from).sum()).collect();
    let product = |place: usize| (axis[place / width] * axis[place % width]) as f32;
    if square.iter().enumerate().any(|(place, &tap)| (product(place) - tap).abs() > ROUNDING) {
        return Err(tensors.unfit(name, "is not an axis times itself with the sum 1"));
    }
    Ok(axis)
}

#[cfg(test)]
mod tests {
    use pulse_engine::{Engine, Reference, Shape};

    use super::*;

    /// What a filter makes of a row of pixels that is the same in all rows.
    fn run(resample: &Resample, row: &[f32]) -> Vec<f32> {
        let mut builder = NetworkBuilder::new();
        let x = builder.input("x", Shape::map(1, row.len(), row.len())).unwrap();
        let y = resample.append(&mut builder, x).unwrap();
        let Shape::Map { width, height, .. } = builder.shape(y) else { panic!("a map") };
        builder.output("y", y).unwrap();
        let network = builder.build().unwrap();
        let mut program = Reference.compile(&network, 1).unwrap();
        program.input_mut(network.input("x").unwrap()).copy_from_slice(&row.repeat(row.len()));
        let y = network.output("y").unwrap();
        program.forward(1, &[y]);
        program.output(y)[height / 2 * width..][..width].to_vec()
    }

    #[test]
    fn pairs_are_averaged_and_repeated() {
        for by in [Resample::Pairs, |direction| Resample::Filter(by_filter(&[0.5; 2], direction))] {
            assert_eq!(run(&by(Direction::Halve), &[1.0, 3.0, 5.0, 9.0]), [2.0, 7.0]);
            assert_eq!(run(&by(Direction::Double), &[1.0, 3.0]), [1.0, 1.0, 3.0, 3.0]);
        }
    }

    #[test]
    fn four_taps_reach_over_the_neighbours() {
        let taps = [0.125, 0.375, 0.375, 0.125];
        let row = [0.0, 0.0, 8.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(run(&Resample::Filter(by_filter(&taps, Direction::Halve)), &row), [1.0, 3.0, 0.0, 0.0]);
        let doubled = run(&Resample::Filter(by_filter(&taps, Direction::Double)), &row);
        assert_eq!(doubled[..8], [0.0, 0.0, 0.0, 2.0, 6.0, 6.0, 2.0, 0.0]);
    }
}
