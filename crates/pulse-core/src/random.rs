//! Where each candidate starts: named, seeded, portable random numbers.
//!
//! The generator is ChaCha with 8 rounds, seeded with the run's seed. Each candidate, draw and input has
//! a stream of its own, so that the start of a candidate does not depend on the others.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};

/// Which stream of random numbers: one for every candidate, draw and input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stream {
    /// The run's seed.
    pub seed: u64,
    /// The candidate, from 0.
    pub candidate: u32,
    /// The draw, from 0: every start that was ever tried for the candidate counts.
    pub draw: u16,
    /// The input's place among the generator's inputs.
    pub input: u16,
}

impl Stream {
    /// The random numbers of this stream.
    pub fn generator(self) -> ChaCha8Rng {
        let mut generator = ChaCha8Rng::seed_from_u64(self.seed);
        generator.set_stream(u64::from(self.candidate) << 32 | u64::from(self.draw) << 16 | u64::from(self.input));
        generator
    }
}

impl Stream {
    /// Fills `numbers` with independent standard normal numbers, the first ones of this stream.
    pub fn fill_normal(self, numbers: &mut [f32]) {
        let mut generator = self.generator();
        numbers.fill_with(|| StandardNormal.sample(&mut generator));
    }
}
