//! What only a server has: the gate, the page's own files, and the streams of events.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};

use crate::ask::{After, Enter};
use crate::body::Done;
use crate::desk::Desk;
use crate::gate::{Gate, pass};
use crate::page;
use crate::refusal::{Answer, Refusal};
use crate::routes::{self, Sent};
use crate::stream::Streams;

/// How often a stream without events says that it is there.
const ALIVE: Duration = Duration::from_secs(30);

/// Every route, behind the gate.
pub(crate) fn router(desk: Arc<Desk>, gate: Arc<Gate>) -> Router {
    let streams = Arc::new(Streams::new(Arc::clone(&desk.log)));
    let streamed = Router::new().route("/api/v1/events", get(events)).with_state(streams);
    let entered = Router::new().route("/api/v1/enter", post(enter)).with_state(Arc::clone(&gate));
    routes::router(desk)
        .merge(streamed)
        .merge(entered)
        .route("/", get(|| async { page::served("") }))
        .route("/app/{*path}", get(|Path(path): Path<String>| async move { page::served(&path) }))
        .layer(from_fn_with_state(gate, pass))
}

async fn enter(State(gate): State<Arc<Gate>>, Sent(ask): Sent<Enter>) -> Answer<Response> {
    let cookie = gate.enter(&ask.token)?;
    Ok(([(header::SET_COOKIE, cookie)], Json(Done {})).into_response())
}

async fn events(
    State(streams): State<Arc<Streams>>,
    headers: HeaderMap,
    Query(After { after }): Query<After>,
) -> Response {
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let Some(events) = streams.open(seen.or(after)) else {
        let message = "too many pages follow this session; close some";
        let refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "streams", message);
        return ([(header::CONNECTION, "close")], refusal).into_response();
    };
    Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE)).into_response()
}
