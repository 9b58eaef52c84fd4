//! What a search finds.

use std::collections::BTreeMap;

use crate::Result;
use crate::image::Image;
use crate::loss::Term;
use crate::tape::Tape;

/// One sharp picture that shrinks to the given one, with all that belongs to it. Everything is of one and
/// the same step, the best; where the search projects, `image`, `measured`, `db` and `inputs` are of its picture
/// after the projection, the losses and `searched_db` of it before.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its number within the run, from 0.
    pub index: usize,
    /// The number of its start, from 0: what events under way call it. It equals `index`, except in a set that spreads, which
    /// is numbered once all of it is found.
    pub start: usize,
    /// How often it was started again from fresh inputs.
    pub restarts: usize,
    /// How the search for it ended.
    pub outcome: Outcome,
    /// The picture, in [0, 1].
    pub image: Image,
    /// `A(image)`, clipped to [0, 1]: what it shrinks to.
    pub measured: Image,
    /// How well `A(image)` agrees with the target, in dB; see [`consistency_db`].
    pub db: f64,
    /// The same before the exact projection.
    pub searched_db: f64,
    /// How far the exact projection moved the picture: the root mean square of the move, of a value range of 1. It is part of how much
    /// of the picture the generator did not make.
    pub moved: f64,
    /// The consistency when the latent had settled and no feature had moved yet, the target's noise not counted: how well the
    /// generator fits without features. If the search ended before that, `searched_db`.
    pub latent_db: f64,
    /// Each term of the loss, unweighted, at the best step.
    pub losses: Vec<(Term, f64)>,
    /// The weighted sum of the losses at the best step.
    pub total: f64,
    /// How many steps were taken.
    pub steps: usize,
    /// Every input by name, as the picture can be made again from it.
    pub inputs: BTreeMap<String, Vec<f32>>,
}

impl Candidate {
    /// One that is to be read from a tape.
    pub(crate) fn blank(dot: &Image) -> Self {
        Self {
            index: 0,
            start: 0,
            restarts: 0,
            outcome: Outcome::Stopped,
            image: dot.clone(),
            measured: dot.clone(),
            db: 0.0,
            searched_db: 0.0,
            moved: 0.0,
            latent_db: 0.0,
            losses: Vec::new(),
            total: 0.0,
            steps: 0,
            inputs: BTreeMap::new(),
        }
    }

    /// Takes the place of this one what was found for it from another start, where that is nearer to the target before the exact end.
    pub(crate) fn keep_better(&mut self, again: Self) {
        let (restarts, steps, is_stopped) = (again.restarts, again.steps, again.outcome == Outcome::Stopped);
        if again.searched_db > self.searched_db && !is_stopped {
            *self = again;
        }
        (self.restarts, self.steps) = (restarts, steps);
        if is_stopped {
            self.outcome = Outcome::Stopped;
        }
    }

    /// All of it, to a tape or from there.
    pub(crate) fn pass(&mut self, tape: &mut Tape) -> Result<()> {
        for count in [&mut self.index, &mut self.start, &mut self.restarts, &mut self.steps] {
            tape.count(count)?;
        }
        for value in [&mut self.db, &mut self.searched_db, &mut self.moved, &mut self.latent_db, &mut self.total] {
            tape.real(value)?;
        }
        one_of(tape, &Outcome::ALL, &mut self.outcome)?;
        pass_picture(tape, &mut self.image)?;
        pass_picture(tape, &mut self.measured)?;
        tape.list(
            &mut self.losses,
            || (Term::L2, 0.0),
            |tape, (term, value)| {
                one_of(tape, &Term::ALL, term)?;
                tape.real(value)
            },
        )?;
        let mut inputs: Vec<_> = std::mem::take(&mut self.inputs).into_iter().collect();
        tape.list(&mut inputs, Default::default, |tape, (name, numbers)| {
            tape.text(name)?;
            tape.vector(numbers)
        })?;
        self.inputs = inputs.into_iter().collect();
        Ok(())
    }
}

/// One of several values, by its place.
fn one_of<T: Copy + PartialEq>(tape: &mut Tape, all: &[T], value: &mut T) -> Result<()> {
    let mut place = all.iter().position(|other| other == value).unwrap_or_default();
    tape.count_below(&mut place, all.len())?;
    *value = all[place];
    Ok(())
}

fn pass_picture(tape: &mut Tape, picture: &mut Image) -> Result<()> {
    let [mut channels, mut height, mut width] = [picture.channels(), picture.height(), picture.width()];
    let mut values = picture.values().to_vec();
    [&mut channels, &mut height, &mut width].into_iter().try_for_each(|count| tape.count(count))?;
    tape.vector(&mut values)?;
    *picture = Image::new(channels, height, width, values)?;
    Ok(())
}

/// How the search for one candidate ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// Within epsilon of the target.
    Reached,
    /// All steps taken, and not within epsilon: this is its best.
    Missed,
    /// Stopped from outside before its search was done, however near the exact end has brought its best so far.
    Stopped,
}

impl Outcome {
    const ALL: [Self; 3] = [Self::Reached, Self::Missed, Self::Stopped];

    /// The outcome of this name, where it is one.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }

    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reached => "reached",
            Self::Missed => "missed",
            Self::Stopped => "stopped",
        }
    }
}

/// The dB at which agreement counts as perfect: beyond it `f32` pictures cannot differ meaningfully, and
/// files need a finite number.
pub const PERFECT_DB: f64 = 150.0;

/// Consistency: `−10 log₁₀(mean squared error)` in dB for pictures in [0, 1] (the LR-PSNR of Lugmayr et al., "NTIRE 2021
/// Learning the Super-Resolution Space Challenge"), at most [`PERFECT_DB`]. An error that is not a number agrees with nothing:
/// −∞ dB.
pub fn consistency_db(mean_squared_error: f64) -> f64 {
    if mean_squared_error.is_nan() {
        return f64::NEG_INFINITY;
    }
    (-10.0 * mean_squared_error.log10()).min(PERFECT_DB)
}

/// The mean squared error at `db`: the inverse of [`consistency_db`].
pub fn epsilon_of_db(db: f64) -> f64 {
    10f64.powf(-db / 10.0)
}

/// The root mean squared distance between two pictures of one size, in units of the value range [0, 1],
/// averaged over all pairs. Zero for fewer than two.
pub fn mean_pairwise_distance(images: &[&Image]) -> f64 {
    let mut sum = 0.0;
    let mut pairs = 0;
    for (i, a) in images.iter().enumerate() {
        for b in &images[i + 1..] {
            sum += a.mean_squared_difference(b).sqrt();
            pairs += 1;
        }
    }
    if pairs == 0 { 0.0 } else { sum / f64::from(pairs) }
}
