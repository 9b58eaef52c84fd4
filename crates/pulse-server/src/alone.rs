//! A session without threads and without a network: whoever has it asks, lets it take turns, and takes answers and events.
//!
//! It is what runs in a page without a server. The routes are those of the server, and so is all that they do.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, header};
use http_body_util::BodyExt as _;
use pulse::Result;
use pulse::cache::Cache;
use pulse_engine::Cpu;
use tower_service::Service as _;

use crate::desk::Desk;
use crate::generators::Generators;
use crate::refusal::{Answer, Refusal};
use crate::searcher::Searcher;
use crate::walker::Walker;
use crate::{archive, routes, view};

/// A request, as HTTP would have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// What tells its answer from others.
    pub number: u64,
    /// `GET` or `POST`.
    pub method: String,
    /// The path, and what is asked for in it.
    pub path: String,
    /// What the body is, where there is one.
    pub kind: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// What a request comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// That of the request.
    pub number: u64,
    /// The status of HTTP.
    pub status: u16,
    /// What the body is.
    pub kind: String,
    /// The name of the file, where it is one to be saved.
    pub name: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Something that happened, as events of the server are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// Its number, which grows.
    pub number: u64,
    /// What it is about: `node`, `candidate` and so on.
    pub kind: &'static str,
    /// What there is to say, as JSON.
    pub data: Arc<str>,
}

type Waiting = Pin<Box<dyn Future<Output = Answered>>>;

/// A session that does everything on the thread of whoever calls.
pub struct Alone {
    desk: Arc<Desk>,
    router: Router,
    searcher: Searcher,
    walker: Walker,
    waiting: Vec<Waiting>,
    told: u64,
}

impl Alone {
    /// Unpacks the session in the file at `path` into `folder`, which has to be empty or not there.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](pulse::ErrorKind::Io) when it cannot be read or written, [`ErrorKind::Run`](pulse::ErrorKind::Run) when it is no
    /// session.
    pub fn unpack(path: &Path, folder: &Path) -> Result<()> {
        archive::unpack(path, folder)
    }

    /// The session in `folder`, which is made where there is none.
    ///
    /// # Errors
    /// [`ErrorKind::Run`](pulse::ErrorKind::Run) when its record is damaged, and those of the disk.
    pub fn open(folder: &Path) -> Result<Self> {
        // Beside what is carried away, and kept as long.
        let cache = Cache::new(folder.join("cache"));
        let desk = Arc::new(Desk::open(folder, Arc::new(Generators::new(&[], &[], Some(cache))?), Cpu::default())?);
        view::restore(&desk);
        let router = routes::router(Arc::clone(&desk));
        let (searcher, walker) = (Searcher::new(Arc::clone(&desk)), Walker::new(Arc::clone(&desk)));
        let told = desk.log.last();
        Ok(Self { desk, router, searcher, walker, waiting: Vec::new(), told })
    }

    /// Asks. The answer is among [`answers`](Self::answers), at once or after some turns.
    pub fn ask(&mut self, asked: Asked) {
        self.waiting.push(Box::pin(answer(self.router.clone(), asked)));
    }

    /// Does the next thing: what a walk waits for, or else a step of the search. Says whether there was any.
    pub fn turn(&mut self) -> bool {
        match self.desk.inbox.take() {
            Some(task) => {
                self.walker.work(task);
                true
            }
            None => self.searcher.turn(),
        }
    }

    /// The answers that are there by now.
    pub fn answers(&mut self) -> Vec<Answered> {
        let mut context = Context::from_waker(Waker::noop());
        let mut answered = Vec::new();
        self.waiting.retain_mut(|waiting| match waiting.as_mut().poll(&mut context) {
            Poll::Ready(answer) => {
                answered.push(answer);
                false
            }
            Poll::Pending => true,
        });
        answered
    }

    /// What happened since this was called last.
    pub fn events(&mut self) -> Vec<Happened> {
        let mut happened = Vec::new();
        while let Some(told) = self.desk.log.next(self.told) {
            self.told = told.number;
            happened.push(Happened { number: told.number, kind: told.name, data: told.data });
        }
        happened
    }
}

async fn answer(mut router: Router, asked: Asked) -> Answered {
    let number = asked.number;
    let response = match request(asked) {
        Ok(request) => router.call(request).await.unwrap_or_else(|never| match never {}),
        Err(refusal) => axum::response::IntoResponse::into_response(refusal),
    };
    let (head, body) = response.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let text = |name: HeaderName| text_of(&head.headers, &name);
    let name = text(header::CONTENT_DISPOSITION);
    let name = name.and_then(|said| Some(said.split_once("filename=\"")?.1.trim_end_matches('"').to_owned()));
    let kind = text(header::CONTENT_TYPE).unwrap_or_default();
    Answered { number, status: head.status.as_u16(), kind, name, body: body.to_vec() }
}

fn request(asked: Asked) -> Answer<Request> {
    let mut request = Request::builder().method(&*asked.method).uri(&*asked.path);
    if let Some(kind) = &asked.kind {
        request = request.header(header::CONTENT_TYPE, kind);
    }
    request.body(Body::from(Bytes::from(asked.body))).map_err(|error| Refusal::bad(format!("request: {error}")))
}

fn text_of(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}
