//! Which request does what.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;
use tokio::sync::{Semaphore, oneshot};

use crate::ask::{Cut, Edit, FrameAsk, Mark, More, Nothing, PreviewAsk, SearchAsk, SteerAsk, Upload, WalkAsk};
use crate::body::{Candidate, Done, Frame, Node, Picture, Preview, State as Session, Walk};
use crate::desk::Desk;
use crate::inbox::Wanted;
use crate::refusal::{Answer, Refusal};
use crate::shared::{Shared, aside, in_time, too_slow};
use crate::walker::known;
use crate::{act, export, given};

/// The description of all this for programs.
pub(crate) const DESCRIPTION: &str = include_str!("../openapi.json");

/// The most bytes of a request that is JSON: a mask that was painted, at most.
const MOST_JSON: usize = 32 << 20;

/// How long the body of such a request may take, and how long an upload may be silent.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many uploads are read at the same time.
const MOST_UPLOADS: usize = 2;

/// Every route below `/api/v1`, with its method: the description is held against it.
pub(crate) const ROUTES: &[(&str, &str)] = &[
    ("post", "/enter"),
    ("get", "/session"),
    ("get", "/events"),
    ("get", "/openapi.json"),
    ("get", "/session.pulse"),
    ("post", "/pictures"),
    ("post", "/pictures/{id}/cut"),
    ("post", "/pictures/{id}/preview"),
    ("post", "/pictures/{id}/remove"),
    ("post", "/searches"),
    ("post", "/nodes/{id}/steer"),
    ("post", "/nodes/{id}/more"),
    ("post", "/nodes/{id}/stop"),
    ("post", "/nodes/{id}/go-on"),
    ("post", "/nodes/{id}/remove"),
    ("post", "/nodes/{id}/edit"),
    ("post", "/nodes/{id}/candidates/{number}/mark"),
    ("post", "/nodes/{id}/walks"),
    ("get", "/nodes/{id}/report.html"),
    ("get", "/nodes/{id}/candidates/{file}"),
    ("get", "/nodes/{id}/difference/{number}"),
    ("post", "/walks/{id}/frame"),
    ("post", "/end"),
];

/// Those that only a server has, which listens.
const LISTENING: [&str; 2] = ["/enter", "/events"];

/// All of them but those that only a server has, and the pictures.
pub(crate) fn router(desk: Arc<Desk>) -> Router {
    let shared = Shared { desk, uploads: Arc::new(Semaphore::new(MOST_UPLOADS)) };
    let mut api = Router::new();
    for &(_, path) in ROUTES.iter().filter(|(_, path)| !LISTENING.contains(path)) {
        api = api.route(
            path,
            match path {
                "/session" => get(session),
                "/openapi.json" => get(description),
                "/session.pulse" => get(export::session),
                "/pictures" => post(upload),
                "/pictures/{id}/cut" => post(cut),
                "/pictures/{id}/preview" => post(preview),
                "/pictures/{id}/remove" => post(remove_picture),
                "/searches" => post(search),
                "/nodes/{id}/steer" => post(steer),
                "/nodes/{id}/more" => post(more),
                "/nodes/{id}/stop" => post(stop),
                "/nodes/{id}/go-on" => post(go_on),
                "/nodes/{id}/remove" => post(remove_node),
                "/nodes/{id}/edit" => post(edit),
                "/nodes/{id}/candidates/{number}/mark" => post(mark),
                "/nodes/{id}/walks" => post(walk),
                "/nodes/{id}/report.html" => get(export::report),
                "/nodes/{id}/candidates/{file}" => get(export::candidate),
                "/nodes/{id}/difference/{number}" => get(export::difference),
                "/walks/{id}/frame" => post(frame),
                "/end" => post(end),
                _ => unreachable!("every route has what it does"),
            },
        );
    }
    Router::new()
        .route("/picture/{file}", get(picture))
        .nest("/api/v1", api)
        .fallback(|| async {
            Refusal::new(StatusCode::NOT_FOUND, "missing", "there is no such address; /api/v1/openapi.json has all")
        })
        .method_not_allowed_fallback(|| async {
            Refusal::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method",
                "that address takes another method; see /api/v1/openapi.json",
            )
        })
        .layer(DefaultBodyLimit::max(MOST_JSON))
        .with_state(shared)
}

/// A body of JSON, which has to come in time.
pub(crate) struct Sent<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequest<S> for Sent<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let read = in_time(PATIENCE, Json::<T>::from_request(request, state)).await?;
        let Json(body) = read.map_err(|rejection: JsonRejection| {
            let message = rejection.body_text().split_whitespace().collect::<Vec<_>>().join(" ");
            Refusal::new(rejection.status(), "body", message)
        })?;
        Ok(Self(body))
    }
}

async fn session(State(shared): State<Shared>) -> Answer<Json<Session>> {
    aside(move || Ok(Json(shared.desk.state()))).await
}

async fn description() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DESCRIPTION)
}

/// A picture by its key; it never changes.
async fn picture(State(shared): State<Shared>, headers: HeaderMap, Path(file): Path<String>) -> Answer<Response> {
    let key = file.strip_suffix(".png").unwrap_or_default().to_owned();
    let tag = format!("\"{key}\"");
    let forever = (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable"));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let desk = Arc::clone(&shared.desk);
    let png = aside(move || desk.store.png(&key).ok_or_else(|| Refusal::missing("picture", &key))).await?;
    let etag = HeaderValue::from_str(&tag).map_err(|_| Refusal::missing("picture", ""))?;
    if known.is_some_and(|known| known.split(',').any(|known| known.trim() == tag)) {
        return Ok((StatusCode::NOT_MODIFIED, [forever, (header::ETAG, etag)]).into_response());
    }
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("image/png"));
    Ok(([forever, (header::ETAG, etag), kind], Bytes::from_owner(png)).into_response())
}

