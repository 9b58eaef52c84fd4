//! The files of a folder of diffusers.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use pulse_checkpoint::read::open_regular;
use pulse_checkpoint::{Configuration, Value};

use super::parsed;
use crate::{Error, ErrorKind, Result};

/// What the network's weights are called, without variants such as `.fp16` and without endings.
const WEIGHTS: &str = "diffusion_pytorch_model";
/// The endings of weights, the one to take first.
const ENDINGS: [&str; 2] = ["safetensors", "bin"];
/// The longest settings and lists of tensors that are read.
const LARGEST_JSON: u64 = 16 << 20;
/// More files than any network is split into.
const MOST_FILES: usize = 1024;

/// The files that a denoiser is read from.
pub(super) struct Folder {
    pub(super) configuration: PathBuf,
    pub(super) weights: Vec<PathBuf>,
    pub(super) scheduler: Option<PathBuf>,
    index: Option<PathBuf>,
}

impl Folder {
    /// Those at `path`: the whole folder, the network's folder, or its weights. `None` where it is nothing of the kind.
    pub(super) fn find(path: &Path) -> Result<Option<Self>> {
        if path.is_file() {
            let beside = path.parent().unwrap_or(Path::new("")).join("config.json");
            let named = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(WEIGHTS));
            return Ok((named && beside.is_file()).then(|| Self::of(&beside, vec![path.to_owned()], None)));
        }
        let network = match path.join("model_index.json") {
            // Early folders have everything in one place.
            index if index.is_file() => match path.join(network_name(&index)?) {
                network if !network.is_dir() && path.join("config.json").is_file() => path.to_owned(),
                network => network,
            },
            _ if path.join("unet/config.json").is_file() => path.join("unet"),
            _ => path.to_owned(),
        };
        let configuration = network.join("config.json");
        if !configuration.is_file() {
            if network == path {
                return Ok(None);
            }
            let message = format!("the folder {} lacks config.json: take it as it was downloaded", network.display());
            return Err(Error::new(ErrorKind::Checkpoint, message));
        }
        let (weights, index) = weights(&network)?;
        Ok(Some(Self::of(&configuration, weights, index)))
    }

    fn of(configuration: &Path, weights: Vec<PathBuf>, index: Option<PathBuf>) -> Self {
        let network = configuration.parent().unwrap_or(Path::new(""));
        // The network's folder may be the one that one stands in, whose parent has no name yet.
        let above = network.canonicalize().ok().and_then(|network| Some(network.parent()?.to_owned()));
        let places =
            [Some(network.join("scheduler_config.json")), Some(network.join("scheduler/scheduler_config.json"))];
        let beside = above.map(|above| above.join("scheduler/scheduler_config.json"));
        let scheduler = places.into_iter().chain([beside]).flatten().find(|file| file.is_file());
        Self { configuration: configuration.to_owned(), weights, scheduler, index }
    }

    /// All of them.
    pub(super) fn files(self) -> Vec<PathBuf> {
        [self.configuration].into_iter().chain(self.scheduler).chain(self.index).chain(self.weights).collect()
    }
}

/// The folder of the network, by the pipeline's own list.
fn network_name(index: &Path) -> Result<PathBuf> {
    let entries = json(index)?;
    let is_network = |value: &Value| value.as_list().and_then(|list| list.last()?.as_str()) == Some("UNet2DModel");
    let name = entries.iter().find(|(name, value)| is_network(value) && is_plain(name)).map(|(name, _)| name.as_str());
    name.map(PathBuf::from).ok_or_else(|| {
        let class = entries.get("_class_name").and_then(Value::as_str).unwrap_or("pipeline").escape_debug();
        let message = format!(
            "{} is that of a {class} without a UNet2DModel: only models in the space of pixels can be read",
            index.display()
        );
        Error::new(ErrorKind::Generator, message)
    })
}

/// Whether it is the name of a file or folder, and no way to one elsewhere.
fn is_plain(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    matches!(parts.next(), Some(std::path::Component::Normal(_))) && parts.next().is_none() && !name.contains('\\')
}

/// The files of the network's weights, and their index where there is one.
fn weights(network: &Path) -> Result<(Vec<PathBuf>, Option<PathBuf>)> {
    for ending in ENDINGS {
        let file = network.join(format!("{WEIGHTS}.{ending}"));
        if file.is_file() {
            return Ok((vec![file], None));
        }
        let index = network.join(format!("{WEIGHTS}.{ending}.index.json"));
        if index.is_file() {
            return Ok((indexed(network, &index)?, Some(index)));
        }
    }
    let mut variants = variants(network)?;
    match variants.len() {
        1 => Ok((vec![variants.swap_remove(0)], None)),
        0 => {
            let message = format!("the folder {} lacks {WEIGHTS}.safetensors: put it there", network.display());
            Err(Error::new(ErrorKind::Checkpoint, message))
        }
        more => {
            let message = format!("the folder {} holds {more} files of weights: name one", network.display());
            Err(Error::new(ErrorKind::Checkpoint, message))
        }
    }
}

/// Files of weights with something between name and ending, such as `.fp16`: those of the first ending that there is.
fn variants(network: &Path) -> Result<Vec<PathBuf>> {
    let fault = |source| Error::io("list the folder", network, source);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(network).map_err(fault)? {
        let file = entry.map_err(fault)?.path();
        if file.is_file() && file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(WEIGHTS)) {
            found.push(file);
        }
    }
    let ended = |ending: &str| {
        let has = |file: &&PathBuf| file.extension().is_some_and(|extension| extension == ending);
        found.iter().filter(has).cloned().collect::<Vec<_>>()
    };
    Ok(ENDINGS.into_iter().map(ended).find(|files| !files.is_empty()).unwrap_or_default())
}

/// The files that an index names.
fn indexed(network: &Path, index: &Path) -> Result<Vec<PathBuf>> {
    let entries = json(index)?;
    let names: Option<BTreeSet<&str>> =
        entries.get("weight_map").and_then(Value::as_map).and_then(|map| map.values().map(Value::as_str).collect());
    let names =
        names.filter(|names| (1..=MOST_FILES).contains(&names.len()) && names.iter().all(|name| is_plain(name)));
    let names = names.ok_or_else(|| {
        let message = format!("{} names no files beside it: take it as it was downloaded", index.display());
        Error::new(ErrorKind::Checkpoint, message)
    })?;
    Ok(names.into_iter().map(|name| network.join(name)).collect())
}

/// The entries of a JSON file.
pub(super) fn json(file: &Path) -> Result<Configuration> {
    let fault = |source| Error::io("read", file, source);
    let mut text = String::new();
    open_regular(file).map_err(fault)?.take(LARGEST_JSON + 1).read_to_string(&mut text).map_err(fault)?;
    if text.len() as u64 > LARGEST_JSON {
        let message = format!("{} is above {} MiB, too large for settings", file.display(), LARGEST_JSON >> 20);
        return Err(Error::new(ErrorKind::Checkpoint, message));
    }
    parsed(&text, file)
}
