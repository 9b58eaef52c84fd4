//! The page as a folder of files that any server of files can hand out: the program runs in the page.

use std::path::Path;

use pulse::generator::EMBEDDED;
use pulse::write::{make_folder, write_atomically};
use pulse::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

use crate::page;

/// A generator whose file is beside the module, and is fetched when it is chosen.
#[derive(Debug, Serialize, Deserialize)]
struct Beside {
    generator: String,
    file: String,
    bytes: usize,
}

/// What a module of WebAssembly begins with.
const MAGIC: &[u8] = b"\0asm\x01\0\0\0";

/// Says in the page that the program runs in it, and what it may load: its own folder's files.
const WITHOUT_SERVER: &str = "\
<meta name=\"pulse\" content=\"alone\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
img-src 'self' blob: data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'\">";

/// Where it stands in the page.
const BEHIND: &str = "<meta charset=\"utf-8\">";

/// The folder of a page without a server.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// The library as a module of WebAssembly, built from the crate `pulse-page` of the same version.
    pub module: &'a [u8],
}

impl Site<'_> {
    /// Writes it. Files of an earlier one are replaced, `index.html` last.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] when the module is none, and those of the disk.
    pub fn write(&self, folder: &Path) -> Result<()> {
        if !self.module.starts_with(MAGIC) {
            let message = "it is no module of WebAssembly; scripts/build_page.sh builds one";
            return Err(Error::new(ErrorKind::Setting, message));
        }
        let put = |path: &str, bytes: &[u8]| {
            let path = folder.join(path);
            path.parent().map_or(Ok(()), make_folder)?;
            write_atomically(&path, bytes)
        };
        let mut index = None;
        for (path, _, bytes) in page::FILES {
            if *path == page::INDEX { index = Some(bytes) } else { put(&format!("app/{path}"), bytes)? }
        }
        put("app/pulse.wasm", self.module)?;
        let mut known = Vec::new();
        // The default is within the module.
        for embedded in &EMBEDDED[1..] {
            let Some(bytes) = embedded.weights.bytes else { continue };
            put(&format!("models/{}", embedded.weights.file), bytes)?;
            let [generator, file] = [embedded.name, embedded.weights.file].map(str::to_owned);
            known.push(Beside { generator, file, bytes: bytes.len() });
        }
        let known = serde_json::to_vec(&known).map_err(|error| Error::new(ErrorKind::Io, error.to_string()))?;
        put("models/models.json", &known)?;
        let index = index.map(|index| String::from_utf8_lossy(index)).unwrap_or_default();
        put(page::INDEX, index.replacen(BEHIND, &format!("{BEHIND}\n{WITHOUT_SERVER}"), 1).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_has_all_that_its_page_names() {
        let folder = tempfile::tempdir().unwrap();
        Site { module: MAGIC }.write(folder.path()).unwrap();
        let index = std::fs::read_to_string(folder.path().join("index.html")).unwrap();
        assert!(index.contains(WITHOUT_SERVER));
        let named = index.split('"').filter(|text| text.starts_with("app/"));
        assert!(named.clone().count() > 10);
        for path in named {
            assert!(folder.path().join(path).is_file(), "{path}");
        }
        let known = std::fs::read(folder.path().join("models/models.json")).unwrap();
        let known: Vec<Beside> = serde_json::from_slice(&known).unwrap();
        assert_eq!(known.len(), EMBEDDED.len() - 1);
        for beside in known {
            let file = folder.path().join("models").join(&beside.file);
            assert_eq!(file.metadata().unwrap().len(), beside.bytes as u64);
        }
    }

    #[test]
    fn what_is_no_module_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = Site { module: b"ELF" }.write(folder.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Setting);
        assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none());
    }
}
