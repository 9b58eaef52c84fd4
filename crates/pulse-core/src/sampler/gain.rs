//! How strongly a residual is to be corrected.

use crate::Result;
use crate::tape::Tape;

/// The gain of the correction of residuals, measured from the denoiser's own answers.
///
/// Between two levels the measured part of the state moved by `Δx`, and that of the denoised picture followed by
/// `Δh = −Δr`, `r = c − h` being the residual. The step that takes the most of a residual away is then the secant's,
///
/// `gain = (Δh · Δx) / (Δh · Δh)`
///
/// (Barzilai and Borwein 1988). It is small where `h` follows at once, at low noise and in directions of a wide prior; there a
/// larger one would swing. Residuals lie in the range of `Aᵀ`, so that whole pictures can take the place of their measured parts.
pub(super) struct Gain {
    numbers: usize,
    /// A row each.
    gains: Vec<f64>,
    /// `x` of the level before.
    states: Vec<f32>,
    /// `r` of the level before.
    residuals: Vec<f32>,
    started: bool,
}

impl Gain {
    pub(super) fn new(numbers: usize, batch: usize) -> Self {
        let vector = || vec![0.0; batch * numbers];
        Self { numbers, gains: vec![1.0; batch], states: vector(), residuals: vector(), started: false }
    }

    /// Forgets all levels.
    pub(super) fn start(&mut self) {
        self.gains.fill(1.0);
        self.started = false;
    }

    /// Takes the states and the residuals of a level. Gains are from 1 to `most`; before the second level there is none but 1.
    pub(super) fn measure(&mut self, states: &[f32], residuals: &[f32], most: f64) {
        if self.started {
            let now = states.chunks_exact(self.numbers).zip(residuals.chunks_exact(self.numbers));
            let before = self.states.chunks_exact(self.numbers).zip(self.residuals.chunks_exact(self.numbers));
            for (gain, (now, before)) in self.gains.iter_mut().zip(now.zip(before)) {
                if let Some(secant) = secant(now, before) {
                    *gain = secant.min(most).max(1.0);
                }
            }
        }
        self.states[..states.len()].copy_from_slice(states);
        self.residuals[..residuals.len()].copy_from_slice(residuals);
        self.started = true;
    }

    /// All rows alike.
    pub(super) fn fix(&mut self, gain: f64) {
        self.gains.fill(gain);
    }

    /// What it remembers of the first `rows`, to a tape or from there.
    pub(super) fn pass(&mut self, rows: usize, tape: &mut Tape) -> Result<()> {
        self.gains[..rows].iter_mut().try_for_each(|gain| tape.real(gain))?;
        tape.numbers(&mut self.states[..rows * self.numbers])?;
        tape.numbers(&mut self.residuals[..rows * self.numbers])?;
        tape.flag(&mut self.started)
    }

    pub(super) fn of(&self, row: usize) -> f64 {
        self.gains[row]
    }
}

/// `(Δh · Δx) / (Δh · Δh)` for one row, where `h` has moved.
fn secant(now: (&[f32], &[f32]), before: (&[f32], &[f32])) -> Option<f64> {
    let (mut along, mut square) = (0.0, 0.0);
    for ((x, r), (x_before, r_before)) in now.0.iter().zip(now.1).zip(before.0.iter().zip(before.1)) {
        let followed = f64::from(r_before - r);
        along += followed * f64::from(x - x_before);
        square += followed * followed;
    }
    let secant = along / square;
    secant.is_finite().then_some(secant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gain_is_what_takes_the_residual_away() {
        let mut gain = Gain::new(2, 2);
        gain.measure(&[1.0, 5.0, 1.0, 1.0], &[2.0, 0.0, 1.0, 0.0], 100.0);
        assert_eq!((gain.of(0), gain.of(1)), (1.0, 1.0));
        // h follows by a quarter; the second number is not measured. Then the other way round: never below 1.
        gain.measure(&[3.0, 9.0, 2.0, 1.0], &[1.5, 0.0, 2.0, 0.0], 100.0);
        assert_eq!((gain.of(0), gain.of(1)), (4.0, 1.0));
        gain.measure(&[5.0, 9.0, 2.0, 1.0], &[1.0, 0.0, 2.0, 0.0], 3.0);
        assert_eq!((gain.of(0), gain.of(1)), (3.0, 1.0));
        gain.start();
        assert_eq!(gain.of(0), 1.0);
    }
}
