//! Many at a time.

use serde_json::json;

use crate::client::{Page, picture};

#[test]
fn a_hundred_searches_are_all_done_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let page = Page::open(&folder.path().join("session"));
    let mut asked = Vec::new();
    for number in 0..100u8 {
        let given = page.upload(&format!("{number}.png"), &picture(number)).json();
        let ask = json!({ "picture": given["id"], "candidates": 2, "steps": 3, "seed": number });
        let node = page.post("/searches", &ask).json();
        asked.push(node["id"].as_str().unwrap().to_owned());
    }
    let last = page.done(asked.last().unwrap());
    assert_eq!(last["state"], "finished", "{}", last["error"]);
    let state = page.state();
    let nodes = state["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 100);
    for (node, id) in nodes.iter().zip(&asked) {
        assert_eq!((&node["id"], &node["state"]), (&json!(id), &json!("finished")), "{}", node["error"]);
        assert_eq!(node["candidates"].as_array().unwrap().len(), 2);
    }
    // The last to be written is the last that was asked for.
    let written = |id: &String| {
        let record = folder.path().join("session/nodes").join(id).join("run.json");
        record.metadata().unwrap().modified().unwrap()
    };
    let times: Vec<_> = asked.iter().map(written).collect();
    assert!(times.is_sorted(), "first in, first out");
    assert_eq!(state["queue"], json!([]));
    page.end();
}
