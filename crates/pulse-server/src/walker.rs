//! The thread that walks: directions and paths, and the picture wherever a slider stands. It goes before searches.

mod base;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pulse::kept::KeptPrograms;
use pulse::walk::{self, Curve, DirectionSettings, PATH_FRAMES, Passage, Point};
use pulse::{Error, ErrorKind, Result};
use pulse_engine::Cpu;

use crate::ask::Part;
use crate::body::{Direction, Frame, Walk};
use crate::desk::Desk;
use crate::inbox::{Task, Wanted};
use crate::refusal::{Answer, Refusal, words};
use crate::view::finite;
use base::Bases;

/// How many walks are open at a time. Each holds the inputs of all its frames.
const MOST_OPEN: usize = 4;

/// Frames of a direction that are computed when it is opened, the candidate in the middle.
const FRAMES: usize = 5;

/// Two places of a slider that are nearer than this are one.
const SAME: f64 = 1.0 / 512.0;

/// How often it is told how far an opening is.
const EVERY: Duration = Duration::from_millis(200);

/// Walks until the session ends.
pub(crate) fn run(desk: &Arc<Desk>) {
    let mut walker = Walker::new(Arc::clone(desk));
    while let Some(task) = desk.inbox.next(&|| desk.has_ended()) {
        // A bug in one walk does not end the others.
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| walker.work(task)));
        if done.is_err() {
            walker.open.clear();
            walker.bases.clear();
        }
    }
}

/// What walks, task by task.
pub(crate) struct Walker {
    desk: Arc<Desk>,
    engine: Arc<KeptPrograms<Cpu>>,
    bases: Bases,
    /// The last that was used at the end.
    open: Vec<Open>,
}

/// A walk that is open.
struct Open {
    id: String,
    node: String,
    candidate: usize,
    known: Known,
}

/// What was computed of it.
enum Known {
    Directions(Box<Directions>),
    Path(Passage),
}

/// The directions from a candidate. Each is followed when it is asked for, or when nothing else is to be done.
struct Directions {
    from: Point,
    found: Vec<walk::Direction>,
    curves: Vec<Option<Curve>>,
}

impl Walker {
    /// With nothing open yet.
    pub(crate) fn new(desk: Arc<Desk>) -> Self {
        let engine = Arc::new(KeptPrograms::new(desk.engine.clone()));
        Self { desk, engine, bases: Bases::default(), open: Vec::new() }
    }

    /// Does what is to be done.
    pub(crate) fn work(&mut self, task: Task) {
        match task {
            Task::Open(id) => {
                let Ok(walk) = self.desk.model().walk_mut(&id).cloned() else { return };
                let opened = self.open(&walk);
                let mut model = self.desk.model();
                let Ok(shown) = model.walk_mut(&id) else { return };
                match opened {
                    Ok(()) => "open".clone_into(&mut shown.state),
                    Err(error) => {
                        "failed".clone_into(&mut shown.state);
                        shown.error = Some(words(&error));
                    }
                }
                shown.done = 1.0;
                self.desk.tell_walk(shown);
            }
            Task::Follow(walk, direction) => {
                let Some(place) = self.open.iter().position(|open| open.id == walk) else { return };
                let mut open = self.open.remove(place);
                // Where it fails, it fails again for who asks for a picture of it, and says so.
                let _ = self.followed(&mut open, direction);
                self.open.insert(place, open);
            }
            Task::Frame(wanted) => {
                let frame = self.frame(&wanted);
                // Nobody waits any more, perhaps.
                let _ = wanted.answer.send(frame);
            }
        }
    }

