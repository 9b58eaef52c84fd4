//! Files that PyTorch and NVIDIA's code wrote.

use pulse_checkpoint::{Checkpoint, ErrorKind, Format, OpenOptions, Tensor, Value};

use crate::fixture;

fn read(name: &str) -> Checkpoint {
    Checkpoint::from_bytes(&fixture(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Each name and shape, in order.
fn outline(checkpoint: &Checkpoint) -> Vec<(&str, &[usize])> {
    checkpoint.tensors.iter().map(|(name, tensor)| (name.as_str(), tensor.shape())).collect()
}

fn shape<'c>(checkpoint: &'c Checkpoint, name: &str) -> &'c [usize] {
    checkpoint.tensor(name).unwrap().shape()
}

/// A matrix with its axes exchanged.
fn transposed(matrix: &Tensor) -> Vec<f32> {
    let &[rows, columns] = matrix.shape() else { panic!("{matrix:?} is no matrix") };
    (0..rows * columns).map(|index| matrix.data()[index % rows * columns + index / rows]).collect()
}

#[test]
fn all_are_whole_and_finite() {
    let files = [
        ("pulse_r32_gaussian_fit.pt", Format::TorchZip, 2),
        ("pulse_r32_mapping.pt", Format::TorchZip, 16),
        ("pulse_r32_mapping_legacy.pt", Format::TorchLegacy, 16),
        ("pulse_r32_synthesis.pt", Format::TorchZip, 45),
        ("rosinality.pt", Format::TorchZip, 74),
        ("stylegan1_tf.pkl", Format::NvidiaTensorFlow, 75),
        ("stylegan2ada_cond.pkl", Format::NvidiaTorch, 62),
        ("stylegan2ada_resnet.pkl", Format::NvidiaTorch, 73),
        ("stylegan2ada_skip.pkl", Format::NvidiaTorch, 79),
        ("stylegan3_r.pkl", Format::NvidiaTorch, 114),
        ("stylegan3_t.pkl", Format::NvidiaTorch, 114),
        ("pulse_r32_case.safetensors", Format::Safetensors, 25),
    ];
    for (name, format, count) in files {
        let checkpoint = read(name);
        assert_eq!((checkpoint.format, checkpoint.tensors.len()), (format, count), "{name}");
        for (tensor, values) in &checkpoint.tensors {
            assert!(values.data().iter().all(|value| value.is_finite()), "{name}: {tensor}");
        }
    }
}

#[test]
fn the_zip_and_the_legacy_archive_hold_the_same() {
    let (zip, legacy) = (read("pulse_r32_mapping.pt"), read("pulse_r32_mapping_legacy.pt"));
    assert_eq!(zip.tensors, legacy.tensors);
    let first = [("dense0.bias", [32].as_slice()), ("dense0.weight", &[32, 32])];
    assert_eq!(outline(&zip)[..2], first);
}

#[test]
fn a_dictionary_of_two_tensors() {
    let (fit, case) = (read("pulse_r32_gaussian_fit.pt"), read("pulse_r32_case.safetensors"));
    for name in ["mean", "std"] {
        assert_eq!(fit.tensor(name).unwrap(), case.tensor(&format!("gaussian_fit.{name}")).unwrap());
    }
    assert_eq!(case.configuration["resolution"], Value::String("32".into()));
}

#[test]
fn a_state_dictionary() {
    let synthesis = read("pulse_r32_synthesis.pt");
    assert_eq!(shape(&synthesis, "blocks.32x32.conv0_up.weight"), [16, 16, 3, 3]);
    assert_eq!(shape(&synthesis, "blocks.4x4.const"), [1, 16, 4, 4]);
    // The blur is the outer product of (1, 2, 1)/4 with itself.
    let blur = synthesis.tensor("blocks.8x8.conv0_up.intermediate.kernel").unwrap();
    assert_eq!(blur.data()[..], [1.0, 2.0, 1.0, 2.0, 4.0, 2.0, 1.0, 2.0, 1.0].map(|weight: f32| weight / 16.0));
}

#[test]
fn what_stands_beside_the_network_is_kept() {
    let checkpoint = read("rosinality.pt");
    assert_eq!(shape(&checkpoint, "latent_avg"), [32]);
    assert_eq!(shape(&checkpoint, "convs.2.conv.weight"), [1, 12, 16, 3, 3]);
    assert_eq!(shape(&checkpoint, "noises.noise_6"), [1, 1, 32, 32]);
}

#[test]
fn a_network_of_tensorflow() {
    let checkpoint = read("stylegan1_tf.pkl");
    assert_eq!(shape(&checkpoint, "synthesis/4x4/Const/const"), [1, 16, 4, 4]);
    assert_eq!(shape(&checkpoint, "lod"), [0; 0]);
    assert_eq!(checkpoint.configuration["name"].as_str(), Some("Gs"));
    let resolution = |value: &Value| value.get("static_kwargs")?.get("resolution")?.as_integer();
    assert_eq!(checkpoint.configuration["static_kwargs"].get("resolution").unwrap().as_integer(), Some(32));
    assert_eq!(resolution(checkpoint.configuration["components"].get("synthesis").unwrap()), Some(32));

    // PULSE's port of the same network keeps its weights transposed.
    let mapping = read("pulse_r32_mapping.pt");
    for layer in 0..8 {
        let weight = checkpoint.tensor(&format!("mapping/Dense{layer}/weight")).unwrap();
        assert_eq!(transposed(weight), mapping.tensor(&format!("dense{layer}.weight")).unwrap().data()[..]);
    }
}

#[test]
fn networks_of_nvidia_for_pytorch() {
    let checkpoint = read("stylegan2ada_cond.pkl");
    assert_eq!(shape(&checkpoint, "mapping.w_avg"), [32]);
    assert_eq!(shape(&checkpoint, "synthesis.b4.const"), [16, 4, 4]);
    let configuration = &checkpoint.configuration;
    assert_eq!(configuration["class_name"].as_str(), Some("Generator"));
    assert_eq!(configuration["init_args"].as_list(), Some([].as_slice()));
    assert_eq!(configuration["init_kwargs"].get("c_dim").unwrap().as_integer(), Some(5));
    assert_eq!(configuration["num_ws"].as_integer(), Some(6));
    let class = |path: &str| configuration["modules"].get(path)?.get("class_name")?.as_str();
    assert_eq!(class("synthesis.b16.conv0"), Some("SynthesisLayer"));
    assert!(configuration["training_set_kwargs"].get("class_name").is_some());

    let checkpoint = read("stylegan3_t.pkl");
    assert_eq!(shape(&checkpoint, "synthesis.input.freqs"), [16, 2]);
    assert_eq!(shape(&checkpoint, "synthesis.L5_52_16.up_filter"), [24]);
    let attribute = |path: &str, name: &str| checkpoint.configuration["modules"].get(path)?.get(name)?.as_integer();
    assert_eq!(attribute("synthesis.L0_36_16", "up_factor"), Some(2));
}

#[test]
fn another_network_of_a_file_can_be_chosen() {
    let choose = |file: &str, name: &str| OpenOptions::new().network(name).read(&fixture(file));
    let (averaged, trained) = (read("stylegan1_tf.pkl"), choose("stylegan1_tf.pkl", "G").unwrap());
    assert_eq!(trained.configuration["name"].as_str(), Some("G"));
    assert!(trained.tensors.keys().all(|name| averaged.tensors.contains_key(name)));
    assert_eq!(choose("stylegan1_tf.pkl", "Gs").unwrap(), averaged);
    assert_eq!(choose("rosinality.pt", "g_ema").unwrap(), read("rosinality.pt"));

    let missing = choose("rosinality.pt", "netG").unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Missing);
    assert!(missing.to_string().contains("`g_ema`, `latent_avg`"), "{missing}");
    // These files were made without the network that judges.
    assert_eq!(choose("stylegan3_t.pkl", "D").unwrap_err().kind(), ErrorKind::Missing);
    assert_eq!(choose("pulse_r32_case.safetensors", "D").unwrap_err().kind(), ErrorKind::Missing);
}

