//! The generator that an argument names, and what options ask of it.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Args, Command};
use pulse::Opened;
use pulse::checkpoint::Configuration;
use pulse::denoiser::set;
use pulse::generator::{EMBEDDED, Embedded, LatentInput};
use pulse::judge::Order;

use crate::cache;
use crate::failure::{Failure, note};

/// What stands in the help of every argument that takes one.
pub(crate) const HELP: &str = "The name of a generator that is embedded or in the folder of models, as `pulse models` lists them, or the path of a checkpoint or of the folder that one is in";

/// The names of the embedded generators.
pub(crate) fn names() -> String {
    EMBEDDED.iter().map(|embedded| embedded.name).collect::<Vec<_>>().join(", ")
}

/// Reads a generator's name: any text, where completions offer the embedded ones.
#[derive(Clone)]
pub(crate) struct Name;

impl TypedValueParser for Name {
    type Value = String;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(EMBEDDED.iter().map(|embedded| PossibleValue::new(embedded.name))))
    }
}

/// What tensors do not tell of a generator.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Told {
    /// What a diffusion model's file does not tell, by the names of the code that trained it, such as num_head_channels=64;
    /// NAME.json beside NAME.pt can say the same. May be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// Which network of a checkpoint, by its name or by what the names of its tensors begin with, such as g_ema or decoder
    /// [default: the averaged generator]
    #[arg(long, value_name = "NAME")]
    network: Option<String>,

    /// Which input of an ONNX model is the latent, by its name there [default: told by names and shapes]
    #[arg(long, value_name = "NAME")]
    latent: Option<String>,

    /// What black and white are in an ONNX model's pictures, such as 0,1 [default: 0,1 behind a sigmoid or a clip to that, else -1,1]
    #[arg(long, value_name = "LOW,HIGH", value_parser = range, allow_hyphen_values = true)]
    range: Option<[f32; 2]>,
}

/// Two different numbers.
fn range(text: &str) -> Result<[f32; 2], String> {
    let bounds =
        text.split_once(',').and_then(|(low, high)| Some([low.trim().parse().ok()?, high.trim().parse().ok()?]));
    let sound = |[low, high]: &[f32; 2]| low.is_finite() && high.is_finite() && low < high;
    bounds.filter(sound).ok_or_else(|| "write two numbers with a comma, the smaller first, such as 0,1".into())
}

impl Told {
    /// The generator called `name`: an embedded one, or else a file or folder, or else one in the folder of models.
    pub(crate) fn open(&self, name: &str) -> Result<Opened, Failure> {
        let mut settings = Configuration::new();
        for assignment in &self.set {
            set(&mut settings, assignment).map_err(|error| Failure::of("--set", error))?;
        }
        let told =
            pulse::Told { settings, network: self.network.clone(), latent: self.latent.clone(), range: self.range };
        Ok(Opened::told(&located(name)?, &told)?.with_cache(cache::folder()))
    }
}

/// What the library opens the generator called `name` by.
pub(crate) fn located(name: &str) -> Result<String, Failure> {
    Ok(pulse_models::located(name, |name| Embedded::find(name).is_some())?)
}

/// The generator called `name`, of which nothing more is told.
pub(crate) fn open(name: &str) -> Result<Opened, Failure> {
    Told::default().open(name)
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
