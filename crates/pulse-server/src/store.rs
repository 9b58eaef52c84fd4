//! The pictures that pages look at, by the checksum of their PNG.
//!
//! What is finished lies on the disk, in a folder whose files are called by their own checksums; what is under way, and what a
//! slider shows, is in memory, as much as there is room for. A client names a checksum and never a path.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pulse::Result;
use pulse::checksum::sha256;
use pulse::image::{Image, Provenance, encode_png};
use pulse::write::{make_folder, write_atomically};

use crate::body;

/// How many bytes of pictures are in memory.
const MOST_BYTES: usize = 64 << 20;

/// How many digits of a checksum make a key.
const DIGITS: usize = 32;

/// Pictures by their keys.
pub(crate) struct Store {
    folder: PathBuf,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    pictures: HashMap<String, Held>,
    bytes: usize,
    /// How often anything was looked at.
    clock: u64,
}

struct Held {
    png: Arc<[u8]>,
    used: u64,
}

impl Store {
    /// The pictures in `folder`, which is made.
    pub(crate) fn new(folder: PathBuf) -> Result<Self> {
        make_folder(&folder)?;
        Ok(Self { folder, memory: Mutex::default() })
    }

    /// Keeps a picture in memory, which may be forgotten. What a model made says so in its file.
    pub(crate) fn show(&self, image: &Image, provenance: Option<&Provenance>) -> Result<body::Image> {
        let png = encode_png(image, provenance)?;
        let key = key_of(&png);
        self.lock().put(&key, png.into());
        Ok(described(key, image))
    }

    /// Keeps a picture on the disk, as long as the session is there.
    pub(crate) fn keep(&self, image: &Image, provenance: Option<&Provenance>) -> Result<body::Image> {
        let png = encode_png(image, provenance)?;
        let key = self.keep_png(&png)?;
        Ok(described(key, image))
    }

    /// The same for a PNG that was read.
    pub(crate) fn keep_png(&self, png: &[u8]) -> Result<String> {
        let key = key_of(png);
        let path = self.path(&key);
        if !path.exists() {
            write_atomically(&path, png)?;
        }
        Ok(key)
    }

    /// The PNG of a key.
    pub(crate) fn png(&self, key: &str) -> Option<Arc<[u8]>> {
        if !is_key(key) {
            return None;
        }
        if let Some(png) = self.lock().get(key) {
            return Some(png);
        }
        let png: Arc<[u8]> = std::fs::read(self.path(key)).ok()?.into();
        self.lock().put(key, Arc::clone(&png));
        Some(png)
    }

    /// Whether there is a picture of this key.
    pub(crate) fn has(&self, key: &str) -> bool {
        is_key(key) && (self.path(key).exists() || self.lock().pictures.contains_key(key))
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.join(Path::new(key).with_extension("png"))
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn get(&mut self, key: &str) -> Option<Arc<[u8]>> {
        self.clock += 1;
        let held = self.pictures.get_mut(key)?;
        held.used = self.clock;
        Some(Arc::clone(&held.png))
    }

    /// Puts it in, and takes out what was not looked at for longest while there is too much.
    fn put(&mut self, key: &str, png: Arc<[u8]>) {
        self.clock += 1;
        self.bytes += png.len();
        let before = self.pictures.insert(key.to_owned(), Held { png, used: self.clock });
        self.bytes -= before.map_or(0, |before| before.png.len());
        if self.bytes <= MOST_BYTES {
            return;
        }
        // Many at once, so that sorting them is rare.
        let mut order: Vec<(u64, String)> = self.pictures.iter().map(|(key, held)| (held.used, key.clone())).collect();
        order.sort_unstable();
        for (_, key) in order {
            if self.bytes <= MOST_BYTES / 4 * 3 {
                break;
            }
            self.bytes -= self.pictures.remove(&key).map_or(0, |held| held.png.len());
        }
    }
}

fn key_of(png: &[u8]) -> String {
    let mut checksum = sha256(png);
    checksum.truncate(DIGITS);
    checksum
}

fn is_key(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

pub(crate) fn described(key: String, image: &Image) -> body::Image {
    body::Image { key, width: image.width(), height: image.height() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_no_path() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().join("views")).unwrap();
        std::fs::write(folder.path().join("secret.png"), "secret").unwrap();
        let dot = Image::new(1, 1, 1, vec![0.5]).unwrap();
        let kept = store.keep(&dot, None).unwrap();
        assert!(store.png(&kept.key).is_some() && store.has(&kept.key));
        for key in ["../secret", "", "/etc/passwd", &kept.key.to_uppercase(), &kept.key[1..]] {
            assert!(store.png(key).is_none() && !store.has(key), "{key}");
        }
    }

    #[test]
    fn memory_is_bounded_and_the_last_stay() {
        let mut memory = Memory::default();
        for number in 0..200 {
            memory.put(&number.to_string(), vec![0; 1 << 20].into());
            assert!(memory.bytes <= MOST_BYTES);
            assert!(memory.get("0").is_some(), "what is looked at stays");
        }
        assert!(memory.get("199").is_some() && memory.get("1").is_none());
        memory.put("199", vec![0; 10].into());
        assert_eq!(memory.bytes, memory.pictures.values().map(|held| held.png.len()).sum::<usize>());
    }
}
