//! `pulse convert`: the networks of a checkpoint as a safetensors file.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use pulse::generator::{FitCache, Generator, from_checkpoint, located, pair};
use pulse_checkpoint::Tensor;
use pulse_engine::Cpu;

use crate::cache;
use crate::failure::{Failure, note, print};
use crate::status::Status;

pub(crate) const EXAMPLES: &str = "\
Examples:
  pulse convert ffhq.pkl ffhq.safetensors
  pulse convert pulse-weights ffhq.safetensors       the folder of synthesis.pt, mapping.pt and gaussian_fit.pt
  pulse convert ffhq.pkl critic.safetensors --network D

The numbers are written as f32, under the names that they have in the file, with the configuration that stands
beside them as metadata. Unless --network names one network, a discriminator in the file, which scores candidates,
goes with its generator; its names begin with D. there. The Gaussian fit of a StyleGAN's mapping, which a search
needs and which takes seconds to make, is written with them as gaussian_fit.mean and gaussian_fit.std. The licence of
a network stays what it was.";

#[derive(Args)]
pub(crate) struct Arguments {
    /// A checkpoint, or the folder that one is in. Of PULSE's three files in a folder one is made
    #[arg(value_name = "FILE|DIR")]
    checkpoint: PathBuf,

    /// Where to write. What is there is replaced
    #[arg(value_name = "OUT.safetensors")]
    out: PathBuf,

    /// Which network of the file, such as G, D or G_ema, or what the names of its tensors begin with, such as decoder [default: the
    /// averaged generator and the discriminator]
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let Arguments { checkpoint: path, out, network } = arguments;
    if !out.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("safetensors")) {
        return Err(Failure::of(out.display(), "only safetensors files are written; end its name in .safetensors"));
    }
    let mut converted = pair(path, network.as_deref()).map_err(|error| Failure::with(path.display(), &error))?;
    if let Ok(Cow::Owned(located)) = located(&converted.generator) {
        converted.generator = located;
    }
    let generator = from_checkpoint(&converted.generator);
    if let Ok(generator) = &generator {
        converted.generator.tensors.extend(made_fit(&**generator, &Cpu::default())?);
    }
    if let Some(Err(error)) = &converted.discriminator {
        note(&format!("{}: its discriminator cannot be read and is left out: {error}", path.display()));
    }
    converted
        .write_safetensors(out)
        .map_err(|error| Failure::of(out.display(), format!("{error}; choose another place for it")))?;
    let judge = converted.discriminator.as_ref().and_then(|judge| judge.as_ref().ok());
    let tensors =
        [Some(&converted.generator), judge].into_iter().flatten().flat_map(|network| network.tensors.values());
    let (count, numbers) = (tensors.clone().count(), tensors.map(|tensor| tensor.data().len()).sum::<usize>());
    let what = match generator {
        Ok(generator) => {
            let spec = generator.spec();
            let with = if judge.is_some() { " with its discriminator" } else { "" };
            format!("{}, {}x{}{with}", spec.family.name(), spec.width, spec.height)
        }
        Err(error) => {
            note(&format!("{}: it is no generator that can be searched: {error}", out.display()));
            "a network".into()
        }
    };
    print(&format!("{}: {what}, {count} tensors, {numbers} numbers\n", out.display()))?;
    Ok(Status::Good)
}

/// The Gaussian fit that a generator needs and whose file has none.
fn made_fit(generator: &dyn Generator, engine: &Cpu) -> Result<BTreeMap<String, Tensor>, Failure> {
    let Some(entrance) = generator.entrance().filter(|entrance| entrance.lacks_fit()) else {
        return Ok(BTreeMap::new());
    };
    if let Some(cache) = cache::folder() {
        FitCache::new(cache.folder()).fit(generator, engine)?;
    }
    entrance.prepare(engine)?;
    Ok(entrance.fit_tensors()?)
}
