//! What searches: one node after the other, first in, first out, step by step, so that whoever has one thread only can do something else
//! between two steps.

mod job;
mod watch;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use pulse::kept::KeptPrograms;
use pulse::run::RunFolder;
use pulse::session::{Found, Judge, Labels, Session};
use pulse::{Error, ErrorKind, Opened, Result};
use pulse_engine::Cpu;

use crate::desk::Desk;
use crate::refusal::words;
use crate::view::{View, report_address};
pub(crate) use job::config_of;
use job::{Job, Ready};
use watch::Watch;

/// How long nobody has to look whether there is something to do.
const PAUSE: Duration = Duration::from_hours(1);

/// How many generators are kept ready.
const MOST_READY: usize = 2;

/// How often a search is written down so that it goes on from there after its server was killed, at most, and the share of the time
/// that it may take.
const EVERY: Duration = Duration::from_secs(1);
const SHARE: u32 = 20;

/// Searches until the session ends. A walk goes first: between two steps its frame is computed.
pub(crate) fn run(desk: &Arc<Desk>) {
    let mut searcher = Searcher::new(Arc::clone(desk));
    while searcher.wait() {
        while searcher.turn() {
            desk.inbox.let_pass();
        }
    }
}

/// What searches.
pub(crate) struct Searcher {
    desk: Arc<Desk>,
    tools: Vec<Tool>,
    under_way: Option<UnderWay>,
}

/// The node under way.
struct UnderWay {
    id: String,
    started: Instant,
    stage: Stage,
}

/// How far it is.
enum Stage {
    /// Nothing has been done yet.
    Prepare,
    /// Step follows step.
    Search(Box<Steps>),
    /// All is found that is going to be.
    Judge(Box<Steps>),
}

/// A search that has begun.
struct Steps {
    generator: String,
    session: Session,
    labels: Labels,
    watch: Watch,
    /// When it was last written down, and how long that took.
    written: Instant,
    cost: Duration,
}

/// What is used again for searches with one generator.
struct Tool {
    id: String,
    opened: Opened,
    judge: Judge,
    engine: Arc<KeptPrograms<Cpu>>,
}

/// What a turn comes to.
enum Progress {
    Stage(Stage),
    Outcome(Outcome),
}

/// What became of a node.
enum Outcome {
    /// Everything that was asked for is there.
    Finished,
    /// It was stopped, perhaps before there was anything.
    Stopped,
}

impl Searcher {
    /// With nothing to do yet.
    pub(crate) fn new(desk: Arc<Desk>) -> Self {
        Self { desk, tools: Vec::new(), under_way: None }
    }

    /// Waits until there is something to do; nothing more when the session ends.
    fn wait(&self) -> bool {
        let mut model = self.desk.model();
        loop {
            if self.desk.has_ended() {
                return false;
            }
            if !model.queue.is_empty() {
                return true;
            }
            model = self.desk.wait(model, PAUSE);
        }
    }

    /// Does the next thing, a step or about as much, and says whether there was any.
    pub(crate) fn turn(&mut self) -> bool {
        let Some(UnderWay { id, started, stage }) = self.under_way.take() else { return self.begin() };
        // A bug in one search does not end the others.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.go_on(&id, started, stage)))
            .unwrap_or_else(|_| {
                Err(Error::new(ErrorKind::Io, "the search ended by a fault of this program; please report it"))
            });
        match outcome {
            Ok(Progress::Stage(stage)) => self.under_way = Some(UnderWay { id, started, stage }),
            Ok(Progress::Outcome(outcome)) => self.conclude(&id, &Ok(outcome)),
            Err(error) => {
                self.tools.clear();
                self.conclude(&id, &Err(error));
            }
        }
        true
    }

    /// Takes the next node of the queue, where there is one.
    fn begin(&mut self) -> bool {
        let mut model = self.desk.model();
        if self.desk.has_ended() {
            return false;
        }
        let Some(id) = model.queue.pop_front() else { return false };
        model.running = Some(id.clone());
        self.desk.stopping.store(false, Ordering::SeqCst);
        self.desk.tell_queue(&model);
        if let Ok(node) = model.node_mut(&id) {
            "preparing".clone_into(&mut node.body.state);
            node.body.error = None;
            // This is not written: it passes.
            self.desk.tell_node(&node.body);
        }
        drop(model);
        self.under_way = Some(UnderWay { id, started: Instant::now(), stage: Stage::Prepare });
        true
    }

    fn go_on(&mut self, id: &str, started: Instant, stage: Stage) -> Result<Progress> {
        match stage {
            Stage::Prepare => self.prepare(id, started),
            Stage::Search(mut steps) => {
                let is_last = steps.step(&self.desk, id)?;
                if is_last {
                    set_judging(&self.desk, id);
                }
                Ok(Progress::Stage(if is_last { Stage::Judge(steps) } else { Stage::Search(steps) }))
            }
            Stage::Judge(steps) => self.judge(id, *steps).map(Progress::Outcome),
        }
    }

