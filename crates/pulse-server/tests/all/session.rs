//! A session from its first picture to its last.

use pulse_server::{OfferedModel, Server, Settings};
use serde_json::json;

use crate::client::{Page, picture};

#[test]
fn a_session_is_found_again_and_carried_away() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("session");
    let page = Page::open(&place);
    let given = page.upload("small.png", &picture(3)).json();
    assert_eq!((given["id"].as_str(), given["kind"].as_str()), (Some("p1"), Some("small")));
    let key = given["image"]["key"].as_str().unwrap().to_owned();
    let shown = page.get(&format!("/picture/{key}.png"));
    assert!(shown.status == 200 && shown.head.contains("immutable") && shown.body.starts_with(b"\x89PNG"));

    let ask = json!({ "picture": "p1", "candidates": 2, "steps": 5 });
    assert_eq!(page.post("/searches", &ask).json()["state"], "queued");
    let node = page.done("n1");
    assert_eq!(node["state"], "finished", "{}", node["error"]);
    assert_eq!(node["candidates"].as_array().unwrap().len(), 2);
    assert!(node["statement"].as_str().unwrap().contains("imagined") && node["mean"]["key"].is_string());
    assert!(node["command"].as_str().unwrap().starts_with("pulse upsample pictures/p1-small.png"));
    let saved = page.get("/api/v1/nodes/n1/candidates/1.png");
    assert!(saved.head.contains("attachment") && saved.body.windows(8).any(|at| at == b"imagined"));
    assert_eq!(page.get("/api/v1/nodes/n1/difference/1?with=candidate&other=2").status, 200);
    assert!(page.get("/api/v1/nodes/n1/report.html").head.contains("sandbox"));

    assert_eq!(page.post("/nodes/n1/candidates/2/mark", &json!({ "star": true, "rating": 4 })).json()["rating"], 4);
    assert_eq!(page.post("/nodes/n1/candidates/2/mark", &json!({ "rating": 6 })).status, 400);
    assert_eq!(page.post("/nodes/n1/edit", &json!({ "name": "first" })).json()["name"], "first");
    assert_eq!(page.post("/nodes/n1/more", &json!({ "candidates": 1 })).status, 200);
    let node = page.done("n1");
    assert_eq!(node["candidates"].as_array().unwrap().len(), 3, "{}", node["error"]);
    assert_eq!(
        page.post("/nodes/n1/steer", &json!({ "candidate": 1, "like": true, "candidates": 1 })).json()["parent"],
        "n1"
    );
    assert_eq!(page.done("n2")["state"], "finished");
    assert_eq!(page.post("/nodes/n1/remove", &json!({})).status, 409, "n2 starts from it");
    assert_eq!(page.post("/pictures/p1/remove", &json!({})).status, 409, "it was searched for");

    let before = page.state();
    page.end();
    let again = Page::open(&place);
    let state = again.state();
    assert_eq!((&state["nodes"], &state["pictures"]), (&before["nodes"], &before["pictures"]));
    again.end();

    drop(Server::start(&Settings::new(&place)).map(|server| {
        assert!(Server::start(&Settings::new(&place)).is_err(), "one process at a time");
        server.ender().end();
        server.wait();
    }));
}

#[test]
fn what_waits_is_stopped_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let page = Page::open(&folder.path().join("session"));
    page.upload("small.png", &picture(3));
    let ask = json!({ "picture": "p1", "candidates": 8 });
    page.post("/searches", &ask);
    page.post("/searches", &ask);
    assert_eq!(page.post("/nodes/n2/stop", &json!({})).status, 200);
    assert_eq!(page.done("n2")["state"], "stopped");
    assert_eq!(page.post("/nodes/n1/stop", &json!({})).status, 200);
    let stopped = page.done("n1");
    assert!(stopped["state"] == "stopped" || stopped["state"] == "finished");
    page.end();
}

#[test]
fn a_picture_that_was_saved_as_jpeg_is_searched_for_to_its_noise() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("session");
    let page = Page::open(&place);
    page.upload("small.png", &picture(3));
    let ask = json!({ "picture": "p1", "measurement": "bicubic,jpeg:75", "candidates": 1, "steps": 2 });
    page.post("/searches", &ask);
    assert_eq!(page.done("n1")["state"], "finished");
    let record: serde_json::Value =
        serde_json::from_slice(&std::fs::read(place.join("nodes/n1/run.json")).unwrap()).unwrap();
    let sigma = record["settings"]["sigma"].as_f64().unwrap();
    assert!((5.0..13.0).contains(&(255.0 * sigma)), "{sigma}");
    page.end();
}

#[test]
fn models_are_offered_by_name_and_read_when_they_are_used() {
    let folder = tempfile::tempdir().unwrap();
    let mine = folder.path().join("mine.safetensors");
    let embedded = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/dcgan_faces_f16.safetensors");
    std::fs::copy(embedded, &mine).unwrap();
    let other = folder.path().join("other.pkl");
    std::fs::write(&other, b"no model").unwrap();
    let offered = |path: &std::path::Path| OfferedModel {
        name: path.file_name().unwrap().to_str().unwrap().to_owned(),
        path: path.to_str().unwrap().to_owned(),
    };
    let mut settings = Settings::new(folder.path().join("session"));
    settings.models = vec![offered(&mine), offered(&other)];
    let page = Page::of(Server::start(&settings).unwrap());
    page.upload("small.png", &picture(3));
    let generator = |id: &str| {
        let state = page.state();
        let all = state["generators"].as_array().unwrap().clone();
        assert!(!state.to_string().contains(mine.to_str().unwrap()), "a page is told a path");
        all.into_iter().find(|own| own["id"] == id).unwrap()
    };
    let before = generator("models/mine.safetensors");
    assert!(before["name"] == "mine.safetensors" && before["width"] == 0 && before["embedded"] == false);
    let search = |generator: &str| {
        page.post("/searches", &json!({ "picture": "p1", "candidates": 1, "steps": 2, "generator": generator }))
    };
    for path in [mine.to_str().unwrap(), "models/../mine.safetensors", "mine.safetensors"] {
        assert_eq!(search(path).status, 404, "{path}");
    }
    assert_eq!(search("models/other.pkl").status, 422);
    assert_eq!(search("models/mine.safetensors").status, 200);
    let node = page.done("n1");
    assert_eq!(node["state"], "finished", "{}", node["error"]);
    assert_eq!(generator("models/mine.safetensors")["width"], 64);
    assert!(node["command"].as_str().unwrap().contains("--generator mine.safetensors"));
    assert!(node["python"].as_str().unwrap().contains("\n    \"mine.safetensors\",\n"));
    page.end();
}
