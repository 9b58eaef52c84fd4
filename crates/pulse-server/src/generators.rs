//! The generators that a session can use: those in the program, and files that were named when it started.

use std::sync::{Mutex, OnceLock, PoisonError};

use pulse::cache::Cache;
use pulse::generator::EMBEDDED;
use pulse::report::statement;
use pulse::search::{Sampler, SearchConfig};
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
    about: OnceLock<Generator>,
}

impl Generators {
    /// Those that are embedded, and these files, which are offered first. What is `known` is said of one before it is opened.
    pub(crate) fn new(files: &[String], cache: Option<Cache>, known: Vec<Generator>) -> Result<Self> {
        let mut sources = Vec::new();
        for (number, file) in files.iter().enumerate() {
            if !EMBEDDED.iter().any(|embedded| embedded.name == file) {
                let id = format!("file-{}", number + 1);
                sources.push(Source { id, name: file.clone(), about: OnceLock::new() });
            }
        }
        let own = sources.len();
        sources.extend(EMBEDDED.iter().map(|embedded| Source {
            id: embedded.name.into(),
            name: embedded.name.into(),
            about: OnceLock::new(),
        }));
        // One that is named and embedded is offered first, too.
        sources[own..].sort_by_key(|source| !files.contains(&source.name));
        for about in known {
            if let Some(source) = sources.iter().find(|source| source.id == about.id) {
                source.about.get_or_init(|| about);
            }
        }
        let generators = Self { sources, cache, open: Mutex::default() };
        // A file that cannot be read is to be known at once.
        (0..own).try_for_each(|place| generators.open(place).map(drop))?;
        Ok(generators)
    }

    /// What is said of each. The first time takes a moment: each is opened once.
    pub(crate) fn about(&self) -> Vec<Generator> {
        let of = |place: usize| {
            let source = &self.sources[place];
            if source.about.get().is_none() {
                // One that cannot be opened is not offered.
                let _ = self.open(place);
            }
            source.about.get().cloned()
        };
        (0..self.sources.len()).filter_map(of).collect()
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
        let source = &self.sources[place];
        source.about.get_or_init(|| about(&source.id, &opened));
        if open.len() >= MOST_OPEN {
            open.remove(0);
        }
        open.push((place, opened.clone()));
        Ok(opened)
    }
}

fn about(id: &str, opened: &Opened) -> Generator {
    let spec = opened.generator.spec();
    let own = SearchConfig::default().sampler_of(&*opened.generator);
    let mut samplers = vec![own.to_string()];
    if own == Sampler::NullSpace {
        samplers.push(Sampler::Descent.to_string());
    }
    Generator {
        id: id.into(),
        name: opened.record.name.clone(),
        subject: opened.subject.several().into(),
        width: spec.width,
        height: spec.height,
        channels: spec.channels,
        samplers,
        embedded: opened.embedding().is_some(),
        card: opened.embedding().map_or_else(|| opened.family().to_owned(), |embedded| embedded.card.to_owned()),
        statement: statement(opened.subject, 2),
    }
}
