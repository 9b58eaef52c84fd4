//! The generators that a session can use: those in the program, files that were named when it started, and the models of a folder.

use std::collections::BTreeMap;
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
    /// What became known of models when they were opened.
    learnt: Mutex<BTreeMap<usize, Generator>>,
    cache: Option<Cache>,
    open: Mutex<Vec<(usize, Opened)>>,
}

/// A model of the folder that models are kept in, which is offered by its name and not read before it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedModel {
    /// The name of its file or folder.
    pub name: String,
    /// Where it lies. No page is told.
    pub path: String,
}

struct Source {
    /// What requests name it by.
    id: String,
    /// What the library opens it by: an embedded name or a path.
    name: String,
    /// What a command line calls it, where that is not the same.
    said: Option<String>,
    about: Generator,
}

impl Generators {
    /// Those that are embedded, these files, which are offered first, and these models, which are offered last.
    pub(crate) fn new(files: &[String], models: &[OfferedModel], cache: Option<Cache>) -> Result<Self> {
        let (mut sources, mut open) = (Vec::new(), Vec::new());
        for (number, file) in files.iter().enumerate() {
            if Embedded::find(file).is_none() {
                // One that cannot be read is to be known at once.
                let opened = Opened::named(file)?.with_cache(cache.clone());
                let id = format!("file-{}", number + 1);
                open.push((sources.len(), opened.clone()));
                sources.push(Source { about: of_file(&id, &opened), id, name: file.clone(), said: None });
            }
        }
        let own = sources.len();
        let of = |embedded: &Embedded| Source {
            id: embedded.name.into(),
            name: embedded.name.into(),
            said: None,
            about: of_embedded(embedded),
        };
        sources.extend(EMBEDDED.iter().map(of));
        // One that is named and embedded is offered first, too.
        sources[own..].sort_by_key(|source| !files.contains(&source.name));
        // What has the name of an embedded one is not found by it elsewhere, either.
        let is_own = |model: &&OfferedModel| !files.contains(&model.path) && Embedded::find(&model.name).is_none();
        let unread = models.iter().filter(is_own).map(|OfferedModel { name, path }| {
            // No name of another is of this kind, and a session that is opened again finds the same one.
            let id = format!("models/{name}");
            Source { about: of_model(&id, name), id, name: path.clone(), said: Some(name.clone()) }
        });
        sources.extend(unread);
        Ok(Self { sources, learnt: Mutex::default(), cache, open: Mutex::new(open) })
    }

    /// What is said of each.
    pub(crate) fn about(&self) -> Vec<Generator> {
        let learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
        let about = |(place, source): (usize, &Source)| learnt.get(&place).unwrap_or(&source.about).clone();
        self.sources.iter().enumerate().map(about).collect()
    }

    /// The name of the first.
    pub(crate) fn first(&self) -> &str {
        &self.sources[0].id
    }

    /// What a command line calls the one of this name.
    pub(crate) fn argument(&self, id: &str) -> Option<&str> {
        let source = self.sources.iter().find(|source| source.id == id)?;
        Some(source.said.as_deref().unwrap_or(&source.name))
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
        let source = &self.sources[place];
        let opened = Opened::named(&source.name)?.with_cache(self.cache.clone());
        if source.about.width == 0 {
            let about = Generator { name: source.about.name.clone(), ..of_file(&source.id, &opened) };
            self.learnt.lock().unwrap_or_else(PoisonError::into_inner).insert(place, about);
        }
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

/// What is known of a model by its name alone.
fn of_model(id: &str, name: &str) -> Generator {
    let card = "a model of the folder of models, which is read when it is used".to_owned();
    let about = about(id, name, Subject::Pictures, [0; 3], false, card);
    Generator { embedded: false, samplers: Vec::new(), ..about }
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
