//! Denoisers against the numbers of the code that trains and samples them.

use std::path::{Path, PathBuf};

use pulse::denoiser::deterministic::Sampler;
use pulse::denoiser::{CompiledDenoiser, Denoiser, open_denoiser};
use pulse_engine::{Cpu, Engine, Reference};

use crate::fixture::{Fixture, max_difference};

/// A file or folder of the denoisers' fixtures.
fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/priors").join(name)
}

fn open(name: &str) -> Denoiser {
    open_denoiser(&path(name), &Default::default()).unwrap().unwrap()
}

fn engines() -> [(&'static str, Box<dyn Engine>); 3] {
    [
        ("cpu", Box::new(Cpu::default())),
        ("precise", Box::new(Cpu::default().precise())),
        ("reference", Box::new(Reference::default())),
    ]
}

/// The largest difference by the largest number.
fn relative(found: &[f32], wanted: &[f32]) -> f64 {
    let largest = wanted.iter().fold(0.0f32, |largest, number| largest.max(number.abs()));
    max_difference(found, wanted) / f64::from(largest)
}

/// The network's own results and their gradients.
fn check_raw(name: &str) {
    let (denoiser, case) = (open(name), Fixture::open(&format!("priors/{name}_case")));
    for (engine_name, engine) in engines() {
        let mut compiled = CompiledDenoiser::new(&denoiser, &*engine, 2).unwrap();
        for time in [40.0, 500.0, 999.0] {
            let get = |what: &str| case.f32(&format!("t{time}.{what}"));
            let (x, y, cotangent, x_grad) = (get("x"), get("y"), get("cotangent"), get("x_grad"));
            let (mut raw, mut gradient) = (vec![0.0; y.len()], vec![0.0; x.len()]);
            compiled.raw(&x, &[time; 2], &mut raw);
            compiled.raw_gradient(&cotangent, &mut gradient);
            let (forward, backward) = (relative(&raw, &y), relative(&gradient, &x_grad));
            println!("{name} {engine_name} t {time}: {forward:.1e} {backward:.1e}");
            assert!(forward < 1e-5 && backward < 1e-4, "{name} {engine_name} t {time}: {forward:e} {backward:e}");
        }
    }
}

/// Where a deterministic sampler ends.
fn check_end(name: &str, sampler: Sampler) {
    let (denoiser, case) = (open(name), Fixture::open(&format!("priors/{name}_case")));
    let (start, end) = (case.f32("sampler.start"), case.f32("sampler.end"));
    let mut compiled = CompiledDenoiser::new(&denoiser, &Cpu::default(), 2).unwrap();
    let found = sampler.run(&mut compiled, 10, &start).unwrap();
    let difference = relative(&found, &end);
    println!("{name} {sampler}: {difference:.1e}");
    assert!(difference < 1e-3, "{name} {sampler}: {difference:e}");
}

#[test]
fn a_ddpm_of_diffusers() {
    check_raw("diffusers_ddpm");
    check_end("diffusers_ddpm", Sampler::Ddim);
}

#[test]
fn a_flow_of_diffusers() {
    check_raw("diffusers_flow");
    check_end("diffusers_flow", Sampler::Euler);
}
