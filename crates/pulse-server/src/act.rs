//! What pages do: each request checked, done to the model, written, told.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pulse::image::{Image, Reader, encode_png};
use pulse::run::Run;
use pulse::search::MOST_CANDIDATES;
use pulse::solved::NEAR;
use pulse::walk::DirectionSettings;
use pulse::write::write_atomically;

use crate::ask::{Edit, Mark, More, SearchAsk, SteerAsk, WalkAsk};
use crate::body::{Candidate, Direction, Node, Request, TowardShown, Walk};
use crate::desk::{Desk, MOST_NODES};
use crate::elsewhere;
use crate::given;
use crate::model::{Item, Marked, Model, SteeredBy, now};
use crate::refusal::{Answer, Refusal};
use crate::searcher::config_of;

/// The longest name and the longest note of a node.
const LONGEST_NAME: usize = 200;
const LONGEST_NOTE: usize = 20_000;

/// The most walks in a session at a time, those that wait to be opened among them.
const MOST_WALKS: usize = 16;

/// A search for a picture: a node, which waits.
pub(crate) fn search(desk: &Desk, ask: &SearchAsk) -> Answer<Node> {
    given::measurement(ask.measurement.as_deref())?;
    let id = ask.generator.clone().unwrap_or_else(|| desk.generators.first().to_owned());
    let opened = desk.generator(Some(&id))?;
    let request = Request {
        candidates: ask.candidates.unwrap_or(pulse::search::SearchConfig::default().candidates),
        measurement: ask.measurement.clone().filter(|text| !text.trim().is_empty()),
        sigma: ask.sigma,
        spread: ask.spread,
        seed: ask.seed.unwrap_or_default(),
        steps: ask.steps,
        sampler: ask.sampler.clone(),
        ..Request::default()
    };
    let node = Node {
        picture: Some(ask.picture.clone()),
        statement: pulse::report::statement(opened.subject, request.candidates),
        ..new_node("search", id, request)
    };
    config_of(&node)?;
    desk.model().picture(&ask.picture)?;
    queue(desk, node, SteeredBy::default())
}

/// A node that is not in the session yet.
fn new_node(kind: &str, generator: String, request: Request) -> Node {
    let (kind, state) = (kind.into(), "queued".into());
    Node { kind, created: now(), generator, request, state, ..Node::default() }
}

/// Gives a node a name, and puts it into the session and the queue.
fn queue(desk: &Desk, mut node: Node, steered: SteeredBy) -> Answer<Node> {
    desk.change(|model| {
        if model.nodes.len() >= MOST_NODES {
            return Err(Refusal::conflict(format!(
                "the session has {MOST_NODES} nodes: remove some, or begin another"
            )));
        }
        if node.id.is_empty() {
            node.id = model.next_node();
        }
        let given = node.picture.as_deref().map(|picture| model.picture(picture)).transpose()?;
        let generator = desk.generators.argument(&node.generator).unwrap_or(&node.generator).to_owned();
        elsewhere::say(&mut node, given, &steered, &generator);
        desk.tell_node(&node);
        model.queue.push_back(node.id.clone());
        desk.tell_queue(model);
        model.nodes.push(Item { body: node.clone(), steered, searched_for: 0, marks: BTreeMap::default() });
        Ok(node)
    })
}

