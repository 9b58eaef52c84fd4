//! The tables of `docs/priors.md` and `docs/gallery.md`: how near the candidates of a generator are to the truth, and whether they say so
//! themselves.
//!
//! ```text
//! cargo run --release --example priors -- GENERATOR… [pictures=16] [from=0] [given=16;8;blur;half] [candidates=8] [out=FOLDER] [steps=N] …
//! cargo run --release --example priors -- faces GENERATOR… [given=16;8] [out=FOLDER] …
//! ```
//!
//! A generator is a folder with held-out pictures in `test.npz`, or an embedded one's name with `truth=FOLDER`, where those are. Each is shrunk
//! to 16x16 and 8x8 pixels, blurred by a Gaussian of 3.4 pixels and rounded to 8 bits, and half covered, or measured as `given` says
//! (`gaussian:2.5+3` is a blur with noise of 3 levels); then it is searched for. With `faces` first, the truth is the faces in
//! `examples/photos`, shrunk as `--faces --pixelate` does.
//!
//! `quantity=ring-diameter` reads a quantity off the candidates and the truth. Of intervals it is said how much wider they had to be to
//! hold nine of ten numbers of the first half of the pictures, and how many of the second half they hold then.

mod cases;
mod classical;
mod held_out;
mod score;
mod table;

use std::sync::Arc;

use pulse::engine::Cpu;
use pulse::kept::KeptPrograms;
use pulse::sampler::Spacing;
use pulse::search::SearchConfig;
use pulse::{Opened, Result};

use cases::{held_out, photographs};
use table::Table;

fn main() -> Result<()> {
    let mut table = Table {
        config: SearchConfig::default(),
        engine: Arc::new(KeptPrograms::new(Cpu::default())),
        judged: true,
        refine: None,
        each: false,
        quantities: Vec::new(),
        out: None,
    };
    let (mut pictures, mut from, mut given, mut truth) = (16, 0, "16;8;blur;half".to_owned(), None);
    let mut names = Vec::new();
    for argument in std::env::args().skip(1) {
        match argument.split_once('=') {
            None => names.push(argument),
            Some(("pictures", value)) => pictures = value.parse().expect("a number"),
            Some(("from", value)) => from = value.parse().expect("a number"),
            Some(("given", value)) => value.clone_into(&mut given),
            Some(("truth", value)) => truth = Some(value.to_owned()),
            Some(("out", value)) => table.out = Some(value.into()),
            Some(("refine", value)) => table.refine = value.parse().ok(),
            Some(("each", value)) => table.each = value == "on",
            Some(("verdict", value)) => table.judged = value == "on",
            Some(("quantity", value)) => table.quantities.push(value.parse()?),
            Some((name, value)) => set(&mut table.config, name, value)?,
        }
    }
    let faces = names.first().is_some_and(|name| name == "faces");
    names.drain(..usize::from(faces && names.len() > 1));
    Table::head();
    for name in names {
        let opened = Opened::named(&name)?;
        let folder = truth.as_deref().unwrap_or(&name);
        for given in given.split(';') {
            let cases = if faces {
                photographs(&opened, given)?
            } else {
                held_out(&opened, folder, given, from..from + pictures)?
            };
            table.row(&opened, given, cases)?;
        }
    }
    Ok(())
}

/// Tries another setting than the default.
fn set(config: &mut SearchConfig, name: &str, value: &str) -> Result<()> {
    let number = || value.parse::<f64>().expect("a number");
    match name {
        "candidates" => config.candidates = number() as usize,
        "seed" => config.seed = number() as u64,
        "steps" => (config.steps, config.null_space.steps) = (number() as usize, number() as usize),
        "carry" => config.null_space.carry = value.parse()?,
        "variance" => config.null_space.variance = number(),
        "power" => config.null_space.spacing = Spacing::Flow { power: number() },
        "second-order" => config.null_space.second_order = number(),
        "sampler" => config.sampler = Some(value.parse()?),
        "unroll" => config.space.unroll = number() as usize,
        "spread" => config.spread = (value == "on").then(Default::default),
        other => panic!("no such setting: {other}"),
    }
    Ok(())
}
