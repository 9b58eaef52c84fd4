//! The exponential function and what is made of it, for one number and for sixteen.

use crate::cpu::lanes::Lanes;

/// `log 2` in two parts, the first exact in few bits.
const LOG_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
/// Added to a number below 2²², it leaves the nearest whole one in the lowest bits.
const ROUNDER: f32 = 12_582_912.0;
/// Beyond these, the result would be none of a float's.
const RANGE: [f32; 2] = [-87.0, 88.3];
/// `(exp(r) − 1 − r) / r²` for `|r| ≤ log 2 / 2`, from the highest power of `r` down.
const POLYNOMIAL: [f32; 6] = [1.987_569_1e-4, 1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5];

/// `exp(x)` to a few units in the last place: a power of two, and a polynomial for what is left of the exponent.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    let x = x.clamp(RANGE[0], RANGE[1]);
    let shifted = x * std::f32::consts::LOG2_E + ROUNDER;
    let whole = shifted - ROUNDER;
    let r = x - whole * LOG_2[0] - whole * LOG_2[1];
    let [a, b, c, d, e, f] = POLYNOMIAL;
    let p = ((((a * r + b) * r + c) * r + d) * r + e) * r;
    let p = ((p + f) * r) * r + r + 1.0;
    let power = shifted.to_bits().wrapping_sub(ROUNDER.to_bits()).wrapping_add(127) << 23;
    p * f32::from_bits(power)
}

/// [`exp`] of sixteen numbers.
#[inline(always)]
pub(crate) fn exp_lanes<L: Lanes>(x: L) -> L {
    let x = x.like(RANGE[0]).max(x.like(RANGE[1]).min(x));
    let rounder = x.like(ROUNDER);
    let shifted = x.times_add(std::f32::consts::LOG2_E, rounder);
    let whole = shifted.sub(rounder);
    let r = whole.times_add(-LOG_2[1], whole.times_add(-LOG_2[0], x));
    let [a, b, c, d, e, f] = POLYNOMIAL;
    let p = r.times_add(a, r.like(b));
    let p = p.mul_add(r, r.like(c)).mul_add(r, r.like(d)).mul_add(r, r.like(e)).mul_add(r, r.like(f));
    p.mul(r).mul_add(r, r).add(r.like(1.0)).raised(shifted)
}

/// `1 / (1 + exp(−x))`.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// [`sigmoid`] of sixteen numbers.
#[inline(always)]
pub(crate) fn sigmoid_lanes<L: Lanes>(x: L) -> L {
    let one = x.like(1.0);
    one.div(exp_lanes(x.like(0.0).sub(x)).add(one))
}

#[cfg(test)]
#[allow(unsafe_code)]
mod tests {
    use super::*;
    use crate::cpu::lanes::{InstructionSet, LANES, Vectorized};

    fn worst(of: impl Fn(f32) -> f32) -> f64 {
        let numbers = (-86_000..=88_000).map(|i| i as f32 * 1e-3);
        numbers.map(|x| (f64::from(of(x)) / f64::from(x).exp() - 1.0).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn exp_is_right_to_the_last_places() {
        let worst = worst(exp);
        // The exponent's own rounding is the most of it.
        assert!(worst < 3e-7, "{worst}");
    }

    /// Sixteen numbers of which the first counts.
    struct Sixteen<'a>(f32, &'a mut f32);

    impl Vectorized for Sixteen<'_> {
        #[inline(always)]
        unsafe fn run<L: Lanes>(self) {
            // SAFETY: `run` is called where the instruction set is.
            let x = unsafe { L::splat(self.0) };
            let results = exp_lanes(x).to_array();
            assert_eq!(results.map(f32::to_bits), [results[0].to_bits(); LANES]);
            *self.1 = results[0];
        }
    }

    #[test]
    fn sixteen_are_as_right_as_one() {
        for set in [InstructionSet::Portable, InstructionSet::detect()] {
            let of = |x: f32| {
                let mut result = 0.0;
                set.run(Sixteen(x, &mut result));
                result
            };
            let worst = worst(of);
            assert!(worst < 3e-7, "{worst}");
            assert!(of(f32::NAN).is_nan() && of(f32::NEG_INFINITY) < 1e-37 && of(1e9).is_finite());
        }
    }
}
