//! Which numbers of another array an array is, and in which order, without moving any.

use super::array::checked_len;

/// The element at `(i₀, i₁, …)` is that at `offset + Σ iₐ strideₐ`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct View {
    pub(super) shape: Vec<usize>,
    pub(super) strides: Vec<isize>,
    pub(super) offset: usize,
}

/// The most numbers that a view may repeat fewer to, before any is moved.
const LARGEST: usize = 1 << 28;

impl View {
    /// All of an array of this shape.
    pub(super) fn of(shape: &[usize]) -> Self {
        Self { shape: shape.to_vec(), strides: row_major(shape), offset: 0 }
    }

    pub(super) fn len(&self) -> usize {
        checked_len(&self.shape).unwrap_or(usize::MAX)
    }

    /// Whether it is all of so many numbers, in their own order.
    pub(super) fn is_plain(&self, count: usize) -> bool {
        self.offset == 0 && self.len() == count && self.is_run()
    }

    /// Whether its numbers follow one another.
    pub(super) fn is_run(&self) -> bool {
        let plain = row_major(&self.shape);
        (0..self.shape.len()).all(|axis| self.shape[axis] == 1 || self.strides[axis] == plain[axis])
    }

    /// Whether it is each of so many numbers once, in whatever order.
    pub(super) fn is_whole(&self, count: usize) -> bool {
        let mut axes: Vec<_> = (0..self.shape.len()).filter(|&axis| self.shape[axis] > 1).collect();
        axes.sort_by_key(|&axis| self.strides[axis]);
        let mut next = 1;
        for axis in axes {
            if self.strides[axis] != next {
                return false;
            }
            next *= self.shape[axis] as isize;
        }
        self.offset == 0 && self.len() == count
    }

    /// Where each of its numbers lies, in row-major order.
    pub(super) fn places(&self) -> impl Iterator<Item = usize> + '_ {
        let mut index = vec![0; self.shape.len()];
        let mut place = self.offset as isize;
        (0..self.len()).map(move |_| {
            let this = place as usize;
            for axis in (0..index.len()).rev() {
                index[axis] += 1;
                place += self.strides[axis];
                if index[axis] < self.shape[axis] {
                    break;
                }
                place -= self.strides[axis] * self.shape[axis] as isize;
                index[axis] = 0;
            }
            this
        })
    }

    /// The axes in another order.
    pub(super) fn transposed(&self, order: &[usize]) -> Result<Self, String> {
        let mut sorted = order.to_vec();
        sorted.sort_unstable();
        if sorted != (0..self.shape.len()).collect::<Vec<_>>() {
            return Err(format!("has the order {order:?} for {} axes", self.shape.len()));
        }
        let shape = order.iter().map(|&axis| self.shape[axis]).collect();
        Ok(Self { shape, strides: order.iter().map(|&axis| self.strides[axis]).collect(), offset: self.offset })
    }

    /// Every `step`-th of an axis, from `start` on, so many.
    pub(super) fn sliced(&self, axis: usize, start: usize, step: isize, count: usize) -> Self {
        let mut view = self.clone();
        view.offset = (self.offset as isize + start as isize * self.strides[axis]) as usize;
        view.strides[axis] *= step;
        view.shape[axis] = count;
        view
    }

    /// Broadcast to a shape of at least as many axes.
    pub(super) fn expanded(&self, shape: &[usize]) -> Result<Self, String> {
        let fault = || format!("cannot broadcast {:?} to {shape:?}", self.shape);
        let more = shape.len().checked_sub(self.shape.len()).ok_or_else(fault)?;
        if checked_len(shape).is_none_or(|count| count > LARGEST) {
            return Err(format!("makes {shape:?} of {:?}", self.shape));
        }
        let mut strides = vec![0; shape.len()];
        for axis in more..shape.len() {
            match (self.shape[axis - more], shape[axis]) {
                (own, wanted) if own == wanted => strides[axis] = self.strides[axis - more],
                (1, _) => {}
                _ => return Err(fault()),
            }
        }
        Ok(Self { shape: shape.to_vec(), strides, offset: self.offset })
    }

    /// In another shape, where no number has to be moved for that.
    pub(super) fn reshaped(&self, shape: &[usize]) -> Option<Self> {
        if self.is_run() {
            return Some(Self { shape: shape.to_vec(), strides: row_major(shape), offset: self.offset });
        }
        // Axes that run into each other are one; a new axis must lie within one of those.
        let mut runs: Vec<(usize, isize)> = Vec::new();
        for (&length, &stride) in self.shape.iter().zip(&self.strides).filter(|(length, _)| **length != 1) {
            match runs.last_mut() {
                Some((run, inner)) if *inner == stride * length as isize => (*run, *inner) = (*run * length, stride),
                _ => runs.push((length, stride)),
            }
        }
        let mut strides = vec![0; shape.len()];
        let mut axis = shape.len();
        for (length, stride) in runs.into_iter().rev() {
            let (mut left, mut step) = (length, stride);
            while left > 1 {
                axis = axis.checked_sub(1)?;
                if !left.is_multiple_of(shape[axis]) {
                    return None;
                }
                strides[axis] = step;
                step *= shape[axis] as isize;
                left /= shape[axis];
            }
        }
        shape[..axis].iter().all(|&length| length == 1).then(|| Self {
            shape: shape.to_vec(),
            strides,
            offset: self.offset,
        })
    }

    /// The only axis that is longer than one, where there is no other.
    pub(super) fn only_axis(&self) -> Option<usize> {
        let mut long = (0..self.shape.len()).filter(|&axis| self.shape[axis] > 1);
        let axis = long.next()?;
        long.next().is_none().then_some(axis)
    }
}

/// The strides of numbers that follow one another.
pub(super) fn row_major(shape: &[usize]) -> Vec<isize> {
    let mut strides = vec![1isize; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis].saturating_mul(shape[axis] as isize);
    }
    strides
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_reshaped_where_no_number_moves_and_nowhere_else() {
        // [N, heads, d] as attention leaves it: transposed from [heads, d, N].
        let view = View::of(&[4, 3, 5]).transposed(&[2, 0, 1]).unwrap();
        let rows = view.reshaped(&[5, 12]).unwrap();
        assert_eq!(rows.strides, [1, 5]);
        assert_eq!(rows.places().collect::<Vec<_>>(), view.places().collect::<Vec<_>>());
        assert_eq!(view.reshaped(&[15, 4]), None);
        let sliced = View::of(&[6, 4]).sliced(0, 2, 1, 3);
        assert_eq!(sliced.reshaped(&[3, 2, 2]).unwrap().places().next(), Some(8));
    }

    #[test]
    fn a_whole_view_takes_every_number_once() {
        let view = View::of(&[4, 3, 5]);
        assert!(view.is_whole(60) && view.transposed(&[2, 0, 1]).unwrap().is_whole(60));
        assert!(!view.sliced(1, 0, 2, 2).is_whole(40));
        assert!(!View::of(&[4, 1]).expanded(&[4, 3]).unwrap().is_whole(12));
    }
}
