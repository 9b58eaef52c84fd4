//! The commands that a page sends, driven without a browser.

use std::collections::BTreeMap;
use std::path::Path;

use pulse_page::Conversation;
use serde_json::{Value, json};

/// What stands in a page's worker.
struct Page {
    conversation: Conversation,
    asked: u64,
    answers: BTreeMap<u64, (u16, String, Vec<u8>)>,
    events: Vec<(String, Value)>,
}

impl Page {
    fn open(folder: &Path) -> Self {
        Self::of(Conversation::begin(folder, Path::new("no such file")).unwrap())
    }

    fn of(conversation: Conversation) -> Self {
        Self { conversation, asked: 0, answers: BTreeMap::new(), events: Vec::new() }
    }

    fn hear(&mut self, mut said: &[u8]) {
        while !said.is_empty() {
            let end = said.iter().position(|&byte| byte == b'\n').expect("a head is a line");
            let head: Value = serde_json::from_slice(&said[..end]).unwrap();
            let length = head["length"].as_u64().unwrap() as usize;
            let body = &said[end + 1..end + 1 + length];
            said = &said[end + 1 + length..];
            if let Some(event) = head["event"].as_str() {
                self.events.push((event.to_owned(), serde_json::from_slice(body).unwrap()));
            } else {
                let status = head["status"].as_u64().unwrap() as u16;
                let kind = head["kind"].as_str().unwrap().to_owned();
                self.answers.insert(head["answer"].as_u64().unwrap(), (status, kind, body.to_vec()));
            }
        }
    }

    fn send(&mut self, head: &Value, body: &[u8]) -> u64 {
        self.asked += 1;
        let mut head = head.clone();
        head["number"] = json!(self.asked);
        let request = [head.to_string().as_bytes(), b"\n", body].concat();
        let mut out = Vec::new();
        self.conversation.ask(&request[..], &mut out).unwrap();
        self.hear(&out);
        self.asked
    }

    fn turn(&mut self) -> bool {
        let mut out = Vec::new();
        let did = self.conversation.turn(&mut out).unwrap();
        self.hear(&out);
        did
    }

    /// The answer to a request, however many turns it takes.
    fn answer(&mut self, number: u64) -> (u16, String, Vec<u8>) {
        while !self.answers.contains_key(&number) {
            assert!(self.turn(), "nobody answers {number}");
        }
        self.answers.remove(&number).unwrap()
    }

    fn get(&mut self, path: &str) -> (u16, String, Vec<u8>) {
        let number = self.send(&json!({ "method": "GET", "path": path }), b"");
        self.answer(number)
    }

    fn post(&mut self, path: &str, body: &Value) -> (u16, Value) {
        let head = json!({ "method": "POST", "path": format!("/api/v1{path}"), "kind": "application/json" });
        let number = self.send(&head, body.to_string().as_bytes());
        let (status, _, body) = self.answer(number);
        (status, serde_json::from_slice(&body).unwrap())
    }

    fn done(&mut self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.post(path, body);
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    fn upload(&mut self, png: &[u8]) -> Value {
        let head =
            json!({ "method": "POST", "path": "/api/v1/pictures?name=small.png", "kind": "application/octet-stream" });
        let number = self.send(&head, png);
        let (status, _, body) = self.answer(number);
        assert_eq!(status, 200);
        serde_json::from_slice(&body).unwrap()
    }

    fn session(&mut self) -> Value {
        serde_json::from_slice(&self.get("/api/v1/session").2).unwrap()
    }

    fn finish(&mut self) {
        while self.turn() {}
    }

    /// A session in which one picture was searched for.
    fn searched(folder: &Path, steps: usize) -> Self {
        let mut page = Self::open(folder);
        page.upload(&small());
        page.done("/searches", &json!({ "picture": "p1", "candidates": 2, "steps": steps }));
        page.finish();
        page
    }
}

/// A small picture: light in the middle.
fn small() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 16, 16);
    encoder.set_color(png::ColorType::Rgb);
    let pixels: Vec<u8> = (0..256)
        .flat_map(|place: i32| {
            let far = (place % 16 - 8).abs() + (place / 16 - 8).abs();
            [220 - 12 * far, 180 - 10 * far, 160 - 9 * far].map(|value| value.max(20) as u8)
        })
        .collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    bytes
}

fn node<'a>(session: &'a Value, id: &str) -> &'a Value {
    session["nodes"].as_array().unwrap().iter().find(|node| node["id"] == id).unwrap()
}

#[test]
fn a_search_is_watched_judged_and_carried_away() {
    let folder = tempfile::tempdir().unwrap();
    let mut page = Page::searched(folder.path(), 20);
    let states: Vec<&str> =
        page.events.iter().filter(|(kind, _)| kind == "node").filter_map(|(_, node)| node["state"].as_str()).collect();
    let mut order = states.clone();
    order.dedup();
    assert_eq!(order, ["queued", "preparing", "searching", "judging", "finished"]);
    let searching =
        page.events.iter().filter(|(kind, data)| kind == "candidate" && data["candidate"]["state"] == "searching");
    assert!(searching.count() > 0, "candidates are seen while they are searched");
    let session = page.session();
    let candidates = node(&session, "n1")["candidates"].as_array().unwrap();
    assert_eq!(candidates.len(), 2);
    for candidate in candidates {
        assert!(candidate["db"].as_f64().unwrap() > 30.0 && candidate["verdict"].is_string());
        let (status, kind, png) = page.get(&format!("/picture/{}.png", candidate["image"]["key"].as_str().unwrap()));
        assert!(status == 200 && kind == "image/png" && png.starts_with(b"\x89PNG"));
    }
    let (status, kind, report) = page.get("/api/v1/nodes/n1/report.html");
    assert!(status == 200 && kind.starts_with("text/html") && report.len() > 1000);
    let (status, _, tar) = page.get("/api/v1/session.pulse");
    assert!(status == 200 && tar.len() % 512 == 0 && tar.starts_with(b"session.json"));
    assert_eq!(page.get("/api/v1/nodes/n1/difference/1?with=candidate&other=2").0, 200);
    assert_eq!(page.get("/api/v1/events").0, 404, "only a server has streams");
}

