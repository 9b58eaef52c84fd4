//! Lengths of axes, types and counts: what is known of a tensor without its numbers.

use super::array::{Array, Numbers, checked_len};
use super::lower::Outcome;
use super::tensor::Tensor;

/// The place of an axis that may be counted from the end.
pub(super) fn axis_of(axis: i64, rank: usize) -> Result<usize, String> {
    let place = if axis < 0 { axis.checked_add(rank as i64) } else { Some(axis) };
    let place = place.and_then(|place| usize::try_from(place).ok()).filter(|&place| place < rank);
    place.ok_or_else(|| format!("has no axis {axis} of {rank}"))
}

/// A shape in which 0 keeps a length and −1 is what is left.
pub(super) fn reshaped(shape: &[usize], wanted: &[i64], zero_is_zero: bool) -> Result<Vec<usize>, String> {
    let fault = || format!("cannot make {shape:?} {wanted:?}");
    let mut lengths = Vec::with_capacity(wanted.len());
    let mut left = None;
    for (at, &length) in wanted.iter().enumerate() {
        lengths.push(match length {
            0 if !zero_is_zero => *shape.get(at).ok_or_else(fault)?,
            -1 if left.replace(at).is_none() => 1,
            length => usize::try_from(length).map_err(|_| fault())?,
        });
    }
    if let Some(at) = left {
        let (all, rest) =
            (checked_len(shape).ok_or_else(fault)?, checked_len(&lengths).filter(|&rest| rest > 0).ok_or_else(fault)?);
        lengths[at] = all / rest;
    }
    Ok(lengths)
}

pub(super) fn squeezed(shape: &[usize], axes: Option<Vec<i64>>) -> Result<Vec<usize>, String> {
    let Some(axes) = axes else { return Ok(shape.iter().copied().filter(|&length| length != 1).collect()) };
    let axes: Vec<usize> = axes.iter().map(|&axis| axis_of(axis, shape.len())).collect::<Result<_, _>>()?;
    Ok((0..shape.len()).filter(|axis| !axes.contains(axis)).map(|axis| shape[axis]).collect())
}

pub(super) fn unsqueezed(shape: &[usize], axes: Option<Vec<i64>>) -> Result<Vec<usize>, String> {
    let axes = axes.ok_or("has no axes")?;
    let rank = shape.len() + axes.len();
    let axes: Vec<usize> = axes.iter().map(|&axis| axis_of(axis, rank)).collect::<Result<_, _>>()?;
    let mut own = shape.iter();
    Ok((0..rank).map(|axis| if axes.contains(&axis) { 1 } else { own.next().copied().unwrap_or(1) }).collect())
}

/// Of a constant, the numbers in another type; all else stays as it is.
pub(super) fn cast(x: &Tensor, to: i64) -> Outcome {
    let Tensor::Constant(array) = x else {
        return match (x, to) {
            (Tensor::Class { .. }, 2..=7 | 12 | 13) | (_, 1 | 10 | 11 | 16) => Ok(x.clone()),
            _ => Err("rounds what is computed".into()),
        };
    };
    let shape = array.shape.clone();
    Ok(Tensor::Constant(match to {
        1 | 10 | 11 | 16 => Array::real(shape, array.reals()),
        9 => Array::whole(shape, array.reals().iter().map(|&x| i64::from(x != 0.0)).collect::<Vec<_>>()),
        _ => Array::whole(shape, array.wholes()),
    }))
}

pub(super) fn range(inputs: &[Option<Tensor>]) -> Outcome {
    let [Some(Tensor::Constant(start)), Some(Tensor::Constant(limit)), Some(Tensor::Constant(step))] = inputs else {
        return Err("counts by what is computed".into());
    };
    let is_whole = [start, limit, step].iter().all(|array| matches!(array.numbers, Numbers::Whole(_)));
    let number = |array: &Array| {
        if is_whole { array.wholes().first().map(|&x| x as f64) } else { array.single().map(f64::from) }
    };
    let [Some(start), Some(limit), Some(step)] = [start, limit, step].map(number) else {
        return Err("counts by several numbers".into());
    };
    let count = ((limit - start) / step).ceil();
    if !(0.0..1e6).contains(&count) {
        return Err("counts without end".into());
    }
    let numbers: Vec<f64> = (0..count as usize).map(|at| start + step * at as f64).collect();
    let shape = vec![numbers.len()];
    Ok(Tensor::Constant(if is_whole {
        Array::whole(shape, numbers.iter().map(|&x| x as i64).collect::<Vec<_>>())
    } else {
        Array::real(shape, numbers.iter().map(|&x| x as f32).collect::<Vec<_>>())
    }))
}

pub(super) fn compared(operator: &str, a: &Tensor, b: &Tensor) -> Outcome {
    let (Tensor::Constant(a), Tensor::Constant(b)) = (a, b) else { return Err("compares what is computed".into()) };
    let truth = |x: bool| f64::from(u8::from(x));
    let found = a.zip(b, |a, b| match operator {
        "Equal" => truth(a == b),
        "Less" => truth(a < b),
        "Greater" => truth(a > b),
        "LessOrEqual" => truth(a <= b),
        "GreaterOrEqual" => truth(a >= b),
        "And" => truth(a != 0.0 && b != 0.0),
        "Or" => truth(a != 0.0 || b != 0.0),
        _ => a.rem_euclid(b),
    })?;
    Ok(Tensor::Constant(found))
}
