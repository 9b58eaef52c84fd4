//! How long a step of a network takes when it is read from ONNX, beside the same network read from its own format:
//!
//!     python scripts/onnx_cases.py --speed speed
//!     cargo run --release --example imported -- speed/unet speed/unet.onnx
//!     cargo run --release --example imported -- speed/stylegan2.pt speed/stylegan2.onnx

use std::time::Instant;

use pulse::Opened;
use pulse::generator::{LatentInput, Space};
use pulse_engine::{Cpu, Engine, Network, NetworkBuilder, Program};

/// Steps of each, in turns.
const STEPS: usize = 15;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let networks = paths.iter().map(|path| network(path)).collect::<Result<Vec<_>, _>>()?;
    for differentiable in [false, true] {
        let engine = Cpu::default();
        let compile = |network: &Network| {
            if differentiable { engine.compile(network, 1) } else { engine.compile_forward(network, 1) }
        };
        let mut programs = networks.iter().map(compile).collect::<Result<Vec<_>, _>>()?;
        let mut times = vec![Vec::new(); programs.len()];
        for _ in 0..STEPS {
            for ((program, network), times) in programs.iter_mut().zip(&networks).zip(&mut times) {
                times.push(step(&mut **program, network, differentiable)?);
            }
        }
        let medians: Vec<f64> = times.iter_mut().map(|times| median(times)).collect();
        let what = if differentiable { "forward and gradient" } else { "forward" };
        for (path, milliseconds) in paths.iter().zip(&medians) {
            println!("{what}: {milliseconds:.2} ms, {:.3} times the first, {path}", milliseconds / medians[0]);
        }
    }
    Ok(())
}

/// `D(x; 1)` of a picture, or the picture of a `z`.
fn network(path: &str) -> Result<Network, Box<dyn std::error::Error>> {
    let generator = Opened::named(path)?.generator;
    let mut builder = NetworkBuilder::new();
    let made = if let Some(denoiser) = generator.denoiser() {
        let x = builder.input("x", denoiser.picture())?;
        denoiser.append_denoised(&mut builder, x, 1.0, None)?
    } else {
        generator.append(&mut builder, LatentInput::Z, &Space::default())?.image
    };
    builder.output("made", made)?;
    Ok(builder.build()?)
}

/// One step, in milliseconds.
fn step(program: &mut dyn Program, network: &Network, differentiable: bool) -> Result<f64, Box<dyn std::error::Error>> {
    let made = network.output("made")?;
    let inputs: Vec<_> = network.input_ids().collect();
    for &input in &inputs {
        let numbers = program.input_mut(input).iter_mut().enumerate();
        numbers.for_each(|(place, number)| *number = (place as f32 * 0.37).sin());
    }
    let start = Instant::now();
    program.forward(1, &[made]);
    if differentiable {
        program.cotangent_mut(made).fill(1.0);
        program.backward(1, &inputs);
    }
    Ok(start.elapsed().as_secs_f64() * 1e3)
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
