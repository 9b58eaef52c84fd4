//! Smooth functions of one number.

use super::elementwise::{clear_filling, map, zip};
use crate::Curve;
use crate::cpu::lanes::{Kernel, Needs, Run, Tensor, Values};

/// `y = f(x)`, in double precision: none of these stands where a generator spends its time.
pub(crate) struct Curved(pub(crate) Curve);

impl Kernel for Curved {
    fn describe(&self) -> String {
        format!("{:?}", self.0).to_lowercase()
    }

    fn forward(&self, run: &Run, arguments: &[Tensor], result: Tensor) {
        match self.0 {
            Curve::Clip { low, high } => map(run, arguments[0], result, |x| x.max(low).min(high)),
            Curve::Reciprocal => map(run, arguments[0], result, f32::recip),
            Curve::Root => map(run, arguments[0], result, f32::sqrt),
            Curve::Absolute => map(run, arguments[0], result, f32::abs),
            curve => map(run, arguments[0], result, |x| curve.at(f64::from(x)) as f32),
        }
        clear_filling(run, result);
    }

    fn backward(&self, run: &Run, _: usize, values: &Values, gradient: Tensor, target: Tensor) {
        let curve = self.0;
        zip(run, gradient, values.arguments[0], target, |g, x| (f64::from(g) * curve.slope(f64::from(x))) as f32);
        clear_filling(run, target);
    }

    fn needs(&self) -> Needs {
        Needs::ARGUMENTS
    }

    fn in_place(&self) -> bool {
        true
    }
}
