//! What a denoiser makes of given arrays.

use pulse_engine::{Engine, Shape};

use crate::denoiser::deterministic::Sampler;
use crate::denoiser::{CLASS, CompiledDenoiser, Denoiser};
use crate::inputs::{Inputs, rows_of};
use crate::{Error, ErrorKind, Result};

/// The noisy pictures `[B, C, H, W]`.
const NOISY: &str = "x";
/// The network's own times `[B]`.
const TIMES: &str = "t";
/// The noise levels `[B]`.
const SIGMAS: &str = "sigma";
/// Noise of unit variance `[B, C, H, W]`.
const START: &str = "start";
/// The cotangents of the results.
const COTANGENT: &str = "cotangent";
/// How many pictures are computed together at most.
const BATCH: usize = 8;

/// What is computed of a denoiser, by what the arrays are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// `x` and `t` to `output`, what the network itself gives.
    Network,
    /// `x` and `sigma` to `denoised`, `D(x; σ)`.
    Denoised,
    /// `start` to `image`, the end of a deterministic sampler.
    Sampled,
}

impl Question {
    /// Whether these arrays ask a denoiser, by the name of one of them. Others may be the inputs of the generator that it is too.
    pub fn is_asked(inputs: &Inputs) -> bool {
        [TIMES, SIGMAS, START].into_iter().any(|name| inputs.arrays().contains_key(name))
    }
}

/// Arrays that were checked against a denoiser.
pub struct Evaluation<'a> {
    denoiser: &'a Denoiser,
    inputs: &'a Inputs,
    question: Question,
    rows: usize,
    gradient: bool,
}

impl<'a> Evaluation<'a> {
    /// What `inputs` ask of `denoiser`. With `gradient` they hold a `cotangent` of the result too, and what follows is also
    /// `x_grad`, the gradient of `⟨result, cotangent⟩` with respect to `x`.
    ///
    /// # Errors
    /// [`ErrorKind::Inputs`] when they ask for nothing or too much, or do not fit.
    pub fn new(denoiser: &'a Denoiser, inputs: &'a Inputs, gradient: bool) -> Result<Self> {
        let question = question(inputs)?;
        if question == Question::Sampled && gradient {
            let message = "there is no gradient through a sampler: give `x` with `t` or `sigma`, or ask for none";
            return Err(Error::new(ErrorKind::Inputs, message));
        }
        let mut whole = Self { denoiser, inputs, question, rows: 0, gradient };
        let picture = denoiser.picture();
        let [first, second] = match question {
            Question::Network => [(NOISY, picture), (TIMES, Shape::Vector(1))],
            Question::Denoised => [(NOISY, picture), (SIGMAS, Shape::Vector(1))],
            Question::Sampled => [(START, picture); 2],
        };
        whole.rows = whole.count(first.0, first.1)?;
        let mut more = vec![second];
        let classes = denoiser.spec().classes;
        if classes > 0 {
            more.push((CLASS, Shape::Vector(classes)));
        }
        if gradient {
            more.push((COTANGENT, whole.result().1));
        }
        for (name, shape) in more {
            let rows = whole.count(name, shape)?;
            if rows != whole.rows {
                let message = format!("`{name}` has {rows} rows and `{}` has {}: give one each", first.0, whole.rows);
                return Err(Error::new(ErrorKind::Inputs, message));
            }
        }
        if question == Question::Denoised && whole.data(SIGMAS, 0..whole.rows).iter().any(|&sigma| sigma <= 0.0) {
            let message = "`sigma` holds what is no noise level: give numbers above 0";
            return Err(Error::new(ErrorKind::Inputs, message));
        }
        Ok(whole)
    }

    /// What is asked.
    pub fn question(&self) -> Question {
        self.question
    }

