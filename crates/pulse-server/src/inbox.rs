//! What waits to be walked: walks to open, directions to follow, and pictures under a finger, which go first.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::body::Frame;
use crate::refusal::Answer;

/// The longest that a search waits for one walk.
const PATIENCE: Duration = Duration::from_secs(30);

/// A picture that is asked for.
pub(crate) struct Wanted {
    pub(crate) walk: String,
    /// What tells one page from another.
    pub(crate) page: String,
    pub(crate) direction: Option<usize>,
    pub(crate) at: f64,
    pub(crate) answer: oneshot::Sender<Answer<Frame>>,
}

/// What waits to be walked.
#[derive(Default)]
pub(crate) struct Inbox {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    opens: VecDeque<String>,
    frames: VecDeque<Wanted>,
    /// Directions of walks that are open, and have not been followed.
    follows: VecDeque<(String, usize)>,
    is_busy: bool,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.frames.is_empty() && self.opens.is_empty() && self.follows.is_empty()
    }

    /// What a finger waits for goes first.
    fn next(&mut self) -> Option<Task> {
        let frame = self.frames.pop_front().map(Task::Frame);
        let open = || self.opens.pop_front().map(Task::Open);
        frame.or_else(open).or_else(|| self.follows.pop_front().map(|(walk, direction)| Task::Follow(walk, direction)))
    }
}

/// What is to be walked.
pub(crate) enum Task {
    Open(String),
    Frame(Wanted),
    Follow(String, usize),
}

impl Inbox {
    /// Asks for a walk to be opened.
    pub(crate) fn open(&self, walk: String) {
        self.lock().opens.push_back(walk);
        self.changed.notify_all();
    }

    /// Asks for a picture. One that the same page asked for on the same walk, and that has not begun, is dropped: its sender learns that.
    pub(crate) fn want(&self, wanted: Wanted) {
        let mut waiting = self.lock();
        waiting.frames.retain(|other| other.walk != wanted.walk || other.page != wanted.page);
        waiting.frames.push_back(wanted);
        drop(waiting);
        self.changed.notify_all();
    }

    /// Asks for all directions of a walk to be followed.
    pub(crate) fn follow(&self, walk: &str, directions: usize) {
        self.lock().follows.extend((0..directions).map(|direction| (walk.to_owned(), direction)));
    }

    /// Lets walks go before a search.
    pub(crate) fn let_pass(&self) {
        let waiting = self.lock();
        let has_some = |waiting: &mut Waiting| waiting.is_busy || !waiting.is_empty();
        // That nobody waits forever for a thread that ended.
        drop(self.changed.wait_timeout_while(waiting, PATIENCE, has_some).unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn wake(&self) {
        // Whoever is about to wait holds the lock until it does.
        drop(self.lock());
        self.changed.notify_all();
    }

    /// The next that is to be done, if there is any.
    pub(crate) fn take(&self) -> Option<Task> {
        self.lock().next()
    }

    /// The next that is to be done, which is waited for; nothing once all has ended.
    pub(crate) fn next(&self, has_ended: &dyn Fn() -> bool) -> Option<Task> {
        let mut waiting = self.lock();
        waiting.is_busy = false;
        self.changed.notify_all();
        loop {
            if has_ended() {
                return None;
            }
            if let Some(task) = waiting.next() {
                waiting.is_busy = true;
                return Some(task);
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
