//! What pages see of a search under way.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use pulse::candidate::{Candidate as Found, Outcome};
use pulse::event::{Observer, SearchEvent};
use pulse::image::{Image, Kernel, Provenance, Size};
use pulse::record::GeneratorRecord;
use pulse::run::RunFolder;
use pulse::search::SearchConfig;
use pulse::{Error, Result};

use crate::body::{Candidate, Scores};
use crate::desk::Desk;
use crate::view::finite;

/// How often pictures under way are shown, at most, and the share of the time that showing them may take.
const EVERY: Duration = Duration::from_millis(250);
const SHARE: u32 = 10;

/// The longest side of a picture under way.
const SIDE: usize = 256;

/// Follows one search.
pub(super) struct Watch {
    desk: Arc<Desk>,
    id: String,
    generator: GeneratorRecord,
    config: SearchConfig,
    /// Where candidates are written as they are found.
    folder: RunFolder,
    started: Instant,
    /// Seconds that it was searched before.
    before: f64,
    shares: Vec<f64>,
    steps: usize,
    shown: Option<Instant>,
    cost: Duration,
    /// Whether the pictures of this step are shown.
    is_due: bool,
    pictures: Vec<(usize, Image, f64)>,
    failure: Option<Error>,
}

impl Watch {
    pub(super) fn new(
        desk: Arc<Desk>,
        id: String,
        generator: GeneratorRecord,
        config: SearchConfig,
        folder: RunFolder,
        (started, before): (Instant, f64),
    ) -> Self {
        Self {
            desk,
            id,
            generator,
            config,
            folder,
            started,
            before,
            shares: Vec::new(),
            steps: 1,
            shown: None,
            cost: Duration::ZERO,
            is_due: false,
            pictures: Vec::new(),
            failure: None,
        }
    }

    /// The folder, or what could not be written to it.
    pub(super) fn end(self) -> Result<RunFolder> {
        self.failure.map_or(Ok(self.folder), Err)
    }

    pub(super) fn begin_step(&mut self) {
        self.is_due = self.shown.is_none_or(|shown| shown.elapsed() >= EVERY.max(self.cost * SHARE));
    }

    /// Shows what was collected in a step.
    pub(super) fn end_step(&mut self) -> Result<()> {
        if !self.is_due {
            return Ok(());
        }
        let begun = Instant::now();
        for (start, image, db) in std::mem::take(&mut self.pictures) {
            let image = self.desk.store.show(&smaller(image)?, Some(&self.provenance(start)))?;
            self.tell(Candidate {
                number: start + 1,
                state: "searching".into(),
                image,
                small: None,
                residual: None,
                db: finite(db),
                reached: false,
                verdict: None,
                verdict_words: String::new(),
                scores: Scores::default(),
                error: None,
                star: false,
                rating: 0,
            });
        }
        let done = self.shares.iter().sum::<f64>() / self.shares.len().max(1) as f64;
        let seconds = self.started.elapsed().as_secs_f64();
        let mut model = self.desk.model();
        if let Ok(node) = model.node_mut(&self.id) {
            let progress = &mut node.body.progress;
            (progress.done, progress.seconds) = (done, self.before + seconds);
            progress.left = (done > 0.02).then(|| seconds * (1.0 - done) / done);
            self.desk.tell_node(&node.body);
        }
        drop(model);
        (self.cost, self.shown) = (begun.elapsed(), Some(Instant::now()));
        Ok(())
    }

    fn tell(&self, candidate: Candidate) {
        let mut model = self.desk.model();
        if let Ok(node) = model.node_mut(&self.id) {
            let candidate = node.put(candidate);
            self.desk.tell_candidate(&self.id, &candidate);
        }
    }

    fn provenance(&self, index: usize) -> Provenance {
        Provenance { candidate: Some(index + 1), ..self.generator.provenance(self.config.seed) }
    }

    fn found(&mut self, found: &Found, number: usize) -> Result<()> {
        let image = self.desk.store.show(&found.image, Some(&self.provenance(number - 1)))?;
        let small = self.desk.store.show(&found.measured, Some(&self.provenance(number - 1)))?;
        self.tell(Candidate {
            number,
            state: if found.outcome == Outcome::Stopped { "stopped" } else { "finished" }.into(),
            image,
            small: Some(small),
            residual: None,
            db: finite(found.db),
            reached: found.outcome == Outcome::Reached,
            verdict: None,
            verdict_words: String::new(),
            scores: Scores::default(),
            error: None,
            star: false,
            rating: 0,
        });
        Ok(())
    }

    fn take(&mut self, event: &SearchEvent<'_>) -> Result<()> {
        match event {
            SearchEvent::Started { candidates, steps } => {
                (self.shares, self.steps) = (vec![0.0; *candidates], (*steps).max(1));
            }
            SearchEvent::Step(step) => {
                if let Some(share) = self.shares.get_mut(step.candidate) {
                    *share = (step.step as f64 / self.steps as f64).min(1.0);
                }
                if self.is_due && step.total.is_finite() {
                    self.pictures.push((step.candidate, step.picture()?, step.db));
                }
            }
            SearchEvent::Found(found) => {
                self.finish_share(found.start);
                self.found(found, found.start + 1)?;
            }
            SearchEvent::Finished(found) => {
                self.finish_share(found.start);
                let most = self.config.candidates;
                self.folder.candidate(found, most, &self.generator, self.config.seed)?;
                self.found(found, found.index + 1)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn finish_share(&mut self, start: usize) {
        if let Some(share) = self.shares.get_mut(start) {
            *share = 1.0;
        }
        self.pictures.retain(|(other, ..)| *other != start);
    }
}

impl Observer for Watch {
    fn event(&mut self, event: SearchEvent<'_>) -> ControlFlow<()> {
        if self.failure.is_none() {
            self.failure = self.take(&event).err();
        }
        // What is stopped before its first step has nothing to show.
        let begun = !matches!(event, SearchEvent::Started { .. });
        let stops = self.desk.stopping.load(Ordering::SeqCst) || self.failure.is_some();
        if begun && stops { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// A picture under way is looked at, and not kept.
fn smaller(image: Image) -> Result<Image> {
    let (size, longer) = (image.size(), image.width().max(image.height()));
    if longer <= SIDE {
        return Ok(image);
    }
    let [width, height] = [size.width, size.height].map(|side| (side * SIDE / longer).max(1));
    image.resized(Kernel::Area, Size::new(width, height))
}
