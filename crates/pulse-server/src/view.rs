//! What pages see of a run: its folder read back, with what is derived from its pictures.
//!
//! All of it can be made again from the folder, so it lies apart, in `views`, and is never in a session that is carried away.

use std::path::PathBuf;

use pulse::detail::Distances;
use pulse::generator::Subject;
use pulse::image::{Image, Kernel, Provenance, Reader, Size};
use pulse::judge::{Branch, Certainty, Verdict};
use pulse::record::{CandidateRecord, GeneratorRecord, Record};
use pulse::report::statement;
use pulse::run::Run;
use pulse::sheet::CertaintyMap;
use pulse::write::write_atomically;
use pulse::{Result, candidate::consistency_db, image::Extent};
use serde::{Deserialize, Serialize};

use crate::body::{self, Candidate, Node, Scores, Summary};
use crate::desk::Desk;
use crate::model::Model;
use crate::store::Store;

/// How many times a difference is magnified: of what a candidate shrinks to from the given picture, and of two sharp ones.
const RESIDUAL: f32 = 40.0;
pub(crate) const DIFFERENCE: f32 = 4.0;

/// Pictures are set apart by no more than this many pixels along a side: texture that is finer makes no other picture.
const LOOKED_AT: usize = 48;

/// What is seen of a run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct View {
    candidates: Vec<Candidate>,
    tree: Option<body::Branch>,
    target: Option<body::Image>,
    bicubic: Option<body::Image>,
    mean: Option<body::Image>,
    certainty: Option<body::Image>,
    certainty_scale: Option<f64>,
    original: Option<body::Image>,
    summary: Option<Summary>,
    statement: String,
}

impl View {
    /// Of a run that was read.
    pub(crate) fn of(run: &Run, subject: Subject, store: &Store) -> Result<Self> {
        let record = run.record();
        let target = run.target()?;
        let original = run.original()?;
        let mut pictures = Vec::with_capacity(record.candidates.len());
        let mut candidates = Vec::with_capacity(record.candidates.len());
        for candidate in &record.candidates {
            let (picture, body) = candidate_of(run, candidate, &target, original.as_ref(), store)?;
            pictures.push(picture);
            candidates.push(body);
        }
        let parts = Provenance { extent: Extent::Composite, ..record.generator.provenance(record.settings.seed) };
        let seen: Vec<&Image> = pictures.iter().collect();
        let certainty = Certainty::of(&seen, target.size()).ok();
        let (mut mean, mut colours, mut scale) = (None, None, None);
        if let Some(certainty) = &certainty {
            let map = CertaintyMap::new(certainty);
            mean = Some(store.keep(certainty.mean(), Some(&parts))?);
            colours = Some(store.keep(&map.overlay()?, Some(&parts))?);
            scale = Some(f64::from(CertaintyMap::SCALE));
        }
        let sharp = Size::new(record.generator.width, record.generator.height);
        let bicubic = target.resized(Kernel::Bicubic, sharp).and_then(|enlarged| store.keep(&enlarged, None));
        Ok(Self {
            tree: tree_of(&pictures, &record.candidates)?,
            candidates,
            target: Some(store.keep(&target, None)?),
            bicubic: bicubic.ok(),
            mean,
            certainty: colours,
            certainty_scale: scale,
            original: original.map(|original| store.keep(&original, None)).transpose()?,
            summary: Some(summary_of(record)),
            statement: statement(subject, record.candidates.len()),
        })
    }

    /// Puts it into a node.
    pub(crate) fn into_node(self, node: &mut Node) {
        let Self { candidates, tree, target, bicubic, mean, certainty, certainty_scale, original, summary, statement } =
            self;
        node.candidates = candidates;
        node.tree = tree;
        (node.target, node.bicubic, node.mean, node.original) = (target, bicubic, mean, original);
        (node.certainty, node.certainty_scale) = (certainty, certainty_scale);
        node.summary = summary;
        if !statement.is_empty() {
            node.statement = statement;
        }
    }

    fn path(desk: &Desk, id: &str) -> PathBuf {
        desk.folder().join("views").join(format!("{id}.json"))
    }

    /// Keeps it for the next time that the session is opened.
    pub(crate) fn write(&self, desk: &Desk, id: &str) -> Result<()> {
        let bytes =
            serde_json::to_vec(self).map_err(|error| pulse::Error::new(pulse::ErrorKind::Io, error.to_string()))?;
        write_atomically(&Self::path(desk, id), &bytes)
    }

    /// What was kept, where all its pictures are there.
    fn read(desk: &Desk, id: &str) -> Option<Self> {
        let view: Self = serde_json::from_slice(&std::fs::read(Self::path(desk, id)).ok()?).ok()?;
        let own = view
            .candidates
            .iter()
            .flat_map(|candidate| std::iter::once(&candidate.image).chain(&candidate.small).chain(&candidate.residual));
        let shared = [&view.target, &view.bicubic, &view.mean, &view.certainty, &view.original];
        let are_there = own.chain(shared.into_iter().flatten()).all(|image| desk.store.has(&image.key));
        are_there.then_some(view)
    }
}