/// A search from what was found: a branch.
pub(crate) fn steer(desk: &Desk, id: &str, ask: &SteerAsk) -> Answer<Node> {
    let parent = desk.model().node(id)?.body.clone();
    if Run::open(&desk.run_folder(id)).is_err() {
        return Err(Refusal::conflict(format!("node {id}: it has found nothing yet; wait for it")));
    }
    let keeps = ask.keep.is_some() || ask.vary.is_some();
    let likes = ask.like.unwrap_or(false);
    let Some(candidate) = ask.candidate.or(ask.toward.as_ref().map(|_| 0)) else {
        return Err(Refusal::bad("candidate: say from which one"));
    };
    if ask.keep.is_some() && ask.vary.is_some() {
        return Err(Refusal::bad("keep and vary: one is the other's opposite; give one"));
    }
    if candidate == 0 && (keeps || likes)
        || candidate > 0 && !parent.candidates.iter().any(|own| own.number == candidate)
    {
        return Err(Refusal::missing("candidate", &candidate.to_string()));
    }
    if ask.amount.is_some_and(|amount| !(0.0..=1.0).contains(&amount)) {
        return Err(Refusal::bad("amount: give a number from 0 to 1"));
    }
    let number = desk.change(|model| Ok(model.next_node()))?;
    let mut steered = SteeredBy::default();
    let mut request = Request {
        candidates: ask.candidates.unwrap_or(parent.request.candidates),
        spread: ask.spread.unwrap_or(parent.request.spread),
        seed: ask.seed.unwrap_or(parent.request.seed.wrapping_add(1)),
        like: likes.then_some(candidate),
        amount: likes.then(|| ask.amount.unwrap_or(NEAR)),
        candidate: (candidate > 0 && (keeps || !likes)).then_some(candidate),
        ..Request::default()
    };
    let mask = |text: &Option<String>, what: &str| -> Answer<Option<(String, crate::body::Image)>> {
        let Some(text) = text else { return Ok(None) };
        keep_mask(desk, text, &format!("{number}-{what}.png")).map(Some)
    };
    (steered.keep, request.keep) = mask(&ask.keep, "keep")?.unzip();
    (steered.vary, request.vary) = mask(&ask.vary, "vary")?.unzip();
    if let Some(toward) = &ask.toward {
        let (file, shown) = mask(&toward.mask, "toward-mask")?.unzip();
        steered.toward_mask = file;
        steered.toward = Some(example(desk, &toward.picture, &number)?);
        request.toward = Some(TowardShown { picture: toward.picture.clone(), mask: shown });
    }
    let kind = match () {
        () if ask.keep.is_some() => "keep",
        () if ask.vary.is_some() => "vary",
        () if likes => "like",
        () if ask.toward.is_some() => "toward",
        () => "again",
    };
    let node = Node {
        id: number,
        parent: Some(id.to_owned()),
        from_candidates: ask.candidate.into_iter().collect(),
        picture: parent.picture.clone(),
        statement: parent.statement.clone(),
        ..new_node(kind, parent.generator.clone(), request)
    };
    config_of(&node)?;
    queue(desk, node, steered)
}

/// Keeps a mask that was painted: its file, and what pages see of it.
fn keep_mask(desk: &Desk, text: &str, file: &str) -> Answer<(String, crate::body::Image)> {
    let text = text.rsplit_once(',').map_or(text, |(_, data)| data);
    let bytes = STANDARD.decode(text).map_err(|_| Refusal::bad("mask: it is no picture in base 64"))?;
    // What is transparent is black: white strokes on nothing are a region.
    let picture = Reader { background: [0; 3] }.decode("mask", &bytes)?;
    write_atomically(&desk.picture_file(file), &encode_png(&picture, None)?)?;
    Ok((file.to_owned(), desk.store.keep(&picture, None)?))
}

/// The file of a picture that candidates are drawn to.
fn example(desk: &Desk, picture: &str, node: &str) -> Answer<String> {
    let given = desk.model().picture(picture)?.clone();
    let Some(part) = given.crop else { return Ok(given.file) };
    let whole: Image = Reader::default().read(&desk.picture_file(&given.file))?;
    let part = pulse::image::Rectangle { left: part.x, top: part.y, width: part.width, height: part.height };
    let file = format!("{node}-toward.png");
    write_atomically(&desk.picture_file(&file), &encode_png(&whole.crop(part)?, None)?)?;
    Ok(file)
}

/// A node goes on with more candidates.
pub(crate) fn more(desk: &Desk, id: &str, ask: &More) -> Answer<Node> {
    requeue(desk, id, |node| {
        let count = node.request.candidates.saturating_add(ask.candidates);
        if ask.candidates == 0 || count > MOST_CANDIDATES {
            return Err(Refusal::bad(format!("candidates: {count} in all cannot be: ask for 1 to {MOST_CANDIDATES}")));
        }
        node.request.candidates = count;
        Ok(())
    })
}

