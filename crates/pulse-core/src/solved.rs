//! A problem together with the candidates that were found for it. Walks and steered searches start from it.

use std::sync::Arc;

use pulse_engine::{Engine, NetworkBuilder};

use crate::candidate::Candidate;
use crate::generator::{Generator, InputSpec, append_whole};
use crate::image::Image;
use crate::inputs::Inputs;
use crate::measurement::Measurement;
use crate::render::Renderer;
use crate::search::steering::neighbours;
use crate::search::{Problem, Sampler, SearchConfig};
use crate::walk::{Explorer, MOST_FRAMES, Passage, Point, Watch, between};
use crate::{Error, ErrorKind, Result};

/// How far from a candidate a search that keeps a region of it starts by default: far enough to vary, near enough to fit the
/// region.
pub const AGAIN: f64 = 0.8;

/// How far from a candidate a search in its neighbourhood starts by default.
pub const NEAR: f64 = 0.3;

/// The mean squared difference up to which two pictures are the same, made in different batches: 40 dB.
const SAME: f64 = 1e-4;

/// The search behind candidates, and the inputs of each.
#[derive(Clone)]
pub struct Solved {
    /// The generative model.
    pub generator: Arc<dyn Generator>,
    /// `A`.
    pub measurement: Arc<dyn Measurement>,
    /// `y`, exactly.
    pub target: Arc<Image>,
    /// How it was searched.
    pub config: SearchConfig,
    /// One row a candidate.
    pub inputs: Arc<Inputs>,
    /// The generator's inputs as the search had them, in the order of the network's.
    pub specs: Vec<InputSpec>,
    /// The candidates' numbers, from 1, row by row.
    pub numbers: Vec<usize>,
}

/// Where a search starts that is based on candidates of another one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Origin {
    /// At random inputs.
    Anywhere,
    /// In the neighbourhood of a candidate, this far from it: 0 is the candidate itself, 1 random inputs.
    Near {
        /// The row of its inputs.
        row: usize,
        /// From 0 to 1.
        amount: f64,
    },
}

impl Solved {
    /// What a search found. Its generator has to be [ready](Generator::prepare) for the latent that was searched.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] when the target is not the measurement's, [`ErrorKind::Inputs`] when `inputs` are not those of
    /// so many candidates.
    pub fn new(
        generator: Arc<dyn Generator>,
        measurement: Arc<dyn Measurement>,
        target: Arc<Image>,
        config: SearchConfig,
        inputs: Inputs,
        numbers: Vec<usize>,
    ) -> Result<Self> {
        let latent = inputs.latent(&*generator);
        let specs = append_whole(&*generator, &mut NetworkBuilder::new(), latent, &config.space)?.inputs;
        let solved = Self { generator, measurement, target, config, inputs: Arc::new(inputs), specs, numbers };
        solved.problem().check()?;
        solved.check()?;
        Ok(solved)
    }

