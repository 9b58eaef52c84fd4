//! `pulse info`.

use std::fmt::Write as _;

use clap::Args;
use pulse::generator::{EMBEDDED, Embedded, InputSpec, LatentInput, Start, input_specs};
use pulse::latent::Geometry;

use crate::Verdict;
use crate::failure::{Failure, print};
use crate::generator::{self, Named};

pub(crate) const FAMILIES: &str = "\
Generators are read from safetensors files and from files of torch.save (.pt, .pth, .tar), without running any code in
them. What is read of their tensors:
  DCGAN    a state dict of numbered layers with any prefix, 4x4 transposed convolutions and batch norms;
           any length of z, any widths and number of stages, 1 or 3 channels";

#[derive(Args)]
pub(crate) struct Arguments {
    #[arg(help = format!("{}; without it, all embedded ones are described", generator::HELP))]
    generator: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Verdict, Failure> {
    let names = match &arguments.generator {
        Some(name) => vec![name.as_str()],
        None => EMBEDDED.iter().map(|embedded| embedded.name).collect(),
    };
    let mut text = String::new();
    for name in names {
        describe(name, &generator::open(name)?, &mut text)?;
    }
    print(&text)?;
    Ok(Verdict::Good)
}

fn describe(name: &str, named: &Named, text: &mut String) -> Result<(), Failure> {
    let spec = named.generator.spec();
    let channels = if spec.channels == 1 { "grey" } else { "RGB" };
    let latents: Vec<_> = spec.latents.iter().copied().map(LatentInput::name).collect();
    let mut line = |key: &str, value: &str| {
        let _ = writeln!(text, "  {key:<12}{value}");
    };
    line("generator", name);
    line("family", spec.family.name());
    line("pictures", &format!("{}x{} {channels}", spec.width, spec.height));
    line("parameters", &grouped(spec.parameters));
    line("latents", &latents.join(", "));
    line("sha256", &named.record.sha256);
    for input in input_specs(&*named.generator, spec.latents[0])? {
        line("input", &describe_input(&input));
    }
    if let Some(embedded) = Embedded::find(name) {
        line("card", embedded.card);
    }
    text.push('\n');
    Ok(())
}

fn describe_input(input: &InputSpec) -> String {
    let geometry = match input.geometry {
        Geometry::Sphere { group } => format!("on a sphere, each {group} numbers keep their norm"),
        Geometry::Ball { relative_radius } => {
            format!("an offset of at most {}% of the stage's norm", f64::from(relative_radius * 100.0).round())
        }
        Geometry::Free => "anywhere".into(),
        Geometry::Fixed => "not searched".into(),
    };
    let start = match input.start {
        Start::Normal => "starts at random",
        Start::Zero => "starts at zero",
        Start::Constant(_) => "starts as it came with the generator",
    };
    format!("{:<12}{:<14}{geometry}; {start}", input.name, input.shape.to_string())
}

/// `3572867` as `3 572 867`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(" ")
}