/// A node that was stopped goes on.
pub(crate) fn go_on(desk: &Desk, id: &str) -> Answer<Node> {
    requeue(desk, id, |node| match node.state.as_str() {
        "finished" => Err(Refusal::conflict(format!("node {}: it is finished; ask for more candidates", node.id))),
        _ => Ok(()),
    })
}

fn requeue(desk: &Desk, id: &str, change: impl FnOnce(&mut Node) -> Answer<()>) -> Answer<Node> {
    desk.change(|model| {
        let item = model.node_mut(id)?;
        if item.body.is_open() {
            return Err(Refusal::conflict(format!("node {id}: it is under way; stop it, or wait for it")));
        }
        change(&mut item.body)?;
        "queued".clone_into(&mut item.body.state);
        item.body.error = None;
        let (body, steered) = (item.body.clone(), item.steered.clone());
        let given = body.picture.as_deref().and_then(|picture| model.picture(picture).ok().cloned());
        let generator = desk.generators.argument(&body.generator).unwrap_or(&body.generator).to_owned();
        let item = model.node_mut(id)?;
        if body.kind != "opened" {
            elsewhere::say(&mut item.body, given.as_ref(), &steered, &generator);
        }
        let node = item.body.without_candidates();
        desk.tell_node(&item.body);
        model.queue.push_back(id.to_owned());
        desk.tell_queue(model);
        Ok(node)
    })
}

/// A node stops: at once where it waits, after the step under way where it is searched.
pub(crate) fn stop(desk: &Desk, id: &str) -> Answer<()> {
    desk.change(|model| {
        model.node(id)?;
        if model.running.as_deref() == Some(id) {
            desk.stopping.store(true, Ordering::SeqCst);
            return Ok(());
        }
        let before = model.queue.len();
        model.queue.retain(|waiting| waiting != id);
        if model.queue.len() < before {
            let node = &mut model.node_mut(id)?.body;
            "stopped".clone_into(&mut node.state);
            desk.tell_node(node);
            desk.tell_queue(model);
        }
        Ok(())
    })
}

/// A node goes, with its folder.
pub(crate) fn remove_node(desk: &Desk, id: &str) -> Answer<()> {
    desk.change(|model| {
        if model.node(id)?.body.is_open() {
            return Err(Refusal::conflict(format!("node {id}: it is under way; stop it first")));
        }
        if model.nodes.iter().any(|node| node.body.parent.as_deref() == Some(id)) {
            return Err(Refusal::conflict(format!("node {id}: others start from it; remove them first")));
        }
        model.nodes.retain(|node| node.body.id != id);
        let gone: Vec<String> = model.walks.iter().filter(|walk| walk.node == id).map(|walk| walk.id.clone()).collect();
        model.walks.retain(|walk| walk.node != id);
        for walk in &gone {
            desk.tell_removed("walk", walk);
        }
        desk.tell_removed("node", id);
        Ok(())
    })?;
    // What is left lying is no part of the session any more.
    let _ = pulse::run::remove_run(&desk.run_folder(id));
    let _ = std::fs::remove_file(desk.bookmark_file(id));
    Ok(())
}

/// A picture goes, where nothing was done with it.
pub(crate) fn remove_picture(desk: &Desk, id: &str) -> Answer<()> {
    let file = desk.change(|model| {
        let file = model.picture(id)?.file.clone();
        let is_used = |node: &Item| {
            let toward = node.body.request.toward.as_ref().is_some_and(|toward| toward.picture == id);
            toward || node.body.picture.as_deref() == Some(id)
        };
        if model.nodes.iter().any(is_used) {
            return Err(Refusal::conflict(format!("picture {id}: it was searched for; remove those nodes first")));
        }
        model.pictures.retain(|given| given.body.id != id);
        desk.tell_removed("picture", id);
        Ok((!model.pictures.iter().any(|given| given.file == file)).then_some(file))
    })?;
    if let Some(file) = file {
        let _ = std::fs::remove_file(desk.picture_file(&file));
    }
    Ok(())
}

