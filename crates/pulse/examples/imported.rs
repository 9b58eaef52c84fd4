//! How long a step of a denoiser takes when it is read from ONNX, beside the same network read from its own folder:
//!
//!     python scripts/onnx_cases.py --speed speed
//!     cargo run --release --example imported -- speed/unet speed/unet.onnx

use std::time::Instant;

use pulse::Opened;
use pulse::denoiser::Denoiser;
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

/// `D(x; 1)` of a picture.
fn network(path: &str) -> Result<Network, Box<dyn std::error::Error>> {
    let opened = Opened::named(path)?;
    let denoiser: &Denoiser = opened.generator.denoiser().ok_or("it is no denoiser")?;
    let mut builder = NetworkBuilder::new();
    let x = builder.input("x", denoiser.picture())?;
    let denoised = denoiser.append_denoised(&mut builder, x, 1.0, None)?;
    builder.output("denoised", denoised)?;
    Ok(builder.build()?)
}

fn step(program: &mut dyn Program, network: &Network, differentiable: bool) -> Result<f64, Box<dyn std::error::Error>> {
    let (x, denoised) = (network.input("x")?, network.output("denoised")?);
    program.input_mut(x).iter_mut().enumerate().for_each(|(place, number)| *number = (place as f32 * 0.37).sin());
    let start = Instant::now();
    program.forward(1, &[denoised]);
    if differentiable {
        program.cotangent_mut(denoised).fill(1.0);
        program.backward(1, &[x]);
    }
    Ok(start.elapsed().as_secs_f64() * 1e3)
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
