//! Tensors and settings that do not fit end in an error, whatever they are.

use pulse::ErrorKind;
use pulse::checkpoint::{Tensor, Value};
use pulse_core::denoiser::Denoiser;

use super::variants::Variant;

/// Small ones, of all the ways in which networks are built.
fn small() -> impl Iterator<Item = Variant> {
    Variant::all().into_iter().filter(|variant| {
        variant.checkpoint.tensors.values().map(|tensor| tensor.data().len()).sum::<usize>() < 600_000
    })
}

/// It is read, or an error says why not.
fn reads(variant: &Variant, what: &str) -> bool {
    match Denoiser::from_checkpoint(&variant.checkpoint, &variant.file, &variant.settings) {
        Ok(_) => true,
        Err(error) => {
            assert!(matches!(error.kind(), ErrorKind::Generator | ErrorKind::Setting), "{what}: {error}");
            false
        }
    }
}

#[test]
fn a_tensor_that_is_missing_or_has_another_shape_is_an_error() {
    assert!(small().count() >= 5);
    for mut variant in small() {
        assert!(reads(&variant, "whole"));
        let names: Vec<String> = variant.checkpoint.tensors.keys().cloned().collect();
        for name in names {
            let whole = variant.checkpoint.tensors.remove(&name).unwrap();
            reads(&variant, &format!("without {name}"));
            for shape in [vec![], vec![1], vec![7, 7], vec![4, 4, 3, 3], vec![2, 3, 2, 2]] {
                let numbers = vec![0.5; shape.iter().product()];
                let other = Tensor::new(shape.clone(), numbers).unwrap();
                let fits = other.shape() == whole.shape();
                variant.checkpoint.tensors.insert(name.clone(), other);
                let what = format!("{name} as {shape:?}");
                // The last layers of one picture's channels may be of another's.
                if !fits && reads(&variant, &what) {
                    let free = ["freqs", "label", "resample_filter"];
                    assert!(free.iter().any(|free| name.contains(free)) || whole.shape().contains(&1), "{what}");
                }
            }
            let broken = Tensor::new(whole.shape().to_vec(), vec![f32::NAN; whole.data().len()]).unwrap();
            variant.checkpoint.tensors.insert(name.clone(), broken);
            // A block has one filter, which is read where it stands first.
            assert!(name.contains("skip.resample_filter") || !reads(&variant, "with a number that is none"), "{name}");
            variant.checkpoint.tensors.insert(name, whole);
        }
    }
}

#[test]
fn names_without_bounds_are_no_trouble() {
    for mut variant in small() {
        let tensor = Tensor::new([1], vec![1.0]).unwrap();
        for name in [
            "input_blocks.18446744073709551615.0.weight",
            "output_blocks.999.0.weight",
            "input_blocks.99999999999999999999.0.weight",
            "enc.999999999999999999999x999999999999999999999_conv.weight",
            "model.enc.16384x16384_conv.weight",
            "enc.0x0_conv.weight",
        ] {
            variant.checkpoint.tensors.insert(name.to_owned(), tensor.clone());
            reads(&variant, name);
            variant.checkpoint.tensors.remove(name);
        }
    }
}

#[test]
fn settings_of_any_kind_are_met_or_refused() {
    let keys = [
        "num_heads",
        "num_heads_upsample",
        "num_head_channels",
        "image_size",
        "use_new_attention_order",
        "preconditioning",
        "noise_schedule",
        "diffusion_steps",
        "predict_xstart",
        "rescale_timesteps",
        "sigma_data",
        "sigma_min",
        "beta_d",
        "beta_min",
        "M",
        "C_1",
        "C_2",
        "training_mode",
    ];
    let values = [
        Value::Null,
        Value::Bool(true),
        Value::Integer(-1),
        Value::Integer(0),
        Value::Integer(1),
        Value::Integer(i64::MAX),
        Value::Integer(i64::MIN),
        Value::Float(f64::MAX),
        Value::Float(-0.5),
        Value::Float(1e-300),
        Value::String("edm".into()),
        Value::String("iddpm".into()),
        Value::String("é".repeat(1000)),
        Value::List(vec![Value::Integer(1)]),
    ];
    for mut variant in small() {
        let settings = variant.settings.clone();
        for key in keys {
            for value in &values {
                variant.settings.insert(key.to_owned(), value.clone());
                reads(&variant, &format!("{key} = {value:?}"));
            }
            variant.settings = settings.clone();
        }
    }
}
