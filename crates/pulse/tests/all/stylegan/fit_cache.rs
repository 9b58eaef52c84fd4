//! Gaussian fits, kept from one process to the next.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pulse::generator::{FitCache, FitOrigin, Generator, from_checkpoint};
use pulse_checkpoint::{Checkpoint, Tensor, safetensors_to_vec};
use pulse_engine::Cpu;
use tempfile::TempDir;

use super::{fixture, open};

/// A generator whose file has a mapping and no fit, as a process that just started has it.
fn fresh() -> Box<dyn Generator> {
    open("stylegan1_tf.pkl")
}

fn fit(folder: &Path, generator: &dyn Generator) -> Option<FitOrigin> {
    FitCache::new(folder).fit(generator, &Cpu::default()).unwrap()
}

fn numbers(generator: &dyn Generator) -> BTreeMap<String, Tensor> {
    generator.entrance().unwrap().fit_tensors().unwrap()
}

/// The files in the cache, hidden ones too.
fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_fit_is_made_once() {
    let place = TempDir::new().unwrap();
    let folder = place.path().join("not/yet/there");
    let (first, second) = (fresh(), fresh());
    assert!(first.entrance().unwrap().lacks_fit());
    assert_eq!(fit(&folder, &*first), Some(FitOrigin::Made));
    assert_eq!(fit(&folder, &*first), Some(FitOrigin::Known));
    assert_eq!(fit(&folder, &*second), Some(FitOrigin::Cached));
    assert_eq!(numbers(&*first), numbers(&*second));
    assert_eq!(files(&folder).len(), 1);
    // What came with the file, or can have none, is not the cache's business.
    let elsewhere = place.path().join("elsewhere");
    assert_eq!(fit(&elsewhere, &*open("pulse_r32")), Some(FitOrigin::Known));
    assert_eq!(fit(&elsewhere, &*pulse::generator::EMBEDDED[0].open().unwrap()), None);
    assert!(!elsewhere.exists());
}

#[test]
fn another_mapping_has_another_fit() {
    let place = TempDir::new().unwrap();
    let whole = Checkpoint::open(fixture("stylegan1_tf.pkl")).unwrap();
    assert_eq!(fit(place.path(), &*from_checkpoint(&whole).unwrap()), Some(FitOrigin::Made));
    // One number of the mapping differs, and then one of the synthesis.
    for (name, origin) in [("mapping/Dense7/bias", FitOrigin::Made), ("synthesis/ToRGB_lod0/bias", FitOrigin::Cached)] {
        let mut other = whole.clone();
        let tensor = &other.tensors[name];
        let mut data = tensor.data().to_vec();
        data[0] += 0.5;
        let changed = Tensor::new(tensor.shape(), data).unwrap();
        other.tensors.insert(name.into(), changed);
        assert_eq!(fit(place.path(), &*from_checkpoint(&other).unwrap()), Some(origin), "{name}");
    }
    assert_eq!(files(place.path()).len(), 2);
}

#[test]
fn a_broken_or_foreign_file_is_replaced() {
    let place = TempDir::new().unwrap();
    let first = fresh();
    fit(place.path(), &*first);
    let [path] = &files(place.path())[..] else { panic!("one file") };
    let sound = std::fs::read(path).unwrap();
    let flipped = |at: usize| {
        let mut bytes = sound.clone();
        bytes[at] ^= 1;
        bytes
    };
    let checkpoint = Checkpoint::from_bytes(&sound).unwrap();
    let mut shifted = checkpoint.tensors.clone();
    for tensor in shifted.values_mut() {
        *tensor = Tensor::new(tensor.shape(), tensor.data().iter().map(|v| v + 1.0).collect::<Vec<_>>()).unwrap();
    }
    let broken = [
        Vec::new(),
        b"not a fit".to_vec(),
        sound[..sound.len() - 1].to_vec(),
        flipped(sound.len() - 1),
        flipped(sound.len() / 2),
        // Whole files of something else: other numbers under this checksum, and a checkpoint.
        safetensors_to_vec(&shifted, &checkpoint.configuration).unwrap(),
        std::fs::read(fixture("stylegan1_tf.pkl")).unwrap(),
        vec![0; 3 << 20],
    ];
    for (number, bytes) in broken.iter().enumerate() {
        std::fs::write(path, bytes).unwrap();
        let second = fresh();
        assert_eq!(fit(place.path(), &*second), Some(FitOrigin::Made), "{number}");
        assert_eq!(numbers(&*second), numbers(&*first), "{number}");
        assert_eq!(std::fs::read(path).unwrap(), sound, "{number}");
    }
    // The file of another mapping under this one's name.
    let other = open("stylegan2ada_cond.pkl");
    let elsewhere = place.path().join("other");
    fit(&elsewhere, &*other);
    std::fs::copy(&files(&elsewhere)[0], path).unwrap();
    assert_eq!(fit(place.path(), &*fresh()), Some(FitOrigin::Made));
}

#[test]
fn a_cache_that_cannot_be_kept_is_no_error() {
    let place = TempDir::new().unwrap();
    let file = place.path().join("file");
    std::fs::write(&file, b"a file, not a folder").unwrap();
    assert_eq!(fit(&file, &*fresh()), Some(FitOrigin::Made));
    assert_eq!(std::fs::read(&file).unwrap(), b"a file, not a folder");
    // A folder where the fit's file would be.
    let folder = place.path().join("folder");
    fit(&folder, &*fresh());
    let path = files(&folder).remove(0);
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert_eq!(fit(&folder, &*fresh()), Some(FitOrigin::Made));
    assert_eq!(files(&folder), [path]);
}

#[test]
fn many_at_once_are_safe() {
    let place = TempDir::new().unwrap();
    let folder = place.path();
    let found: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(move || {
                    let generator = fresh();
                    fit(folder, &*generator);
                    numbers(&*generator)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(found.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(files(folder).len(), 1);
    assert_eq!(fit(folder, &*fresh()), Some(FitOrigin::Cached));
}

/// Any family's file may have its fit beside the network.
#[test]
fn a_fit_in_the_file_is_taken() {
    for name in ["stylegan1_tf.pkl", "stylegan2ada_cond.pkl", "stylegan3_t.pkl", "rosinality.pt"] {
        let mut checkpoint = Checkpoint::open(fixture(name)).unwrap();
        let bare = from_checkpoint(&checkpoint).unwrap();
        assert!(bare.entrance().unwrap().lacks_fit(), "{name}");
        let width = bare.spec().w_dim;
        for (name, number) in [("gaussian_fit.mean", 0.25), ("gaussian_fit.std", 2.0)] {
            checkpoint.tensors.insert(name.into(), Tensor::new([width], vec![number; width]).unwrap());
        }
        let generator = from_checkpoint(&checkpoint).unwrap();
        let tensors = numbers(&*generator);
        assert_eq!(tensors["gaussian_fit.mean"].data()[..], vec![0.25; width][..], "{name}");
        assert_eq!(tensors["gaussian_fit.std"].data()[..], vec![2.0; width][..], "{name}");
        assert_eq!(generator.spec().parameters, bare.spec().parameters, "{name}");
        // Half of one is none.
        checkpoint.tensors.remove("gaussian_fit.mean");
        assert!(from_checkpoint(&checkpoint).is_err(), "{name}");
    }
}
