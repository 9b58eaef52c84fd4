//! What happens, told to every page in one order.
//!
//! Events are numbered and kept for a while. A page that comes back says which one it saw last, and gets what it missed, or is
//! told to read the session again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::watch;

/// How many events are kept, and how many bytes of them.
const MOST_EVENTS: usize = 4096;
const MOST_BYTES: usize = 8 << 20;

/// What has happened.
pub(crate) struct Log {
    kept: Mutex<Kept>,
    /// The number of the last, for who waits for the next.
    pub(crate) last: watch::Sender<u64>,
}

#[derive(Default)]
struct Kept {
    events: VecDeque<Told>,
    bytes: usize,
    last: u64,
}

/// One thing that happened.
#[derive(Clone)]
pub(crate) struct Told {
    pub(crate) number: u64,
    pub(crate) name: &'static str,
    /// What there is to say about it, as JSON.
    pub(crate) data: Arc<str>,
}

impl Log {
    pub(crate) fn new() -> Self {
        Self { kept: Mutex::default(), last: watch::Sender::new(0) }
    }

    /// The number of the last event.
    pub(crate) fn last(&self) -> u64 {
        self.lock().last
    }

    /// Tells every page.
    pub(crate) fn tell(&self, name: &'static str, data: &impl Serialize) {
        let Ok(data) = serde_json::to_string(data) else { return };
        let mut kept = self.lock();
        kept.last += 1;
        kept.bytes += data.len();
        let number = kept.last;
        kept.events.push_back(Told { number, name, data: data.into() });
        while kept.events.len() > MOST_EVENTS || kept.bytes > MOST_BYTES {
            let Some(oldest) = kept.events.pop_front() else { break };
            kept.bytes -= oldest.data.len();
        }
        drop(kept);
        self.last.send_replace(number);
    }

    /// The first event after `seen`; `reset` where that is not kept any more, or was never told.
    pub(crate) fn next(&self, seen: u64) -> Option<Told> {
        let kept = self.lock();
        if seen == kept.last {
            return None;
        }
        let first = kept.events.front().map_or(kept.last + 1, |told| told.number);
        if seen > kept.last || seen + 1 < first {
            return Some(Told { number: kept.last, name: "reset", data: "{}".into() });
        }
        kept.events.get((seen + 1 - first) as usize).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_missed_is_told_again_and_what_is_forgotten_resets() {
        let log = Log::new();
        assert!(log.next(0).is_none());
        for number in 0..3 {
            log.tell("queue", &number);
        }
        assert_eq!(log.next(1).map(|told| (told.number, told.data.to_string())), Some((2, "1".to_owned())));
        // From another life of the server.
        assert_eq!(log.next(99).unwrap().name, "reset");
        for number in 0..MOST_EVENTS {
            log.tell("queue", &number);
        }
        let reset = log.next(2).unwrap();
        assert_eq!((reset.name, reset.number), ("reset", log.last()));
        assert!(log.next(reset.number).is_none());
        let large = "x".repeat(MOST_BYTES / 3);
        (0..9).for_each(|_| log.tell("queue", &large));
        assert!(log.lock().bytes <= MOST_BYTES);
    }
}
