//! Every command of the documents, in the order in which it stands, in a folder with the files that they name.
//!
//! Searches take few steps, so that all of it takes a minute; nothing else is changed.

use std::fs;
use std::path::{Path, PathBuf};

use pulse::image::{Image, Kernel, Reader, write_png};
use pulse::measurement::Size;

use crate::program::Place;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The commands of a document: lines that begin with a dollar, in blocks of a console.
fn commands(document: &str) -> Vec<String> {
    let text = fs::read_to_string(repository().join(document)).unwrap();
    let mut is_console = false;
    let mut commands = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            is_console = line == "```console";
        } else if let Some(command) = line.strip_prefix("$ pulse ").filter(|_| is_console) {
            commands.push(command.split(" #").next().unwrap().trim().to_owned());
        }
    }
    commands
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
    }
}

/// A folder with all files that the documents name.
fn prepared() -> Place {
    let place = Place::new();
    let read = |name: &str| Reader::default().read(&repository().join(name)).unwrap();
    let resized = |picture: &Image, kernel, side| picture.resized(kernel, Size::new(side, side)).unwrap();
    let write = |name: &str, picture: &Image| write_png(&place.path(name), picture, None).unwrap();
    let small = read("examples/face-16.png");
    let sharp = resized(&small, Kernel::Bicubic, 64);
    write("small.png", &small);
    write("newspaper.jpg", &resized(&small, Kernel::Nearest, 160));
    write("blurred.png", &sharp);
    write("enhanced.png", &sharp);
    write("glasses.png", &sharp);
    write("old-film.png", &small.to_grey());
    let astronaut = read("examples/photos/astronaut.jpg");
    write("photo.jpg", &resized(&astronaut, Kernel::Area, 160));
    for (mask, rows) in [("mouth.png", 42..56), ("eyes.png", 22..34)] {
        let white = |pixel: usize| f32::from(rows.contains(&(pixel / 64)) && (12..52).contains(&(pixel % 64)));
        write(mask, &Image::new(1, 64, 64, (0..64 * 64).map(white).collect()).unwrap());
    }
    fs::create_dir(place.path("folder")).unwrap();
    write("folder/one.png", &small);
    write("folder/two.png", &resized(&small, Kernel::Area, 8));
    copy(&repository().join("examples/photos/astronaut.jpg"), &place.path("photos/astronaut.jpg"));
    let fixtures = repository().join("crates/pulse/tests/fixtures");
    for (fixture, name) in [
        ("stylegan2ada_skip.pkl", "stylegan2-ffhq.pkl"),
        ("stylegan3_t.pkl", "stylegan3.pkl"),
        ("pulse_r32", "pulse-weights"),
        ("priors/diffusers_ddpm", "ddpm-bedroom-256"),
        ("onnx/biggan_script17.onnx", "biggan.onnx"),
        ("priors/cm.pt", "cd_bedroom256.pt"),
        ("priors/cm.json", "cd_bedroom256.json"),
    ] {
        copy(&fixtures.join(fixture), &place.path(name));
    }
    let portrait = "examples/photos/p001_studio_portrait.jpg";
    copy(&repository().join(portrait), &place.path(portrait));
    for field in ["black_holes", "galaxies", "cells", "land", "brain"] {
        copy(
            &repository().join("domains").join(field).join("truth.png"),
            &place.path(&format!("domains/{field}/truth.png")),
        );
    }
    copy(&repository().join("domains/land/mask.png"), &place.path("domains/land/mask.png"));
    place
}

/// There is no small file of the first two kinds; measuring takes a minute without saying more than `bench.rs` does; the explorer
/// goes on until it is ended, which its own tests do; and nothing is fetched from publishers, as `models.rs` does from itself.
const LEFT_OUT: [&str; 5] = ["./edm-cifar.pkl", "noise.safetensors", "bench", "open small.png", "models get"];

/// Runs all commands of a document, and gives how many there are.
fn run(place: &Place, document: &str) -> usize {
    let commands = commands(document);
    for command in &commands {
        if LEFT_OUT.iter().any(|file| command.contains(file)) {
            continue;
        }
        let mut arguments: Vec<_> = command.split_whitespace().collect();
        if arguments[0] == "upsample" && !arguments.contains(&"--steps") {
            arguments.extend(["--steps", "8"]);
        }
        let ran = place.run(&arguments);
        // In so few steps not every search reaches the picture.
        let good = if ["upsample", "explore", "check"].contains(&arguments[0]) { 0..=1 } else { 0..=0 };
        assert!(good.contains(&ran.status), "{document}: pulse {command}\n{}\n{}", ran.out, ran.err);
    }
    commands.len()
}

#[test]
fn every_command_of_the_readme_runs_in_its_order() {
    assert!(run(&prepared(), "README.md") > 25);
}

#[test]
fn every_command_of_the_docs_runs_in_its_order() {
    let place = prepared();
    place.run(&["upsample", "small.png", "--steps", "8"]);
    for document in ["docs/explore.md", "docs/check.md", "docs/gallery.md", "docs/models.md"] {
        assert!(run(&place, document) > 0, "{document}");
    }
}
