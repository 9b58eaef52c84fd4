//! The StyleGAN generators against the numbers of their reference implementations.

mod broken;
mod fit_cache;
mod located;
mod nvidia;
mod pulse_port;
mod rosinality;
mod tensorflow;
mod trace;

use std::collections::BTreeMap;
use std::path::PathBuf;

use pulse::generator::{Generator, LatentInput, Space};
use pulse::inputs::Inputs;
use pulse::render::Renderer;
use pulse_checkpoint::{Checkpoint, Configuration, Format, Tensor};
use pulse_engine::{Cpu, Engine, Reference, Shape};

/// Both sides round f32 sums of some hundred products in each of a few layers.
const MAPPING: f64 = 1e-5;
/// The same through all layers of the synthesis, whose norms enlarge small channels.
const IMAGE: f64 = 1e-4;
/// A leaky ReLU near zero may fall on either side and take its path with it.
const GRADIENT: f64 = 1e-3;

pub(super) fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// A checkpoint of nothing but tensors.
fn plain(tensors: BTreeMap<String, Tensor>) -> Checkpoint {
    Checkpoint { format: Format::Safetensors, tensors, configuration: Configuration::new() }
}

fn open(name: &str) -> Box<dyn Generator> {
    pulse::generator::open(&fixture(name)).unwrap()
}

fn engines() -> [(&'static str, Box<dyn Engine>); 2] {
    [("reference", Box::new(Reference)), ("cpu", Box::new(Cpu::default()))]
}

fn relative_error(found: &[f32], wanted: &[f32]) -> f64 {
    assert_eq!(found.len(), wanted.len());
    let square = |x: f32| f64::from(x) * f64::from(x);
    let error: f64 = found.iter().zip(wanted).map(|(&a, &b)| square(a - b)).sum();
    (error / wanted.iter().map(|&b| square(b)).sum::<f64>()).sqrt()
}

/// Prints the error, which `--nocapture` shows, and holds it to its bound.
fn check(what: &str, found: &[f32], wanted: &[f32], bound: f64) {
    let error = relative_error(found, wanted);
    println!("{what}: {error:.1e}");
    assert!(error < bound, "{what}: {error:e}");
}

/// The reference numbers of one case.
struct Case(Checkpoint);

impl Case {
    fn open(name: &str) -> Self {
        Self(Checkpoint::open(fixture(name).with_extension("safetensors")).unwrap())
    }

    fn has(&self, name: &str) -> bool {
        self.0.tensors.contains_key(name)
    }

    fn all(&self, name: &str) -> &[f32] {
        self.0.tensor(name).unwrap().data()
    }

    fn rows(&self, name: &str) -> usize {
        self.0.tensor(name).unwrap().shape()[0]
    }

    fn row(&self, name: &str, row: usize) -> &[f32] {
        let length = self.all(name).len() / self.rows(name);
        &self.all(name)[row * length..][..length]
    }

    fn number(&self, name: &str) -> usize {
        self.0.configuration[name].as_str().unwrap().parse().unwrap()
    }

    /// Adds tensor `from` to `inputs` as `name`, one row a candidate.
    fn give(&self, inputs: &mut Inputs, name: &str, from: &str) {
        let rows = self.rows(from);
        let data = self.all(from).to_vec();
        inputs.insert(name, rows, Shape::Vector(data.len() / rows), data);
    }
}

/// The rows of `ws` that `z` (and `c`) make.
fn ws_of(generator: &dyn Generator, space: &Space, engine: &dyn Engine, inputs: &Inputs, row: usize) -> Vec<f32> {
    let mut renderer = Renderer::in_space(generator, LatentInput::Z, space, engine).unwrap();
    renderer.render(inputs, row).unwrap();
    renderer.ws().unwrap().to_vec()
}
