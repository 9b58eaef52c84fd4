//! Generators wherever they stand in a file; families and settings that are known and not read; pictures that are not square.

use std::collections::BTreeMap;

use pulse::WayOut;
use pulse::generator::{Generator, LatentInput, Space, from_checkpoint, located};
use pulse::inputs::Inputs;
use pulse::render::Renderer;
use pulse_checkpoint::{Checkpoint, Configuration, Tensor, Value};
use pulse_engine::{Cpu, Shape};

use super::{fixture, plain};

fn checkpoint(name: &str) -> Checkpoint {
    pulse::generator::checkpoint(&fixture(name), &pulse_checkpoint::OpenOptions::new()).unwrap()
}

/// The same tensors under other names.
fn renamed(checkpoint: &Checkpoint, name: impl Fn(&str) -> String) -> Checkpoint {
    let tensors = checkpoint.tensors.iter().map(|(key, tensor)| (name(key), tensor.clone())).collect();
    Checkpoint { tensors, ..checkpoint.clone() }
}

/// A picture of a generator, from numbers that are the same each time.
fn picture(generator: &dyn Generator) -> Vec<f32> {
    let rows = generator.spec().num_ws;
    let width = generator.spec().w_dim;
    let numbers = (0..rows * width).map(|i| ((i * 37 % 19) as f32 - 9.0) / 9.0).collect();
    let mut inputs = Inputs::default();
    inputs.insert("ws", 1, Shape::Rows { rows, width }, numbers);
    let mut renderer = Renderer::in_space(generator, LatentInput::WS, &Space::default(), &Cpu::default()).unwrap();
    renderer.render(&inputs, 0).unwrap().to_vec()
}