    /// The problem, starting from what was found.
    pub fn problem(&self) -> Problem<'static> {
        let (generator, measurement) = (Arc::clone(&self.generator), Arc::clone(&self.measurement));
        Problem::owned(generator, measurement, Arc::clone(&self.target)).starting_from(Arc::clone(&self.inputs))
    }

    /// The row of the inputs that belongs to the candidate of this number, counted from 1.
    ///
    /// # Errors
    /// [`ErrorKind::Run`] when there is no such candidate.
    pub fn row(&self, number: usize) -> Result<usize> {
        self.numbers.iter().position(|&own| own == number).ok_or_else(|| {
            let numbers: Vec<_> = self.numbers.iter().map(ToString::to_string).collect();
            let whole = self.numbers.iter().enumerate().all(|(row, &number)| number == row + 1);
            let there = match numbers.as_slice() {
                [_, .., last] if whole => format!("1 to {last}"),
                numbers => numbers.join(", "),
            };
            Error::new(ErrorKind::Run, format!("the run has no candidate {number}: choose of {there}"))
        })
    }

    /// The picture of a row, without the rounding of a file.
    ///
    /// # Errors
    /// As [`Renderer::render`].
    pub fn picture(&self, row: usize, engine: &dyn Engine) -> Result<Image> {
        let spec = self.generator.spec();
        let latent = self.inputs.latent(&*self.generator);
        let mut renderer = Renderer::in_space(&*self.generator, latent, &self.config.space, engine)?;
        let values = renderer.render(&self.inputs, row)?;
        Image::from_network(spec.channels, spec.height, spec.width, values)
    }

    /// The inputs of a row as a point that walks begin at.
    pub fn point(&self, row: usize) -> Point {
        let numbers =
            |spec: &InputSpec| self.inputs.row(spec, row).map_or(vec![0.0; spec.shape.len()], <[f32]>::to_vec);
        self.specs.iter().map(numbers).collect()
    }

    /// The pictures from one row to another, `frames` with both of them. Between candidates that were drawn from a denoiser, by their
    /// noise alone, the noise goes over from that of the one to that of the other; between any others it is the
    /// [path of an explorer](Explorer::path). Nothing when it was stopped.
    ///
    /// # Errors
    /// As [`Explorer::path`] and [`Explorer::new`].
    pub fn passage(
        &self,
        rows: [usize; 2],
        frames: usize,
        engine: &dyn Engine,
        watch: Watch<'_>,
    ) -> Result<Option<Passage>> {
        if self.config.sampler_of(&*self.generator) == Sampler::NullSpace && (2..=MOST_FRAMES).contains(&frames) {
            let ends = rows.map(|row| self.numbers[row] - 1);
            let problem = self.problem().starting_anywhere();
            let Some(passage) = between(&problem, &self.specs, &self.config, (ends, frames), engine, watch)? else {
                return Ok(None);
            };
            // What was steered or spread is not made by its noise alone.
            let mut same = true;
            for (row, frame) in rows.into_iter().zip([passage.frames.first(), passage.frames.last()]) {
                let picture = self.picture(row, engine)?;
                same &= frame.is_some_and(|frame| frame.image.mean_squared_difference(&picture) < SAME);
            }
            if same {
                return Ok(Some(passage));
            }
        }
        let [from, to] = rows.map(|row| self.point(row));
        self.explorer(engine)?.path(&from, &to, frames, watch)
    }

    /// An explorer, which walks through the other consistent pictures.
    ///
    /// # Errors
    /// As [`Explorer::new`].
    pub fn explorer(&self, engine: &dyn Engine) -> Result<Explorer<'static>> {
        Explorer::new(&self.problem(), &self.specs, &self.config, engine)
    }

    /// The problem for a search with these settings that begins at `origin`. A search draws random starts by itself, but only
    /// for the generator's first latent and class: those of others are drawn here.
    ///
    /// # Errors
    /// As [`neighbours`].
    pub fn again(&self, origin: Origin, config: &SearchConfig) -> Result<Problem<'static>> {
        let (generator, measurement) = (Arc::clone(&self.generator), Arc::clone(&self.measurement));
        let problem = Problem::owned(generator, measurement, Arc::clone(&self.target));
        let (row, amount) = match origin {
            Origin::Near { row, amount } => (row, amount),
            Origin::Anywhere => {
                let spec = self.generator.spec();
                if self.inputs.latent(&*self.generator) == spec.latents[0] && spec.classes == 0 {
                    return Ok(problem);
                }
                (0, 1.0)
            }
        };
        let starts = neighbours(&self.specs, &self.inputs, row, amount, config.seed, config.candidates)?;
        Ok(problem.starting_from(Arc::new(starts)))
    }

    /// There is a row for each candidate, with every input that has no start to fall back on.
    fn check(&self) -> Result<()> {
        let rows = self.inputs.check(&self.specs)?;
        if rows != self.numbers.len() {
            let message = format!("the inputs have {rows} rows, and there are {} candidates", self.numbers.len());
            return Err(Error::new(ErrorKind::Inputs, message));
        }
        let missing = self.specs.iter().find(|spec| spec.stage.is_none() && self.inputs.row(spec, 0).is_none());
        missing.map_or(Ok(()), |spec| Err(Error::new(ErrorKind::Inputs, format!("the inputs lack `{}`", spec.name))))
    }
}

/// Every input of every candidate, one row each. An offset of a stage that is zero for all of them is left out: what is
/// not named is at its start. A noise map of zeros is not left out, because maps may start at other values.
///
/// # Errors
/// [`ErrorKind::Inputs`] when a candidate lacks an input of `specs`.
pub fn inputs_of(candidates: &[Candidate], specs: &[InputSpec]) -> Result<Inputs> {
    let mut inputs = Inputs::default();
    for spec in specs {
        let mut data = Vec::with_capacity(candidates.len() * spec.shape.len());
        for candidate in candidates {
            let Some(row) = candidate.inputs.get(&spec.name) else {
                let message = format!(
                    "candidate {} has no `{}`: search with the generator's inputs that are to be written",
                    candidate.index + 1,
                    spec.name
                );
                return Err(Error::new(ErrorKind::Inputs, message));
            };
            data.extend_from_slice(row);
        }
        if spec.stage.is_none() || data.iter().any(|&number| number != 0.0) {
            inputs.insert(&spec.name, candidates.len(), spec.shape, data);
        }
    }
    Ok(inputs)
}
