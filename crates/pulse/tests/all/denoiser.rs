//! Denoisers against the numbers of the code that trains and samples them.

mod folders;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pulse::checkpoint::Configuration;
use pulse::denoiser::deterministic::Sampler;
use pulse::denoiser::{CompiledDenoiser, Denoiser, open_denoiser};
use pulse::engine::{Cpu, Engine, Reference};

use crate::fixture::{Fixture, max_difference};

/// Pictures in every case.
const ROWS: usize = 2;

/// A file or folder of the denoisers' fixtures.
fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/priors").join(name)
}

fn open(name: &str) -> Denoiser {
    open_denoiser(&path(name), &Configuration::new()).unwrap().unwrap()
}

/// The largest difference by the largest number.
fn relative(found: &[f32], wanted: &[f32]) -> f64 {
    let largest = wanted.iter().fold(0.0f32, |largest, number| largest.max(number.abs()));
    max_difference(found, wanted) / f64::from(largest)
}

/// Checks what a denoiser makes of all that its case asks: at times, at noise levels, and at the end of a sampler in so many
/// steps. `times` are those that the slow engine is asked at too.
fn check(name: &str, steps: usize, slow: &[&str]) {
    let (denoiser, case) = (open(name), Fixture::open(&format!("priors/{name}_case")));
    check_with(&denoiser, &case, name, &Cpu::default(), &|_| true);
    check_with(&denoiser, &case, name, &Reference, &|question| slow.contains(&question));
    for sampler in Sampler::ALL {
        let names = [sampler.name(), if sampler == Sampler::usual(&denoiser) { "sampler" } else { "" }];
        for asked in names.into_iter().filter(|name| case.has(&format!("{name}.end"))) {
            let mut compiled = compile(&denoiser, &case, &Cpu::default());
            let found = sampler.run(&mut compiled, steps, &case.f32(&format!("{asked}.start"))).unwrap();
            let difference = relative(&found, &case.f32(&format!("{asked}.end")));
            println!("{name} {sampler}: {difference:.1e}");
            assert!(difference < 1e-3, "{name} {sampler}: {difference:e}");
        }
    }
}

fn compile(denoiser: &Denoiser, case: &Fixture, engine: &dyn Engine) -> CompiledDenoiser {
    let mut compiled = CompiledDenoiser::new(denoiser, engine, ROWS).unwrap();
    if denoiser.spec().classes > 0 {
        compiled.classes_mut().copy_from_slice(&case.f32("c"));
    }
    compiled
}

fn check_with(denoiser: &Denoiser, case: &Fixture, name: &str, engine: &dyn Engine, wanted: &dyn Fn(&str) -> bool) {
    let mut compiled = compile(denoiser, case, engine);
    let names = case.names();
    let questions: BTreeSet<&str> = names.iter().filter_map(|name| name.strip_suffix(".x")).collect();
    assert!(questions.iter().any(|question| wanted(question)), "{name}");
    for question in questions.into_iter().filter(|question| wanted(question)) {
        let get = |what: &str| case.f32(&format!("{question}.{what}"));
        let (x, y, cotangent, x_grad) = (get("x"), get("y"), get("cotangent"), get("x_grad"));
        let (mut result, mut gradient) = (vec![0.0; y.len()], vec![0.0; x.len()]);
        if let Some(sigma) = question.strip_prefix("sigma") {
            let sigmas = [sigma.parse().unwrap(); ROWS];
            compiled.denoise(&x, &sigmas, &mut result);
            compiled.denoised_gradient(&sigmas, &cotangent, &mut gradient);
        } else {
            let time: f64 = question[1..].parse().unwrap();
            compiled.raw(&x, &[time; ROWS], &mut result);
            compiled.raw_gradient(&cotangent, &mut gradient);
        }
        let (forward, backward) = (relative(&result, &y), relative(&gradient, &x_grad));
        println!("{name} {question}: {forward:.1e} {backward:.1e}");
        assert!(forward < 1e-5 && backward < 1e-4, "{name} {question}: {forward:e} {backward:e}");
    }
}

#[test]
fn a_ddpm_of_diffusers() {
    check("diffusers_ddpm", 10, &["t500"]);
}

