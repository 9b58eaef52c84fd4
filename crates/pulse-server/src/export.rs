//! What is carried away: a candidate's picture, a report, a difference, the whole session.

use std::io::{self, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_core::Stream;
use pulse::image::{Extent, Image, Kernel, Provenance, Reader, encode_png};
use pulse::run::Run;
use tokio::sync::mpsc;

use crate::archive;
use crate::ask::DifferenceAsk;
use crate::body;
use crate::desk::Desk;
use crate::refusal::{Answer, Refusal};
use crate::shared::{Shared, aside, download, has_threads};
use crate::view::DIFFERENCE;

/// What a report may do: what its own page says, in a place of its own, without this server's cookie.
const REPORT_POLICY: &str = "sandbox allow-scripts allow-downloads; frame-ancestors 'none'";

/// How many parts of a file wait to be sent.
const WAITING: usize = 8;

fn run_of(desk: &Desk, id: &str) -> Answer<Run> {
    // Only a node of this session has a folder.
    desk.model().node(id)?;
    Ok(Run::open(&desk.run_folder(id))?)
}

/// The report of a node.
pub(crate) async fn report(State(shared): State<Shared>, Path(id): Path<String>) -> Answer<Response> {
    let html = aside(move || {
        let run = run_of(&shared.desk, &id)?;
        let name = run.record().files.report.as_deref().filter(|name| crate::model::is_plain(name));
        let name = name.ok_or_else(|| Refusal::missing("report", &id))?;
        std::fs::read(run.folder().join(name)).map_err(|_| Refusal::missing("report", &id))
    })
    .await?;
    let policy = (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(REPORT_POLICY));
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    Ok(([policy, kind], html).into_response())
}

/// The picture of a candidate, as its file has it, to be saved.
pub(crate) async fn candidate(
    State(shared): State<Shared>,
    Path((id, file)): Path<(String, String)>,
) -> Answer<Response> {
    let number = file.strip_suffix(".png").and_then(|number| number.parse::<usize>().ok());
    let number = number.ok_or_else(|| Refusal::missing("candidate", &file))?;
    let name = download(&format!("{}-{id}-candidate-{number}.png", shared.desk.model().name));
    let png = aside(move || {
        let model = shared.desk.model();
        let candidates = &model.node(&id)?.body.candidates;
        let found = candidates.iter().find(|candidate| candidate.number == number);
        let key = found.map(|candidate| candidate.image.key.clone());
        drop(model);
        let key = key.ok_or_else(|| Refusal::missing("candidate", &number.to_string()))?;
        shared.desk.store.png(&key).ok_or_else(|| Refusal::missing("candidate", &number.to_string()))
    })
    .await?;
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("image/png"));
    Ok(([name, kind], Bytes::from_owner(png)).into_response())
}

/// A candidate less something else, magnified.
pub(crate) async fn difference(
    State(shared): State<Shared>,
    Path((id, number)): Path<(String, usize)>,
    Query(ask): Query<DifferenceAsk>,
) -> Answer<Response> {
    let png = aside(move || {
        let desk = &shared.desk;
        let run = run_of(desk, &id)?;
        let picture = picture_of(desk, &id, |node| image_of(node, number))?;
        let other = match ask.with.as_str() {
            "mean" => picture_of(desk, &id, |node| node.mean.as_ref())?,
            "bicubic" => picture_of(desk, &id, |node| node.bicubic.as_ref())?,
            "original" => picture_of(desk, &id, |node| node.original.as_ref())?,
            "candidate" => {
                let other = ask.other.ok_or_else(|| Refusal::bad("other: say which candidate"))?;
                picture_of(desk, ask.node.as_deref().unwrap_or(&id), |node| image_of(node, other))?
            }
            _ => return Err(Refusal::bad("with: choose of mean, bicubic, original, candidate")),
        };
        let other = if other.size() == picture.size() { other } else { other.resized(Kernel::Area, picture.size())? };
        let difference = picture.difference(&other, DIFFERENCE)?;
        let provenance = run.record().generator.provenance(run.record().settings.seed);
        let provenance = Provenance { extent: Extent::Composite, ..provenance };
        Ok(encode_png(&difference, Some(&provenance))?)
    })
    .await?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("image/png"))], png).into_response())
}

fn image_of(node: &body::Node, number: usize) -> Option<&body::Image> {
    node.candidates.iter().find(|candidate| candidate.number == number).map(|candidate| &candidate.image)
}

fn picture_of(desk: &Desk, id: &str, which: impl Fn(&body::Node) -> Option<&body::Image>) -> Answer<Image> {
    let model = desk.model();
    let key = which(&model.node(id)?.body).map(|image| image.key.clone());
    drop(model);
    let png = key.and_then(|key| desk.store.png(&key)).ok_or_else(|| Refusal::missing("picture of node", id))?;
    Ok(Reader::default().decode(id, &png)?)
}

/// The whole session as one file.
pub(crate) async fn session(State(shared): State<Shared>) -> Answer<Response> {
    let name = download(&format!("{}.{}", shared.desk.model().name, archive::ENDING));
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("application/x-tar"));
    if !has_threads() {
        let mut bytes = Vec::new();
        archive::write(shared.desk.folder(), &mut bytes)
            .map_err(|source| pulse::Error::io("pack", shared.desk.folder(), source))?;
        return Ok(([name, kind], bytes).into_response());
    }
    let (sender, receiver) = mpsc::channel(WAITING);
    let desk = Arc::clone(&shared.desk);
    tokio::task::spawn_blocking(move || {
        let parts = Parts { sender };
        if let Err(error) = archive::write(desk.folder(), io::BufWriter::with_capacity(1 << 16, &parts)) {
            // What is cut off is no session: whoever reads it learns that.
            let _ = parts.sender.blocking_send(Err(error));
        }
    });
    Ok(([name, kind], Body::from_stream(Received { receiver })).into_response())
}

/// Writes into an answer under way.
struct Parts {
    sender: mpsc::Sender<io::Result<Bytes>>,
}

impl Write for &Parts {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let part = Ok(Bytes::copy_from_slice(bytes));
        self.sender.blocking_send(part).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Received {
    receiver: mpsc::Receiver<io::Result<Bytes>>,
}

impl Stream for Received {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.receiver.poll_recv(context)
    }
}
