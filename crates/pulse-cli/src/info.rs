//! `pulse info`.

use std::fmt::Write as _;

use clap::Args;
use pulse::Opened;
use pulse::generator::{EMBEDDED, Embedded, Family, GeneratorSpec, InputSpec, LatentInput, Start, append_whole};
use pulse::latent::Geometry;
use pulse::search::SearchConfig;
use pulse_checkpoint::Value;
use pulse_engine::{Engine as _, NetworkBuilder, Shape};

use crate::failure::{Failure, print};
use crate::generator;
use crate::status::Status;

pub(crate) const FAMILIES: &str = "\
Generators are told by their bytes and tensors, not by their names, and no code in a file is ever run. What is read:
  StyleGAN     PULSE's folder of synthesis.pt, mapping.pt and gaussian_fit.pt (the last two may be absent);
               NVIDIA's .pkl for TensorFlow, with or without classes
  StyleGAN2    NVIDIA's .pkl of StyleGAN2-ADA and for TensorFlow, with or without classes; rosinality's .pt
  StyleGAN3    NVIDIA's .pkl, -T and -R
  DCGAN        a state dict of numbered layers with any prefix, 4x4 transposed convolutions and batch norms, in a file
               of torch.save (.pt, .pth, .tar)
  any of them  as the safetensors file that `pulse convert` makes
  diffusion    folders of diffusers with a UNet2DModel, and with the scheduler of DDPM, DDIM, EDM, flow matching or a
               consistency model; EDM's .pkl (DDPM++, NCSN++, ADM); .pt of guided diffusion and of consistency models
  any other    in ONNX (.onnx), generators and denoisers, exported with a batch of 1: docs/onnx.md
Their tensors may stand under a prefix (decoder., g_ema.module., _orig_mod.): the only generator of a file is found, and
--network chooses among several. The public port of StyleGAN (g_mapping., g_synthesis.) is read too.
Resolution, widths, lengths of z and w, depths and classes are read off the tensors. The discriminator beside a
StyleGAN, where a .pkl or .pt has one, scores candidates.";

/// What stands in a file's configuration about how the network was trained.
const TRAINING: [&str; 9] =
    ["training_set_kwargs", "training_options", "args", "config", "iter", "iteration", "epoch", "step", "cur_nimg"];

/// What NVIDIA's programs for TensorFlow say of a network: which one it is, and what made it.
const MADE: [&str; 4] = ["init_kwargs", "name", "build_func_name", "static_kwargs"];

/// The longest text of a file that is printed.
const LONGEST: usize = 400;

#[derive(Args)]
pub(crate) struct Arguments {
    #[arg(value_parser = generator::Name, hide_possible_values = true, help = format!("{}; without it, the embedded ones are listed", generator::HELP))]
    generator: Option<String>,

    #[command(flatten)]
    told: generator::Told,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let text = match &arguments.generator {
        Some(name) => describe(name, &arguments.told.open(name)?)?,
        None => listed()?,
    };
    print(&text)?;
    Ok(Status::Good)
}

/// The embedded generators, a line for each.
fn listed() -> Result<String, Failure> {
    let mut text = String::new();
    for (place, embedded) in EMBEDDED.iter().enumerate() {
        let generator = embedded.open()?;
        let spec = generator.spec();
        let default = if place == 0 { ", the default" } else { "" };
        let (name, of, family) = (embedded.name, embedded.subject.several(), spec.family.name());
        let _ =
            writeln!(text, "  {name:<13}{of:<19}{}x{} {:<6}{family}{default}", spec.width, spec.height, colours(spec));
    }
    text.push_str("\n`pulse info NAME` describes one; --generator takes a name, a file or a folder.\n");
    Ok(text)
}

fn colours(spec: &GeneratorSpec) -> String {
    match spec.channels {
        1 => "grey".to_owned(),
        3 => "RGB".to_owned(),
        channels => format!("of {channels} channels"),
    }
}

fn describe(name: &str, opened: &Opened) -> Result<String, Failure> {
    let spec = opened.generator.spec();
    let mut text = String::new();
    let latents: Vec<_> = spec.latents.iter().map(|&latent| describe_latent(latent, spec)).collect();
    let mut line = |key: &str, value: &str| {
        let _ = writeln!(text, "  {key:<15}{value}");
    };
    line("generator", name);
    line("family", spec.family.name());
    line("pictures", &format!("{}x{} {}", spec.width, spec.height, colours(spec)));
    line("parameters", &grouped(spec.parameters));
    line("latents", &latents.join(", "));
    if spec.classes > 0 {
        let input = opened.generator.class_input().unwrap_or("c");
        line("classes", &format!("{}, chosen by the input {input}; the first where nobody says which", spec.classes));
    }
    if let Some(denoiser) = opened.generator.denoiser() {
        let [least, largest] = denoiser.sigma_range();
        line("noise levels", &format!("{least:.3} to {largest:.1}, pictures being in [-1, 1]"));
    } else {
        line("discriminator", &describe_discriminator(opened));
    }
    line("memory", &describe_memory(opened)?);
    line("sha256", &opened.record.sha256);
    for input in searched_inputs(opened)? {
        line("input", &describe_input(&input));
    }
    for (title, keys) in [("training", &TRAINING[..]), ("made with", &MADE)] {
        for (key, value) in keys.iter().filter_map(|key| opened.configuration.get_key_value(*key)) {
            let value = plain(value);
            if !value.is_empty() {
                line(title, &format!("{key}: {}", shortened(&value)));
            }
        }
    }
    if [Family::STYLEGAN, Family::STYLEGAN2, Family::STYLEGAN3].contains(&spec.family) {
        line(
            "licence",
            "NVIDIA's published weights are under a non-commercial licence; this file's licence is not in the file",
        );
    }
    if let Some(embedded) = Embedded::find(name) {
        line("card", embedded.card);
    }
    Ok(text)
}