async fn upload(
    State(shared): State<Shared>,
    Query(Upload { name }): Query<Upload>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Json<Picture>> {
    let said =
        headers.get(header::CONTENT_LENGTH).and_then(|said| said.to_str().ok()).and_then(|said| said.parse().ok());
    if said.is_some_and(|said: usize| said > given::MOST_BYTES) {
        return Err(too_large());
    }
    let place = Arc::clone(&shared.uploads).acquire_owned().await.map_err(|_| too_slow())?;
    let bytes = read(body).await?;
    let picture = aside(move || given::take(&shared.desk, &name, &bytes)).await?;
    drop(place);
    Ok(Json(picture))
}

/// The whole body of an upload, which may be long and may not be silent.
async fn read(mut body: Body) -> Answer<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(frame) = in_time(PATIENCE, body.frame()).await? {
        let frame = frame.map_err(|_| Refusal::bad("the upload was cut off; send it again"))?;
        if let Some(data) = frame.data_ref() {
            if bytes.len() + data.len() > given::MOST_BYTES {
                return Err(too_large());
            }
            bytes.extend_from_slice(data);
        }
    }
    Ok(bytes)
}

fn too_large() -> Refusal {
    let message = format!("it is larger than the {} bytes of the largest picture: shrink it first", given::MOST_BYTES);
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "size", message)
}

async fn cut(State(shared): State<Shared>, Path(id): Path<String>, Sent(ask): Sent<Cut>) -> Answer<Json<Picture>> {
    aside(move || given::cut(&shared.desk, &id, &ask).map(Json)).await
}

async fn preview(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Sent(ask): Sent<PreviewAsk>,
) -> Answer<Json<Preview>> {
    aside(move || given::preview(&shared.desk, &id, &ask).map(Json)).await
}

async fn remove_picture(State(shared): State<Shared>, Path(id): Path<String>, _: Sent<Nothing>) -> Answer<Json<Done>> {
    aside(move || act::remove_picture(&shared.desk, &id).map(|()| Json(Done {}))).await
}

async fn search(State(shared): State<Shared>, Sent(ask): Sent<SearchAsk>) -> Answer<Json<Node>> {
    aside(move || act::search(&shared.desk, &ask).map(Json)).await
}

async fn steer(State(shared): State<Shared>, Path(id): Path<String>, Sent(ask): Sent<SteerAsk>) -> Answer<Json<Node>> {
    aside(move || act::steer(&shared.desk, &id, &ask).map(Json)).await
}

async fn more(State(shared): State<Shared>, Path(id): Path<String>, Sent(ask): Sent<More>) -> Answer<Json<Node>> {
    aside(move || act::more(&shared.desk, &id, &ask).map(Json)).await
}

async fn go_on(State(shared): State<Shared>, Path(id): Path<String>, _: Sent<Nothing>) -> Answer<Json<Node>> {
    aside(move || act::go_on(&shared.desk, &id).map(Json)).await
}

async fn stop(State(shared): State<Shared>, Path(id): Path<String>, _: Sent<Nothing>) -> Answer<Json<Done>> {
    aside(move || act::stop(&shared.desk, &id).map(|()| Json(Done {}))).await
}

async fn remove_node(State(shared): State<Shared>, Path(id): Path<String>, _: Sent<Nothing>) -> Answer<Json<Done>> {
    aside(move || act::remove_node(&shared.desk, &id).map(|()| Json(Done {}))).await
}

async fn edit(State(shared): State<Shared>, Path(id): Path<String>, Sent(ask): Sent<Edit>) -> Answer<Json<Node>> {
    aside(move || act::edit(&shared.desk, &id, &ask).map(Json)).await
}

async fn mark(
    State(shared): State<Shared>,
    Path((id, number)): Path<(String, usize)>,
    Sent(ask): Sent<Mark>,
) -> Answer<Json<Candidate>> {
    aside(move || act::mark(&shared.desk, &id, number, &ask).map(Json)).await
}

async fn walk(State(shared): State<Shared>, Path(id): Path<String>, Sent(ask): Sent<WalkAsk>) -> Answer<Json<Walk>> {
    aside(move || act::walk(&shared.desk, &id, &ask).map(Json)).await
}

async fn frame(State(shared): State<Shared>, Path(id): Path<String>, Sent(ask): Sent<FrameAsk>) -> Answer<Json<Frame>> {
    if !ask.at.is_finite() {
        return Err(Refusal::bad("at: it is no number"));
    }
    let at = ask.at.clamp(if ask.direction.is_some() { -1.0 } else { 0.0 }, 1.0);
    {
        let mut model = shared.desk.model();
        let walk = model.walk_mut(&id)?;
        if walk.state == "failed" {
            return Err(Refusal::conflict(format!("walk {id}: it could not be opened")));
        }
        if let Some(frame) = known(walk, ask.direction, at) {
            return Ok(Json(frame));
        }
    }
    let (answer, waits) = oneshot::channel();
    let page = ask.page.unwrap_or_default();
    shared.desk.inbox.want(Wanted { walk: id, page, direction: ask.direction, at, answer });
    let superseded = |_| Refusal::new(StatusCode::CONFLICT, "superseded", "a later picture was asked for");
    waits.await.map_err(superseded)?.map(Json)
}

async fn end(State(shared): State<Shared>, _: Sent<Nothing>) -> Json<Done> {
    shared.desk.end();
    Json(Done {})
}
