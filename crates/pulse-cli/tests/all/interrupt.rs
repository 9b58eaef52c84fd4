//! Ctrl-C.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::program::{Place, Ran};

/// Asks for more steps than the test would ever wait for, and interrupts it after the first ones.
#[test]
fn what_was_found_is_written() {
    let place = Place::new();
    place.picture("a.png", 3, 8, 8);
    place.picture("b.png", 3, 8, 8);
    let mut command = place.command(&["up", "a.png", "b.png", "--progress", "json", "--preset", "paper"]);
    command.args(["--steps", "1000000", "--target-db", "120", "-n", "9", "--trace", "trace.jsonl"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();

    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    lines.find(|line| line.as_ref().unwrap().contains("best_db\":1")).unwrap().unwrap();
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let rest: Vec<_> = lines.map(Result::unwrap).collect();
    let ran = Ran::of(child.wait_with_output().unwrap());

    assert_eq!(ran.status, 1, "{rest:?}");
    assert!(rest.iter().any(|line| line.starts_with("pulse: stopping")), "{rest:?}");
    assert!(rest.iter().any(|line| line.contains("1 of 2 pictures were not begun")), "{rest:?}");
    assert_eq!(place.list("pulse-out"), ["a", "summary.csv"]);
    let summary = std::fs::read_to_string(place.path("pulse-out/summary.csv")).unwrap();
    assert!(summary.contains("a.png,pulse-out/a,stopped,8,") && summary.contains("b.png,pulse-out/b,not begun,"));
    let record = place.record("pulse-out/a");
    assert_eq!(record["summary"]["stopped"], true);
    // The ninth waits for a place among the eight that are searched together.
    assert_eq!(record["summary"]["candidates"], 8);
    assert_eq!(record["candidates"][7]["outcome"], "stopped");
    assert!(place.path("pulse-out/a/candidate-08.png").exists());
}