fn describe_discriminator(opened: &Opened) -> String {
    match &opened.discriminator {
        None => "none".into(),
        Some(Ok(discriminator)) => {
            let (architecture, parameters) = (discriminator.architecture().name(), discriminator.parameters());
            format!("{architecture}, {} parameters; it scores candidates", grouped(parameters))
        }
        Some(Err(error)) => format!("there is one that cannot be used: {error}"),
    }
}

/// What the generator takes, counted and not taken: for a picture, and for a search of as many candidates at a time as usual.
fn describe_memory(opened: &Opened) -> Result<String, Failure> {
    let engine = pulse::allowed_engine();
    let engine = if opened.generator.denoiser().is_some() { engine.forward_only() } else { engine };
    let latent = opened.generator.spec().latents.iter().find(|&&latent| latent != LatentInput::LATENT);
    let mut builder = NetworkBuilder::new();
    let space = SearchConfig::default().space;
    let generated =
        append_whole(&*opened.generator, &mut builder, latent.copied().unwrap_or(LatentInput::LATENT), &space)?;
    let built = builder.output("image", generated.image).and_then(|()| builder.build());
    let network = built.map_err(pulse::Error::from)?;
    let batch = SearchConfig::default().batch;
    let needed = [1, batch].map(|batch| engine.estimate(&network, batch).total() as f64 / 1e9);
    Ok(format!("about {:.2} GB for one candidate, {:.2} GB for {batch} at a time", needed[0], needed[1]))
}

/// A latent's name, with its shape where the family has styles.
fn describe_latent(latent: LatentInput, spec: &GeneratorSpec) -> String {
    let GeneratorSpec { z_dim, w_dim, num_ws, .. } = *spec;
    let shape = match latent {
        _ if num_ws == 0 => return latent.name().to_owned(),
        LatentInput::Z => Shape::Vector(z_dim),
        LatentInput::W => Shape::Vector(w_dim),
        LatentInput::WS | LatentInput::LATENT => Shape::Rows { rows: num_ws, width: w_dim },
        other => return other.name().to_owned(),
    };
    format!("{} {shape}", latent.name())
}

/// The inputs as the search has them: beside the latents of a StyleGAN, which are described already, as the
/// Gaussian fit of one may take a while.
fn searched_inputs(opened: &Opened) -> Result<Vec<InputSpec>, Failure> {
    let spec = opened.generator.spec();
    let latent = spec.latents.last().copied().unwrap_or(LatentInput::Z);
    let mut inputs = opened.inputs(latent, &SearchConfig::default().space)?;
    inputs.retain(|input| spec.num_ws == 0 || input.name != latent.name());
    Ok(inputs)
}

/// A file's own data on one line. What would move a terminal's cursor is escaped.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::String(text) => text.escape_debug().to_string(),
        Value::List(values) => format!("[{}]", values.iter().map(plain).collect::<Vec<_>>().join(", ")),
        Value::Map(entries) => {
            let entries = entries.iter().filter(|(_, value)| **value != Value::Null);
            let entries = entries.map(|(key, value)| match value {
                Value::Map(_) => format!("{} ({})", key.escape_debug(), plain(value)),
                _ => format!("{} {}", key.escape_debug(), plain(value)),
            });
            entries.collect::<Vec<_>>().join(", ")
        }
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text.to_owned(),
    }
}

fn describe_input(input: &InputSpec) -> String {
    let geometry = match input.geometry {
        Geometry::Sphere { group } => format!("on a sphere, each {group} numbers keep their norm"),
        Geometry::Ball { relative_radius } => {
            format!("an offset of at most {}% of the stage's norm", f64::from(relative_radius * 100.0).round())
        }
        Geometry::Free => "anywhere".into(),
        Geometry::Fixed => "not searched".into(),
        _ => "as its generator says".into(),
    };
    let start = match input.start {
        Start::Normal => "starts at random",
        Start::Zero => "starts at zero",
        Start::Constant(_) => "starts as it came with the generator",
        _ => "starts as its generator says",
    };
    format!("{:<12}{:<16}{geometry}; {start}", input.name, input.shape.to_string())
}

/// `3572867` as `3 572 867`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(" ")
}
