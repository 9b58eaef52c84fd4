//! The generator that an argument names.

use std::path::Path;

use pulse::ErrorKind;
use pulse::checksum::{sha256, sha256_of_files};
use pulse::generator::{
    self, Discriminator, EMBEDDED, Embedded, Generator, InputSpec, LatentInput, Space, append_whole, checkpoint_files,
};
use pulse::judge::Order;
use pulse::record::GeneratorRecord;

use pulse_checkpoint::Configuration;
use pulse_engine::NetworkBuilder;

use crate::cache;
use crate::failure::{Failure, note};

/// What stands in the help of every argument that takes one.
pub(crate) const HELP: &str =
    "An embedded generator's name, or the path of a checkpoint or of the folder that one is in";

/// A generator, and what a run's record says of it.
pub(crate) struct Named {
    pub(crate) generator: Box<dyn Generator>,
    pub(crate) record: GeneratorRecord,
    /// What it was trained against, where its file has it; or why that cannot be used.
    pub(crate) discriminator: Option<pulse::Result<Discriminator>>,
    /// What its file says of it beside its numbers.
    pub(crate) configuration: Configuration,
}

/// The name of the embedded generator that is taken when nobody names one.
pub(crate) fn default_name() -> &'static str {
    EMBEDDED[0].name
}

/// Reads the generator called `name`: an embedded one, or else a file or folder.
pub(crate) fn open(name: &str) -> Result<Named, Failure> {
    let (generator, discriminator, checksum, configuration) = if let Some(embedded) = Embedded::find(name) {
        (embedded.open()?, None, sha256(embedded.bytes), Configuration::new())
    } else if Path::new(name).exists() {
        let path = Path::new(name);
        let files = checkpoint_files(path)?;
        let pair = generator::pair(path)
            .map_err(|error| Failure::of(name, format!("{error}; `pulse info --help` says which are read")))?;
        let generator = generator::from_checkpoint(&pair.generator).map_err(|error| {
            let way_out = format!("{error}; `pulse info --help` says which are read");
            Failure::of(name, if error.kind() == ErrorKind::Generator { error.to_string() } else { way_out })
        })?;
        let discriminator = Discriminator::of(&pair, generator.spec());
        (generator, discriminator, sha256_of_files(&files)?, pair.generator.configuration)
    } else {
        let names: Vec<_> = EMBEDDED.iter().map(|embedded| embedded.name).collect();
        let reason = format!(
            "no such generator: it is neither embedded nor a file; take {}, or give a path",
            names.join(" or ")
        );
        return Err(Failure::of(name, reason));
    };
    let spec = generator.spec();
    let record = GeneratorRecord {
        name: Path::new(name).file_name().map_or_else(|| name.into(), |name| name.to_string_lossy().into_owned()),
        family: spec.family.name().into(),
        width: spec.width,
        height: spec.height,
        channels: spec.channels,
        sha256: checksum,
    };
    Ok(Named { generator, record, discriminator, configuration })
}

impl Named {
    /// Its inputs when it is entered at `latent` and set up as `space` says.
    pub(crate) fn inputs(&self, latent: LatentInput, space: &Space) -> Result<Vec<InputSpec>, Failure> {
        Ok(append_whole(&*self.generator, &mut NetworkBuilder::new(), latent, space)?.inputs)
    }

    /// Makes it ready to be entered at `latent`: a Gaussian fit that it needs and lacks is taken from the cache, or
    /// made and kept there.
    pub(crate) fn prepare(&self, latent: LatentInput) -> Result<(), Failure> {
        if latent == LatentInput::LATENT
            && let Some(fits) = cache::fits()
        {
            fits.fit(&*self.generator)?;
        }
        Ok(())
    }

    /// How many noise maps it has. `option` is about them, and would do nothing where there are none.
    pub(crate) fn noise_maps(&self, option: &str) -> Result<usize, Failure> {
        // Every generator has its last latent without further work.
        let latent = self.generator.spec().latents.last().copied().unwrap_or(LatentInput::Z);
        let inputs = self.inputs(latent, &Space::default())?;
        match inputs.iter().filter(|input| input.name.starts_with("noise.")).count() {
            0 => Err(Failure::of(option, format!("this {} has no noise maps; leave the option out", self.family()))),
            maps => Ok(maps),
        }
    }

    /// Checks that truncation changes what is made of `latent`; `option` would do nothing otherwise.
    pub(crate) fn check_truncation(&self, latent: LatentInput, option: &str) -> Result<(), Failure> {
        if self.generator.spec().num_ws == 0 {
            let reason = format!("a {} has no w to bring nearer to the average; leave the option out", self.family());
            return Err(Failure::of(option, reason));
        }
        match latent {
            LatentInput::Z | LatentInput::W => Ok(()),
            LatentInput::WS | LatentInput::LATENT => Err(Failure::of(
                option,
                format!("`{}` is taken as it is; give inputs of z or w, or leave the option out", latent.name()),
            )),
        }
    }

    /// Checks that candidates can be sorted by `order`, and says why there is no score of a discriminator that is there.
    pub(crate) fn check_order(&self, order: Order) -> Result<(), Failure> {
        let name = &self.record.name;
        match (&self.discriminator, order) {
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

    pub(crate) fn family(&self) -> &'static str {
        self.generator.spec().family.name()
    }
}
