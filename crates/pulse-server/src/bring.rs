//! What is brought into a session when it starts: pictures, and runs of `pulse upsample`.

use std::collections::BTreeMap;
use std::path::Path;

use pulse::image::read_bytes;
use pulse::read::{LARGEST_ARRAYS, read_regular};
use pulse::run::Run;
use pulse::write::{make_folder, write_atomically};
use pulse::{Error, ErrorKind, Result};

use crate::body::{Node, Progress, Request};
use crate::desk::Desk;
use crate::elsewhere;
use crate::given;
use crate::model::{Item, SteeredBy, now};
use crate::refusal::Refusal;
use crate::view::{View, report_address, subject_of};

/// Takes the picture at `path` in, unless it is there already.
pub(crate) fn picture(desk: &Desk, path: &Path) -> Result<()> {
    let bytes = read_bytes(path)?;
    let has_it = |file: &str| std::fs::read(desk.picture_file(file)).is_ok_and(|other| other == bytes);
    let files: Vec<String> = desk.model().pictures.iter().map(|given| given.file.clone()).collect();
    if files.iter().any(|file| has_it(file)) {
        return Ok(());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    given::take(desk, &name, &bytes).map(drop).map_err(|refusal| spoken(&refusal, path))
}

/// Takes the finished run in `folder` in, as a node, unless it is there already. Its files are copied.
pub(crate) fn run(desk: &Desk, folder: &Path) -> Result<()> {
    let run = Run::open(folder)?;
    let record = run.record();
    let inputs = run.inputs_checksum()?;
    let nodes: Vec<String> = desk.model().nodes.iter().map(|node| node.body.id.clone()).collect();
    let is_same = |id: &String| {
        Run::open(&desk.run_folder(id)).is_ok_and(|own| own.inputs_checksum().ok().as_ref() == Some(&inputs))
    };
    if nodes.iter().any(is_same) {
        return Ok(());
    }
    let generator = &record.generator;
    let id = desk.generators.of_checksum(&generator.sha256, &generator.name).ok_or_else(|| {
        let message = format!(
            "{}: it was made with `{}`, which is not here; name its file with --generator",
            folder.display(),
            generator.name
        );
        Error::new(ErrorKind::Generator, message)
    })?;
    let node = desk.change(|model| Ok(model.next_node())).map_err(|refusal| spoken(&refusal, folder))?;
    copy(&run, &desk.run_folder(&node))?;
    let own = Run::open(&desk.run_folder(&node))?;
    let view = View::of(&own, subject_of(generator), &desk.store)?;
    view.write(desk, &node)?;
    let mut body = Node {
        id: node.clone(),
        kind: "opened".into(),
        name: folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        created: now(),
        generator: id,
        request: Request {
            candidates: record.settings.candidates,
            measurement: Some(record.measurement.clone()),
            spread: record.settings.spread.is_some(),
            seed: record.settings.seed,
            ..Request::default()
        },
        state: if record.summary.stopped { "stopped" } else { "finished" }.into(),
        progress: Progress { done: 1.0, seconds: record.seconds, left: None },
        report: record.files.report.as_ref().map(|_| report_address(&node)),
        ..Node::default()
    };
    view.into_node(&mut body);
    let steered = SteeredBy::default();
    let generator = desk.generators.argument(&body.generator).unwrap_or(&body.generator).to_owned();
    elsewhere::say(&mut body, None, &steered, &generator);
    let item = Item { body, steered, searched_for: 0, marks: BTreeMap::default() };
    let added = desk.change(|model| {
        desk.tell_node(&item.body);
        model.nodes.push(item);
        Ok(())
    });
    added.map_err(|refusal| spoken(&refusal, folder))
}

/// Copies the files of a run, its record last.
fn copy(run: &Run, to: &Path) -> Result<()> {
    make_folder(to)?;
    let from = run.folder();
    let entries = std::fs::read_dir(from).map_err(|source| Error::io("list the folder", from, source))?;
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(|source| Error::io("list the folder", from, source))?.file_name();
        // What a link points to is no part of the run.
        let is_file = from.join(&name).symlink_metadata().is_ok_and(|at| at.is_file());
        names.extend(name.to_str().filter(|name| is_file && crate::model::is_plain(name)).map(str::to_owned));
    }
    names.sort_by_key(|name| name == pulse::run::RECORD);
    for name in names {
        let path = from.join(&name);
        let bytes = read_regular(&path, LARGEST_ARRAYS).map_err(|source| Error::io("read", &path, source))?;
        write_atomically(&to.join(&name), &bytes)?;
    }
    Ok(())
}

fn spoken(refusal: &Refusal, path: &Path) -> Error {
    Error::new(ErrorKind::Picture, format!("{}: {}", path.display(), refusal.message()))
}
