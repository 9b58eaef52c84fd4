//! What a node is searched with: everything that was asked for, made ready.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use pulse::checksum::sha256;
use pulse::image::{Image, Raster, read_bytes};
use pulse::record::InputRecord;
use pulse::run::Run;
use pulse::search::{Repulsion, SearchConfig};
use pulse::session::{Labels, Session};
use pulse::standing::Request;
use pulse::steer::{Reopened, Wishes};
use pulse::tape::Bookmark;
use pulse::{Error, ErrorKind, Placing, Prepared, Result};
use pulse_engine::Engine;

use super::Tool;
use crate::body::Node;
use crate::desk::Desk;
use crate::given::{measurement, preparation};
use crate::model::{Given, SteeredBy};
use crate::refusal::{Answer, Refusal};

/// One node that is to be searched.
pub(super) struct Job {
    pub(super) node: Node,
    pub(super) config: SearchConfig,
    /// Whether its folder holds a run already, which is replaced once this is done.
    pub(super) has_run: bool,
    given: Option<Given>,
    steered: SteeredBy,
    /// What it goes on from, and how many candidates that looks for.
    bookmark: Option<(Bookmark, usize)>,
}

/// A search that can begin.
pub(super) struct Ready {
    pub(super) session: Session,
    pub(super) labels: Labels,
    pub(super) notes: Vec<String>,
    pub(super) target: Image,
    pub(super) original: Option<Image>,
}

impl Job {
    pub(super) fn of(desk: &Desk, id: &str) -> Answer<Self> {
        let model = desk.model();
        let item = model.node(id)?.clone();
        let given = item.body.picture.as_deref().map(|picture| model.picture(picture).cloned()).transpose()?;
        drop(model);
        let run = Run::open(&desk.run_folder(id)).ok();
        let beside = std::fs::read(desk.bookmark_file(id)).ok().map(Bookmark::of_bytes);
        let bookmark = beside.or_else(|| run.as_ref().and_then(|run| run.bookmark().ok().flatten()));
        let searched_for = match item.searched_for {
            0 => run.as_ref().map_or(0, |run| run.record().settings.candidates),
            count => count,
        };
        let bookmark = bookmark.map(|bookmark| (bookmark, searched_for)).filter(|_| searched_for > 0);
        let config = match &run {
            // A run that was brought in has settings of its own.
            Some(run) if item.body.kind == "opened" => SearchConfig::try_from(&run.record().settings)?,
            _ => config_of(&item.body)?,
        };
        let config = SearchConfig { candidates: item.body.request.candidates, ..config };
        Ok(Self { node: item.body, config, has_run: run.is_some(), given, steered: item.steered, bookmark })
    }

    /// Makes it ready to be searched; nothing where it was stopped before.
    pub(super) fn ready(&self, desk: &Desk, tool: &mut Tool) -> Result<Option<Ready>> {
        let Some((bookmark, before)) = &self.bookmark else { return self.begin(desk, tool, &self.config) };
        let more = self.config.candidates.saturating_sub(*before);
        // A set that spreads is one whole: it does not grow.
        if more > 0 && self.config.spread.is_some() {
            return self.begin(desk, tool, &self.config);
        }
        let settings = SearchConfig { candidates: *before, ..self.config.clone() };
        let Some(ready) = self.begin(desk, tool, &settings)? else { return Ok(None) };
        let Ready { session, labels, notes, target, original } = ready;
        let gone_on = session.going_on(bookmark).and_then(|mut session| {
            if more > 0 {
                session.add_candidates(more)?;
            }
            Ok(session)
        });
        match gone_on {
            Ok(session) => Ok(Some(Ready { session, labels, notes, target, original })),
            // It begins anew, and ends in the same pictures.
            Err(_) => self.begin(desk, tool, &self.config),
        }
    }

    fn begin(&self, desk: &Desk, tool: &mut Tool, config: &SearchConfig) -> Result<Option<Ready>> {
        match (&self.node.parent, &self.given) {
            (Some(parent), _) => self.steer(desk, tool, parent, config).map(Some),
            (None, Some(given)) => self.search(desk, tool, given, config),
            (None, None) => self.again(desk, tool, config).map(Some),
        }
    }

    fn search(&self, desk: &Desk, tool: &mut Tool, given: &Given, config: &SearchConfig) -> Result<Option<Ready>> {
        let path = desk.picture_file(&given.file);
        let bytes = read_bytes(&path)?;
        let raster = Raster::read(&given.body.name, &bytes)?;
        let size = raster.size();
        let shown = path.display().to_string();
        let input = InputRecord { sha256: sha256(&bytes), path: shown, width: size.width, height: size.height };
        let kind = measurement(self.node.request.measurement.as_deref()).map_err(|refusal| spoken(&refusal))?;
        let preparation = preparation(given, kind);
        let engine = Arc::clone(&tool.engine);
        let config = config.clone().resolved(&*tool.opened.generator);
        let spec = tool.opened.generator.spec();
        let prepared = Prepared::of_raster(&raster, &preparation, spec, &desk.engine)?;
        let prepared = tool.judge.place(Arc::new(prepared), Placing::default(), &tool.opened, &config, &*engine)?;
        // What is stopped need not be compiled, which takes seconds for a large generator.
        if desk.stopping.load(Ordering::SeqCst) {
            return Ok(None);
        }
        let request = Request { preparation, ..Request::default() };
        let labels = Labels { request: Some(request.record()?), ..Labels::of(input) };
        let notes = prepared.notes.iter().map(ToString::to_string).collect();
        let (target, original) = ((*prepared.target).clone(), prepared.original.clone());
        let session = Session::start(tool.opened.clone(), prepared, config, engine as Arc<dyn Engine>)?;
        Ok(Some(Ready { session, labels, notes, target, original }))
    }

