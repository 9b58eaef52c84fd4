//! The explorer, killed again and again while it is used.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::program::Place;

/// A program that is open, and a page that has entered.
struct Page {
    child: Child,
    address: String,
    cookie: String,
}

impl Page {
    fn open(place: &Place) -> Self {
        let mut command = place.command(&["open", "--no-browser", "--out", "session"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines.nth(1).expect("the address is printed").unwrap();
        let (address, token) = url.trim().strip_prefix("http://").unwrap().split_once("/#token=").unwrap();
        let mut page = Self { child, address: address.to_owned(), cookie: String::new() };
        let (head, _) = page.post("/api/v1/enter", &json!({ "token": token })).expect("it is not killed yet");
        let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        cookie.split(';').next().unwrap().clone_into(&mut page.cookie);
        page
    }

    /// The head and the body of an answer; nothing once the program is gone.
    fn ask(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Option<(String, Value)> {
        let Self { address, cookie, .. } = self;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nCookie: {cookie}\r\n\
             Content-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let mut stream = TcpStream::connect(address).ok()?;
        stream.write_all(&[head.as_bytes(), body].concat()).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n")?;
        // An answer that was cut off is none.
        Some((head.to_lowercase(), serde_json::from_str(body).ok()?))
    }

    fn post(&self, path: &str, body: &Value) -> Option<(String, Value)> {
        self.ask("POST", path, "application/json", body.to_string().as_bytes())
    }

    fn state(&self) -> Option<Value> {
        self.ask("GET", "/api/v1/session", "text/plain", b"").map(|(_, body)| body)
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the program has said that it has.
#[derive(Default)]
struct Said {
    pictures: Vec<String>,
    nodes: Vec<String>,
    /// The candidates' pictures of nodes that were finished.
    finished: BTreeMap<String, Vec<Value>>,
    marked: Vec<String>,
}

impl Said {
    /// Uploads, searches and marks until nobody answers.
    fn work(&mut self, page: &Page, place: &Place, round: usize) -> Option<()> {
        for number in 0.. {
            let name = format!("p{round}-{number}.png");
            let mut picture = std::fs::read(place.picture(&name, 3, 4, 4)).unwrap();
            // A trailing byte is no part of a PNG, and makes it another picture.
            picture.extend([round as u8, number as u8]);
            let upload = format!("/api/v1/pictures?name={name}");
            let given = page.ask("POST", &upload, "application/octet-stream", &picture)?.1["id"].clone();
            self.pictures.push(given.as_str().unwrap().to_owned());
            let steps = [3, 10, 60][(round + number) % 3];
            let ask = json!({ "picture": given, "candidates": 1, "steps": steps });
            self.nodes.push(page.post("/api/v1/searches", &ask)?.1["id"].as_str().unwrap().to_owned());
            std::thread::sleep(Duration::from_millis(600));
            for node in page.state()?["nodes"].as_array().unwrap() {
                let id = node["id"].as_str().unwrap();
                if node["state"] == "finished" && !self.finished.contains_key(id) {
                    self.finished.insert(id.to_owned(), pictures_of(node));
                    let mark = json!({ "star": true, "rating": 3 });
                    page.post(&format!("/api/v1/nodes/{id}/candidates/1/mark"), &mark)?;
                    self.marked.push(id.to_owned());
                }
            }
        }
        Some(())
    }

    /// All of it is there.
    fn check(&self, state: &Value) {
        let ids = |of: &str| -> Vec<&str> {
            state[of].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect()
        };
        assert!(self.pictures.iter().all(|id| ids("pictures").contains(&id.as_str())), "a picture is lost");
        assert!(self.nodes.iter().all(|id| ids("nodes").contains(&id.as_str())), "a node is lost");
        let node = |id: &str| state["nodes"].as_array().unwrap().iter().find(|node| node["id"] == id).unwrap();
        for (id, pictures) in &self.finished {
            assert_eq!((&node(id)["state"], &pictures_of(node(id))), (&json!("finished"), pictures), "{id}");
        }
        for id in &self.marked {
            let first = &node(id)["candidates"][0];
            assert_eq!((&first["star"], &first["rating"]), (&json!(true), &json!(3)), "{id}");
        }
        let open = ["finished", "queued", "preparing", "searching", "judging"];
        for node in state["nodes"].as_array().unwrap() {
            assert!(open.iter().any(|state| node["state"] == *state), "{}: {}", node["id"], node["state"]);
        }
    }
}

fn pictures_of(node: &Value) -> Vec<Value> {
    node["candidates"].as_array().unwrap().iter().map(|candidate| candidate["image"]["key"].clone()).collect()
}

/// Kills it this often, each time a little later, and then lets it come to its end.
fn killed(rounds: usize) {
    let place = Place::new();
    let mut said = Said::default();
    for round in 0..rounds {
        let mut page = Page::open(&place);
        said.check(&page.state().unwrap());
        let after = Duration::from_millis(200 + (round as u64 * 7919) % 4000);
        let id = page.child.id();
        let killer = std::thread::spawn(move || {
            std::thread::sleep(after);
            std::process::Command::new("kill").args(["-KILL", &id.to_string()]).status().unwrap();
        });
        said.work(&page, &place, round);
        killer.join().unwrap();
        page.child.wait().unwrap();
    }
    let page = Page::open(&place);
    let patience = Instant::now() + Duration::from_mins(10);
    // What was under way or waited goes on without being told.
    loop {
        let state = page.state().unwrap();
        if state["nodes"].as_array().unwrap().iter().all(|node| node["state"] == "finished") {
            said.check(&state);
            break;
        }
        assert!(Instant::now() < patience, "{}", state["queue"]);
        std::thread::sleep(Duration::from_millis(200));
    }
    println!(
        "{rounds} kills, {} pictures, {} searches, {} finished",
        said.pictures.len(),
        said.nodes.len(),
        said.finished.len()
    );
}

#[test]
fn a_session_that_is_killed_loses_nothing_that_was_said() {
    killed(3);
}

/// Minutes long: `cargo nextest run --workspace --run-ignored only -E 'test(twenty_kills)' --no-capture`.
#[test]
#[ignore = "it takes minutes"]
fn twenty_kills_lose_nothing_that_was_said() {
    killed(20);
}
