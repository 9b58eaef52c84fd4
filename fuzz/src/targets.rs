//! What is done with an input of each kind that comes from somebody else. Whatever the bytes are, it ends in a value or in a
//! typed error: a panic is a fault.
//!
//! `fuzz_targets` give these to libFuzzer; `crates/pulse/tests/all/fuzzed.rs` gives them the corpus and a few thousand mutations
//! of it, as an ordinary test.

#![allow(dead_code, unreachable_pub)]

use std::collections::BTreeMap;
use std::sync::OnceLock;

use pulse::checkpoint::Configuration;
use pulse::denoiser::Denoiser;
use pulse::generator::{LatentInput, Space, from_checkpoint};
use pulse_checkpoint::{Checkpoint, OpenOptions, Pair, Tensor, Value};
use pulse_engine::{Cpu, Engine, NetworkBuilder, Operator};

/// A checkpoint of whichever kind the bytes begin like, and the generator in it.
pub fn checkpoint(bytes: &[u8]) {
    let whole = Checkpoint::from_bytes(bytes);
    _ = OpenOptions::new().network("D").read(bytes);
    _ = OpenOptions::new().network("decoder").read(bytes);
    _ = Pair::from_bytes(bytes);
    if let Ok(checkpoint) = whole {
        _ = from_checkpoint(&checkpoint);
    }
}

/// A model in ONNX, as a generator and as a denoiser; what is read is compiled and run.
pub fn onnx(bytes: &[u8]) {
    let Ok(checkpoint) = Checkpoint::from_bytes(bytes) else { return };
    _ = Denoiser::from_checkpoint(&checkpoint, "x.onnx", &Configuration::new());
    run(&checkpoint, bytes.last().copied().unwrap_or(0));
}

/// A picture of any format: its numbers, and, where they are few enough to be done with thousands of times, the picture in sRGB.
pub fn picture(bytes: &[u8]) {
    const FEW: usize = 1_000_000;
    let Ok(raster) = pulse::image::Raster::read("x", bytes) else { return };
    if raster.size().width.saturating_mul(raster.size().height) <= FEW {
        _ = raster.image();
    }
}

/// A point-spread function: FITS, an array, or a picture.
pub fn psf(bytes: &[u8]) {
    _ = pulse::measurement::decode_psf("x", bytes);
}

/// A `run.json`, and the settings in it.
pub fn record(bytes: &[u8]) {
    if let Ok(record) = pulse::record::Record::from_json(bytes) {
        _ = pulse::search::SearchConfig::try_from(&record.settings);
        _ = record.measurement.parse::<pulse::measurement::MeasurementKind>();
    }
}

/// The grammars of options: measurements, losses, rectangles, grids.
pub fn text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for line in text.lines() {
        if let Ok(kind) = line.parse::<pulse::measurement::MeasurementKind>() {
            // What is written is read back as the same.
            let written = kind.to_string();
            assert_eq!(
                written.parse::<pulse::measurement::MeasurementKind>().map(|kind| kind.to_string()).ok(),
                Some(written)
            );
        }
        _ = line.parse::<pulse::loss::Loss>();
        _ = line.parse::<pulse::mosaic::Grid>();
        _ = line.parse::<pulse::optimizer::Schedule>();
    }
}

/// Real generators whose tensors and settings are changed: whatever is read is compiled and run, forward and backward.
pub fn network(bytes: &[u8]) {
    let mut choices = Choices(bytes);
    let seeds = seeds();
    let mut checkpoint = seeds[choices.byte() as usize % seeds.len()].clone();
    let how = choices.byte();
    for _ in 0..8 {
        if choices.0.is_empty() || checkpoint.tensors.is_empty() {
            break;
        }
        change(&mut checkpoint, &mut choices);
    }
    run(&checkpoint, how);
}

fn seeds() -> &'static [Checkpoint] {
    const FILES: [&str; 10] = [
        "stylegan2ada_skip.pkl",
        "stylegan2ada_resnet.pkl",
        "stylegan2ada_cond.pkl",
        "stylegan3_t.pkl",
        "stylegan3_r.pkl",
        "stylegan1_tf.pkl",
        "rosinality.pt",
        "pulse_r32",
        "onnx/op_attention.onnx",
        "onnx/op_modulated.onnx",
    ];
    static SEEDS: OnceLock<Vec<Checkpoint>> = OnceLock::new();
    SEEDS.get_or_init(|| {
        let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/pulse/tests/fixtures/");
        let fixtures = if std::path::Path::new(fixtures).is_dir() {
            fixtures.to_owned()
        } else {
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/").to_owned()
        };
        let read = |file: &&str| {
            let path = format!("{fixtures}{file}");
            pulse::generator::checkpoint(path.as_ref(), &OpenOptions::new()).expect("a real generator")
        };
        FILES.iter().map(read).collect()
    })
}

/// Bytes as choices; zero behind the last.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    fn index(&mut self, of: usize) -> usize {
        (usize::from(self.byte()) << 8 | usize::from(self.byte())) % of
    }

    fn number(&mut self) -> i64 {
        const TELLING: [i64; 22] =
            [0, -1, 1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 17, 31, 33, 64, 100, 255, 32768, 1 << 30, i64::MAX, i64::MIN];
        match usize::from(self.byte() % 28) {
            which if which < TELLING.len() => TELLING[which],
            _ => i64::from(self.byte() as i8),
        }
    }

    fn length(&mut self) -> usize {
        self.number().unsigned_abs() as usize % 300
    }
}