#[test]
fn the_session_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut page = Page::searched(folder.path(), 5);
    page.done("/nodes/n1/candidates/2/mark", &json!({ "star": true, "rating": 4 }));
    let before = page.session();
    drop(page);
    let after = Page::open(folder.path()).session();
    assert_eq!(before["nodes"], after["nodes"]);
    assert_eq!(before["pictures"], after["pictures"]);
}

#[test]
fn a_session_that_was_carried_away_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let mut page = Page::searched(&folder.path().join("first"), 5);
    page.done("/nodes/n1/candidates/2/mark", &json!({ "star": true, "rating": 4 }));
    let before = page.session();
    let (brought, second) = (folder.path().join("session.pulse"), folder.path().join("second"));
    std::fs::write(&brought, page.get("/api/v1/session.pulse").2).unwrap();
    let mut other = Page::of(Conversation::begin(&second, &brought).unwrap());
    let after = other.session();
    assert_eq!((&before["nodes"], &before["pictures"]), (&after["nodes"], &after["pictures"]));
    assert!(!brought.exists(), "it takes no more memory");
    assert_eq!(other.done("/nodes/n1/walks", &json!({ "candidate": 1, "directions": 1 }))["state"], "opening");
    // What is none leaves nothing behind.
    std::fs::write(&brought, b"no session").unwrap();
    let third = folder.path().join("third");
    let error = Conversation::begin(&third, &brought).err().expect("it is no session");
    assert!(error.to_string().contains("damaged") && !third.exists(), "{error}");
}

#[test]
fn a_walk_goes_before_a_search() {
    let folder = tempfile::tempdir().unwrap();
    let mut page = Page::searched(folder.path(), 5);
    page.done("/searches", &json!({ "picture": "p1", "candidates": 2, "steps": 12, "seed": 5 }));
    (0..4).for_each(|_| assert!(page.turn()));
    let walk = page.done("/nodes/n1/walks", &json!({ "candidate": 1, "directions": 2 }));
    assert_eq!(walk["state"], "opening");
    assert!(page.turn(), "it is opened in the next turn");
    let frame = page.done("/walks/w1/frame", &json!({ "direction": 1, "at": 0.37 }));
    assert!(frame["db"].as_f64().unwrap() > 30.0);
    let session = page.session();
    assert_eq!(node(&session, "n2")["state"], "searching", "the search is not done yet");
    let walk = &session["walks"][0];
    assert!(walk["state"] == "open" && walk["directions"][1]["change"].as_f64().unwrap() > 0.0);
    // What was asked for later is answered in the place of what had not begun.
    let ask = |at: f64| json!({ "direction": 0, "at": at, "page": "a" }).to_string();
    let head = json!({ "method": "POST", "path": "/api/v1/walks/w1/frame", "kind": "application/json" });
    let [first, second] = [0.11, 0.57].map(|at| page.send(&head, ask(at).as_bytes()));
    assert_eq!((page.answer(first).0, page.answer(second).0), (409, 200));
    page.finish();
    assert_eq!(node(&page.session(), "n2")["state"], "finished");
}

#[test]
fn a_search_is_stopped_goes_on_and_branches() {
    let folder = tempfile::tempdir().unwrap();
    let mut page = Page::open(folder.path());
    page.upload(&small());
    page.done("/searches", &json!({ "picture": "p1", "candidates": 2, "steps": 20 }));
    (0..8).for_each(|_| assert!(page.turn()));
    page.done("/nodes/n1/stop", &json!({}));
    page.finish();
    assert_eq!(node(&page.session(), "n1")["state"], "stopped");
    page.done("/nodes/n1/go-on", &json!({}));
    page.finish();
    assert_eq!(node(&page.session(), "n1")["state"], "finished");
    page.done("/nodes/n1/steer", &json!({ "candidate": 1, "like": true, "amount": 0.3, "candidates": 2 }));
    page.finish();
    let session = page.session();
    let branch = node(&session, "n2");
    assert!(branch["parent"] == "n1" && branch["state"] == "finished", "{branch}");
    assert_eq!(branch["candidates"].as_array().unwrap().len(), 2);
}

#[test]
fn what_cannot_be_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let mut page = Page::open(folder.path());
    let (status, answer) = page.post("/searches", &json!({ "picture": "p9" }));
    assert!(status == 404 && answer["error"]["message"].as_str().unwrap().contains("p9"));
    let (status, answer) = page.post("/searches", &json!({ "colour": 1 }));
    assert!(status == 422 && answer["error"]["kind"] == "body", "{answer}");
    assert_eq!(page.get("/api/v1/nothing").0, 404);
    assert_eq!(page.get("/picture/../../etc/passwd").0, 404);
    let mut out = Vec::new();
    assert!(page.conversation.ask(&b"no request\n"[..], &mut out).is_err() && out.is_empty());
}
