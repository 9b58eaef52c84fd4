//! PULSE's prior on `w`: a Gaussian after the last activation of the mapping is undone (Menon et al. 2020,
//! section 3.2).

use std::collections::BTreeMap;

use pulse_checkpoint::Tensor;
use pulse_engine::{Engine, NetworkBuilder, Operator, Shape, Value, Weights};
use rand_distr::{Distribution, StandardNormal};

use super::mapping::Mapping;
use crate::Result;
use crate::random::Stream;
use crate::tensors::{GAUSSIAN_FIT, Tensors};

/// The slope below zero of the mapping's activations.
const SLOPE: f32 = 0.2;
/// What its tensors are called in every family's files.
pub(super) const NAMES: [&str; 2] = GAUSSIAN_FIT;
/// Grows by one whenever the same mapping gets other numbers.
const VERSION: u64 = 1;
const BATCH: usize = 128;
/// More than 1e5 samples: the error of the mean is below a third of a percent of the deviation.
const BATCHES: usize = 800;
/// The fit is the same in every run.
const STREAM: Stream = Stream { seed: 0, candidate: u32::MAX, draw: u16::MAX, input: u16::MAX };

/// `w = LeakyReLU0.2(v · std + mean)` with `v` standard normal, where `mean` and `std` are those of
/// `LeakyReLU5(mapping(z))` over many `z`.
#[derive(Clone, Debug)]
pub(super) struct GaussianFit {
    mean: Weights,
    std: Weights,
}

impl GaussianFit {
    /// The fit of length `width` that came with a file, where one did.
    pub(super) fn read(tensors: &Tensors, width: usize) -> Result<Option<Self>> {
        let [mean, std] = NAMES;
        if !NAMES.iter().any(|name| tensors.has(name)) {
            return Ok(None);
        }
        Ok(Some(Self { mean: tensors.numbers(mean, &[width])?, std: tensors.numbers(std, &[width])? }))
    }

    /// The tensors that [`GaussianFit::read`] reads.
    pub(super) fn tensors(&self) -> BTreeMap<String, Tensor> {
        let tensor = |numbers: &Weights| Tensor::new([numbers.len()], &numbers[..]).expect("a vector");
        NAMES.into_iter().map(str::to_owned).zip([&self.mean, &self.std].map(tensor)).collect()
    }

    /// Everything that the fit of `mapping` depends on: its numbers, and how the fit is made.
    pub(super) fn feed(mapping: &Mapping, class: usize, sink: &mut dyn FnMut(&[u8])) {
        let Stream { seed, candidate, draw, input } = STREAM;
        for setting in [VERSION, BATCH as u64, BATCHES as u64, seed, candidate.into(), draw.into(), input.into()] {
            sink(&setting.to_le_bytes());
        }
        if mapping.classes() > 0 {
            sink(&(class as u64).to_le_bytes());
        }
        mapping.feed(sink);
    }

    /// Runs the mapping on random `z`, and on this class where it knows classes.
    pub(super) fn of(mapping: &Mapping, class: usize, engine: &dyn Engine) -> Result<Self> {
        let mut builder = NetworkBuilder::new();
        let z = builder.input("z", Shape::Vector(mapping.z_dim()))?;
        let classes = mapping.classes();
        let c = if classes > 0 { Some(builder.input("c", Shape::Vector(classes))?) } else { None };
        let w = mapping.append(&mut builder, z, c)?;
        builder.output("w", w)?;
        let network = builder.build()?;
        let mut program = engine.compile(&network, BATCH)?;
        let (z, w) = (network.input("z")?, network.output("w")?);
        let mut random = STREAM.generator();
        let width = mapping.w_dim();
        let (mut sums, mut squares) = (vec![0.0_f64; width], vec![0.0_f64; width]);
        for _ in 0..BATCHES {
            program.input_mut(z).fill_with(|| StandardNormal.sample(&mut random));
            if classes > 0 {
                let rows = program.input_mut(network.input("c")?);
                rows.fill(0.0);
                rows.iter_mut().skip(class).step_by(classes).for_each(|number| *number = 1.0);
            }
            program.forward(BATCH, &[w]);
            for row in program.output(w).chunks_exact(width) {
                for ((&w, sum), square) in row.iter().zip(&mut sums).zip(&mut squares) {
                    let v = f64::from(if w < 0.0 { w / SLOPE } else { w });
                    *sum += v;
                    *square += v * v;
                }
            }
        }
        let count = (BATCH * BATCHES) as f64;
        let mean = sums.iter().map(|sum| (sum / count) as f32).collect();
        let variance = |(sum, square): (&f64, &f64)| (square - sum * sum / count).max(0.0) / (count - 1.0);
        let std = sums.iter().zip(&squares).map(|pair| variance(pair).sqrt() as f32).collect();
        Ok(Self { mean, std })
    }

    /// `w` of `v`, vectors or rows.
    pub(super) fn append(&self, builder: &mut NetworkBuilder, v: Value) -> Result<Value> {
        let gaussian = builder.add(Operator::affine(self.std.clone(), self.mean.clone()), &[v])?;
        Ok(builder.add(Operator::LeakyRelu { slope: SLOPE, gain: 1.0, clamp: None }, &[gaussian])?)
    }
}
