//! Fetching a published generator.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::address::Address;
use crate::ask::Asker;
use crate::checksum;
use crate::error::{Error, ErrorKind, Result};
use crate::fetch::{Progress, Stage, Watch, fetch};
use crate::folder::Folder;
use crate::list::Published;
use crate::part::Part;

/// How to fetch.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Another address in the place of the publisher's server, such as that of a mirror: what follows the host stays the same.
    pub from: Option<String>,
    /// Whether the licence was accepted, of a model whose licence restricts what may be done with it.
    pub accepts_licence: bool,
    /// How long it may take to reach a server.
    pub connect: Duration,
    /// How long nothing may come.
    pub silence: Duration,
    /// Whether to go through the proxy that the environment names (`HTTPS_PROXY` and the like), where it names one.
    pub uses_proxy: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let (connect, silence) = (Duration::from_secs(20), Duration::from_secs(30));
        Self { from: None, accepts_licence: false, connect, silence, uses_proxy: true }
    }
}

/// A model that is there now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Got {
    /// Its file or folder.
    pub path: PathBuf,
    /// How many bytes came; none where it was there already.
    pub fetched: u64,
    /// The SHA-256 of each file that was fetched, by its path in the folder of models.
    pub checksums: Vec<(String, String)>,
}

/// Fetches a published generator into `folder`, where it is not there already. `watch` is told how far it is, and stops it by
/// [`ControlFlow::Break`].
///
/// # Errors
/// As [`ErrorKind`] says. Of [`Licence`](ErrorKind::Licence) and [`Setting`](ErrorKind::Setting) nothing was asked of a server yet.
pub fn get(
    published: &Published,
    folder: &Folder,
    settings: &Settings,
    watch: &mut dyn FnMut(&Progress<'_>) -> ControlFlow<()>,
) -> Result<Got> {
    let place = folder.place(published);
    let there = || Got { path: place.clone(), fetched: 0, checksums: Vec::new() };
    if place.exists() {
        return Ok(there());
    }
    if published.licence.restricts && !settings.accepts_licence {
        let message =
            format!("{}: its licence restricts what may be done with it: {}", published.name, published.licence);
        return Err(Error::new(ErrorKind::Licence, message));
    }
    let addresses = addresses(published, settings.from.as_deref())?;
    let work = Work::take(folder, published)?;
    // Another process may have been done just now.
    if place.exists() {
        work.remove();
        return Ok(there());
    }
    let hosts: Vec<_> = addresses.iter().map(Address::host).chain(published.hosts.iter().copied()).collect();
    let asker = Asker::new(settings.connect, settings.silence, settings.uses_proxy, &hosts);
    let mut fetched = 0;
    for (number, (file, address)) in published.files.iter().zip(&addresses).enumerate() {
        let whole = work.file(file.name);
        if whole.is_file() {
            continue;
        }
        make_folder(whole.parent().unwrap_or(&work.path))?;
        let part = Part::new(&work.path, number);
        let came = fetch(&asker, file, address, &part, &whole, watch);
        fetched += came.map_err(|error| match error.kind() {
            ErrorKind::Gone | ErrorKind::Unreachable | ErrorKind::Refused => error.and(folder.by_hand(published)),
            _ => error,
        })?;
    }
    let record = folder.path().join(format!("{}.sha256", published.name));
    let checksums = work.checked(published, &record, watch)?;
    // What is there always has its record.
    checksum::record(&record, &checksums)?;
    let done = if published.is_folder { work.files() } else { work.file(published.files[0].name) };
    fs::rename(&done, &place).map_err(|error| Error::io("write", &place, &error))?;
    work.remove();
    Ok(Got { path: place, fetched, checksums })
}

fn addresses(published: &Published, from: Option<&str>) -> Result<Vec<Address>> {
    let one = |text: &str| {
        let wrong = || Error::new(ErrorKind::Setting, format!("{text}: it is no address of a file"));
        let address = Address::parse(text).ok_or_else(wrong)?;
        from.map_or(Ok(address.clone()), |base| address.at(base))
    };
    published.files.iter().map(|file| one(file.address)).collect()
}

fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|error| Error::io("make the folder", path, &error))
}

/// The hidden folder that the files of a model come into, which no other process uses meanwhile.
struct Work {
    path: PathBuf,
    lock: File,
}

impl Work {
    fn take(folder: &Folder, published: &Published) -> Result<Self> {
        let path = folder.path().join(format!(".{}.part", published.name));
        make_folder(&path)?;
        let mark = path.join("lock");
        let lock = OpenOptions::new().write(true).create(true).truncate(false).open(&mark);
        let lock = lock.map_err(|error| Error::io("write", &mark, &error))?;
        // Some file systems have no locks. There, the user has to see to it that two processes do not fetch the same.
        if matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) {
            let message = format!("{}: another process is fetching it; wait for it", published.name);
            return Err(Error::new(ErrorKind::Busy, message));
        }
        Ok(Self { path, lock })
    }

    /// Where whole files are.
    fn files(&self) -> PathBuf {
        self.path.join("files")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.files().join(name)
    }

    /// The checksums of all files, each of which is the one that was published, or else the one of the first download.
    fn checked(&self, published: &Published, record: &Path, watch: &mut Watch<'_>) -> Result<Vec<(String, String)>> {
        let recorded = checksum::recorded(record);
        let mut checksums = Vec::new();
        for file in published.files {
            let path = self.file(file.name);
            let name =
                if published.is_folder { format!("{}/{}", published.name, file.name) } else { file.name.to_owned() };
            let whole = fs::metadata(&path).ok().map(|about| about.len());
            let found = checksum::of_file(&path, |done| {
                watch(&Progress { file: file.name, stage: Stage::Checking, done, kept: 0, whole })
            })?;
            let expected = file.sha256.or(recorded.get(&name).map(String::as_str));
            if let Some(expected) = expected.filter(|expected| *expected != found) {
                fs::remove_file(&path).map_err(|error| Error::io("remove", &path, &error))?;
                let (name, record) = (file.name, record.display());
                let whose = match file.sha256 {
                    Some(_) => {
                        format!("the published file has {expected}; it was removed: fetch it again, or from elsewhere")
                    }
                    None => format!(
                        "the first download had {expected}; it was removed: if its publisher has a new one, remove {record} \
                         and fetch it again"
                    ),
                };
                return Err(Error::new(ErrorKind::Checksum, format!("{name}: its SHA-256 is {found}, and {whose}")));
            }
            checksums.push((name, found));
        }
        Ok(checksums)
    }

    /// Removes it. The model has its place already, so what cannot be removed is no fault.
    fn remove(self) {
        // An open file cannot be removed on every system.
        drop(self.lock);
        let _ = fs::remove_dir_all(&self.path);
    }
}
