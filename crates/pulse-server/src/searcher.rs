//! The thread that searches: one node after the other, first in, first out.

mod job;
mod watch;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use pulse::kept::KeptPrograms;
use pulse::run::RunFolder;
use pulse::session::{Found, Judge, Session};
use pulse::{Error, ErrorKind, Opened, Result};
use pulse_engine::Cpu;

use crate::body::Node;
use crate::desk::Desk;
use crate::refusal::words;
use crate::view::{View, report_address};
use job::{Job, Ready};
pub(crate) use job::{command_of, config_of};
use watch::Watch;

/// How long nobody has to look whether there is something to do.
const PAUSE: Duration = Duration::from_hours(1);

/// How many generators are kept ready.
const MOST_READY: usize = 2;

/// How often a search is written down so that it goes on from there after its server was killed, at most, and the share of the time
/// that it may take.
const EVERY: Duration = Duration::from_secs(1);
const SHARE: u32 = 20;

/// Searches until the session ends.
pub(crate) fn run(desk: &Arc<Desk>) {
    let mut searcher = Searcher { desk: Arc::clone(desk), tools: Vec::new() };
    while let Some(id) = searcher.next() {
        searcher.work(&id);
    }
}

struct Searcher {
    desk: Arc<Desk>,
    tools: Vec<Tool>,
}

/// What is used again for searches with one generator.
struct Tool {
    id: String,
    opened: Opened,
    judge: Judge,
    engine: Arc<KeptPrograms<Cpu>>,
}

/// What became of a node.
enum Outcome {
    /// Everything that was asked for is there.
    Finished,
    /// It was stopped, perhaps before there was anything.
    Stopped,
}

impl Searcher {
    /// The next node; nothing when the session ends.
    fn next(&self) -> Option<String> {
        let mut model = self.desk.model();
        loop {
            if self.desk.has_ended() {
                return None;
            }
            if let Some(id) = model.queue.pop_front() {
                model.running = Some(id.clone());
                self.desk.stopping.store(false, Ordering::SeqCst);
                self.desk.tell_queue(&model);
                return Some(id);
            }
            model = self.desk.wait(model, PAUSE);
        }
    }

    fn work(&mut self, id: &str) {
        let started = Instant::now();
        self.set(id, |node| {
            "preparing".clone_into(&mut node.state);
            node.error = None;
        });
        let desk = Arc::clone(&self.desk);
        // A bug in one search does not end the others.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.search(id, started)))
            .unwrap_or_else(|_| {
                Err(Error::new(ErrorKind::Io, "the search ended by a fault of this program; please report it"))
            });
        if outcome.is_err() {
            self.tools.clear();
        }
        let _ = desk.change(|model| {
            model.running = None;
            let node = &mut model.node_mut(id)?.body;
            match &outcome {
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

    /// Changes a node that may have been removed, and tells the pages. It is not written: it passes.
    fn set(&self, id: &str, change: impl FnOnce(&mut Node)) {
        let mut model = self.desk.model();
        if let Ok(node) = model.node_mut(id) {
            change(&mut node.body);
            self.desk.tell_node(&node.body);
        }
    }

    fn search(&mut self, id: &str, started: Instant) -> Result<Outcome> {
        let desk = Arc::clone(&self.desk);
        let job = Job::of(&desk, id).map_err(|refusal| Error::new(ErrorKind::Setting, refusal.message()))?;
        let tool = self.tool(&job.node.generator)?;
        let folder = desk.run_folder(id);
        let Ready { mut session, labels, notes, target, original } = job.ready(&desk, tool)?;
        if desk.stopping.load(Ordering::SeqCst) {
            return Ok(Outcome::Stopped);
        }
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
        let mut watch = Watch::new(&desk, id, &tool.opened.record, &job.config, claimed, (started, before));
        steps(&desk, id, &mut session, &mut watch)?;
        if desk.stopping.load(Ordering::SeqCst) {
            session.stop(&mut watch)?;
        }
        let found = session.finish(&mut watch)?;
        let claimed = watch.end()?;
        if found.candidates.is_empty() {
            return Ok(Outcome::Stopped);
        }
        set_judging(&desk, id);
        keep_bookmark(&desk, id, &found)?;
        let record = found.save(&claimed, labels, &mut tool.judge)?;
        drop(claimed);
        let run = pulse::run::Run::open(&folder)?;
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

/// All steps, until all is done or it is to stop. A walk goes first: between two steps its frame is computed.
fn steps(desk: &Desk, id: &str, session: &mut Session, watch: &mut Watch<'_>) -> Result<()> {
    let (mut written, mut cost) = (Instant::now(), Duration::ZERO);
    while !session.is_done() {
        desk.inbox.let_pass();
        watch.begin_step();
        if session.step(watch)?.is_break() {
            break;
        }
        watch.end_step()?;
        if written.elapsed() >= EVERY.max(cost * SHARE) && !session.is_done() {
            let begun = Instant::now();
            pulse::write::write_atomically(&desk.bookmark_file(id), session.bookmark()?.bytes())?;
            (cost, written) = (begun.elapsed(), Instant::now());
        }
    }
    Ok(())
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