fn message(checkpoint: &Checkpoint) -> String {
    match from_checkpoint(checkpoint) {
        Ok(generator) => panic!("it was read, as {}", generator.spec().family.name()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_generator_under_any_prefix_is_found_when_it_is_the_only_one() {
    for file in ["rosinality.pt", "stylegan2ada_skip.pkl", "stylegan3_t.pkl", "pulse_r32", "stylegan1_tf.pkl"] {
        let own = checkpoint(file);
        let wanted = picture(&*from_checkpoint(&own).unwrap());
        for prefix in
            ["decoder", "G_ema", "g_ema.module", "_orig_mod", "generator", "ema_model", "a.b.c.d", "model.net"]
        {
            let mut other =
                renamed(&own, |name| if name == "latent_avg" { name.into() } else { format!("{prefix}.{name}") });
            if let Some(Value::Map(modules)) = other.configuration.get_mut("modules") {
                *modules = std::mem::take(modules)
                    .into_iter()
                    .map(|(path, module)| (format!("{prefix}.{path}"), module))
                    .collect();
            }
            // What else a file of a whole training program has.
            for beside in ["encoder.input_layer.0.weight", "loss.weight", "discriminator.convs.0.0.weight"] {
                other.tensors.insert(beside.into(), Tensor::new([1], [1.0]).unwrap());
            }
            assert!(picture(&*from_checkpoint(&other).unwrap()) == wanted, "{file} under {prefix}");
        }
    }
}

#[test]
fn wrappers_may_stand_anywhere_in_a_name() {
    let own = checkpoint("stylegan2ada_skip.pkl");
    let wanted = picture(&*from_checkpoint(&own).unwrap());
    let tensors_only = plain(own.tensors.clone());
    let inner = renamed(&tensors_only, |name| name.replacen("synthesis.", "synthesis._orig_mod.", 1));
    let both = renamed(&inner, |name| format!("module.{name}"));
    assert!(picture(&*from_checkpoint(&inner).unwrap()) == wanted);
    assert!(picture(&*from_checkpoint(&both).unwrap()) == wanted);
}

#[test]
fn of_several_generators_one_has_to_be_chosen() {
    let own = checkpoint("rosinality.pt");
    let mut both = renamed(&own, |name| format!("online_model.{name}"));
    both.tensors.extend(renamed(&own, |name| format!("ema_model.{name}")).tensors);
    let error = located(&both).unwrap_err();
    assert_eq!(error.way_out(), Some(WayOut::Networks));
    assert!(error.to_string().contains("`ema_model`, `online_model`"), "{error}");
    let chosen = both.under("ema_model").unwrap();
    assert!(picture(&*from_checkpoint(&chosen).unwrap()) == picture(&*from_checkpoint(&own).unwrap()));
}

#[test]
fn a_dcgan_is_found_beside_its_discriminator() {
    let chain = |prefix: &str, widths: &[usize], turned: bool| -> BTreeMap<String, Tensor> {
        let weight = |(index, pair): (usize, &[usize])| {
            let [from, to] = [pair[0], pair[1]];
            let shape = if turned { [to, from, 4, 4] } else { [from, to, 4, 4] };
            let tensor = Tensor::new(shape, vec![0.01; from * to * 16]).unwrap();
            (format!("{prefix}.main.{}.weight", 3 * index), tensor)
        };
        widths.windows(2).enumerate().map(weight).collect()
    };
    let mut tensors = chain("generator", &[10, 8, 4, 3], false);
    tensors.extend(chain("discriminator", &[3, 4, 8, 1], true));
    let generator = from_checkpoint(&plain(tensors)).unwrap();
    assert_eq!((generator.spec().z_dim, generator.spec().width), (0, 16));
}

#[test]
fn the_public_port_of_stylegan_is_read() {
    let own = checkpoint("pulse_r32");
    let theirs = renamed(&own, |name| {
        let name = name.replace(".noise.weight", ".top_epi.noise.weight");
        if name.starts_with("gaussian_fit") { name } else { format!("g_{name}") }
    });
    let theirs = Checkpoint {
        tensors: theirs.tensors.into_iter().filter(|(name, _)| !name.starts_with("gaussian_fit")).collect(),
        ..theirs
    };
    let generator = from_checkpoint(&theirs).unwrap();
    assert!(generator.spec().latents.contains(&LatentInput::Z));
    assert!(picture(&*generator) == picture(&*from_checkpoint(&own).unwrap()));
}

#[test]
fn families_that_are_not_read_are_called_by_their_names() {
    let with = |names: &[&str]| {
        plain(names.iter().map(|name| ((*name).to_owned(), Tensor::new([1], [1.0]).unwrap())).collect())
    };
    for (names, family) in [
        (&["mapping.embed_proj.weight", "synthesis.input.freqs"][..], "StyleGAN-XL"),
        (&["synthesis.b4.conv0.affine.proj.weight", "mapping.mlp.fc0.weight"], "StyleGAN-T"),
        (&["mapping.dense0.weight", "synthesis.layer0.weight"], "GenForce"),
        (&["G.initial_conv.weight", "G.blocks.0.to_style1.weight"], "lucidrains"),
        (&["generator.progression.0.conv1.weight", "generator.to_rgb.0.weight"], "rosinality's first StyleGAN"),
        (&["g_ema.to_rgbs.0.iwt.ll"], "SWAGAN"),
    ] {
        let message = message(&with(names));
        assert!(message.contains(family) && message.contains("is not read"), "{family}: {message}");
    }
}

/// The configuration with another value at the end of a path of keys.
fn changed(mut configuration: Configuration, path: &[&str], value: Value) -> Configuration {
    let mut at = &mut configuration;
    let (last, inner) = path.split_last().unwrap();
    for key in inner {
        let entry = at.entry((*key).to_owned()).or_insert_with(|| Value::Map(BTreeMap::new()));
        let Value::Map(entries) = entry else { panic!("{key} is no dictionary") };
        at = entries;
    }
    at.insert((*last).to_owned(), value);
    configuration
}

#[test]
fn settings_that_make_another_picture_are_refused_by_their_names() {
    let text = |text: &str| Value::String(text.into());
    let list = |numbers: &[i64]| Value::List(numbers.iter().map(|&number| Value::Integer(number)).collect());
    let conv = ["modules", "synthesis.b8.conv1"];
    for (file, path, value, allowed) in [
        ("stylegan2ada_skip.pkl", &[conv[0], conv[1], "activation"][..], text("relu"), text("lrelu")),
        ("stylegan2ada_skip.pkl", &[conv[0], conv[1], "activation"], text("swish"), text("lrelu")),
        ("stylegan2ada_skip.pkl", &[conv[0], conv[1], "act_gain"], Value::Float(1.0), Value::Float(2f64.sqrt())),
        ("stylegan2ada_skip.pkl", &["modules", "mapping.fc0", "activation"], text("linear"), text("lrelu")),
        ("stylegan2ada_skip.pkl", &["modules", "synthesis.b8", "architecture"], text("hierarchic"), text("orig")),
        ("stylegan2ada_skip.pkl", &["init_kwargs", "synthesis_kwargs", "activation"], text("elu"), text("lrelu")),
        (
            "stylegan2ada_skip.pkl",
            &["init_kwargs", "synthesis_kwargs", "attention"],
            Value::Bool(true),
            Value::Bool(false),
        ),
        ("stylegan3_t.pkl", &["init_kwargs", "mapping_kwargs", "activation"], text("selu"), text("lrelu")),
        (
            "stylegan1_tf.pkl",
            &["components", "synthesis", "static_kwargs", "nonlinearity"],
            text("relu"),
            text("lrelu"),
        ),
        (
            "stylegan1_tf.pkl",
            &["components", "mapping", "static_kwargs", "mapping_nonlinearity"],
            text("relu"),
            text("lrelu"),
        ),
        (
            "stylegan1_tf.pkl",
            &["components", "mapping", "static_kwargs", "mapping_lrmul"],
            Value::Float(0.1),
            Value::Float(0.01),
        ),
        (
            "stylegan1_tf.pkl",
            &["components", "mapping", "static_kwargs", "normalize_latents"],
            Value::Bool(false),
            Value::Bool(true),
        ),
        (
            "stylegan1_tf.pkl",
            &["components", "synthesis", "static_kwargs", "blur_filter"],
            list(&[1, 3, 1]),
            list(&[1, 2, 1]),
        ),
        ("stylegan1_tf.pkl", &["static_kwargs", "use_pixel_norm"], Value::Bool(true), Value::Bool(false)),
        ("stylegan1_tf.pkl", &["static_kwargs", "resample_kernel"], list(&[1, 2, 1]), list(&[1, 3, 3, 1])),
    ] {
        let own = checkpoint(file);
        let with =
            |value: Value| Checkpoint { configuration: changed(own.configuration.clone(), path, value), ..own.clone() };
        let message = message(&with(value));
        let name = path.last().unwrap();
        assert!(message.contains(&format!("its setting `{name}`")), "{name}: {message}");
        from_checkpoint(&with(allowed)).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn a_clamp_that_is_none_is_refused_by_its_name() {
    let own = checkpoint("stylegan2ada_resnet.pkl");
    for clamp in [Value::Integer(-1), Value::Float(-0.5), Value::String("nan".into()), Value::Bool(true)] {
        let path = ["modules", "synthesis.b8.conv1", "conv_clamp"];
        let other = Checkpoint { configuration: changed(own.configuration.clone(), &path, clamp), ..own.clone() };
        let message = message(&other);
        assert!(message.contains("conv_clamp"), "{message}");
    }
}

#[test]
fn constants_that_are_not_square_make_pictures_that_are_not() {
    // Of the constant and of each noise map the left half, as a generator of people has them.
    let halved = |tensor: &Tensor| {
        let width = *tensor.shape().last().unwrap();
        let mut shape = tensor.shape().to_vec();
        *shape.last_mut().unwrap() = width / 2;
        let numbers: Vec<f32> = tensor.data().chunks(width).flat_map(|row| row[..width / 2].iter().copied()).collect();
        Tensor::new(shape, numbers).unwrap()
    };
    for (file, maps) in [
        ("rosinality.pt", &["input.input", "noises."][..]),
        ("stylegan2ada_resnet.pkl", &["const", "noise_const"]),
        ("pulse_r32", &["4x4.const"]),
    ] {
        let mut other = checkpoint(file);
        for (name, tensor) in &mut other.tensors {
            if maps.iter().any(|map| name.contains(map)) {
                *tensor = halved(tensor);
            }
        }
        let generator = from_checkpoint(&other).unwrap_or_else(|error| panic!("{file}: {error}"));
        let spec = generator.spec();
        assert_eq!(spec.width * 2, spec.height, "{file}");
        assert!(picture(&*generator).iter().all(|number| number.is_finite()), "{file}");
    }
}

#[test]
fn latents_are_those_of_the_class_that_is_asked_for() {
    let generator = from_checkpoint(&checkpoint("stylegan2ada_cond.pkl")).unwrap();
    let fit = |generator: &dyn Generator| {
        let entrance = generator.entrance().unwrap();
        entrance.prepare(&Cpu::default()).unwrap();
        entrance.fit_tensors().unwrap()
    };
    let other = generator.of_class(3).unwrap();
    assert_ne!(fit(&*generator), fit(&*other));
    assert!(generator.of_class(0).is_none() && generator.of_class(5).is_none());
    assert_eq!(fit(&*generator), fit(&*other.of_class(0).unwrap()));
}
