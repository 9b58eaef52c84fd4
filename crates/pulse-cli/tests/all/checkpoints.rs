//! Checkpoints as people have them: under other names, with settings that are not read, of colours that cannot be searched.

use std::path::Path;

use crate::program::Place;

fn file(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/checkpoint").join(name).display().to_string()
}

#[test]
fn generators_under_a_prefix_are_read() {
    let place = Place::new();
    for (name, family) in [
        ("psp_layout.pt", "StyleGAN2"),
        ("ema_pytorch_prefix.pt", "StyleGAN2"),
        ("stylegan1_for_g_all_layout.pt", "StyleGAN"),
    ] {
        let ran = place.run(&["info", &file(name)]).ended_with(0);
        assert!(ran.out.contains(&format!("family         {family}\n")), "{name}: {}", ran.out);
    }
}

#[test]
fn a_network_can_be_chosen_by_its_prefix() {
    let place = Place::new();
    place.run(&["info", &file("psp_layout.pt"), "--network", "decoder"]).ended_with(0);
    place.run(&["info", &file("psp_layout.pt"), "--network", "encoder"]).failed_with(&["psp_layout.pt"]);
    place.run(&["info", &file("psp_layout.pt"), "--network", "nobody"]).failed_with(&["`nobody`"]);
    place.run(&["info", "faces", "--network", "decoder"]).failed_with(&["faces", "no network"]);
    let ran = place.run(&["convert", &file("psp_layout.pt"), "decoder.safetensors", "--network", "decoder"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    place.run(&["info", "decoder.safetensors"]).ended_with(0);
}

#[test]
fn a_setting_that_makes_another_picture_is_refused_by_its_name() {
    let place = Place::new();
    place.run(&["info", &file("ada_activation_relu.pkl")]).failed_with(&["activation", "`relu`", "another picture"]);
}

#[test]
fn a_family_that_is_not_read_is_called_by_its_name() {
    let place = Place::new();
    place.run(&["info", &file("genforce.pth")]).failed_with(&["GenForce", "not read", "ONNX"]);
}

#[test]
fn a_generator_of_four_channels_is_what_is_blamed() {
    let place = Place::new();
    place.picture("t8.png", 3, 8, 8);
    place.run(&["info", &file("ada_rgba.pkl")]).ended_with(0);
    let ran = place.run(&["upsample", "t8.png", "--generator", &file("ada_rgba.pkl"), "--steps", "1"]);
    ran.failed_with(&["ada_rgba.pkl", "4 channels"]);
    assert!(!ran.err.contains("t8.png"), "{}", ran.err);
}
