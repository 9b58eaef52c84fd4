//! Arrays that are known before the network runs.

use std::sync::Arc;

use pulse_checkpoint::Value;

use super::view::View;

/// Numbers in row-major order, and the length of each axis.
#[derive(Clone, Debug)]
pub(super) struct Array {
    pub(super) shape: Vec<usize>,
    pub(super) numbers: Numbers,
}

/// What an array holds.
#[derive(Clone, Debug)]
pub(super) enum Numbers {
    /// Numbers that a network computes with.
    Real(Arc<[f32]>),
    /// Whole ones, which say how: lengths, axes, indices.
    Whole(Arc<[i64]>),
}

/// The most numbers that are made of fewer, or moved about: each costs memory that no file had to have.
pub(super) const MOST: usize = 1 << 24;

impl Array {
    pub(super) fn real(shape: Vec<usize>, numbers: impl Into<Arc<[f32]>>) -> Self {
        Self { shape, numbers: Numbers::Real(numbers.into()) }
    }

    pub(super) fn whole(shape: Vec<usize>, numbers: impl Into<Arc<[i64]>>) -> Self {
        Self { shape, numbers: Numbers::Whole(numbers.into()) }
    }

    /// One number.
    pub(super) fn scalar(number: f32) -> Self {
        Self::real(vec![], [number])
    }

    /// An array that stands in a configuration.
    pub(super) fn of_value(value: &Value) -> Option<Self> {
        let shape: Vec<_> = value
            .get("shape")?
            .as_list()?
            .iter()
            .map(|length| usize::try_from(length.as_integer()?).ok())
            .collect::<Option<_>>()?;
        let numbers = value.get("numbers")?.as_list()?;
        if checked_len(&shape)? != numbers.len() {
            return None;
        }
        if numbers.iter().all(|number| matches!(number, Value::Integer(_))) {
            return Some(Self::whole(shape, numbers.iter().filter_map(Value::as_integer).collect::<Vec<_>>()));
        }
        let real = |number: &Value| number.as_float().or_else(|| number.as_str()?.parse().ok());
        let numbers =
            numbers.iter().map(|number| real(number).map(|number| number as f32)).collect::<Option<Vec<_>>>()?;
        Some(Self::real(shape, numbers))
    }

    pub(super) fn len(&self) -> usize {
        match &self.numbers {
            Numbers::Real(numbers) => numbers.len(),
            Numbers::Whole(numbers) => numbers.len(),
        }
    }

    /// The numbers to compute with.
    pub(super) fn reals(&self) -> Arc<[f32]> {
        match &self.numbers {
            Numbers::Real(numbers) => Arc::clone(numbers),
            Numbers::Whole(numbers) => numbers.iter().map(|&number| number as f32).collect(),
        }
    }

    /// The numbers as whole ones, cut off towards zero.
    pub(super) fn wholes(&self) -> Arc<[i64]> {
        match &self.numbers {
            Numbers::Real(numbers) => numbers.iter().map(|&number| number as i64).collect(),
            Numbers::Whole(numbers) => Arc::clone(numbers),
        }
    }

    /// The only number.
    pub(super) fn single(&self) -> Option<f32> {
        if self.len() == 1 { Some(self.reals()[0]) } else { None }
    }

    /// The number that all of them are.
    pub(super) fn uniform(&self) -> Option<f32> {
        let numbers = self.reals();
        let &first = numbers.first()?;
        numbers.iter().all(|&number| number == first).then_some(first)
    }

    /// The numbers that a view of it takes.
    pub(super) fn viewed(&self, view: &View) -> Result<Self, String> {
        let count = checked_len(&view.shape).filter(|&count| count <= MOST.max(self.len()));
        count.ok_or_else(|| format!("has too many numbers: {:?}", view.shape))?;
        let shape = view.shape.clone();
        Ok(match &self.numbers {
            _ if view.is_plain(self.len()) => Self { shape, ..self.clone() },
            // Collected where they stay: a list on the way would be as large again.
            Numbers::Real(numbers) => {
                Self::real(shape, view.places().map(|place| numbers[place]).collect::<Arc<[f32]>>())
            }
            Numbers::Whole(numbers) => {
                Self::whole(shape, view.places().map(|place| numbers[place]).collect::<Arc<[i64]>>())
            }
        })
    }

    /// `f` of each number. It stays whole where it was.
    pub(super) fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        let shape = self.shape.clone();
        match &self.numbers {
            Numbers::Real(numbers) => {
                Self::real(shape, numbers.iter().map(|&number| f(number.into()) as f32).collect::<Vec<_>>())
            }
            Numbers::Whole(numbers) => {
                Self::whole(shape, numbers.iter().map(|&number| f(number as f64) as i64).collect::<Vec<_>>())
            }
        }
    }

    /// `f` of each pair of numbers, broadcast against each other; whole where both are.
    pub(super) fn zip(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> Result<Self, String> {
        let shape = broadcast(&self.shape, &other.shape)?;
        let [a, b] = [self, other].map(|array| array.viewed(&View::of(&array.shape).expanded(&shape)?));
        let (a, b) = (a?, b?);
        if let (Numbers::Whole(a), Numbers::Whole(b)) = (&a.numbers, &b.numbers) {
            let numbers = a.iter().zip(b.iter()).map(|(&a, &b)| f(a as f64, b as f64).floor() as i64);
            return Ok(Self::whole(shape, numbers.collect::<Vec<_>>()));
        }
        let numbers =
            a.reals().iter().zip(b.reals().iter()).map(|(&a, &b)| f(a.into(), b.into()) as f32).collect::<Vec<_>>();
        Ok(Self::real(shape, numbers))
    }
}

/// How many numbers an array of this shape has, unless they are too many to count.
pub(super) fn checked_len(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1usize, |count, &length| count.checked_mul(length))
}

/// The shape that two shapes are broadcast to.
pub(super) fn broadcast(a: &[usize], b: &[usize]) -> Result<Vec<usize>, String> {
    let rank = a.len().max(b.len());
    let at = |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(1, |axis| shape[axis]);
    (0..rank)
        .map(|axis| match (at(a, axis), at(b, axis)) {
            (a, b) if a == b || b == 1 => Ok(a),
            (1, b) => Ok(b),
            _ => Err(format!("cannot broadcast {a:?} and {b:?}")),
        })
        .collect()
}
