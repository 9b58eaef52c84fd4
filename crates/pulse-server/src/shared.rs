//! What all routes share.

use std::sync::Arc;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use tokio::sync::Semaphore;

use crate::desk::Desk;
use crate::gate::Gate;
use crate::refusal::{Answer, Refusal};

/// What every route has.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) desk: Arc<Desk>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) uploads: Arc<Semaphore>,
}

/// Does what takes a while on a thread of its own.
pub(crate) async fn aside<T: Send + 'static>(work: impl FnOnce() -> Answer<T> + Send + 'static) -> Answer<T> {
    let fault =
        |_| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "fault", "a fault of this program; please report it");
    tokio::task::spawn_blocking(work).await.map_err(fault)?
}

/// What makes a browser save an answer as a file of this name.
pub(crate) fn download(name: &str) -> (HeaderName, HeaderValue) {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = name.chars().map(plain).collect();
    let value = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    (header::CONTENT_DISPOSITION, value.unwrap_or_else(|_| HeaderValue::from_static("attachment")))
}
