//! `pulse convert`: the network of a checkpoint as a safetensors file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use pulse::generator::{Generator, checkpoint, from_checkpoint};
use pulse_checkpoint::{OpenOptions, Tensor, write_safetensors};

use crate::Verdict;
use crate::cache;
use crate::failure::{Failure, note, print};

pub(crate) const EXAMPLES: &str = "\
Examples:
  pulse convert ffhq.pkl ffhq.safetensors
  pulse convert pulse-weights ffhq.safetensors       the folder of synthesis.pt, mapping.pt and gaussian_fit.pt
  pulse convert ffhq.pkl critic.safetensors --network D

The numbers are written as f32, under the names that they have in the file, with the configuration that stands
beside them as metadata. The Gaussian fit of a StyleGAN's mapping, which a search needs and which takes seconds to
make, is written with them as gaussian_fit.mean and gaussian_fit.std. The licence of a network stays what it was.";

#[derive(Args)]
pub(crate) struct Arguments {
    /// A checkpoint, or the folder that one is in. Of PULSE's three files in a folder one is made
    #[arg(value_name = "FILE|DIR")]
    checkpoint: PathBuf,

    /// Where to write. What is there is replaced
    #[arg(value_name = "OUT.safetensors")]
    out: PathBuf,

    /// Which network of the file, such as G, D or G_ema [default: the averaged generator]
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Verdict, Failure> {
    let Arguments { checkpoint: path, out, network } = arguments;
    if !out.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("safetensors")) {
        return Err(Failure::of(out.display(), "only safetensors files are written; end its name in .safetensors"));
    }
    let mut options = OpenOptions::new();
    if let Some(name) = network {
        options = options.network(name);
    }
    let mut converted = checkpoint(path, &options).map_err(|error| Failure::of(path.display(), error))?;
    let generator = from_checkpoint(&converted);
    if let Ok(generator) = &generator {
        converted.tensors.extend(made_fit(&**generator)?);
    }
    write_safetensors(out, &converted.tensors, &converted.configuration)
        .map_err(|error| Failure::of(out.display(), format!("{error}; choose another place for it")))?;
    let numbers: usize = converted.tensors.values().map(|tensor| tensor.data().len()).sum();
    let what = match generator {
        Ok(generator) => {
            let spec = generator.spec();
            format!("{}, {}x{}", spec.family.name(), spec.width, spec.height)
        }
        Err(error) => {
            note(&format!("{}: it is no generator that can be searched: {error}", out.display()));
            "a network".into()
        }
    };
    print(&format!("{}: {what}, {} tensors, {numbers} numbers\n", out.display(), converted.tensors.len()))?;
    Ok(Verdict::Good)
}

/// The Gaussian fit that a generator needs and whose file has none.
fn made_fit(generator: &dyn Generator) -> Result<BTreeMap<String, Tensor>, Failure> {
    let Some(entrance) = generator.entrance().filter(|entrance| entrance.lacks_fit()) else {
        return Ok(BTreeMap::new());
    };
    if let Some(fits) = cache::fits() {
        fits.fit(generator)?;
    }
    Ok(entrance.fit_tensors()?)
}
