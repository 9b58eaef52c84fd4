//! What happens, told to every page in one order.
//!
//! Events are numbered and kept for a while. A page that comes back says which one it saw last, and gets what it missed, or is
//! told to read the session again. A page that reads slowly holds up nobody: it is given the next event when it has taken the last.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::response::sse::Event;
use futures_core::Stream;
use serde::Serialize;
use tokio::sync::{mpsc, watch};

/// How many events are kept, and how many bytes of them.
const MOST_EVENTS: usize = 4096;
const MOST_BYTES: usize = 8 << 20;

/// How many streams there are at a time.
pub(crate) const MOST_STREAMS: usize = 128;

/// What has happened.
pub(crate) struct Log {
    kept: Mutex<Kept>,
    last: watch::Sender<u64>,
    streams: AtomicUsize,
}

#[derive(Default)]
struct Kept {
    events: VecDeque<Told>,
    bytes: usize,
    last: u64,
}

#[derive(Clone)]
struct Told {
    number: u64,
    name: &'static str,
    data: Arc<str>,
}

impl Log {
    pub(crate) fn new() -> Self {
        Self { kept: Mutex::default(), last: watch::Sender::new(0), streams: AtomicUsize::new(0) }
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

    /// What comes after event `after`; from now on where nothing is said. Nothing where there are too many streams.
    pub(crate) fn stream(self: &Arc<Self>, after: Option<u64>) -> Option<Events> {
        let place = Place::take(self)?;
        let log = Arc::clone(self);
        let mut changed = self.last.subscribe();
        let mut seen = after.unwrap_or_else(|| self.last());
        // One event waits to be taken, and no more.
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(async move {
            loop {
                while let Some(told) = log.next(seen) {
                    seen = told.number;
                    let ends = told.name == "end";
                    let event = Event::default().event(told.name).id(told.number.to_string()).data(&*told.data);
                    if sender.send(event).await.is_err() || ends {
                        return;
                    }
                }
                tokio::select! {
                    () = sender.closed() => return,
                    changed = changed.changed() => if changed.is_err() { return },
                }
            }
        });
        Some(Events { receiver, _place: place })
    }

    /// The first event after `seen`; `reset` where that is not kept any more, or was never told.
    fn next(&self, seen: u64) -> Option<Told> {
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

/// One of the streams that there may be.
struct Place(Arc<Log>);

impl Place {
    fn take(log: &Arc<Log>) -> Option<Self> {
        let taken = log.streams.fetch_add(1, Ordering::SeqCst);
        let place = Self(Arc::clone(log));
        (taken < MOST_STREAMS).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.streams.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The events of one page.
pub(crate) struct Events {
    receiver: mpsc::Receiver<Event>,
    _place: Place,
}

impl Stream for Events {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.receiver.poll_recv(context).map(|event| event.map(Ok))
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

    #[test]
    fn places_are_given_back() {
        let log = Arc::new(Log::new());
        let places: Vec<_> = (0..MOST_STREAMS).map(|_| Place::take(&log).unwrap()).collect();
        assert!(Place::take(&log).is_none());
        drop(places);
        assert!(Place::take(&log).is_some());
    }
}
