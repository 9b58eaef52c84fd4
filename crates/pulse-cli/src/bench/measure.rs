//! One case, timed in this process.

use std::ops::ControlFlow;
use std::time::Instant;

use pulse::event::SearchEvent;
use pulse::generator::draw;
use pulse::generator::{Generator, LatentInput, Space, Start, append_whole};
use pulse::image::Image;
use pulse::inputs::Inputs;
use pulse::measurement::{MeasurementKind, Size};
use pulse::random::Stream;
use pulse::search::{Problem, SearchConfig, search};
use pulse_engine::{Cpu, Engine as _, NetworkBuilder, Shape};
use serde::{Deserialize, Serialize};

use super::case::{Case, Pass};
use super::operations;
use crate::failure::Failure;
use crate::plan;

/// Steps before the clock starts: the first backward pass allocates.
pub(super) const WARM_UP: usize = 2;

/// What was measured, as `--json` prints it.
#[derive(Serialize, Deserialize)]
pub(super) struct Measured {
    pub(super) case: String,
    /// How many candidates took the step together.
    pub(super) batch: usize,
    pub(super) runs: usize,
    pub(super) median_seconds: f64,
    pub(super) least_seconds: f64,
    /// Operations of a step, all candidates together, by [`operations::of_step`].
    pub(super) gflop: f64,
    /// The same by the median.
    pub(super) gflop_per_second: f64,
    /// The most memory that the process ever had, the making of the network included; unknown where the system
    /// does not say.
    pub(super) peak_bytes: Option<u64>,
}

/// Searches as `pulse upsample --preset paper` does, and clocks every step from the losses of one to those of the
/// next: gradient, update of the inputs, forward pass, measurement, losses.
pub(super) fn measure(case: Case, runs: usize, engine: &Cpu) -> Result<Measured, Failure> {
    if let Some(pass) = case.pass()? {
        return measure_pass(case, pass, runs, engine);
    }
    let generator = case.generator()?;
    let spec = generator.spec();
    let side = case.target_side();
    let numbers = spec.channels * side * side;
    let target = Image::new(spec.channels, side, side, (0..numbers).map(|i| (i % 97) as f32 / 96.0).collect())?;
    let measurement =
        MeasurementKind::default().resolve(spec.channels, Size::new(spec.width, spec.height), target.size())?;
    let start = styles(&*generator, case.batch);
    let problem =
        Problem { start: start.as_ref().map(Into::into), ..Problem::new(&*generator, &*measurement, &target) };
    // Between n looks there are n − 1 steps.
    let config =
        SearchConfig { candidates: case.batch, batch: case.batch, steps: WARM_UP + runs + 1, ..SearchConfig::paper() };
    let mut looks = Vec::with_capacity(config.steps);
    let mut observer = |event: SearchEvent<'_>| {
        if let SearchEvent::Step(step) = event
            && step.candidate == 0
        {
            looks.push(Instant::now());
        }
        ControlFlow::Continue(())
    };
    search(&problem, &config, engine, &mut observer)?;
    let seconds = looks.windows(2).skip(WARM_UP).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect();
    let gflop = case.batch as f64 * step_operations(&*generator, start.as_ref(), &config.space)? / 1e9;
    report(case, seconds, gflop)
}

/// Times passes of a network by itself.
fn measure_pass(case: Case, pass: Pass, runs: usize, engine: &Cpu) -> Result<Measured, Failure> {
    let Pass { network, gradient } = pass;
    let compiled =
        if gradient { engine.compile(&network, case.batch) } else { engine.compile_forward(&network, case.batch) };
    let mut program = compiled.map_err(pulse::Error::from)?;
    let [forward, both] = [operations::of_step(&network) / 2e9, operations::of_step(&network) / 1e9];
    let gflop = case.batch as f64 * if gradient { both } else { forward };
    let inputs: Vec<_> = network.input_ids().collect();
    let outputs: Vec<_> = network.output_ids().collect();
    // As a sampler does that has many steps ahead of it.
    drop(network);
    for &input in &inputs {
        draw(
            &Start::Normal,
            Stream { seed: 0, candidate: 0, draw: 0, input: input.index() as u16 },
            program.input_mut(input),
        );
    }
    for &output in &outputs {
        program.cotangent_mut(output).fill(1.0);
    }
    let mut seconds = Vec::new();
    for _ in 0..WARM_UP + runs {
        let begin = Instant::now();
        program.forward(case.batch, &outputs);
        if gradient {
            program.backward(case.batch, &inputs[..1]);
        }
        seconds.push(begin.elapsed().as_secs_f64());
    }
    report(case, seconds.split_off(WARM_UP), gflop)
}

fn report(case: Case, mut seconds: Vec<f64>, gflop: f64) -> Result<Measured, Failure> {
    seconds.sort_by(f64::total_cmp);
    let (Some(&least), Some(&median)) = (seconds.first(), seconds.get(seconds.len() / 2)) else {
        return Err(Failure::of(case, "its search ended before a step could be timed; please report this"));
    };
    Ok(Measured {
        case: case.name().into(),
        batch: case.batch,
        runs: seconds.len(),
        median_seconds: median,
        least_seconds: least,
        gflop,
        gflop_per_second: gflop / median,
        peak_bytes: peak_bytes(),
    })
}

/// How the network of a case is run.
pub(super) fn plan(case: Case, engine: &Cpu) -> Result<String, Failure> {
    if let Some(Pass { network, gradient }) = case.pass()? {
        let engine = if gradient { engine.clone() } else { engine.clone().forward_only() };
        return plan::of_network(&network, &network.input_ids().take(1).collect::<Vec<_>>(), &engine, case.batch);
    }
    let generator = case.generator()?;
    let latent = styles(&*generator, 1).map_or(generator.spec().latents[0], |start| start.latent(&*generator));
    plan::text(&*generator, latent, engine, case.batch)
}

/// Random `ws`, a row for each layer, where there are styles: the paper's search space without the fit of a mapping.
fn styles(generator: &dyn Generator, batch: usize) -> Option<Inputs> {
    let spec = generator.spec();
    let shape = Shape::Rows { rows: spec.num_ws, width: spec.w_dim };
    if shape.is_empty() {
        return None;
    }
    let mut numbers = vec![0.0; batch * shape.len()];
    draw(&Start::Normal, Stream { seed: 0, candidate: 0, draw: 0, input: 0 }, &mut numbers);
    let mut inputs = Inputs::default();
    inputs.insert(LatentInput::WS.name(), batch, shape, numbers);
    Some(inputs)
}

fn step_operations(generator: &dyn Generator, start: Option<&Inputs>, space: &Space) -> Result<f64, Failure> {
    let latent = start.map_or(generator.spec().latents[0], |start| start.latent(generator));
    let mut builder = NetworkBuilder::new();
    let generated = append_whole(generator, &mut builder, latent, space)?;
    let network =
        builder.output("image", generated.image).and_then(|()| builder.build()).map_err(pulse::Error::from)?;
    Ok(operations::of_step(&network))
}

/// What Linux counted as the most memory of this process.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
