//! What all threads of a session share: the model, the pictures, the log, the generators.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pulse::folder::Claim;
use pulse::image::{MAX_FILE_BYTES, MAX_SIDE};
use pulse::search::{MOST_CANDIDATES, SearchConfig};
use pulse::solved::NEAR;
use pulse::walk::DirectionSettings;
use pulse::write::make_folder;
use pulse::{Opened, Result};
use pulse_engine::Cpu;

use crate::body::{Candidate, Defaults, Limits, Node, Picture, State, VERSION, Walk};
use crate::events::Log;
use crate::generators::Generators;
use crate::inbox::Inbox;
use crate::model::{Model, SESSION};
use crate::refusal::Answer;
use crate::store::Store;

/// The most pictures and nodes of a session.
pub(crate) const MOST_PICTURES: usize = 2000;
pub(crate) const MOST_NODES: usize = 2000;

/// The side that a picture is pixelated to, where nothing is said.
const PIXELATE: usize = 16;

/// All that a session has.
pub(crate) struct Desk {
    folder: PathBuf,
    pub(crate) store: Store,
    pub(crate) log: Arc<Log>,
    pub(crate) generators: Arc<Generators>,
    pub(crate) engine: Cpu,
    pub(crate) inbox: Inbox,
    model: Mutex<Model>,
    changed: Condvar,
    /// Whether the node under way is to stop.
    pub(crate) stopping: Arc<AtomicBool>,
    ended: AtomicBool,
    /// Nobody else writes in the folder.
    _claim: Claim,
}

impl Desk {
    /// The session in `folder`, which is made where there is none.
    pub(crate) fn open(folder: &Path, generators: Arc<Generators>, engine: Cpu) -> Result<Self> {
        make_folder(folder)?;
        let claim = Claim::take(folder, SESSION)?;
        for inner in ["pictures", "nodes"] {
            make_folder(&folder.join(inner))?;
        }
        let model = if folder.join(SESSION).exists() {
            Model::read(folder)?
        } else {
            let name = folder.file_name().map_or_else(|| "session".into(), |name| name.to_string_lossy().into_owned());
            Model::new(name)
        };
        let desk = Self {
            folder: folder.to_owned(),
            store: Store::new(folder.join("views"))?,
            log: Arc::new(Log::new()),
            generators,
            engine,
            inbox: Inbox::default(),
            model: Mutex::new(model),
            changed: Condvar::new(),
            stopping: Arc::default(),
            ended: AtomicBool::new(false),
            _claim: claim,
        };
        desk.save(&desk.model())?;
        Ok(desk)
    }

    /// Where the session lies.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of a picture or of a mask, by a name that this session gave.
    pub(crate) fn picture_file(&self, name: &str) -> PathBuf {
        self.folder.join("pictures").join(name)
    }

    /// The folder of a node's run.
    pub(crate) fn run_folder(&self, id: &str) -> PathBuf {
        self.folder.join("nodes").join(id)
    }

    /// The file beside it from which its search goes on.
    pub(crate) fn bookmark_file(&self, id: &str) -> PathBuf {
        self.folder.join("nodes").join(format!("{id}.bookmark"))
    }

    pub(crate) fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the record of the session.
    pub(crate) fn save(&self, model: &Model) -> Result<()> {
        model.write(&self.folder)
    }

    /// Changes the model, writes it, and wakes whoever waits for that.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Model) -> Answer<T>) -> Answer<T> {
        let mut model = self.model();
        let changed = change(&mut model)?;
        self.save(&model)?;
        drop(model);
        self.changed.notify_all();
        Ok(changed)
    }

    /// Waits until something changes, or for this long.
    pub(crate) fn wait<'a>(&'a self, model: MutexGuard<'a, Model>, at_most: Duration) -> MutexGuard<'a, Model> {
        self.changed.wait_timeout(model, at_most).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Whether the server ends.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    /// Ends all threads, once what is under way is written.
    pub(crate) fn end(&self) {
        if self.ended.swap(true, Ordering::SeqCst) {
            return;
        }
        self.stopping.store(true, Ordering::SeqCst);
        self.log.tell("end", &crate::body::Done {});
        self.changed.notify_all();
        self.inbox.wake();
    }
}

/// What pages are told.
impl Desk {
    pub(crate) fn tell_node(&self, node: &Node) {
        self.log.tell("node", &node.without_candidates());
    }

    pub(crate) fn tell_candidate(&self, node: &str, candidate: &Candidate) {
        #[derive(serde::Serialize)]
        struct Told<'a> {
            node: &'a str,
            candidate: &'a Candidate,
        }
        self.log.tell("candidate", &Told { node, candidate });
    }

    pub(crate) fn tell_picture(&self, picture: &Picture) {
        self.log.tell("picture", picture);
    }

    pub(crate) fn tell_walk(&self, walk: &Walk) {
        self.log.tell("walk", &Walk { frames: Vec::new(), ..walk.clone() });
    }

    pub(crate) fn tell_frame(&self, walk: &str, frame: &crate::body::Frame) {
        #[derive(serde::Serialize)]
        struct Told<'a> {
            walk: &'a str,
            frame: &'a crate::body::Frame,
        }
        self.log.tell("frame", &Told { walk, frame });
    }

    pub(crate) fn tell_queue(&self, model: &Model) {
        self.log.tell("queue", &model.queue);
    }

    /// Something is not there any more: a `node`, a `picture` or a `walk`.
    pub(crate) fn tell_removed(&self, what: &'static str, id: &str) {
        self.log.tell("removed", &std::collections::BTreeMap::from([(what, id)]));
    }

    /// All of the session.
    pub(crate) fn state(&self) -> State {
        let generators = self.generators.about();
        let statement = generators.first().map_or_else(String::new, |generator| generator.statement.clone());
        let model = self.model();
        State {
            version: VERSION,
            program: env!("CARGO_PKG_VERSION").into(),
            name: model.name.clone(),
            sequence: self.log.last(),
            statement,
            generators,
            defaults: defaults(self.generators.first()),
            limits: limits(),
            pictures: model.pictures.iter().map(|given| given.body.clone()).collect(),
            nodes: model.nodes.iter().map(|node| node.body.clone()).collect(),
            walks: model.walks.clone(),
            queue: model.queue.iter().cloned().collect(),
        }
    }

    /// The generator of this name, or the first.
    pub(crate) fn generator(&self, id: Option<&str>) -> Answer<Opened> {
        self.generators.get(id.unwrap_or(self.generators.first()))
    }
}

fn defaults(generator: &str) -> Defaults {
    let config = SearchConfig::default();
    Defaults {
        generator: generator.into(),
        candidates: config.candidates,
        measurement: pulse::measurement::MeasurementKind::default().to_string(),
        seed: config.seed,
        steps: config.steps,
        directions: DirectionSettings::default().count,
        amount: NEAR,
        pixelate: PIXELATE,
        measurement_grammar: pulse::measurement::GRAMMAR.into(),
    }
}

pub(crate) fn limits() -> Limits {
    Limits {
        candidates: MOST_CANDIDATES,
        upload_bytes: MAX_FILE_BYTES,
        picture_side: MAX_SIDE,
        pictures: MOST_PICTURES,
        nodes: MOST_NODES,
    }
}