    fn prepare(&mut self, id: &str, started: Instant) -> Result<Progress> {
        let desk = Arc::clone(&self.desk);
        let job = Job::of(&desk, id).map_err(|refusal| Error::new(ErrorKind::Setting, refusal.message()))?;
        let tool = self.tool(&job.node.generator)?;
        let folder = desk.run_folder(id);
        let stopped = || desk.stopping.load(Ordering::SeqCst);
        let ready = if stopped() { None } else { job.ready(&desk, tool)? };
        let Some(Ready { session, labels, notes, target, original }) = ready.filter(|_| !stopped()) else {
            return Ok(Progress::Outcome(Outcome::Stopped));
        };
        let claimed = if job.has_run { RunFolder::take_up(&folder)? } else { RunFolder::create(&folder, false)? };
        let shown = |image: &pulse::image::Image| desk.store.keep(image, None);
        let (target, original) = (shown(&target)?, original.as_ref().map(shown).transpose()?);
        let before = job.node.progress.seconds;
        let _ = desk.change(|model| {
            let node = model.node_mut(id)?;
            node.searched_for = node.body.request.candidates;
            let body = &mut node.body;
            "searching".clone_into(&mut body.state);
            (body.target, body.original, body.notes) = (Some(target), original, notes);
            desk.tell_node(body);
            Ok(())
        });
        let record = tool.opened.record.clone();
        let watch = Watch::new(Arc::clone(&desk), id.to_owned(), record, job.config, claimed, (started, before));
        let (generator, written, cost) = (job.node.generator, Instant::now(), Duration::ZERO);
        Ok(Progress::Stage(Stage::Search(Box::new(Steps { generator, session, labels, watch, written, cost }))))
    }

    /// What was found is judged and written.
    fn judge(&mut self, id: &str, steps: Steps) -> Result<Outcome> {
        let desk = Arc::clone(&self.desk);
        let Steps { generator, mut session, labels, mut watch, .. } = steps;
        if desk.stopping.load(Ordering::SeqCst) {
            session.stop(&mut watch)?;
        }
        let found = session.finish(&mut watch)?;
        let claimed = watch.end()?;
        if found.candidates.is_empty() {
            return Ok(Outcome::Stopped);
        }
        keep_bookmark(&desk, id, &found)?;
        let tool = self.tool(&generator)?;
        let record = found.save(&claimed, labels, &mut tool.judge)?;
        drop(claimed);
        let run = pulse::run::Run::open(&desk.run_folder(id))?;
        let view = View::of(&run, tool.opened.subject, &desk.store)?;
        view.write(&desk, id)?;
        let _ = desk.change(|model| {
            let node = model.node_mut(id)?;
            view.into_node(&mut node.body);
            node.body.candidates =
                node.body.candidates.iter().map(|candidate| node.marked(candidate.clone())).collect();
            node.body.progress.seconds = record.seconds;
            node.body.report = record.files.report.as_ref().map(|_| report_address(id));
            Ok(())
        });
        Ok(if record.summary.stopped { Outcome::Stopped } else { Outcome::Finished })
    }

    /// Says what became of a node.
    fn conclude(&self, id: &str, outcome: &Result<Outcome>) {
        let desk = &self.desk;
        let _ = desk.change(|model| {
            model.running = None;
            let node = &mut model.node_mut(id)?.body;
            match outcome {
                Ok(Outcome::Finished) => {
                    "finished".clone_into(&mut node.state);
                    node.progress.done = 1.0;
                }
                // It goes on when the session is opened again.
                Ok(Outcome::Stopped) if desk.has_ended() => "queued".clone_into(&mut node.state),
                Ok(Outcome::Stopped) => "stopped".clone_into(&mut node.state),
                Err(error) => {
                    "failed".clone_into(&mut node.state);
                    node.error = Some(words(error));
                }
            }
            node.progress.left = None;
            for candidate in &mut node.candidates {
                if candidate.state == "searching" {
                    "stopped".clone_into(&mut candidate.state);
                }
            }
            desk.tell_node(node);
            node.candidates.iter().for_each(|candidate| desk.tell_candidate(id, candidate));
            Ok(())
        });
    }

    /// What is ready for a generator.
    fn tool(&mut self, id: &str) -> Result<&mut Tool> {
        if let Some(place) = self.tools.iter().position(|tool| tool.id == id) {
            let tool = self.tools.remove(place);
            self.tools.push(tool);
        } else {
            let opened = self.desk.generator(Some(id));
            let opened = opened.map_err(|refusal| Error::new(ErrorKind::Generator, refusal.message()))?;
            let stopping = Arc::clone(&self.desk.stopping);
            let judge = Judge::stopping_when(move || stopping.load(Ordering::SeqCst));
            let engine = Arc::new(KeptPrograms::new(self.desk.engine.clone()));
            if self.tools.len() >= MOST_READY {
                self.tools.remove(0);
            }
            self.tools.push(Tool { id: id.into(), opened, judge, engine });
        }
        Ok(self.tools.last_mut().expect("it was put there just now"))
    }
}

impl Steps {
    /// A step, or nothing where there is none left; and whether it was the last.
    fn step(&mut self, desk: &Desk, id: &str) -> Result<bool> {
        if self.session.is_done() {
            return Ok(true);
        }
        self.watch.begin_step();
        if self.session.step(&mut self.watch)?.is_break() {
            return Ok(true);
        }
        self.watch.end_step()?;
        let is_last = self.session.is_done();
        if self.written.elapsed() >= EVERY.max(self.cost * SHARE) && !is_last {
            let begun = Instant::now();
            pulse::write::write_atomically(&desk.bookmark_file(id), self.session.bookmark()?.bytes())?;
            (self.cost, self.written) = (begun.elapsed(), Instant::now());
        }
        Ok(is_last)
    }
}

fn set_judging(desk: &Desk, id: &str) {
    let mut model = desk.model();
    if let Ok(node) = model.node_mut(id) {
        "judging".clone_into(&mut node.body.state);
        desk.tell_node(&node.body);
    }
}

/// Writes down what was found before the folder is written, so that nothing is lost between an old run and its new one; and more
/// candidates begin there.
fn keep_bookmark(desk: &Desk, id: &str, found: &Found) -> Result<()> {
    let all;
    let bookmark = if let Some(bookmark) = &found.bookmark {
        bookmark
    } else {
        all = found.bookmark_of_all()?;
        &all
    };
    pulse::write::write_atomically(&desk.bookmark_file(id), bookmark.bytes())
}
