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

/// Whoever hands the folder out hands out what is under these.
const LICENCES: &[(&str, &str)] = &[
    ("LICENSE-MIT", include_str!("../../../LICENSE-MIT")),
    ("LICENSE-APACHE", include_str!("../../../LICENSE-APACHE")),
    ("LICENSE.preact", include_str!("../page/vendor/LICENSE.preact")),
    ("LICENSE.htm", include_str!("../page/vendor/LICENSE.htm")),
    ("LICENSE.wasi", include_str!("../page/vendor/LICENSE.wasi")),
    ("LICENSE.blazeface", include_str!("../../../models/LICENSE.blazeface")),
    ("LICENSE.colin27", include_str!("../../../models/LICENSE.colin27")),
    ("LICENSE.dcgan-faces", include_str!("../../../models/LICENSE.dcgan-faces")),
];

/// The folder of a page without a server.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    module: &'a [u8],
}

impl<'a> Site<'a> {
    /// Round the library as a module of WebAssembly, built from the crate `pulse-page` of the same version.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] when it is no module.
    pub fn new(module: &'a [u8]) -> Result<Self> {
        if module.starts_with(MAGIC) {
            return Ok(Self { module });
        }
        let message = "it is no module of WebAssembly; scripts/build_page.sh builds one";
        Err(Error::new(ErrorKind::Setting, message))
    }

    /// Writes it. Files of an earlier one are replaced, `index.html` last.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn write(&self, folder: &Path) -> Result<()> {
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
        LICENCES.iter().try_for_each(|(name, text)| put(&format!("licences/{name}"), text.as_bytes()))?;
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
        Site::new(MAGIC).unwrap().write(folder.path()).unwrap();
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
        assert_eq!(Site::new(b"ELF").unwrap_err().kind(), ErrorKind::Setting);
    }
}
