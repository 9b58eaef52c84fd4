//! The leaky ReLU, alone and behind a linear operator.

#![allow(unsafe_code)]

use crate::cpu::lanes::{Kernel, Lanes, Needs, Run, Tensor, Values};

/// `y = clamp(gain · (x if x ≥ 0 else slope · x), ±clamp)`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeakyRelu {
    pub(crate) slope: f32,
    pub(crate) gain: f32,
    pub(crate) clamp: Option<f32>,
}

impl LeakyRelu {
    /// Whether the sign of the result tells which branch was taken. The sign of zero does, too: a ReLU makes
    /// negative numbers −0.
    pub(crate) fn keeps_sign(&self) -> bool {
        self.slope.is_sign_positive() && self.gain > 0.0
    }

    /// The result for sixteen numbers, none of them −0.
    #[inline(always)]
    pub(crate) fn lanes<L: Lanes>(&self, x: L) -> L {
        let scaled = x.times(self.slope);
        let y = if self.slope <= 1.0 { scaled.max(x) } else { scaled.min(x) };
        let y = y.times(self.gain);
        match self.clamp {
            Some(clamp) => x.like(-clamp).max(x.like(clamp).min(y)),
            None => y,
        }
    }

    /// The gradient of the argument for sixteen gradients of the `result`, whose sign must [tell](Self::keeps_sign).
    #[inline(always)]
    pub(crate) fn descend_lanes<L: Lanes>(&self, gradient: L, result: L) -> L {
        let below = gradient.times(self.gain * self.slope);
        let above = gradient.times(self.gain);
        let g = result.where_negative(below, above);
        let Some(clamp) = self.clamp else { return g };
        let magnitude = result.max(result.like(0.0).sub(result));
        magnitude.sub(result.like(clamp)).where_negative(g, result.like(0.0))
    }

    /// The argument for sixteen results; anything where it was clamped, or where the slope is zero.
    #[inline(always)]
    pub(crate) fn ascend_lanes<L: Lanes>(&self, result: L) -> L {
        let below = self.gain * self.slope;
        let below = if below > 0.0 { below.recip() } else { 0.0 };
        result.where_negative(result.times(below), result.times(self.gain.recip()))
    }

    /// The result for one number.
    #[inline(always)]
    pub(crate) fn of(&self, x: f32) -> f32 {
        // Makes −0 the zero that it equals.
        let x = x + 0.0;
        let y = self.gain * if x >= 0.0 { x } else { self.slope * x };
        match self.clamp {
            Some(clamp) => y.clamp(-clamp, clamp),
            None => y,
        }
    }

    /// Multiplies the gradient by the derivative, in place. `decisive` is the result where its sign
    /// [tells](Self::keeps_sign), and the argument elsewhere.
    #[inline(always)]
    fn descend(&self, gradient: &mut [f32], decisive: &[f32]) {
        let (above, below) = (self.gain, self.gain * self.slope);
        let by_result = self.keeps_sign();
        let each = gradient.iter_mut().zip(decisive);
        match self.clamp {
            None if by_result => each.for_each(|(g, d)| *g *= if d.is_sign_positive() { above } else { below }),
            None => each.for_each(|(g, &d)| *g *= if d >= 0.0 { above } else { below }),
            Some(clamp) => each.for_each(|(g, &d)| {
                let (y, positive) = if by_result { (d, d.is_sign_positive()) } else { (self.of(d), d >= 0.0) };
                *g *= if y.abs() >= clamp {
                    0.0
                } else if positive {
                    above
                } else {
                    below
                };
            }),
        }
    }

    /// Writes the gradient of the argument to `target`, which may be `gradient`.
    pub(crate) fn backward(&self, run: &Run, decisive: Tensor, gradient: Tensor, target: Tensor) {
        run.rows(
            &target.layout,
            #[inline(always)]
            |candidate, plane, y| {
                // SAFETY: one task has the row of `target`; `decisive` is another buffer.
                unsafe {
                    let row = target.row_from(&gradient, candidate, plane, y);
                    self.descend(row, decisive.row(candidate, plane, y));
                }
            },
        );
    }
}

impl Kernel for LeakyRelu {
    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        run.rows(
            &result.layout,
            #[inline(always)]
            |candidate, plane, y| {
                // SAFETY: one task has the row of `result`.
                let row = unsafe { result.row_from(&arguments[0], candidate, plane, y) };
                for value in row {
                    *value = self.of(*value);
                }
            },
        );
    }

    fn backward(&self, run: &Run, _: usize, values: &Values, gradient: Tensor, target: Tensor) {
        let decisive = if self.keeps_sign() { values.result } else { values.arguments[0] };
        LeakyRelu::backward(self, run, decisive, gradient, target);
    }

    fn needs(&self) -> Needs {
        if self.keeps_sign() { Needs::RESULT } else { Needs::ARGUMENTS }
    }

    fn in_place(&self) -> bool {
        true
    }
}
