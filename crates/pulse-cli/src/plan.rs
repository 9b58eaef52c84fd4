//! How the fast engine runs a search, node by node: `pulse verify --plan`, `pulse bench --plan`.

use std::fmt::Write as _;
use std::time::Duration;

use pulse::generator::{Generator, LatentInput, append_whole};
use pulse::latent::Geometry;
use pulse::search::SearchConfig;
use pulse_engine::{Cpu, InputId, Network, NetworkBuilder, Step};

use crate::failure::Failure;

/// Passes that the times are medians of.
const RUNS: usize = 5;

/// The generator as the search has it, node by node, with the gradients that the search wants. Without the measurement,
/// which depends on the picture.
pub(crate) fn text(
    generator: &dyn Generator,
    latent: LatentInput,
    engine: &Cpu,
    batch: usize,
) -> Result<String, Failure> {
    let mut builder = NetworkBuilder::new();
    let generated = append_whole(generator, &mut builder, latent, &SearchConfig::default().space)?;
    let built = builder.output("image", generated.image).and_then(|()| builder.build());
    let network = built.map_err(pulse::Error::from)?;
    let searched = generated.inputs.iter().filter(|input| input.geometry != Geometry::Fixed);
    let wanted = searched.map(|input| network.input(&input.name)).collect::<Result<Vec<_>, _>>();
    of_network(&network, &wanted.map_err(pulse::Error::from)?, engine, batch)
}

/// A network, node by node, with the gradients of the wanted inputs.
pub(crate) fn of_network(network: &Network, wanted: &[InputId], engine: &Cpu, batch: usize) -> Result<String, Failure> {
    let profile = engine.profile(network, batch, wanted, RUNS).map_err(pulse::Error::from)?;
    let mut text = format!(
        "{} threads, {}, batch {}; forward and backward in ms; GFLOP/s as if every product were made\n\
         {:<18}{:>10}{:>9}{:>9}{:>9}  {}\n",
        profile.threads,
        profile.instructions,
        profile.batch,
        "result",
        "MiB",
        "forward",
        "backward",
        "GFLOP/s",
        "kernel: operators"
    );
    for step in &profile.steps {
        line(&mut text, step);
    }
    let total = |pass: usize| profile.steps.iter().map(|step| step.times[pass]).sum::<Duration>();
    let products: usize = profile.steps.iter().map(|step| step.products).sum();
    let [forward, backward] = [total(0), total(1)].map(milliseconds);
    let rate = 4e-6 * products as f64 / (forward + backward);
    let _ = writeln!(
        text,
        "{:<18}{:>10.1}{forward:>9.2}{backward:>9.2}{rate:>9.0}  values, gradients and scratch memory together; \
         {:.1} MiB of weights",
        "in all",
        mebibytes(profile.memory),
        mebibytes(profile.weights),
    );
    Ok(text)
}

fn line(text: &mut String, step: &Step) {
    let [forward, backward] = step.times.map(milliseconds);
    let shape = step.shape.to_string();
    // A step without a gradient has products of one pass only.
    let passes = if step.times[1].is_zero() { 1.0 } else { 2.0 };
    let rate = match step.products {
        0 => String::new(),
        products => format!("{:.0}", passes * 2e-6 * products as f64 / (forward + backward)),
    };
    let _ = writeln!(
        text,
        "{shape:<18}{:>10.2}{forward:>9.2}{backward:>9.2}{rate:>9}  {}: {}",
        mebibytes(step.bytes),
        step.kernel,
        step.operators
    );
}

fn milliseconds(time: Duration) -> f64 {
    1e3 * time.as_secs_f64()
}

fn mebibytes(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
