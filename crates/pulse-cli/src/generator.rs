//! The generator that an argument names, and what options ask of it.

use std::path::Path;

use pulse::denoiser::{Denoiser, open_denoiser};
use pulse::generator::{Embedded, LatentInput};
use pulse::judge::Order;
use pulse::{ErrorKind, Opened};

use crate::cache;
use crate::failure::{Failure, note};

/// What stands in the help of every argument that takes one.
pub(crate) const HELP: &str =
    "An embedded generator's name, or the path of a checkpoint or of the folder that one is in";

/// The generator called `name`: an embedded one, or else a file or folder.
pub(crate) fn open(name: &str) -> Result<Opened, Failure> {
    Ok(Opened::named(name)?.with_cache(cache::folder()))
}

/// What a name or a path stands for.
pub(crate) enum Model {
    Generator(Box<Opened>),
    Denoiser(Denoiser),
}

/// The generator called `name`, or the denoiser at this path.
pub(crate) fn open_model(name: &str) -> Result<Model, Failure> {
    let path = Path::new(name);
    if path.is_dir() && Embedded::find(name).is_none() {
        if let Some(denoiser) = open_denoiser(path)? {
            return Ok(Model::Denoiser(denoiser));
        }
    }
    match Opened::named(name) {
        Ok(opened) => Ok(Model::Generator(Box::new(opened.with_cache(cache::folder())))),
        // A file that no family of generators is made of may be that of a denoiser.
        Err(error) if path.is_file() && error.kind() == ErrorKind::Generator => match open_denoiser(path)? {
            Some(denoiser) => Ok(Model::Denoiser(denoiser)),
            None => Err(error.into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// How many noise maps it has. `option` is about them, and would do nothing where there are none.
pub(crate) fn noise_maps(opened: &Opened, option: &str) -> Result<usize, Failure> {
    match opened.noise_maps()? {
        0 => Err(Failure::of(option, format!("this {} has no noise maps; leave the option out", opened.family()))),
        maps => Ok(maps),
    }
}

/// Checks that truncation changes what is made of `latent`; `option` would do nothing otherwise.
pub(crate) fn check_truncation(opened: &Opened, latent: LatentInput, option: &str) -> Result<(), Failure> {
    if opened.generator.spec().num_ws == 0 {
        let reason = format!("a {} has no w to bring nearer to the average; leave the option out", opened.family());
        return Err(Failure::of(option, reason));
    }
    if matches!(latent, LatentInput::Z | LatentInput::W) {
        return Ok(());
    }
    let reason = format!("`{}` is taken as it is; give inputs of z or w, or leave the option out", latent.name());
    Err(Failure::of(option, reason))
}

/// Checks that candidates can be sorted by `order`, and says why there is no score of a discriminator that is there.
pub(crate) fn check_order(opened: &Opened, order: Order) -> Result<(), Failure> {
    let name = &opened.record.name;
    match (&opened.discriminator, order) {
        (None, Order::Discriminator) => {
            let reason = format!("{name} came without a discriminator; sort by another score");
            Err(Failure::of("--sort discriminator", reason))
        }
        (Some(Err(error)), Order::Discriminator) => {
            let reason = format!("that of {name} cannot be used: {error}; sort by another score");
            Err(Failure::of("--sort discriminator", reason))
        }
        (Some(Err(error)), _) => {
            note(&format!("{name}: its discriminator cannot be used, so nothing is scored by it: {error}"));
            Ok(())
        }
        _ => Ok(()),
    }
}