#[test]
fn a_flow_of_diffusers() {
    check("diffusers_flow", 10, &["t500"]);
}

#[test]
fn one_with_a_small_copy_of_the_picture_and_random_frequencies() {
    check("unet_skip", 6, &["t700"]);
}

#[test]
fn one_with_scales_and_shifts_classes_learned_variances_and_pickled_weights() {
    check("unet_shift", 6, &["t1", "t700"]);
}

#[test]
fn one_with_the_preconditioning_of_edm_and_numbered_classes() {
    check("unet_edm", 6, &["t1", "sigma3.0"]);
}

#[test]
fn one_with_learned_times() {
    check("unet_learned", 6, &["t1", "t700"]);
}

#[test]
fn heun_steps_of_edm() {
    let (denoiser, case) = (open("edm_ddpmpp.pkl"), Fixture::open("priors/edm_ddpmpp_case"));
    assert_eq!(Sampler::usual(&denoiser), Sampler::Heun);
    let mut compiled = CompiledDenoiser::forward_only(&denoiser, &Cpu::default(), ROWS).unwrap();
    let found = Sampler::Heun.run(&mut compiled, 8, &case.f32("sampler.start")).unwrap();
    let difference = relative(&found, &case.f32("sampler.end"));
    println!("edm_ddpmpp heun: {difference:.1e}");
    assert!(difference < 1e-3, "{difference:e}");
}

#[test]
fn the_denoised_picture_in_a_network_is_the_compiled_one() {
    let denoiser = open("unet_shift");
    let case = Fixture::open("priors/unet_shift_case");
    let (x, picture, classes) = (case.f32("t1.x"), denoiser.picture(), denoiser.spec().classes);
    let mut wanted = vec![0.0; x.len()];
    compile(&denoiser, &case, &Cpu::default()).denoise(&x, &[0.7; ROWS], &mut wanted);

    let mut builder = pulse::engine::NetworkBuilder::new();
    let noisy = builder.input("x", picture).unwrap();
    let class = builder.input("c", pulse::engine::Shape::Vector(classes)).unwrap();
    let denoised = denoiser.append_denoised(&mut builder, noisy, 0.7, Some(class)).unwrap();
    builder.output("denoised", denoised).unwrap();
    let network = builder.build().unwrap();
    let mut program = Cpu::default().compile(&network, ROWS).unwrap();
    program.input_mut(network.input("x").unwrap()).copy_from_slice(&x);
    program.input_mut(network.input("c").unwrap()).copy_from_slice(&case.f32("c"));
    let output = network.output("denoised").unwrap();
    program.forward(ROWS, &[output]);
    assert!(relative(program.output(output), &wanted) < 1e-5);
}

#[test]
fn levels_that_a_sampler_cannot_take() {
    let mut compiled = CompiledDenoiser::new(&open("diffusers_ddpm"), &Cpu::default(), 1).unwrap();
    for (steps, words) in [(0, "1 to"), (1001, "1000 levels")] {
        let error = Sampler::Ddim.run(&mut compiled, steps, &[0.0; 3 * 32 * 32]).unwrap_err();
        assert_eq!(error.kind(), pulse::ErrorKind::Setting);
        assert!(error.to_string().contains(words), "{error}");
    }
    assert!("dpm".parse::<Sampler>().unwrap_err().to_string().contains("ddim, euler, heun"));
}

#[test]
fn every_sampler_goes_to_a_picture() {
    // A network at random makes no pictures, but the straight steps of a flow are those of any other method at the same levels.
    for name in ["unet_edm", "diffusers_flow"] {
        let denoiser = open(name);
        let numbers = denoiser.picture().len();
        let start: Vec<f32> = (0..numbers).map(|at| (at as f32 * 1.7).sin() * 1.4).collect();
        let mut compiled = CompiledDenoiser::new(&denoiser, &Cpu::default(), 1).unwrap();
        if denoiser.spec().classes > 0 {
            compiled.set_class(1).unwrap();
        }
        let ends = Sampler::ALL.map(|sampler| sampler.run(&mut compiled, 24, &start).unwrap());
        assert_eq!(ends[0], ends[1], "{name}");
        let apart = relative(&ends[2], &ends[1]);
        assert!(apart < 0.2, "{name}: {apart}");
    }
}
