//! Denoisers read from checkpoints of EDM, of guided diffusion and of consistency models, against what PyTorch made of them.

mod broken;
mod told;
mod variants;

use std::path::PathBuf;

use pulse::checkpoint::Configuration;
use pulse_core::denoiser::{CompiledDenoiser, Denoiser};
use pulse_engine::{Cpu, Engine, Reference};
use pulse_record::denoiser;

use super::fixture::{Fixture, max_difference};

/// Largest difference of pictures, relative to the largest number.
const PICTURE: f64 = 1e-5;
/// The same of gradients.
const GRADIENT: f64 = 1e-4;
/// The same at the end of a sampler.
const SAMPLE: f64 = 1e-3;

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/priors").join(file)
}

fn open(file: &str) -> Denoiser {
    denoiser::open_denoiser(&path(file), &Configuration::new()).unwrap().unwrap()
}

/// How many of the cases are for an engine: the slow one gets the first.
fn cases(engine: &str) -> usize {
    if engine == "reference" { 1 } else { usize::MAX }
}

fn engines() -> [(&'static str, Box<dyn Engine>); 2] {
    [("reference", Box::new(Reference)), ("cpu", Box::new(Cpu::default()))]
}

/// The largest difference, relative to the largest number that is wanted.
fn relative(found: &[f32], wanted: &[f32]) -> f64 {
    let largest = wanted.iter().fold(0.0_f64, |largest, &number| largest.max(f64::from(number).abs()));
    max_difference(found, wanted) / largest
}

#[track_caller]
fn check(what: &str, found: &[f32], wanted: &[f32], bound: f64) {
    let error = relative(found, wanted);
    println!("{what}: off by {error:.1e}");
    assert!(error < bound, "{what}: off by {error:.1e}, more than {bound:.0e}");
}

/// The denoised pictures and their gradients at these noise levels.
fn denoises(file: &str, levels: &[&str]) {
    let (denoiser, case) = (open(file), Fixture::open(&format!("priors/{}_case", file.split('.').next().unwrap())));
    for (engine, run) in engines() {
        let mut compiled = CompiledDenoiser::new(&denoiser, &*run, 2).unwrap();
        for level in levels.iter().take(cases(engine)) {
            let sigmas = [level.parse().unwrap(); 2];
            let of = |part: &str| case.f32(&format!("sigma{level}.{part}"));
            let x = of("x");
            let mut found = vec![0.0; x.len()];
            compiled.denoise(&x, &sigmas, &mut found);
            check(&format!("{file} {engine} at {level}"), &found, &of("y"), PICTURE);
            compiled.denoised_gradient(&sigmas, &of("cotangent"), &mut found);
            check(&format!("{file} {engine} gradient at {level}"), &found, &of("x_grad"), GRADIENT);
        }
    }
}

#[test]
fn ddpmpp_of_edm_denoises() {
    let denoiser = open("edm_ddpmpp.pkl");
    let spec = denoiser.spec();
    assert_eq!((spec.family, spec.channels, spec.height, spec.outputs, spec.classes), ("DDPM++", 3, 32, 3, 0));
    denoises("edm_ddpmpp.pkl", &["1.3", "0.05", "40.0"]);
}

#[test]
fn a_consistency_model_denoises() {
    let denoiser = open("cm.pt");
    let spec = denoiser.spec();
    assert_eq!((spec.family, spec.channels, spec.height, spec.outputs), ("ADM", 3, 32, 3));
    assert_eq!(denoiser.preconditioning().sigma_range(), [0.002, 80.0]);
    denoises("cm.pt", &["1.0", "0.05", "80.0"]);
}

#[test]
fn adm_gives_noise_and_variances() {
    let (denoiser, case) = (open("adm.pt"), Fixture::open("priors/adm_case"));
    let spec = denoiser.spec();
    assert_eq!((spec.family, spec.channels, spec.height, spec.outputs), ("ADM", 3, 32, 6));
    for (engine, run) in engines() {
        let mut compiled = CompiledDenoiser::new(&denoiser, &*run, 2).unwrap();
        for time in ["500", "40", "999"].into_iter().take(cases(engine)) {
            let of = |part: &str| case.f32(&format!("t{time}.{part}"));
            let (x, wanted) = (of("x"), of("y"));
            let mut found = vec![0.0; wanted.len()];
            compiled.raw(&x, &[time.parse().unwrap(); 2], &mut found);
            check(&format!("adm {engine} at {time}"), &found, &wanted, PICTURE);
            let mut gradient = vec![0.0; x.len()];
            compiled.raw_gradient(&of("cotangent"), &mut gradient);
            check(&format!("adm {engine} gradient at {time}"), &gradient, &of("x_grad"), GRADIENT);
        }
    }
}

/// Heun's steps (Karras et al. 2022, algorithm 1), the last of them Euler's.
#[test]
fn heun_steps_of_ddpmpp_end_where_they_should() {
    let (denoiser, case) = (open("edm_ddpmpp.pkl"), Fixture::open("priors/edm_ddpmpp_case"));
    let sigmas: Vec<f64> = case.f32("sampler.sigmas").into_iter().map(f64::from).collect();
    for (engine, run) in engines() {
        let mut compiled = CompiledDenoiser::new(&denoiser, &*run, 2).unwrap();
        let mut x: Vec<f64> = case.f32("sampler.start").into_iter().map(|start| f64::from(start) * sigmas[0]).collect();
        let mut slope = |x: &[f64], sigma: f64| -> Vec<f64> {
            let single: Vec<f32> = x.iter().map(|&number| number as f32).collect();
            let mut denoised = vec![0.0; x.len()];
            compiled.denoise(&single, &[sigma; 2], &mut denoised);
            x.iter().zip(&denoised).map(|(x, &denoised)| (x - f64::from(denoised)) / sigma).collect()
        };
        for pair in sigmas.windows(2) {
            let step = pair[1] - pair[0];
            let first = slope(&x, pair[0]);
            let ahead: Vec<f64> = x.iter().zip(&first).map(|(x, slope)| x + step * slope).collect();
            if pair[1] == 0.0 {
                x = ahead;
                continue;
            }
            let second = slope(&ahead, pair[1]);
            let means = first.iter().zip(&second).map(|(first, second)| 0.5 * (first + second));
            x.iter_mut().zip(means).for_each(|(x, slope)| *x += step * slope);
        }
        let end: Vec<f32> = x.into_iter().map(|number| number as f32).collect();
        check(&format!("Heun {engine}"), &end, &case.f32("sampler.end"), SAMPLE);
    }
}
