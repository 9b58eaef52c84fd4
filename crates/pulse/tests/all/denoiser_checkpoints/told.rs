//! What is told of a checkpoint, by what, and what has to be given.

use pulse::ErrorKind;
use pulse::checkpoint::{Configuration, OpenOptions, Value};
use pulse_core::denoiser::{Denoiser, Preconditioning, Predicts, set};
use pulse_record::{denoiser, generator};

use super::path;
use super::variants::Variant;

fn settings(assignments: &[&str]) -> Configuration {
    let mut settings = Configuration::new();
    for assignment in assignments {
        set(&mut settings, assignment).unwrap();
    }
    settings
}

fn variant(name: &str) -> Variant {
    Variant::all().into_iter().find(|variant| variant.name == name).unwrap()
}

fn kind(denoiser: &Denoiser) -> &'static str {
    match denoiser.preconditioning() {
        Preconditioning::Discrete { predicts: Predicts::Picture, .. } => "picture",
        Preconditioning::Discrete { sigmas, .. } if sigmas[999] > 1000.0 => "cosine",
        Preconditioning::Discrete { .. } => "linear",
        Preconditioning::Nearest { .. } => "nearest",
        Preconditioning::Edm { .. } => "edm",
        Preconditioning::VariancePreserving { .. } => "vp",
        Preconditioning::VarianceExploding => "ve",
        Preconditioning::Consistency { .. } => "consistency",
        _ => "other",
    }
}

#[test]
fn a_consistency_model_is_told_from_adm() {
    let model = variant("consistency_teacher");
    let told = |file: &str, more: &[&str]| {
        let given = settings(&[&["num_heads=2", "image_size=8"], more].concat());
        kind(&Denoiser::from_checkpoint(&model.checkpoint, file, &given).unwrap().unwrap())
    };
    // Its `qkv` has four axes, and there is no scale by the time.
    assert_eq!(told("renamed.pt", &[]), "consistency");
    assert_eq!(told("edm_cat256_ema.pt", &[]), "edm");
    assert_eq!(told("CD_cat256_lpips.pt", &[]), "consistency");
    assert_eq!(told("my_diffusion.pt", &[]), "linear");
    assert_eq!(told("cd_cat256_lpips.pt", &["noise_schedule=cosine"]), "cosine");
    assert_eq!(told("cd_cat256_lpips.pt", &["preconditioning=ddpm"]), "linear");
    assert_eq!(told("renamed.pt", &["preconditioning=ddpm", "predict_xstart=true"]), "picture");
    assert_eq!(told("my_diffusion.pt", &["training_mode=consistency_distillation"]), "consistency");
    assert_eq!(told("my_diffusion.pt", &["training_mode=edm"]), "edm");
}

#[test]
fn a_learned_variance_means_noise_that_is_added_bit_by_bit() {
    let model = variant("guided_new_order");
    let told = |file: &str, given: &[&str]| {
        let read = Denoiser::from_checkpoint(&model.checkpoint, file, &settings(given));
        kind(&read.unwrap().unwrap())
    };
    assert_eq!(model.settings["noise_schedule"], Value::String("cosine".into()));
    assert_eq!(told("cd_renamed.pt", &["num_heads=4", "image_size=16"]), "linear");
}

#[test]
fn what_is_missing_is_asked_for() {
    let model = variant("guided_new_order");
    let message = |given: &[&str]| {
        let error = Denoiser::from_checkpoint(&model.checkpoint, "a.pt", &settings(given)).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Setting);
        error.to_string()
    };
    assert!(message(&["num_heads=4"]).contains("give the setting image_size=64"));
    assert!(message(&["image_size=16"]).contains("give the setting num_head_channels=64"));
    assert!(message(&["image_size=17", "num_heads=4"]).contains("halves it 1 times"));
    assert!(message(&["image_size=16", "num_heads=4", "noise_schedule=sigmoid"]).contains("linear or cosine"));
}

#[test]
fn what_is_given_counts_more_than_the_class_in_a_pickle() {
    let told =
        |given: &[&str]| kind(&denoiser::open_denoiser(&path("edm_ddpmpp.pkl"), &settings(given)).unwrap().unwrap());
    assert_eq!(told(&[]), "edm");
    assert_eq!(told(&["preconditioning=vp"]), "vp");
    assert_eq!(told(&["preconditioning=ve"]), "ve");
    assert_eq!(told(&["preconditioning=iddpm"]), "nearest");
    let error = denoiser::open_denoiser(&path("edm_ddpmpp.pkl"), &settings(&["preconditioning=v"])).err().unwrap();
    assert!(error.to_string().contains("edm, vp, ve or iddpm"), "{error}");
}

#[test]
fn settings_beside_a_file_are_read_and_those_given_count_more() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.pt");
    std::fs::copy(path("adm.pt"), &file).unwrap();
    assert_eq!(denoiser::open_denoiser(&file, &Configuration::new()).err().unwrap().kind(), ErrorKind::Setting);
    std::fs::write(folder.path().join("mine.json"), r#"{"image_size": 64, "num_head_channels": 16}"#).unwrap();
    let size = |given: &[&str]| denoiser::open_denoiser(&file, &settings(given)).unwrap().unwrap().spec().height;
    assert_eq!((size(&[]), size(&["image_size=32"])), (64, 32));
    std::fs::write(folder.path().join("mine.json"), "[1]").unwrap();
    let error = denoiser::open_denoiser(&file, &Configuration::new()).err().unwrap();
    assert!(error.kind() == ErrorKind::Checkpoint && error.to_string().contains("mine.json"), "{error}");
}

#[test]
fn a_generator_is_no_denoiser() {
    for file in ["../stylegan2ada_cond.pkl", "../rosinality.pt"] {
        let checkpoint = generator::checkpoint(&path(file), &OpenOptions::new()).unwrap();
        assert!(Denoiser::from_checkpoint(&checkpoint, file, &Configuration::new()).unwrap().is_none());
    }
}

#[test]
fn noise_levels_have_a_range() {
    let range = |given: &[&str]| {
        let read = denoiser::open_denoiser(&path("edm_ddpmpp.pkl"), &settings(given)).unwrap().unwrap();
        read.preconditioning().sigma_range()
    };
    assert_eq!(range(&[]), [0.002, 80.0]);
    assert_eq!(range(&["preconditioning=ve"]), [0.02, 100.0]);
    let [least, most] = range(&["preconditioning=vp"]);
    assert!((least - 0.001).abs() < 1e-5 && (most - 152.2).abs() < 0.1, "{least} {most}");
    let [least, most] = range(&["preconditioning=iddpm"]);
    assert!(least > 0.001 && least < 0.02 && most > 1000.0, "{least} {most}");
}