#[test]
fn a_file_that_is_cut_short_is_refused_at_every_length() {
    let files = ["pulse_r32_gaussian_fit.pt", "pulse_r32_mapping_legacy.pt", "rosinality.pt", "stylegan1_tf.pkl"];
    for name in files.into_iter().chain(["stylegan2ada_cond.pkl", "stylegan3_t.pkl", "pulse_r32_case.safetensors"]) {
        let bytes = fixture(name);
        // Every length near both ends, where headers and directories are, and some between.
        let between = (600..bytes.len().saturating_sub(600)).step_by(bytes.len() / 50);
        let ends = (0..600).chain(bytes.len().saturating_sub(600)..bytes.len());
        for length in ends.chain(between).filter(|&length| length < bytes.len()) {
            let result = Checkpoint::from_bytes(&bytes[..length]);
            let error = result.expect_err(&format!("{name} cut to {length} bytes was read"));
            assert!(
                matches!(error.kind(), ErrorKind::Truncated | ErrorKind::Format),
                "{name} cut to {length} bytes: {error}"
            );
        }
    }
}

#[test]
fn what_is_no_checkpoint_is_named() {
    let files: [(&[u8], &str); 6] = [
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"<!DOCTYPE html>", "web page"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"no such file", "known kind"),
    ];
    for (bytes, what) in files {
        let (kind, message) = crate::refusal(bytes);
        assert_eq!(kind, ErrorKind::Format);
        assert!(message.contains(what), "{message}");
    }
}

#[test]
fn files_are_opened_by_path() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let opened = Checkpoint::open(folder.join("rosinality.pt")).unwrap();
    assert_eq!(opened, read("rosinality.pt"));
    let (none, reason) = (folder.join("none.pt"), std::fs::read(folder.join("none.pt")).unwrap_err());
    let error = Checkpoint::open(&none).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    // The message says all, so no source says a part of it again.
    assert_eq!(error.to_string(), format!("cannot read {}: {reason}", none.display()));
    assert!(std::error::Error::source(&error).is_none());
    assert_eq!(Checkpoint::open(&folder).unwrap_err().kind(), ErrorKind::Io);
}