/// What a person says about a node.
pub(crate) fn edit(desk: &Desk, id: &str, ask: &Edit) -> Answer<Node> {
    desk.change(|model| {
        let node = &mut model.node_mut(id)?.body;
        if let Some(name) = &ask.name {
            node.name = name.chars().take(LONGEST_NAME).collect();
        }
        if let Some(note) = &ask.note {
            node.note = note.chars().take(LONGEST_NOTE).collect();
        }
        desk.tell_node(node);
        Ok(node.without_candidates())
    })
}

/// What a person thinks of a candidate.
pub(crate) fn mark(desk: &Desk, id: &str, number: usize, ask: &Mark) -> Answer<Candidate> {
    if ask.rating.is_some_and(|rating| rating > 5) {
        return Err(Refusal::bad("rating: give a number from 1 to 5, or 0 to take it back"));
    }
    desk.change(|model| {
        let node = model.node_mut(id)?;
        let candidate = node.body.candidates.iter_mut().find(|candidate| candidate.number == number);
        let candidate = candidate.ok_or_else(|| Refusal::missing("candidate", &number.to_string()))?;
        candidate.star = ask.star.unwrap_or(candidate.star);
        candidate.rating = ask.rating.unwrap_or(candidate.rating);
        let marked = Marked { star: candidate.star, rating: candidate.rating };
        desk.tell_candidate(id, candidate);
        let candidate = candidate.clone();
        if marked == Marked::default() {
            node.marks.remove(&number);
        } else {
            node.marks.insert(number, marked);
        }
        Ok(candidate)
    })
}

/// Opens a walk. The same one is not opened twice.
pub(crate) fn walk(desk: &Desk, id: &str, ask: &WalkAsk) -> Answer<Walk> {
    let count = ask.directions.unwrap_or(DirectionSettings::default().count);
    DirectionSettings { count, ..DirectionSettings::default() }.validate()?;
    if Run::open(&desk.run_folder(id)).is_err() {
        return Err(Refusal::conflict(format!("node {id}: it has found nothing yet; wait for it")));
    }
    let mut model = desk.model();
    let node = &model.node(id)?.body;
    for number in [Some(ask.candidate), ask.to].into_iter().flatten() {
        if !node.candidates.iter().any(|candidate| candidate.number == number) {
            return Err(Refusal::missing("candidate", &number.to_string()));
        }
    }
    if ask.to == Some(ask.candidate) {
        return Err(Refusal::bad("to: there is nothing between a candidate and itself; name two"));
    }
    let is_same = |walk: &&Walk| {
        let directions = ask.to.is_some() || walk.directions.len() == count;
        walk.node == id && walk.candidate == ask.candidate && walk.to == ask.to && walk.state != "failed" && directions
    };
    if let Some(walk) = model.walks.iter().find(is_same) {
        return Ok(walk.clone());
    }
    make_room(desk, &mut model)?;
    let walk = Walk {
        id: model.next_walk(),
        node: id.to_owned(),
        kind: if ask.to.is_some() { "path" } else { "directions" }.into(),
        candidate: ask.candidate,
        to: ask.to,
        state: "opening".into(),
        error: None,
        done: 0.0,
        directions: if ask.to.is_some() { Vec::new() } else { (0..count).map(Direction::unfollowed).collect() },
        frames: Vec::new(),
    };
    model.walks.push(walk.clone());
    desk.tell_walk(&walk);
    drop(model);
    desk.inbox.open(walk.id.clone());
    Ok(walk)
}

fn make_room(desk: &Desk, model: &mut Model) -> Answer<()> {
    let failed: Vec<String> =
        model.walks.iter().filter(|walk| walk.state == "failed").map(|walk| walk.id.clone()).collect();
    for id in &failed {
        desk.tell_removed("walk", id);
    }
    model.walks.retain(|walk| walk.state != "failed");
    if model.walks.len() < MOST_WALKS {
        return Ok(());
    }
    Err(Refusal::conflict(format!("{MOST_WALKS} walks wait to be opened; wait for them")))
}
