//! The streams of events that pages follow. A page that reads slowly holds up nobody: it is given the next event when it has taken the last.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use axum::response::sse::Event;
use futures_core::Stream;
use tokio::sync::mpsc;

use crate::events::Log;

/// How many streams there are at a time.
const MOST_STREAMS: usize = 128;

/// All streams of a session.
pub(crate) struct Streams {
    log: Arc<Log>,
    taken: AtomicUsize,
}

impl Streams {
    /// None yet, of what this log is told.
    pub(crate) fn new(log: Arc<Log>) -> Self {
        Self { log, taken: AtomicUsize::new(0) }
    }

    /// What comes after event `after`; from now on where nothing is said. Nothing where there are too many streams.
    pub(crate) fn open(self: &Arc<Self>, after: Option<u64>) -> Option<Events> {
        let place = Place::take(self)?;
        let log = Arc::clone(&self.log);
        let mut changed = log.last.subscribe();
        let mut seen = after.unwrap_or_else(|| self.log.last());
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
}

/// One of the streams that there may be.
struct Place(Arc<Streams>);

impl Place {
    fn take(streams: &Arc<Streams>) -> Option<Self> {
        let taken = streams.taken.fetch_add(1, Ordering::SeqCst);
        let place = Self(Arc::clone(streams));
        (taken < MOST_STREAMS).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::SeqCst);
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
    fn places_are_given_back() {
        let streams = Arc::new(Streams::new(Arc::new(Log::new())));
        let places: Vec<_> = (0..MOST_STREAMS).map(|_| Place::take(&streams).unwrap()).collect();
        assert!(Place::take(&streams).is_none());
        drop(places);
        assert!(Place::take(&streams).is_some());
    }
}
