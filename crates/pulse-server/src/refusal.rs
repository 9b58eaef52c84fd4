//! What is refused: a status, a kind for programs, and a line for people.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use pulse::{ErrorKind, WayOut};

use crate::body::{ErrorBody, Fault};

/// Why something was not done.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    kind: &'static str,
    message: String,
}

/// What a request comes to.
pub(crate) type Answer<T> = Result<T, Refusal>;

impl Refusal {
    pub(crate) fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into() }
    }

    /// There is no such thing in the session.
    pub(crate) fn missing(what: &str, id: &str) -> Self {
        // What a client sent is not sent back as it is.
        let id: String = id.chars().filter(char::is_ascii_alphanumeric).take(16).collect();
        Self::new(
            StatusCode::NOT_FOUND,
            "missing",
            format!("{what} {id}: the session has none; read the session again"),
        )
    }

    /// A request that cannot be.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "setting", message)
    }

    /// Something that cannot be done as things stand.
    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "state", message)
    }

    /// The line for people.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }
}

impl From<pulse::Error> for Refusal {
    fn from(error: pulse::Error) -> Self {
        let (status, kind) = match error.kind() {
            ErrorKind::Io => (StatusCode::INTERNAL_SERVER_ERROR, "io"),
            ErrorKind::Full => (StatusCode::INSUFFICIENT_STORAGE, "full"),
            ErrorKind::Busy => (StatusCode::CONFLICT, "busy"),
            ErrorKind::Picture => (StatusCode::UNPROCESSABLE_ENTITY, "picture"),
            ErrorKind::Setting => (StatusCode::UNPROCESSABLE_ENTITY, "setting"),
            ErrorKind::Generator | ErrorKind::Checkpoint => (StatusCode::UNPROCESSABLE_ENTITY, "generator"),
            ErrorKind::Run | ErrorKind::Inputs => (StatusCode::UNPROCESSABLE_ENTITY, "run"),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "other"),
        };
        Self::new(status, kind, words(&error))
    }
}

/// An error in words, with what a page can do about it.
pub(crate) fn words(error: &pulse::Error) -> String {
    let way_out = match error.way_out() {
        Some(WayOut::Shrink { .. }) => "; pixelate it first, take a part of it, or choose a face in it",
        Some(WayOut::Families) => "; choose another generator",
        Some(WayOut::FilesElsewhere) => "; search for it again",
        Some(WayOut::Networks) => "; convert the one that is meant with `pulse convert --network`",
        Some(WayOut::Memory) => "; choose a smaller generator, or fewer candidates at a time",
        _ if error.kind() == ErrorKind::Full => "; make room on the disk, and try it again",
        _ => "",
    };
    format!("{error}{way_out}")
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let fault = Fault { kind: self.kind.to_owned(), message: self.message };
        (self.status, Json(ErrorBody { error: fault })).into_response()
    }
}
