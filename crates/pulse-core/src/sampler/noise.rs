//! Where the noise of a candidate comes from.

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::Result;
use crate::random::Stream;
use crate::tape::Tape;

/// The noise of a candidate: all that is drawn for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Noise {
    /// The numbers of a stream.
    Of(Stream),
    /// `cos(φ) a + sin(φ) b` of the numbers of two streams, which is noise as they are: a point on the way from the one candidate to the
    /// other.
    Between {
        /// Of the candidate where the way begins.
        from: Stream,
        /// Of the candidate where it ends.
        to: Stream,
        /// The share of the way, from 0 to 1: `φ` over a right angle.
        share: f64,
    },
}

/// The numbers of a [`Noise`], one after the other.
pub(super) struct Source {
    first: ChaCha8Rng,
    /// The other stream, with `cos(φ)` and `sin(φ)`.
    other: Option<(ChaCha8Rng, [f32; 2])>,
}

impl Source {
    pub(super) fn new(noise: &Noise) -> Self {
        match noise {
            Noise::Of(stream) => Self { first: stream.generator(), other: None },
            Noise::Between { from, to, share } => {
                let (sine, cosine) = (share * std::f64::consts::FRAC_PI_2).sin_cos();
                // The ends are the candidates themselves.
                let weights = if *share >= 1.0 { [0.0, 1.0] } else { [cosine as f32, sine as f32] };
                Self { first: from.generator(), other: Some((to.generator(), weights)) }
            }
        }
    }

    /// How far it is, to a tape or from there.
    pub(super) fn pass(&mut self, tape: &mut Tape) -> Result<()> {
        [Some(&mut self.first), self.other.as_mut().map(|(other, _)| other)].into_iter().flatten().try_for_each(
            |random| {
                let mut position = random.get_word_pos();
                tape.position(&mut position)?;
                random.set_word_pos(position);
                Ok(())
            },
        )
    }

    /// A standard normal number.
    pub(super) fn normal(&mut self) -> f32 {
        let first: f32 = StandardNormal.sample(&mut self.first);
        match &mut self.other {
            None => first,
            Some((other, [cosine, sine])) => {
                let other: f32 = StandardNormal.sample(other);
                *cosine * first + *sine * other
            }
        }
    }
}