    fn steer(&self, desk: &Desk, tool: &mut Tool, parent: &str, config: &SearchConfig) -> Result<Ready> {
        let folder = desk.run_folder(parent);
        let run = Run::open(&folder)?;
        let input = run.record().input.clone();
        let original = run.original()?;
        let engine = Arc::clone(&tool.engine);
        let reopened = Reopened::new(run, tool.opened.clone(), &*engine)?;
        // As the run was searched, but for what was asked for here.
        let wishes = self.wishes(desk);
        let config = SearchConfig {
            candidates: config.candidates,
            seed: config.seed,
            spread: config.spread,
            ..pulse::steer::settings_of(&reopened.solved.config, &wishes)
        };
        let steering = reopened.record(&folder, &wishes)?;
        let target = (*reopened.solved.target).clone();
        let session = reopened.search(&wishes, &config, engine as Arc<dyn Engine>)?;
        let labels = Labels { steering: Some(steering), ..Labels::of(input) };
        Ok(Ready { session, labels, notes: Vec::new(), target, original })
    }

    /// A run that was brought in, and is to go on or to have more candidates.
    fn again(&self, desk: &Desk, tool: &mut Tool, config: &SearchConfig) -> Result<Ready> {
        let run = Run::open(&desk.run_folder(&self.node.id))?;
        if run.record().steering.is_some() {
            let message =
                "a steered run that was brought in without the one that it is from does not go on; steer it again";
            return Err(Error::new(ErrorKind::Run, message));
        }
        let engine = Arc::clone(&tool.engine);
        let (input, original) = (run.record().input.clone(), run.original()?);
        let known = run.known()?.map(Arc::new);
        let (mosaic, placement) = (run.record().mosaic.clone(), run.record().placement);
        let (request, measured_as) = (run.record().request.clone(), run.record().measurement.clone());
        let reopened = Reopened::new(run, tool.opened.clone(), &*engine)?;
        let solved = &reopened.solved;
        let target = (*solved.target).clone();
        let prepared = Prepared {
            original: original.clone(),
            known,
            mosaic,
            placement,
            measured_as,
            ..Prepared::own(target.clone(), Arc::clone(&solved.measurement))
        };
        let session =
            Session::start(tool.opened.clone(), Arc::new(prepared), config.clone(), engine as Arc<dyn Engine>)?;
        let labels = Labels { request, ..Labels::of(input) };
        Ok(Ready { session, labels, notes: Vec::new(), target, original })
    }

    fn wishes(&self, desk: &Desk) -> Wishes {
        let file = |name: &Option<String>| name.as_ref().map(|name| desk.picture_file(name));
        let SteeredBy { keep, vary, toward, toward_mask } = &self.steered;
        let request = &self.node.request;
        Wishes {
            candidate: request.candidate,
            keep: file(keep),
            vary: file(vary),
            toward: file(toward).map(|toward| (toward, file(toward_mask))),
            like: request.like,
            amount: request.amount,
        }
    }
}

/// What an error said that was to be an answer.
fn spoken(refusal: &Refusal) -> Error {
    Error::new(ErrorKind::Setting, refusal.message())
}

/// The settings that a request asks for.
pub(crate) fn config_of(node: &Node) -> Result<SearchConfig> {
    let request = &node.request;
    let mut config = SearchConfig { candidates: request.candidates, seed: request.seed, ..SearchConfig::default() };
    if let Some(steps) = request.steps {
        config.steps = steps;
        config.null_space.steps = steps;
    }
    let kind = measurement(request.measurement.as_deref()).map_err(|refusal| spoken(&refusal))?;
    if let Some(sigma) = request.sigma.filter(|&sigma| sigma > 0.0) {
        if sigma > 255.0 {
            let message = format!("sigma: {sigma} cannot be: give a number above 0, and up to 255");
            return Err(Error::new(ErrorKind::Setting, message));
        }
        config = config.with_noise_beside(sigma / 255.0, kind.as_ref());
    } else if let Some(kind) = &kind {
        config = config.with_noise_of(kind);
    }
    config.spread = request.spread.then(Repulsion::default);
    config.sampler = request.sampler.as_deref().map(str::parse).transpose()?;
    config.validate()?;
    Ok(config)
}