    fn open(&mut self, walk: &Walk) -> Result<()> {
        let desk = Arc::clone(&self.desk);
        let base = self.bases.of(&desk, &walk.node, &self.engine)?;
        let row = base.solved.row(walk.candidate)?;
        let mut told = Instant::now();
        let mut watch = |done: f64| {
            if told.elapsed() >= EVERY {
                told = Instant::now();
                let mut model = desk.model();
                let Ok(walk) = model.walk_mut(&walk.id) else { return ControlFlow::Break(()) };
                walk.done = done;
                desk.tell_walk(walk);
            }
            if desk.has_ended() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let known = if let Some(to) = walk.to {
            let rows = [row, base.solved.row(to)?];
            base.solved.passage(rows, PATH_FRAMES, &*self.engine, &mut watch)?.map(Known::Path)
        } else {
            let (count, seed) = (walk.directions.len(), DirectionSettings::default().seed);
            let from = base.solved.point(row);
            let found = base.wide.find(&from, count, seed, &mut watch)?;
            found.map(|found| {
                desk.inbox.follow(&walk.id, found.len());
                let curves = found.iter().map(|_| None).collect();
                Known::Directions(Box::new(Directions { from, found, curves }))
            })
        };
        let Some(known) = known else {
            return Err(Error::new(ErrorKind::Setting, "it was stopped before it was open"));
        };
        let open = Open { id: walk.id.clone(), node: walk.node.clone(), candidate: walk.candidate, known };
        self.tell_known(&open)?;
        self.open.push(open);
        while self.open.len() > MOST_OPEN {
            let closed = self.open.remove(0);
            desk.model().walks.retain(|walk| walk.id != closed.id);
            desk.tell_removed("walk", &closed.id);
        }
        Ok(())
    }

    /// Shows what was computed already.
    fn tell_known(&mut self, open: &Open) -> Result<()> {
        match &open.known {
            Known::Directions(known) => {
                let directions = (0..known.found.len()).map(Direction::unfollowed).collect();
                self.tell(open, Vec::new(), |walk| walk.directions = directions);
            }
            Known::Path(passage) => {
                let last = (passage.frames.len() - 1).max(1) as f64;
                let at = |(index, frame)| (index as f64 / last, frame);
                let frames = self.shown(open, None, passage.frames.iter().enumerate().map(at).collect())?;
                self.tell(open, frames, |_| ());
            }
        }
        Ok(())
    }

    /// Follows a direction that has not been followed, and shows what it leads to.
    fn followed(&mut self, open: &mut Open, direction: usize) -> Result<()> {
        let Known::Directions(known) = &mut open.known else { return Ok(()) };
        let Some(found) = known.found.get(direction).filter(|_| known.curves[direction].is_none()) else {
            return Ok(());
        };
        let desk = Arc::clone(&self.desk);
        let mut watch = |_| if desk.has_ended() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        let base = self.bases.of(&desk, &open.node, &self.engine)?;
        let extent = DirectionSettings::default().extent;
        let curve = base.wide.curve(&known.from, found.clone(), extent, FRAMES, &mut watch)?;
        let Some(curve) = curve else { return Ok(()) };
        let [first, last] = ends(&curve);
        let place = |length: f64| match length {
            0.0 => 0.0,
            _ => (length / if length < 0.0 { first } else { last }).copysign(length),
        };
        let frames = curve.frames.iter().map(|at| (place(at.length), &at.frame)).collect();
        let shown = self.shown(open, Some(direction), frames)?;
        let change = 255.0 * curve.frames.iter().map(|frame| frame.change).fold(0.0, f64::max);
        let part = curve.part;
        if let Known::Directions(known) = &mut open.known {
            known.curves[direction] = Some(curve);
        }
        self.tell(open, shown, |walk| {
            if let Some(told) = walk.directions.get_mut(direction) {
                (told.extent, told.change) = (first.max(last), change);
                told.part = Some(Part { x: part.left, y: part.top, width: part.width, height: part.height });
            }
        });
        Ok(())
    }

    /// Changes what is shown of a walk, and adds pictures to it.
    fn tell(&self, open: &Open, frames: Vec<Frame>, change: impl FnOnce(&mut Walk)) {
        let mut model = self.desk.model();
        if let Ok(walk) = model.walk_mut(&open.id) {
            change(walk);
            self.desk.tell_walk(walk);
            for frame in &frames {
                self.desk.tell_frame(&open.id, frame);
            }
            walk.frames.extend(frames);
        }
    }

    /// Pictures as they are shown, each with its place.
    fn shown(&mut self, open: &Open, direction: Option<usize>, at: Vec<(f64, &walk::Frame)>) -> Result<Vec<Frame>> {
        let base = self.bases.of(&self.desk, &open.node, &self.engine)?;
        let frames: Vec<_> = at.iter().map(|(_, frame)| *frame).collect();
        let verdicts = base.verdicts(open.candidate, &frames, &self.engine);
        let shown = at.into_iter().zip(verdicts).map(|((at, frame), verdict)| {
            Ok(Frame {
                direction,
                at,
                image: self.desk.store.show(&frame.image, Some(&base.provenance))?,
                db: finite(frame.db),
                verdict: verdict.map(|verdict| verdict.name().into()),
                verdict_words: verdict.map_or_else(String::new, |verdict| verdict.words().into()),
                exact: true,
            })
        });
        shown.collect()
    }

    fn frame(&mut self, wanted: &Wanted) -> Answer<Frame> {
        let place = self.open.iter().position(|open| open.id == wanted.walk);
        let place = place.ok_or_else(|| Refusal::missing("walk", &wanted.walk))?;
        let mut open = self.open.remove(place);
        let frame = self.computed(&mut open, wanted);
        self.open.push(open);
        let frame = frame?;
        let mut model = self.desk.model();
        if let Ok(walk) = model.walk_mut(&wanted.walk) {
            walk.frames.push(frame.clone());
            self.desk.tell_frame(&wanted.walk, &frame);
        }
        Ok(frame)
    }

    fn computed(&mut self, open: &mut Open, wanted: &Wanted) -> Answer<Frame> {
        if let Some(direction) = wanted.direction {
            self.followed(open, direction)?;
        }
        let base = self.bases.of(&self.desk, &open.node, &self.engine)?;
        let frame = match (&open.known, wanted.direction) {
            (Known::Directions(known), Some(direction)) => {
                let curve = known.curves.get(direction).and_then(Option::as_ref);
                let curve = curve.ok_or_else(|| Refusal::missing("direction", &direction.to_string()))?;
                base.single.along(curve, wanted.at)?.frame
            }
            (Known::Path(passage), None) => base.single.amid(passage, wanted.at)?,
            (Known::Directions(_), None) => return Err(Refusal::bad("direction: say along which one")),
            (Known::Path(_), Some(_)) => return Err(Refusal::bad("direction: a path has none; leave it out")),
        };
        Ok(self.shown(open, wanted.direction, vec![(wanted.at, &frame)])?.remove(0))
    }
}

/// How far the two ends of a curve are.
fn ends(curve: &Curve) -> [f64; 2] {
    let far = |frame: Option<&walk::CurveFrame>| frame.map_or(1.0, |frame| frame.length.abs()).max(f64::MIN_POSITIVE);
    [far(curve.frames.first()), far(curve.frames.last())]
}

/// The picture at this place, where it is known already.
pub(crate) fn known(walk: &Walk, direction: Option<usize>, at: f64) -> Option<Frame> {
    let near = walk.frames.iter().filter(|frame| frame.direction == direction);
    let near = near.map(|frame| ((frame.at - at).abs(), frame)).min_by(|a, b| a.0.total_cmp(&b.0));
    near.filter(|(apart, _)| *apart < SAME).map(|(_, frame)| frame.clone())
}
