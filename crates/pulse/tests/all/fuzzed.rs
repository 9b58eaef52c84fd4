//! A few thousand inputs for each reader of what comes from others: the corpus as it is, and with a few bytes changed. The same
//! targets run for long under libFuzzer (`fuzz/README.md`).

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use pulse::random::Stream;
use rand_chacha::rand_core::Rng as _;

#[path = "../../../../fuzz/src/targets.rs"]
mod targets;

/// How many times as many inputs as usual: `PULSE_FUZZ` says it.
fn times() -> u32 {
    std::env::var("PULSE_FUZZ").ok().and_then(|times| times.parse().ok()).unwrap_or(1)
}

/// The files of a folder of the corpus.
fn corpus(kind: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(kind);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let files: Vec<_> = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
    assert!(!files.is_empty(), "{}", folder.display());
    files
}

/// The seeds, then as many of them as `count` with some bytes changed, longest ones left out.
fn mutated(seeds: &[Vec<u8>], count: u32, target: impl Fn(&[u8])) {
    const LONGEST: usize = 1 << 17;
    for seed in seeds {
        target(seed);
    }
    let short: Vec<_> = seeds.iter().filter(|seed| seed.len() <= LONGEST).collect();
    let mut random = Stream { seed: 22, candidate: 0, draw: 0, input: 0 }.generator();
    for _ in 0..count * times() {
        let mut bytes = short[random.next_u32() as usize % short.len()].clone();
        for _ in 0..=random.next_u32() % 6 {
            change(&mut bytes, &mut || random.next_u32() as usize);
        }
        target(&bytes);
    }
}

fn change(bytes: &mut Vec<u8>, random: &mut dyn FnMut() -> usize) {
    if bytes.is_empty() {
        return;
    }
    // Headers matter most.
    let within = if random().is_multiple_of(2) { bytes.len().min(256) } else { bytes.len() };
    let at = random() % within;
    let end = |length: usize, bytes: &[u8]| (at + length).min(bytes.len());
    match random() % 8 {
        0 => bytes[at] = random() as u8,
        1 => bytes[at] ^= 1 << (random() % 8),
        2 => bytes.truncate(at),
        3 => _ = bytes.drain(at..end(random() % 16, bytes)),
        4 => _ = bytes.splice(at..at, std::iter::repeat_n(random() as u8, random() % 16)),
        5 => {
            let (value, end) = ([0, 0xff, 0x7f, 0x80, 1][random() % 5], end(4, bytes));
            bytes[at..end].fill(value);
        }
        6 => {
            let part = bytes[at..end(random() % 64, bytes)].to_vec();
            let to = random() % bytes.len();
            bytes.splice(to..to, part);
        }
        _ => {
            let number = (random() as u32 % 70_000).to_le_bytes();
            let end = end(4, bytes);
            bytes[at..end].copy_from_slice(&number[..end - at]);
        }
    }
}

#[test]
fn checkpoints() {
    let mut seeds = corpus("checkpoint");
    for file in ["rosinality.pt", "stylegan2ada_skip.pkl", "stylegan1_tf.pkl", "stylegan3_t.pkl"] {
        seeds.push(std::fs::read(crate::stylegan::fixture(file)).unwrap());
    }
    mutated(&seeds, 3000, targets::checkpoint);
}

#[test]
fn onnx_models() {
    mutated(&corpus("onnx"), 4000, targets::onnx);
}

/// Small ones: of a large one the time goes into its pixels, and not into what is said of them.
#[test]
fn pictures() {
    let small = corpus("picture").into_iter().filter(|bytes| {
        let size = pulse::image::Raster::read("x", bytes).map(|raster| raster.size());
        size.map_or(true, |size| size.width * size.height <= 1 << 14)
    });
    mutated(&small.collect::<Vec<_>>(), 1500, targets::picture);
}

#[test]
fn point_spread_functions() {
    let mut header = String::new();
    for card in ["SIMPLE  = T", "BITPIX  = -32", "NAXIS   = 2", "NAXIS1  = 3", "NAXIS2  = 3", "END"] {
        write!(header, "{card:<80}").unwrap();
    }
    let mut fits = format!("{header:<2880}").into_bytes();
    fits.extend((0..9).flat_map(|number| (number as f32).to_be_bytes()));
    let mut npy = b"\x93NUMPY\x01\0\x46\0{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }".to_vec();
    npy.resize(80, b' ');
    npy.extend([0, 0, 128, 63].repeat(4));
    mutated(&[fits, npy], 3000, targets::psf);
}

#[test]
fn records() {
    mutated(&corpus("record"), 3000, targets::record);
}

#[test]
fn texts() {
    mutated(&corpus("text"), 20_000, targets::text);
}

#[test]
fn networks() {
    let mut random = Stream { seed: 22, candidate: 1, draw: 0, input: 0 }.generator();
    for seed in corpus("network") {
        targets::network(&seed);
    }
    for _ in 0..400 * times() {
        let length = 8 + random.next_u32() % 40;
        let bytes: Vec<u8> = (0..length).map(|_| random.next_u32() as u8).collect();
        targets::network(&bytes);
    }
}
