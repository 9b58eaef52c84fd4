//! A small deterministic generator of test numbers (SplitMix64: Steele et al. 2014, "Fast splittable
//! pseudorandom number generators").

use pulse_engine::Weights;

/// The same numbers on every machine, from a seed or a name.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A stream of its own for each name (FNV-1a).
    pub(crate) fn named(name: &str) -> Self {
        Self(
            name.bytes()
                .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)),
        )
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in [-1, 1), exact in `f32`.
    pub(crate) fn signed(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    /// `n` numbers, uniform in [-1, 1).
    pub(crate) fn row(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.signed()).collect()
    }

    /// `n` numbers around `mean`, uniform, with standard deviation `deviation`.
    pub(crate) fn around(&mut self, mean: f32, deviation: f32, n: usize) -> Weights {
        (0..n).map(|_| mean + deviation * 3f32.sqrt() * self.signed()).collect()
    }

    /// The weights of a linear layer that keeps the size of its argument: standard deviation `1 / sqrt(fan_in)`.
    pub(crate) fn weight(&mut self, fan_in: usize, n: usize) -> Weights {
        self.around(0.0, (fan_in as f32).sqrt().recip(), n)
    }
}
