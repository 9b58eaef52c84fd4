//! `pulse render` of a denoiser: what the network gives, the denoised picture, or the end of a deterministic sampler.

use std::num::NonZeroUsize;
use std::path::Path;

use clap::Args;
use pulse::denoiser::Denoiser;
use pulse::denoiser::deterministic::Sampler;
use pulse::image::{Image, Provenance, write_png};
use pulse::inputs::Inputs;
use pulse::render::{Evaluation, Question};
use pulse::write::write_atomically;
use pulse_engine::Cpu;

use super::{Kind, note_unknown, numbered};
use crate::failure::{Failure, print};
use crate::status::Status;

#[derive(Args)]
pub(super) struct SamplerArguments {
    #[arg(long, value_name = "NAME", value_parser = sampler, help = format!(
        "The deterministic sampler that goes from `start` to `image`, for denoisers: {} [default: the one that the model \
         was made for]", Sampler::ALL.map(Sampler::name).join(", ")))]
    sampler: Option<Sampler>,

    #[arg(long, value_name = "N", help = format!("How many steps the sampler takes [default: {}]", Sampler::STEPS))]
    steps: Option<NonZeroUsize>,
}

impl SamplerArguments {
    /// The option that was given, where one was.
    pub(super) fn given(&self) -> Option<&'static str> {
        let sampler = self.sampler.map(|_| "--sampler");
        sampler.or_else(|| self.steps.map(|_| "--steps"))
    }
}

fn sampler(text: &str) -> Result<Sampler, String> {
    text.parse().map_err(|error: pulse::Error| error.to_string())
}

/// Checks what no denoiser has.
fn check(arguments: &super::Arguments) -> Result<(), Failure> {
    let given = [
        ("--mapping-only", arguments.mapping_only, "ws"),
        ("--noise", arguments.noise.is_some(), "noise maps"),
        ("--truncation-psi", arguments.truncation_psi.is_some(), "w"),
    ];
    match given.into_iter().find(|(_, given, _)| *given) {
        Some((option, _, what)) => Err(Failure::of(option, format!("a denoiser has no {what}; leave the option out"))),
        None => Ok(()),
    }
}

pub(super) fn run(
    denoiser: &Denoiser,
    inputs: &Inputs,
    kind: Kind,
    arguments: &super::Arguments,
    engine: &Cpu,
) -> Result<Status, Failure> {
    check(arguments)?;
    let file = &arguments.inputs;
    let within = |error: pulse::Error| Failure::of(file.display(), error);
    let evaluation = Evaluation::new(denoiser, inputs, arguments.vjp).map_err(within)?;
    note_unknown(file, evaluation.unknown());
    if let (Some(option), true) = (arguments.sampler.given(), evaluation.question() != Question::Sampled) {
        let reason = format!("{} holds no `start` to sample from; leave the option out", file.display());
        return Err(Failure::of(option, reason));
    }
    if kind == Kind::Png && evaluation.question() != Question::Sampled {
        let reason = "only the end of a sampler is a picture; end its name in .safetensors, or give `start`";
        return Err(Failure::of(arguments.out.display(), reason));
    }
    let sampler = arguments.sampler.sampler.unwrap_or_else(|| Sampler::usual(denoiser));
    let steps = arguments.sampler.steps.map_or(Sampler::STEPS, NonZeroUsize::get);
    let arrays = evaluation.run(engine, sampler, steps)?;
    match kind {
        Kind::Png => write_pngs(denoiser, &arrays, &arguments.generator, &arguments.out)?,
        Kind::Safetensors => {
            write_atomically(&arguments.out, &arrays.to_bytes()?)?;
            print(&format!("{}\n", arguments.out.display()))?;
        }
    }
    Ok(Status::Good)
}

/// Writes the end of a sampler as pictures.
fn write_pngs(denoiser: &Denoiser, arrays: &Inputs, name: &str, out: &Path) -> Result<(), Failure> {
    let spec = denoiser.spec();
    let (image, picture) = (arrays.arrays()["image"].data(), denoiser.picture().len());
    let provenance = Provenance::new(name, None);
    let rows = image.len() / picture;
    for (row, values) in image.chunks_exact(picture).enumerate() {
        let image = Image::from_network(spec.channels, spec.height, spec.width, values)?;
        let path = if rows == 1 { out.to_owned() } else { numbered(out, row, rows) };
        write_png(&path, &image, Some(&provenance))?;
        print(&format!("{}\n", path.display()))?;
    }
    Ok(())
}
