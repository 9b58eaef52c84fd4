//! The networks of EDM (Karras, Aittala, Aila, Laine 2022), read from NVIDIA's pickles or from plain state dictionaries.
//!
//! | network | time | way in | filter | blocks |
//! |---|---|---|---|---|
//! | DDPM++ (Song et al. 2021) | positional | plain | 1 1 | added time, factor sqrt(1/2), one head |
//! | NCSN++ (Song et al. 2021) | Fourier | smaller pictures from the side | 1 3 3 1 | the same |
//! | ADM (Dhariwal, Nichol 2021) | positional | plain | 1 1 | modulated by the time, factor 1, 64 channels a head |
//!
//! Names and shapes of the tensors tell which it is, and all sizes: `enc.64x64_conv`, `enc.32x32_down`, `enc.32x32_block0`, ….

mod blocks;
mod levels;
mod noise_levels;

use pulse_checkpoint::{Checkpoint, Configuration};
use pulse_engine::Dense;

use super::given::Given;
use super::layers::dense;
use super::steps::SteppedUNet;
use super::time::{ClassPlace, Embedding, Sinusoids};
use super::{BackboneSpec, Denoiser};
use crate::Result;
use crate::tensors::{Tensors, scale};

/// What is no parameter of the network, by the beginning of the last part of its name.
const BUFFERS: [&str; 3] = ["resample_filter", "freqs", "u"];

/// Which of the two classes of EDM's code a network is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// `SongUNet`: DDPM++ and NCSN++.
    Song,
    /// `DhariwalUNet`: ADM.
    Dhariwal,
}

/// What stands before the names of the network's tensors, where this is a network of EDM.
fn prefix(checkpoint: &Checkpoint) -> Option<&'static str> {
    let tensors = &checkpoint.tensors;
    ["model.", ""].into_iter().find(|prefix| {
        let conv = |name: &str| name.strip_prefix(prefix).is_some_and(|name| levels::size_of_conv(name).is_some());
        tensors.contains_key(&format!("{prefix}map_layer0.weight")) && tensors.keys().any(|name| conv(name))
    })
}

/// Whether the tensors' names are those of a network of EDM.
pub(super) fn is_named(checkpoint: &Checkpoint) -> bool {
    prefix(checkpoint).is_some()
}

/// The denoiser. `stem` is the file's name without its ending.
pub(super) fn read(checkpoint: &Checkpoint, stem: &str, given: &Configuration) -> Result<Denoiser> {
    let prefix = prefix(checkpoint).unwrap_or_default();
    let tensors = &Tensors::new("a network of EDM", &checkpoint.tensors, &checkpoint.configuration);
    let kind = if tensors.has(&format!("{prefix}out_conv.weight")) { Kind::Dhariwal } else { Kind::Song };
    let network = Network { tensors, prefix, kind };
    let settings = Given::new([given, &checkpoint.configuration]);
    let preconditioning = noise_levels::read(tensors, &checkpoint.configuration, &settings, stem)?;
    Denoiser::new(std::sync::Arc::new(network.read()?), preconditioning)
}

/// What all parts of the reader know.
struct Network<'a> {
    tensors: &'a Tensors<'a>,
    prefix: &'static str,
    kind: Kind,
}

impl Network<'_> {
    /// The whole name of a tensor or module of the network.
    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn has(&self, name: &str) -> bool {
        self.tensors.has(&self.name(name))
    }

    fn read(&self) -> Result<SteppedUNet> {
        let size = self.size()?;
        let (embedding, sinusoids, class) = self.embedding()?;
        let levels = self.levels(size, embedding.second.out_features)?;
        let family = match (self.kind, self.has("map_noise.freqs")) {
            (Kind::Dhariwal, _) => "ADM",
            (Kind::Song, false) => "DDPM++",
            (Kind::Song, true) => "NCSN++",
        };
        let spec = BackboneSpec {
            family,
            channels: self.tensors.channels(&self.name("enc"), levels.channels)?,
            height: size,
            width: size,
            outputs: levels.outputs,
            time_features: embedding.first.in_features,
            classes: class,
            parameters: self.tensors.parameters(&BUFFERS),
        };
        Ok(SteppedUNet { spec, sinusoids, time_factor: 1.0, embedding, steps: levels.steps })
    }

    /// What is made of time and class, and how many classes there are.
    fn embedding(&self) -> Result<(Embedding, Sinusoids, usize)> {
        let tensors = self.tensors;
        let first = self.name("map_layer0");
        let [_, features] = tensors.shape(&format!("{first}.weight"))?;
        let first = dense(tensors, &first, features)?;
        let second = dense(tensors, &self.name("map_layer1"), first.out_features)?;
        let class = if self.has("map_label.weight") { Some(self.class(features, second.out_features)?) } else { None };
        let classes = class.as_ref().map_or(0, |(layer, _)| layer.in_features);
        let sinusoids = self.sinusoids(features)?;
        Ok((Embedding { first, second, class }, sinusoids, classes))
    }

    /// The class's layer. EDM's `SongUNet` multiplies the class by the root of the number of classes.
    fn class(&self, features: usize, embedding: usize) -> Result<(Dense, ClassPlace)> {
        let name = self.name("map_label");
        let [to, classes] = self.tensors.shape(&format!("{name}.weight"))?;
        let mut layer = dense(self.tensors, &name, classes)?;
        let (wanted, place) = match self.kind {
            Kind::Song => (features, ClassPlace::Features),
            Kind::Dhariwal => (embedding, ClassPlace::Embedding),
        };
        if to != wanted {
            return Err(self.tensors.unfit(&name, &format!("gives {to} numbers where {wanted} are needed")));
        }
        if self.kind == Kind::Song {
            layer.weight = scale(&layer.weight, (classes as f64).sqrt());
        }
        Ok((layer, place))
    }

    /// `f_i = 10000^(−i / (n − 1))` for DDPM++, `10000^(−i / n)` for ADM; NCSN++ has random ones in its file, as cycles.
    fn sinusoids(&self, features: usize) -> Result<Sinusoids> {
        let half = features / 2;
        let (name, sines_first) = (self.name("map_noise.freqs"), self.kind == Kind::Song);
        if !self.tensors.has(&name) {
            let last = if self.kind == Kind::Song { half.saturating_sub(1) } else { half };
            return Ok(Sinusoids::positional(half, last, sines_first));
        }
        let cycles = self.tensors.numbers(&name, &[half])?;
        let frequencies = cycles.iter().map(|cycles| cycles * std::f32::consts::TAU).collect();
        Ok(Sinusoids { frequencies, sines_first })
    }
}