/// Puts what is seen of every node into the model of a session that is opened.
pub(crate) fn restore(desk: &Desk) {
    let mut model = desk.model();
    let Model { pictures, nodes, queue, .. } = &mut *model;
    for given in pictures {
        crate::given::restore(desk, given);
    }
    for node in nodes {
        let id = node.body.id.clone();
        let run = Run::open(&desk.run_folder(&id)).ok();
        let view = View::read(desk, &id).or_else(|| {
            let run = run.as_ref()?;
            let subject = subject_of(&run.record().generator);
            let view = View::of(run, subject, &desk.store).ok()?;
            let _ = view.write(desk, &id);
            Some(view)
        });
        if let Some(view) = view {
            view.into_node(&mut node.body);
        }
        node.body.candidates = node.body.candidates.iter().map(|candidate| node.marked(candidate.clone())).collect();
        if run.is_none() {
            // What was finished and is being written anew goes on from beside it.
            node.body.report = None;
            if node.body.state == "finished" {
                "stopped".clone_into(&mut node.body.state);
            }
        } else if run.as_ref().is_some_and(|run| !run.record().summary.stopped) && node.body.error.is_none() {
            // It was sealed, and the server was killed before it had said so.
            if node.body.request.candidates == run.as_ref().map_or(0, |run| run.record().candidates.len()) {
                "finished".clone_into(&mut node.body.state);
                node.body.progress.done = 1.0;
                queue.retain(|waiting| *waiting != id);
            }
        }
        let has_report = run.is_some_and(|run| run.record().files.report.is_some());
        node.body.report = has_report.then(|| report_address(&id));
    }
}

/// Where a page finds the report of a node.
pub(crate) fn report_address(id: &str) -> String {
    format!("/api/v1/nodes/{id}/report.html")
}

/// What the pictures of a generator are of, where it is embedded.
pub(crate) fn subject_of(generator: &GeneratorRecord) -> Subject {
    let embedded = pulse::generator::Embedded::find(&generator.name);
    embedded.map_or_else(Subject::default, |embedded| embedded.subject)
}

fn candidate_of(
    run: &Run,
    record: &CandidateRecord,
    target: &Image,
    original: Option<&Image>,
    store: &Store,
) -> Result<(Image, Candidate)> {
    let kept = |name: &str| -> Result<(Image, body::Image)> {
        let name = std::path::Path::new(name).file_name().unwrap_or_default();
        let path = run.folder().join(name);
        let bytes = pulse::image::read_bytes(&path)?;
        let image = Reader::default().decode(&path.display().to_string(), &bytes)?;
        let key = store.keep_png(&bytes)?;
        let shown = crate::store::described(key, &image);
        Ok((image, shown))
    };
    let (picture, image) = kept(&record.image)?;
    let (small, shrunk) = kept(&record.shrunk)?;
    let provenance = run.record().generator.provenance(run.record().settings.seed);
    let residual = small.difference(&target.quantised(), RESIDUAL)?;
    let verdict = Verdict::named(record.verdict.as_deref());
    let candidate = Candidate {
        number: record.number,
        state: if record.outcome == "stopped" { "stopped" } else { "finished" }.into(),
        image,
        small: Some(shrunk),
        residual: Some(store.keep(&residual, Some(&provenance))?),
        db: finite(record.db),
        reached: record.outcome == "reached",
        verdict: verdict.map(|verdict| verdict.name().into()),
        verdict_words: verdict.map_or_else(String::new, |verdict| verdict.words().into()),
        scores: Scores {
            plausibility: record.plausibility.as_ref().map(|plausibility| plausibility.departure),
            sharpness: record.sharpness,
            distinctness: record.distinctness,
            discriminator: record.discriminator,
            bent: record.bent.as_ref().map(|bent| bent.total),
        },
        error: original.and_then(|original| error_of(&picture, original)),
        star: false,
        rating: 0,
    };
    Ok((picture, candidate))
}

/// JSON has no infinity.
pub(crate) fn finite(db: f64) -> f64 {
    if db.is_finite() { db } else { -999.0 }
}

/// How far a candidate is from the original, in levels of 255.
fn error_of(picture: &Image, original: &Image) -> Option<f64> {
    let original = original.resized(Kernel::Area, picture.size()).ok()?;
    let original = if picture.channels() == 1 { original.to_grey() } else { original.to_rgb() };
    Some(255.0 * picture.mean_squared_difference(&original).sqrt())
}

fn tree_of(pictures: &[Image], records: &[CandidateRecord]) -> Result<Option<body::Branch>> {
    let few = |picture: &Image| -> Result<Image> {
        let (longer, size) = (picture.width().max(picture.height()), picture.size());
        if longer <= LOOKED_AT {
            return Ok(picture.clone());
        }
        let [width, height] = [size.width, size.height].map(|side| (side * LOOKED_AT).div_ceil(longer).max(1));
        picture.resized(Kernel::Area, Size::new(width, height))
    };
    let seen: Vec<Image> = pictures.iter().map(few).collect::<Result<_>>()?;
    let values: Vec<&[f32]> = seen.iter().map(Image::values).collect();
    Ok(Branch::of(&Distances::between(&values)).map(|tree| numbered(&tree, records)))
}

/// A branch with the candidates' numbers in it.
fn numbered(branch: &Branch, records: &[CandidateRecord]) -> body::Branch {
    body::Branch {
        representative: records[branch.representative].number,
        members: branch.members.iter().map(|&place| records[place].number).collect(),
        branches: branch.branches.iter().map(|branch| numbered(branch, records)).collect(),
    }
}

fn summary_of(record: &Record) -> Summary {
    let verdict = Verdict::named(record.verdict.as_deref());
    Summary {
        matched: record.summary.reached,
        candidates: record.summary.candidates,
        epsilon_db: consistency_db(record.settings.epsilon),
        worst_db: finite(record.summary.worst_db),
        agreed: record.summary.certainty.as_ref().and_then(|certainty| certainty.agreed),
        verdict: verdict.map(|verdict| verdict.name().into()),
        verdict_words: verdict.map_or_else(String::new, |verdict| verdict.words().into()),
        seconds: record.seconds,
    }
}
