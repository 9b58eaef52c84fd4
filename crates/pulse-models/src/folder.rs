//! The folder of models: what was fetched into it, and whatever else was put there.

use std::fs;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;

use crate::error::{Error, ErrorKind, Result};
use crate::list::Published;

/// The folder of models, in the environment.
const VARIABLE: &str = "PULSE_MODELS";

/// The endings of a model in one file. Of several files of one name the first ending counts.
const ENDINGS: [&str; 7] = ["safetensors", "pt", "pth", "pkl", "onnx", "tar", "bin"];

/// The most entries of a folder that are looked at.
const MOST_ENTRIES: usize = 10_000;

/// A folder of models. It need not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    path: PathBuf,
}

/// A model in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What it is found by.
    pub name: String,
    /// Its file or folder.
    pub path: PathBuf,
    /// How long its files are together.
    pub bytes: u64,
}

impl Folder {
    /// The folder at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// That of the user: the one that `PULSE_MODELS` names, or else `pulse/models` in the user's data folder. `None` where there is
    /// no such folder.
    pub fn of_user() -> Option<Self> {
        if let Some(path) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
            return Some(Self::new(path));
        }
        let strategy = etcetera::base_strategy::choose_native_strategy().ok()?;
        Some(Self::new(strategy.data_dir().join("pulse").join("models")))
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where a published model is, or will be.
    pub fn place(&self, published: &Published) -> PathBuf {
        match published.files {
            [file] if !published.is_folder => self.path.join(file.name),
            _ => self.path.join(published.name),
        }
    }

    /// What to do where a published model cannot be fetched, as the rest of a sentence.
    pub fn by_hand(&self, published: &Published) -> String {
        let place = self.place(published);
        match published.files {
            [file] => format!("get {} in another way, and put it there as {}", file.address, place.display()),
            files => {
                let names: Vec<_> = files.iter().map(|file| file.name).collect();
                let (names, home, place) = (names.join(", "), published.home, place.display());
                format!("get {names} of {home} in another way, and put them into the folder {place}")
            }
        }
    }

    /// The file or folder called `name`, with or without the ending of a file.
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        if !is_plain(name) {
            return None;
        }
        let exact = Some(self.path.join(name)).filter(|path| !model_files(path).is_empty() || is_model(path));
        let with_ending = ENDINGS.iter().map(|ending| self.path.join(format!("{name}.{ending}")));
        exact.into_iter().chain(with_ending.filter(|path| is_model(path))).next()
    }

    /// What is in it, by name. None of it is read.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when it is there and cannot be listed.
    pub fn list(&self) -> Result<Vec<Kept>> {
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::io("list the folder", &self.path, &error)),
        };
        let mut kept: Vec<_> =
            entries.flatten().take(MOST_ENTRIES).filter_map(|entry| self.kept(&entry.path())).collect();
        kept.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(kept)
    }

    fn kept(&self, path: &Path) -> Option<Kept> {
        let name = path.file_name()?.to_str().filter(|name| is_plain(name))?;
        let files = if is_model(path) { vec![path.to_owned()] } else { model_files(path) };
        if files.is_empty() {
            return None;
        }
        let bytes = files.iter().map(|file| fs::metadata(file).map_or(0, |about| about.len())).sum();
        // Where two have one name, the second is found by its ending.
        let stem = path.file_stem()?.to_str().filter(|stem| self.find(stem).as_deref() == Some(path));
        Some(Kept { name: stem.unwrap_or(name).to_owned(), path: path.to_owned(), bytes })
    }
}

/// What a generator is opened by that somebody calls `name`: the name itself where it `is_known` without a file or is a path, or else
/// the path of a model in the user's folder. Nothing is fetched that was not asked for.
///
/// # Errors
/// [`ErrorKind::Absent`] for a published model that was not fetched, and as [`kept`].
pub fn located(name: &str, is_known: impl FnOnce(&str) -> bool) -> Result<String> {
    if is_known(name) || Path::new(name).exists() {
        return Ok(name.to_owned());
    }
    match (kept(name)?, Published::find(name)) {
        (Some(found), _) => Ok(found),
        (None, Ok(_)) => {
            let message = format!("{name}: it is not here yet; fetch it with `pulse models get {name}`");
            Err(Error::new(ErrorKind::Absent, message))
        }
        // Whoever opens it says which names there are.
        (None, Err(_)) => Ok(name.to_owned()),
    }
}

/// The path of the model of this name in the user's folder, where it is there.
///
/// # Errors
/// [`ErrorKind::Io`] where that path is no text.
pub fn kept(name: &str) -> Result<Option<String>> {
    let Some(found) = Folder::of_user().and_then(|folder| folder.find(name)) else { return Ok(None) };
    let unnamed = |_| {
        let message = format!("{name}: its folder has no name in Unicode; set {VARIABLE} to another");
        Error::new(ErrorKind::Io, message)
    };
    found.into_os_string().into_string().map(Some).map_err(unnamed)
}

/// Whether it is the name of a file or folder that is not hidden, and no way to one elsewhere.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', ':'])
}

/// Whether it is a file that may be a model.
fn is_model(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending)) && path.is_file()
}

/// The files of a model in a folder and in those right below it; none where no file of it may be a model.
fn model_files(folder: &Path) -> Vec<PathBuf> {
    let list = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.take(MOST_ENTRIES).map(|entry| entry.path()).collect()
    };
    let within = |path: PathBuf| if path.is_dir() { list(&path) } else { vec![path] };
    let files: Vec<_> = list(folder).into_iter().flat_map(within).filter(|path| path.is_file()).collect();
    if files.iter().any(|file| is_model(file)) { files } else { Vec::new() }
}
