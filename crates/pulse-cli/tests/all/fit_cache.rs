//! Gaussian fits, kept from one run of the program to the next.

use std::path::PathBuf;
use std::process::Stdio;

use pulse::checksum::sha256;
use pulse::generator::{FitCache, FitOrigin};
use pulse::inputs::{Inputs, read_inputs};
use pulse_checkpoint::{Checkpoint, Tensor, Value, safetensors_to_vec};
use pulse_engine::Shape;

use crate::program::{Place, Ran};
use crate::stylegan::generator;

/// A place with inputs that need the fit of a generator whose file has none.
fn place() -> Place {
    let place = Place::new();
    let mut inputs = Inputs::default();
    inputs.insert("latent", 1, Shape::Rows { rows: 8, width: 32 }, vec![0.5; 8 * 32]);
    place.write("in.safetensors", &inputs.to_bytes().unwrap());
    place
}

/// The `ws` that the program makes of them, its cache in the folder `cache`.
fn ws(place: &Place, generator: &str, cache: &str) -> Tensor {
    let arguments = ["render", generator, "--inputs", "in.safetensors", "--out", "ws.safetensors", "--mapping-only"];
    Ran::of(place.command(&arguments).env("PULSE_CACHE", cache).output().unwrap()).ended_with(0);
    read_inputs(&place.path("ws.safetensors")).unwrap().arrays()["ws"].clone()
}

/// The one file in the cache.
fn kept(place: &Place) -> PathBuf {
    let [name] = &place.list("cache")[..] else { panic!("{:?}", place.list("cache")) };
    place.path("cache").join(name)
}

#[test]
fn the_next_run_is_served_from_the_cache() {
    let (place, network) = (place(), generator("stylegan1_tf"));
    let first = ws(&place, &network, "cache");
    let file = kept(&place);
    let sound = std::fs::read(&file).unwrap();
    let here = pulse::generator::open(network.as_ref()).unwrap();
    assert_eq!(
        FitCache::new(place.path("cache")).fit(&*here, &pulse::engine::Cpu::default()).unwrap(),
        Some(FitOrigin::Cached)
    );
    assert_eq!(ws(&place, &network, "cache"), first);

    // A file with other numbers and their checksum shows that they are taken from it, and not made again.
    let Checkpoint { mut tensors, mut configuration, .. } = Checkpoint::from_bytes(&sound).unwrap();
    let width = tensors["gaussian_fit.mean"].data().len();
    for tensor in tensors.values_mut() {
        *tensor = Tensor::new([width], vec![2.0; width]).unwrap();
    }
    let checksum = sha256(&2.0_f32.to_le_bytes().repeat(2 * width));
    configuration.insert("sha256".into(), Value::String(checksum));
    std::fs::write(&file, safetensors_to_vec(&tensors, &configuration).unwrap()).unwrap();
    assert_eq!(ws(&place, &network, "cache").data()[..], vec![3.0; 8 * 32][..]);

    // Half a file is none.
    std::fs::write(&file, &sound[..sound.len() / 2]).unwrap();
    assert_eq!(ws(&place, &network, "cache"), first);
    assert_eq!(std::fs::read(&file).unwrap(), sound);
}

#[test]
fn runs_at_once_are_safe() {
    let (places, network) = ([place(), place()], generator("stylegan1_tf"));
    let cache = places[0].path("cache");
    let arguments = ["render", &network, "--inputs", "in.safetensors", "--out", "ws.safetensors", "--mapping-only"];
    let runs =
        [0, 1].map(|i| places[i].command(&arguments).env("PULSE_CACHE", &cache).stdout(Stdio::null()).spawn().unwrap());
    for mut run in runs {
        assert!(run.wait().unwrap().success());
    }
    let [first, second] = [0, 1].map(|i| read_inputs(&places[i].path("ws.safetensors")).unwrap());
    assert_eq!(first.arrays(), second.arrays());
    kept(&places[0]);
}

#[test]
fn the_cache_is_where_it_is_wanted() {
    let (place, network) = (place(), generator("stylegan1_tf"));
    let wanted = ws(&place, &network, "");
    assert_eq!(place.list("."), ["in.safetensors", "ws.safetensors"]);
    // A file where the folder would be: nothing is kept, and nothing said.
    assert_eq!(ws(&place, &network, "in.safetensors"), wanted);
    // Where nobody says, in the user's own cache folder. Which one that is, the system says.
    #[cfg(target_os = "linux")]
    {
        let arguments = ["render", &network, "--inputs", "in.safetensors", "--out", "ws.safetensors", "--mapping-only"];
        let mut command = place.command(&arguments);
        command.env_remove("PULSE_CACHE").env("XDG_CACHE_HOME", place.path("home"));
        Ran::of(command.output().unwrap()).ended_with(0);
        assert_eq!(place.list("home/pulse").len(), 1);
    }
    let help = place.run(&["--help"]).ended_with(0).out;
    assert!(help.contains("PULSE_CACHE"), "{help}");
}

#[test]
fn a_converted_file_has_its_fit() {
    let (place, network) = (place(), generator("stylegan1_tf"));
    place.run(&["convert", &network, "net.safetensors"]).ended_with(0);
    let tensors = Checkpoint::open(place.path("net.safetensors")).unwrap().tensors;
    assert!(tensors.contains_key("gaussian_fit.mean") && tensors.contains_key("gaussian_fit.std"));
    assert_eq!(ws(&place, "net.safetensors", "cache"), ws(&place, &network, ""));
    // So there was nothing to keep.
    assert!(!place.path("cache").exists());
}