fn change(checkpoint: &mut Checkpoint, choices: &mut Choices) {
    let tensors = &mut checkpoint.tensors;
    let name = {
        let index = choices.index(tensors.len());
        tensors.keys().nth(index).cloned().unwrap_or_default()
    };
    let tensor = tensors[&name].clone();
    match choices.byte() % 8 {
        // One axis of one tensor.
        0 => {
            let mut shape = tensor.shape().to_vec();
            if shape.is_empty() {
                shape.push(1);
            }
            let axis = usize::from(choices.byte()) % shape.len();
            shape[axis] = choices.length();
            replace(tensors, name, &tensor, shape);
        }
        // A length that is the same everywhere: widths that fit each other, kernels of another size.
        1 | 2 => {
            let old = [3, 4, 8, 12, 16, 24, 32, 64][usize::from(choices.byte() % 8)];
            let new = choices.length() % 70;
            for name in tensors.keys().cloned().collect::<Vec<_>>() {
                let tensor = tensors[&name].clone();
                let shape: Vec<_> =
                    tensor.shape().iter().map(|&length| if length == old { new } else { length }).collect();
                if shape != tensor.shape() {
                    replace(tensors, name, &tensor, shape);
                }
            }
        }
        3 => {
            let mut shape = tensor.shape().to_vec();
            shape.reverse();
            replace(tensors, name, &tensor, shape);
        }
        4 => _ = tensors.remove(&name),
        5 => {
            let factor = [0.0, 1e30, -1.0, 1e-30][usize::from(choices.byte() % 4)];
            let numbers: Vec<f32> = tensor.data().iter().map(|number| number * factor).collect();
            tensors.insert(name, Tensor::new(tensor.shape(), numbers).expect("as many as before"));
        }
        _ => {
            let mut whole = Value::Map(std::mem::take(&mut checkpoint.configuration));
            set(&mut whole, choices, 0);
            if let Value::Map(entries) = whole {
                checkpoint.configuration = entries;
            }
        }
    }
}

fn replace(tensors: &mut BTreeMap<String, Tensor>, name: String, tensor: &Tensor, shape: Vec<usize>) {
    let Some(count) = shape.iter().try_fold(1usize, |product, &length| product.checked_mul(length)) else { return };
    if count > 1 << 18 {
        return;
    }
    let numbers = tensor.data();
    let at = |index: usize| if numbers.is_empty() { 0.5 } else { numbers[index % numbers.len()] };
    let numbers: Vec<f32> = (0..count).map(at).collect();
    tensors.insert(name, Tensor::new(shape, numbers).expect("as many numbers as the shape has"));
}

/// Another value somewhere in a configuration.
fn set(value: &mut Value, choices: &mut Choices, depth: usize) {
    match value {
        Value::Map(entries) if !entries.is_empty() && depth < 6 => {
            let index = choices.index(entries.len());
            if let Some(value) = entries.values_mut().nth(index) {
                set(value, choices, depth + 1);
            }
        }
        Value::List(values) if !values.is_empty() => {
            let index = usize::from(choices.byte()) % values.len();
            set(&mut values[index], choices, depth + 1);
        }
        Value::Integer(number) => *number = choices.number(),
        Value::Float(number) => {
            *number = match choices.byte() % 6 {
                0 => 0.0,
                1 => 1e300,
                2 => -*number,
                3 => 1e-300,
                4 => *number * 2.0,
                _ => choices.number() as f64,
            }
        }
        Value::Bool(truth) => *truth = !*truth,
        Value::Null => *value = Value::Integer(choices.number()),
        other => {
            *other =
                Value::String(["auto", "skip", "resnet", "orig", "", "linear"][usize::from(choices.byte() % 6)].into());
        }
    }
}

/// What is read is compiled within little memory, and run.
fn run(checkpoint: &Checkpoint, how: u8) {
    const MEMORY: usize = 256 << 20;
    let Ok(generator) = from_checkpoint(checkpoint) else { return };
    let spec = generator.spec();
    let latents: Vec<_> = spec.latents.iter().copied().filter(|latent| *latent != LatentInput::LATENT).collect();
    let Some(&latent) = latents.get(usize::from(how) % latents.len().max(1)) else { return };
    let mut builder = NetworkBuilder::new();
    let Ok(made) = generator.append(&mut builder, latent, &Space::default()) else { return };
    let Ok(image) = builder.add(Operator::Tanh, &[made.image]) else { return };
    let Ok(network) = builder.output("image", image).and_then(|()| builder.build()) else { return };
    let batch = 1 + usize::from(how >> 4) % 3;
    let engine = Cpu::default().within(MEMORY);
    let estimate = engine.estimate(&network, batch);
    let Ok(mut program) = engine.compile(&network, batch) else { return };
    assert_eq!(estimate, program.memory());
    // What takes long shows nothing that a small one does not.
    if network.nodes().iter().map(|node| node.shape.len()).sum::<usize>() > 1 << 21 {
        return;
    }
    let mut state = 1u32;
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    let inputs: Vec<_> = network.input_ids().collect();
    let outputs: Vec<_> = network.output_ids().collect();
    for &input in &inputs {
        program.input_mut(input).fill_with(&mut random);
    }
    program.forward(batch, &outputs);
    for &output in &outputs {
        program.cotangent_mut(output).fill(1.0);
    }
    program.backward(batch, &inputs);
}
