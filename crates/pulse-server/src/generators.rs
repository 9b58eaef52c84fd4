//! The generators that a session can use: those in the program, and files that were named when it started.

use std::sync::{Mutex, PoisonError};

use pulse::cache::Cache;
use pulse::generator::{EMBEDDED, Embedded, Subject};
use pulse::report::statement;
use pulse::search::Sampler;
use pulse::{Opened, Result};

use crate::body::Generator;
use crate::refusal::{Answer, Refusal};

/// How many are open at a time; more take memory, and are opened again in a moment.
const MOST_OPEN: usize = 3;

/// All of them, in the order in which they are offered.
pub(crate) struct Generators {
    sources: Vec<Source>,
    cache: Option<Cache>,
    open: Mutex<Vec<(usize, Opened)>>,
}

struct Source {
    /// What requests name it by.
    id: String,
    /// What the library opens it by: an embedded name or a path.
    name: String,
    about: Generator,
}

impl Generators {
    /// Those that are embedded, and these files, which are offered first.
    pub(crate) fn new(files: &[String], cache: Option<Cache>) -> Result<Self> {
        let (mut sources, mut open) = (Vec::new(), Vec::new());
        for (number, file) in files.iter().enumerate() {
            if Embedded::find(file).is_none() {
                // One that cannot be read is to be known at once.
                let opened = Opened::named(file)?.with_cache(cache.clone());
                let id = format!("file-{}", number + 1);
                open.push((sources.len(), opened.clone()));
                sources.push(Source { about: of_file(&id, &opened), id, name: file.clone() });
            }
        }
        let own = sources.len();
        let of = |embedded: &Embedded| Source {
            id: embedded.name.into(),
            name: embedded.name.into(),
            about: of_embedded(embedded),
        };
        sources.extend(EMBEDDED.iter().map(of));
        // One that is named and embedded is offered first, too.
        sources[own..].sort_by_key(|source| !files.contains(&source.name));
        Ok(Self { sources, cache, open: Mutex::new(open) })
    }

    /// What is said of each.
    pub(crate) fn about(&self) -> Vec<Generator> {
        self.sources.iter().map(|source| source.about.clone()).collect()
    }

    /// The name of the first.
    pub(crate) fn first(&self) -> &str {
        &self.sources[0].id
    }

    /// What a command line calls the one of this name.
    pub(crate) fn argument(&self, id: &str) -> Option<&str> {
        self.sources.iter().find(|source| source.id == id).map(|source| source.name.as_str())
    }

    /// The one of this name.
    pub(crate) fn get(&self, id: &str) -> Answer<Opened> {
        let place = self.sources.iter().position(|source| source.id == id);
        let place = place.ok_or_else(|| Refusal::missing("generator", id))?;
        Ok(self.open(place)?)
    }

    /// The one that made a run, by its checksum.
    pub(crate) fn of_checksum(&self, checksum: &str, name: &str) -> Option<String> {
        let mut likely: Vec<&Source> = self.sources.iter().collect();
        likely.sort_by_key(|source| source.id != name);
        let mut all = likely.into_iter();
        all.find(|source| self.get(&source.id).is_ok_and(|opened| opened.record.sha256 == checksum))
            .map(|source| source.id.clone())
    }

    fn open(&self, place: usize) -> Result<Opened> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = open.iter().position(|(other, _)| *other == place) {
            let found = open.remove(at);
            let opened = found.1.clone();
            open.push(found);
            return Ok(opened);
        }
        let opened = Opened::named(&self.sources[place].name)?.with_cache(self.cache.clone());
        if open.len() >= MOST_OPEN {
            open.remove(0);
        }
        open.push((place, opened.clone()));
        Ok(opened)
    }
}

fn of_embedded(embedded: &Embedded) -> Generator {
    let [channels, height, width] = embedded.shape;
    let card = embedded.card.to_owned();
    about(embedded.name, embedded.name, embedded.subject, [channels, height, width], embedded.is_denoiser(), card)
}

fn of_file(id: &str, opened: &Opened) -> Generator {
    let spec = opened.generator.spec();
    let shape = [spec.channels, spec.height, spec.width];
    let is_denoiser = opened.generator.denoiser().is_some();
    Generator {
        embedded: false,
        ..about(id, &opened.record.name, opened.subject, shape, is_denoiser, opened.family().to_owned())
    }
}

fn about(id: &str, name: &str, subject: Subject, shape: [usize; 3], is_denoiser: bool, card: String) -> Generator {
    let [channels, height, width] = shape;
    let samplers = if is_denoiser { &[Sampler::NullSpace, Sampler::Descent][..] } else { &[Sampler::Descent] };
    Generator {
        id: id.into(),
        name: name.into(),
        subject: subject.several().into(),
        width,
        height,
        channels,
        samplers: samplers.iter().map(ToString::to_string).collect(),
        embedded: true,
        card,
        statement: statement(subject, 2),
    }
}
