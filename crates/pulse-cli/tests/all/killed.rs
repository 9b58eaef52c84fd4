//! A run that is killed, and started again.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use pulse::image::Reader;
use pulse::run::Run;

use crate::folder::{QUICK, pictures};
use crate::program::{FILES, Place, names_in};

/// How many runs are finished below `out`.
fn finished(out: &Path) -> usize {
    let names = if out.exists() { names_in(out) } else { Vec::new() };
    names.iter().filter(|name| out.join(name).join("run.json").exists()).count()
}

/// Waits until `done`, and kills the child then.
fn kill_once(mut child: Child, done: impl Fn() -> bool) {
    // Nothing takes as long as that: a program that does nothing fails, and does not hang.
    let patience = Instant::now() + Duration::from_mins(2);
    while !done() {
        assert!(Instant::now() < patience && child.try_wait().unwrap().is_none(), "it ended, or does nothing");
        sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Every file of a run, and nothing beside them, can be read.
fn check(folder: &Path) {
    assert_eq!(names_in(folder), FILES);
    let run = Run::open(folder).unwrap();
    assert!(run.is_whole());
    assert_eq!(run.inputs().unwrap().arrays()["z"].shape(), [1, 100]);
    for name in FILES.iter().filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "png")) {
        Reader::default().read(&folder.join(name)).unwrap();
    }
}

#[test]
fn every_picture_is_finished_once() {
    let place = Place::new();
    let names: Vec<_> = (0..12).map(|number| format!("{number:02}.png")).collect();
    pictures(&place, "in", &names.iter().map(String::as_str).collect::<Vec<_>>());
    let out = place.path("pulse-out");
    let arguments: Vec<_> = ["up", "in", "--progress", "none"].into_iter().chain(QUICK).collect();
    let start = || place.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut records = Vec::new();
    for half in [3, 7] {
        kill_once(start(), || finished(&out) >= half);
        // What is sealed is whole, whenever the kill came.
        let sealed: Vec<_> =
            names_in(&out).into_iter().filter(|name| out.join(name).join("run.json").exists()).collect();
        assert!(sealed.len() >= half);
        let read = |name: &String| (name.clone(), std::fs::read(out.join(name).join("run.json")).unwrap());
        records = sealed.iter().map(read).collect();
    }
    assert!(records.len() < 12, "it was killed too late to tell anything");
    let ran = place.run(&arguments).ended_with(0);
    assert!(ran.out.contains(&format!("{} found, {} skipped", 12 - records.len(), records.len())), "{}", ran.out);
    for (name, record) in records {
        assert_eq!(std::fs::read(out.join(&name).join("run.json")).unwrap(), record, "{name} was searched for twice");
    }
    let expected: Vec<_> =
        names.iter().map(|name| name.trim_end_matches(".png").to_owned()).chain(["summary.csv".into()]).collect();
    assert_eq!(names_in(&out), expected);
    for name in &expected[..12] {
        check(&out.join(name));
    }
}

#[test]
fn what_a_killed_run_left_makes_way() {
    let place = Place::new();
    pictures(&place, "in", &["a.png", "b.png"]);
    // Killed while it wrote, by what it leaves; and a stranger's file beside it.
    let left = ["a/.pulse-unfinished", "a/.pulse-77-3.tmp", "a/candidate-01.png", "a/candidate-07.png", "a/letter.txt"];
    std::fs::create_dir_all(place.path("pulse-out/a")).unwrap();
    for name in left {
        place.write(&format!("pulse-out/{name}"), b"half of");
    }
    // Killed before it had marked its folder.
    std::fs::create_dir_all(place.path("pulse-out/b")).unwrap();
    place.write("pulse-out/b/.pulse-77-4.tmp", b"half of");
    let arguments: Vec<_> = ["up", "in", "--progress", "none"].into_iter().chain(QUICK).collect();
    place.run(&arguments).ended_with(0);
    assert_eq!(std::fs::read(place.path("pulse-out/a/letter.txt")).unwrap(), b"half of");
    std::fs::remove_file(place.path("pulse-out/a/letter.txt")).unwrap();
    for name in ["a", "b"] {
        check(&place.path("pulse-out").join(name));
    }

    // Killed after the last file, and before it took the mark away.
    place.write("pulse-out/a/.pulse-unfinished", b"");
    let ran = place.run(&arguments).ended_with(0);
    assert!(ran.out.contains("2 skipped"), "{}", ran.out);
    check(&place.path("pulse-out/a"));
}

#[test]
fn who_finds_another_process_at_work_waits_and_takes_over_when_it_is_killed() {
    let place = Place::new();
    pictures(&place, "in", &["a.png"]);
    let long = ["up", "in", "--progress", "json", "--preset", "paper", "--steps", "1000000", "--target-db", "120"];
    let start = || {
        let mut child = place.command(&long).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        (child, lines)
    };
    let end = |mut child: Child| {
        child.kill().unwrap();
        child.wait().unwrap();
    };
    let (first, mut told) = start();
    assert!(told.any(|line| line.contains("\"started\"")));
    let (second, mut told) = start();
    let line = told.next().unwrap();
    assert!(line.contains("in/a.png: another process is at work on it; waiting"), "{line}");
    end(first);
    assert!(told.any(|line| line.contains("\"started\"")), "it did not take over");
    end(second);
}
