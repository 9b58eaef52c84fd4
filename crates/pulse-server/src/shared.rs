//! What all routes share.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::desk::Desk;
use crate::refusal::{Answer, Refusal};

/// What every route has.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) desk: Arc<Desk>,
    pub(crate) uploads: Arc<Semaphore>,
}

/// Whether others do the rest meanwhile. In a page without a server there is one thread, and whatever is asked for is done at once.
pub(crate) fn has_threads() -> bool {
    Handle::try_current().is_ok()
}

/// Does what takes a while on a thread of its own, where there is one.
pub(crate) async fn aside<T: Send + 'static>(work: impl FnOnce() -> Answer<T> + Send + 'static) -> Answer<T> {
    if !has_threads() {
        return work();
    }
    let fault =
        |_| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "fault", "a fault of this program; please report it");
    tokio::task::spawn_blocking(work).await.map_err(fault)?
}

/// What somebody sends, who has so long for it.
pub(crate) async fn in_time<T>(most: Duration, sent: impl Future<Output = T>) -> Answer<T> {
    if !has_threads() {
        return Ok(sent.await);
    }
    tokio::time::timeout(most, sent).await.map_err(|_| too_slow())
}

/// It was not sent in time.
pub(crate) fn too_slow() -> Refusal {
    Refusal::new(StatusCode::REQUEST_TIMEOUT, "time", "the body took too long; send it again")
}

/// What makes a browser save an answer as a file of this name.
pub(crate) fn download(name: &str) -> (HeaderName, HeaderValue) {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = name.chars().map(plain).collect();
    let value = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    (header::CONTENT_DISPOSITION, value.unwrap_or_else(|_| HeaderValue::from_static("attachment")))
}
