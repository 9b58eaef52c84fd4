//! Small denoisers of many kinds against `scripts/denoiser_reference.py`, an implementation of our own in another language and in
//! double precision. It makes the same weights, by the rules here.

use std::collections::BTreeMap;

use pulse::checkpoint::{Checkpoint, Configuration, Format, Tensor, configuration_from_json};
use pulse_core::denoiser::{CompiledDenoiser, Denoiser};

use super::super::fixture::Fixture;
use super::{GRADIENT, PICTURE, check, engines, path};

/// One small denoiser.
pub(super) struct Variant {
    pub(super) name: String,
    /// Its file's name.
    pub(super) file: String,
    /// What its tensors do not tell.
    pub(super) settings: Configuration,
    pub(super) checkpoint: Checkpoint,
    sigma: f64,
    classes: usize,
}

impl Variant {
    pub(super) fn all() -> Vec<Self> {
        let text = std::fs::read_to_string(path("variants.json")).unwrap();
        configuration_from_json(&text).unwrap().into_iter().map(|(name, told)| Self::new(name, &told)).collect()
    }

    fn new(name: String, told: &pulse::checkpoint::Value) -> Self {
        let shapes = told.get("shapes").unwrap().as_map().unwrap().iter().map(|(tensor, shape)| {
            let lengths = shape.as_list().unwrap().iter().map(|length| length.as_integer().unwrap() as usize);
            (tensor.clone(), made(tensor, lengths.collect()))
        });
        let checkpoint =
            Checkpoint { format: Format::TorchZip, tensors: shapes.collect(), configuration: BTreeMap::new() };
        Self {
            name,
            file: told.get("file").unwrap().as_str().unwrap().to_owned(),
            settings: told.get("settings").unwrap().as_map().unwrap().clone(),
            checkpoint,
            sigma: told.get("sigma").unwrap().as_float().unwrap(),
            classes: told.get("classes").unwrap().as_integer().unwrap() as usize,
        }
    }

    fn read(&self) -> Denoiser {
        Denoiser::from_checkpoint(&self.checkpoint, &self.file, &self.settings).unwrap().unwrap()
    }

    /// Numbers that are given to it, from -1 to 1.
    fn drawn(&self, part: &str, count: usize) -> Vec<f32> {
        hashed(&format!("{}.{part}", self.name), count)
    }
}

/// The tensor of this name.
fn made(name: &str, shape: Vec<usize>) -> Tensor {
    let count = shape.iter().product();
    let numbers = hashed(name, count);
    let times =
        |factor: f64, term: f64| numbers.iter().map(|&number| (term + factor * f64::from(number)) as f32).collect();
    let numbers: Vec<f32> = if name.ends_with("resample_filter") {
        let taps: &[f32] = if shape[2] == 2 { &[0.5; 2] } else { &[0.125, 0.375, 0.375, 0.125] };
        taps.iter().flat_map(|a| taps.iter().map(move |b| a * b)).collect()
    } else if name.ends_with("freqs") {
        times(3.0, 0.0)
    } else if name.ends_with("bias") {
        times(0.25, 0.0)
    } else if shape.len() == 1 {
        times(0.25, 1.0)
    } else {
        times((3.0 / shape[1..].iter().product::<usize>() as f64).sqrt(), 0.0)
    };
    Tensor::new(shape, numbers).unwrap()
}

/// Numbers from -1 to 1, each of its place alone (SplitMix64).
fn hashed(name: &str, count: usize) -> Vec<f32> {
    let seed = u64::from(crc32(name.as_bytes()));
    let number = |place: u64| {
        let mut state = place.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(seed);
        state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((state ^ (state >> 31)) >> 40) as f32 / 8_388_608.0 - 1.0
    };
    (1..=count as u64).map(number).collect()
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |state: u32, _| (state >> 1) ^ (0xEDB8_8320 & (state & 1).wrapping_neg());
    !bytes.iter().fold(u32::MAX, |state, &byte| (0..8).fold(state ^ u32::from(byte), step))
}

#[test]
fn all_kinds_are_as_they_were_computed_elsewhere() {
    let numbers = Fixture::open("priors/variants");
    for variant in Variant::all() {
        let (name, denoiser) = (&variant.name, variant.read());
        assert_eq!(denoiser.spec().classes, variant.classes, "{name}");
        let count = denoiser.picture().len();
        let x: Vec<f32> = variant.drawn("x", count).iter().map(|number| 2.0 * number).collect();
        let wanted: Vec<f32> = numbers.f64(&format!("{name}.y")).into_iter().map(|number| number as f32).collect();
        let slope = numbers.f64(&format!("{name}.slope"))[0];
        for (engine, run) in engines() {
            let mut compiled = CompiledDenoiser::new(&denoiser, &*run, 1).unwrap();
            if variant.classes > 0 {
                compiled.set_class(variant.classes - 1).unwrap();
            }
            let mut found = vec![0.0; count];
            compiled.denoise(&x, &[variant.sigma], &mut found);
            check(&format!("{name} {engine}"), &found, &wanted, PICTURE);
            compiled.denoised_gradient(&[variant.sigma], &variant.drawn("cotangent", count), &mut found);
            let along = found.iter().zip(variant.drawn("direction", count)).map(|(a, b)| f64::from(*a) * f64::from(b));
            check(&format!("{name} {engine} gradient"), &[along.sum::<f64>() as f32], &[slope as f32], GRADIENT);
        }
    }
}