    /// The arrays that are not looked at.
    pub fn unknown(&self) -> impl Iterator<Item = &'a str> {
        let known = match self.question {
            Question::Network => [NOISY, TIMES],
            Question::Denoised => [NOISY, SIGMAS],
            Question::Sampled => [START; 2],
        };
        let (classes, gradient) = (self.denoiser.spec().classes > 0, self.gradient);
        self.inputs.arrays().keys().map(String::as_str).filter(move |&name| {
            !(known.contains(&name) || (classes && name == CLASS) || (gradient && name == COTANGENT))
        })
    }

    /// The result's name and shape.
    fn result(&self) -> (&'static str, Shape) {
        let spec = self.denoiser.spec();
        match self.question {
            Question::Network => ("output", Shape::map(spec.outputs, spec.height, spec.width)),
            Question::Denoised => ("denoised", self.denoiser.picture()),
            Question::Sampled => ("image", self.denoiser.picture()),
        }
    }

    /// The result, and the gradient where one is wanted. A sampler takes its steps.
    ///
    /// # Errors
    /// [`ErrorKind::Network`] when the engine cannot run it, [`ErrorKind::Setting`] when there cannot be so many steps, and
    /// [`ErrorKind::Inputs`] when a result is not finite.
    pub fn run(&self, engine: &dyn Engine, sampler: Sampler, steps: usize) -> Result<Inputs> {
        let batch = self.rows.min(BATCH);
        let mut compiled = if self.gradient {
            CompiledDenoiser::new(self.denoiser, engine, batch)?
        } else {
            CompiledDenoiser::forward_only(self.denoiser, engine, batch)?
        };
        let (name, shape) = self.result();
        let picture = self.denoiser.picture();
        let mut results = vec![0.0; self.rows * shape.len()];
        let mut gradients = vec![0.0; if self.gradient { self.rows * picture.len() } else { 0 }];
        for first in (0..self.rows).step_by(BATCH) {
            let rows = first..self.rows.min(first + BATCH);
            if self.denoiser.spec().classes > 0 {
                let classes = self.data(CLASS, rows.clone());
                compiled.classes_mut()[..classes.len()].copy_from_slice(classes);
            }
            let result = &mut results[rows.start * shape.len()..rows.end * shape.len()];
            match self.question {
                Question::Network => compiled.raw(self.data(NOISY, rows.clone()), &self.levels(TIMES, &rows), result),
                Question::Denoised => {
                    compiled.denoise(self.data(NOISY, rows.clone()), &self.levels(SIGMAS, &rows), result);
                }
                Question::Sampled => {
                    result.copy_from_slice(&sampler.run(&mut compiled, steps, self.data(START, rows.clone()))?);
                }
            }
            if self.gradient {
                let gradient = &mut gradients[rows.start * picture.len()..rows.end * picture.len()];
                let cotangent = self.data(COTANGENT, rows.clone());
                match self.question {
                    Question::Denoised => {
                        compiled.denoised_gradient(&self.levels(SIGMAS, &rows), cotangent, gradient);
                    }
                    _ => compiled.raw_gradient(cotangent, gradient),
                }
            }
        }
        self.gathered((name, shape), results, gradients)
    }

    fn gathered(&self, (name, shape): (&str, Shape), results: Vec<f32>, gradients: Vec<f32>) -> Result<Inputs> {
        if let Some(at) = results.iter().position(|number| !number.is_finite()) {
            let message = format!(
                "`{name}` of row {} holds {}: give noise levels that the model was trained with",
                at / shape.len() + 1,
                results[at]
            );
            return Err(Error::new(ErrorKind::Inputs, message));
        }
        let mut arrays = Inputs::default();
        arrays.insert(name, self.rows, shape, results);
        if self.gradient {
            arrays.insert(format!("{NOISY}_grad"), self.rows, self.denoiser.picture(), gradients);
        }
        Ok(arrays)
    }

    fn count(&self, name: &str, shape: Shape) -> Result<usize> {
        if let Some(tensor) = self.inputs.arrays().get(name) {
            rows_of(name, tensor, shape)
        } else {
            let message = format!("the inputs lack `{name}`: add it, one row of {shape} a picture");
            Err(Error::new(ErrorKind::Inputs, message))
        }
    }

    /// Some rows of an array that was checked.
    fn data(&self, name: &str, rows: std::ops::Range<usize>) -> &'a [f32] {
        let data = self.inputs.arrays()[name].data();
        let length = data.len() / self.rows;
        &data[rows.start * length..rows.end * length]
    }

    fn levels(&self, name: &str, rows: &std::ops::Range<usize>) -> Vec<f64> {
        self.data(name, rows.clone()).iter().map(|&level| f64::from(level)).collect()
    }
}

fn question(inputs: &Inputs) -> Result<Question> {
    let has = |name: &str| inputs.arrays().contains_key(name);
    match [has(NOISY), has(TIMES), has(SIGMAS), has(START)] {
        [true, true, false, false] => Ok(Question::Network),
        [true, false, true, false] => Ok(Question::Denoised),
        [false, false, false, true] => Ok(Question::Sampled),
        _ => {
            let found: Vec<_> = inputs.arrays().keys().map(String::as_str).collect();
            let found = if found.is_empty() { "nothing".to_owned() } else { found.join(", ") };
            let message = format!(
                "the inputs of a denoiser are `x` with `t`, `x` with `sigma`, or `start`, and these are {found}: give one of the \
                 three"
            );
            Err(Error::new(ErrorKind::Inputs, message))
        }
    }
}
