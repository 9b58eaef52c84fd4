//! Ctrl-C, and being terminated: what was found is written and marked as unfinished, and the same command goes on from there.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Instant;

use pulse::image::{Image, Kernel, Reader, Size, write_png};
use serde_json::Value;

use crate::program::{Place, Ran, names_in};

fn send(signal: &str, child: &Child) {
    // It may be done already.
    let _ = Command::new("kill").args([signal, &child.id().to_string()]).stderr(Stdio::null()).status().unwrap();
}

/// Runs the program, and sends the signal once a line on standard error has this in it.
fn interrupted(place: &Place, arguments: &[&str], signal: &str, at: &str) -> Ran {
    let mut command = place.command(arguments);
    let mut child = command.args(["--progress", "json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    lines.find(|line| line.as_ref().unwrap().contains(at)).unwrap().unwrap();
    send(signal, &child);
    let rest: Vec<_> = lines.map(Result::unwrap).collect();
    let ran = Ran::of(child.wait_with_output().unwrap());
    Ran { err: rest.join("\n"), ..ran }
}

/// Every file below a folder, by its path there; without when it was made and how long that took, which is all that may differ.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for name in names_in(folder) {
        let path = folder.join(&name);
        if path.is_dir() {
            files.extend(self::files(&path).into_iter().map(|(below, bytes)| (Path::new(&name).join(below), bytes)));
            continue;
        }
        let mut bytes = fs::read(&path).unwrap();
        if name == "run.json" {
            let mut record: Value = serde_json::from_slice(&bytes).unwrap();
            record["seconds"] = Value::Null;
            record["made"] = Value::Null;
            bytes = record.to_string().into_bytes();
        }
        if !["summary.csv", "report.html"].contains(&name.as_str()) {
            files.insert(name.into(), bytes);
        }
    }
    files
}

#[track_caller]
fn assert_same(place: &Place, out: &str, undisturbed: &str) {
    let [found, expected] = [out, undisturbed].map(|out| files(&place.path(out)));
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (name, bytes) in &found {
        assert!(bytes == &expected[name], "{} is another one", name.display());
    }
}

/// The lines of a trace, in any order: which steps were taken, and what they were like.
fn steps(place: &Place, trace: &str) -> Vec<String> {
    let mut lines: Vec<_> = fs::read_to_string(place.path(trace)).unwrap().lines().map(String::from).collect();
    lines.sort();
    lines
}

/// Writes a folder of so many pictures of one kind, for which the program looks at the model's own pictures only once.
fn alike(place: &Place, count: usize) {
    fs::create_dir(place.path("in")).unwrap();
    (1..=count).for_each(|number| _ = place.picture(&format!("in/{number}.png"), 3, 8, 8));
}

/// What is wrong with a run that was stopped.
fn check_stopped(record: &Value) {
    let candidates = record["candidates"].as_array().unwrap();
    let of = |outcome: &str| candidates.iter().filter(|candidate| candidate["outcome"] == outcome).count();
    assert_eq!(record["summary"]["reached"], of("reached"));
    assert!(
        of("stopped") == 0 || record["summary"]["stopped"] == true,
        "one that was stopped was recorded as finished"
    );
    assert_eq!(record["files"]["bookmark"].is_string(), record["summary"]["stopped"] == true);
}

/// Asks for more steps than the test would ever wait for, and interrupts it after the first ones.
#[test]
fn what_was_found_is_written() {
    let place = Place::new();
    place.picture("a.png", 3, 8, 8);
    place.picture("b.png", 3, 8, 8);
    let endless = ["--preset", "paper", "--steps", "1000000", "--target-db", "120", "-n", "9"];
    let arguments = [&["up", "a.png", "b.png", "--trace", "trace.jsonl"][..], &endless].concat();
    let ran = interrupted(&place, &arguments, "-INT", "best_db\":1");

    assert_eq!(ran.status, 1, "{}", ran.err);
    assert!(ran.err.contains("pulse: stopping") && ran.err.contains("1 of 2 pictures were not begun"), "{}", ran.err);
    assert_eq!(place.list("pulse-out"), ["a", "summary.csv"]);
    let summary = fs::read_to_string(place.path("pulse-out/summary.csv")).unwrap();
    assert!(summary.contains("a.png,pulse-out/a,stopped,8,0,") && summary.contains("b.png,pulse-out/b,not begun,"));
    let record = place.record("pulse-out/a");
    check_stopped(&record);
    assert_eq!(record["summary"]["stopped"], true);
    // The ninth waits for a place among the eight that are searched together.
    assert_eq!(record["summary"]["candidates"], 8);
    assert_eq!(record["candidates"][7]["outcome"], "stopped");
    assert!(place.path("pulse-out/a/candidate-08.png").exists());
}

/// It was recorded as finished, "8 of 8", and skipped for ever.
#[test]
fn a_search_stopped_after_one_step_is_not_finished_and_goes_on_where_it_was() {
    let place = Place::new();
    place.picture("a.png", 3, 8, 8);
    let arguments = |out, trace| ["up", "a.png", "-n", "3", "--place", "off", "--out", out, "--trace", trace];
    place.run(&[&arguments("whole", "whole.jsonl")[..], &["--progress", "none"]].concat()).ended_with(0);

    let ran = interrupted(&place, &arguments("parts", "parts.jsonl"), "-INT", "\"started\"");
    assert_eq!(ran.status, 1, "{}", ran.err);
    assert!(ran.out.contains("0 of 3") && ran.out.contains("stopped; the same command goes on"), "{}", ran.out);
    let record = place.record("parts/a");
    check_stopped(&record);
    assert_eq!(
        [&record["summary"]["reached"], &record["candidates"][2]["outcome"]],
        [&0.into(), &Value::from("stopped")]
    );
    // The projection comes all the same, and says nothing.
    assert!(record["candidates"][0]["db"].as_f64() > Some(100.0));

    place.run(&[&arguments("parts", "parts.jsonl")[..], &["--progress", "none"]].concat()).ended_with(0);
    assert_same(&place, "parts", "whole");
    assert_eq!(steps(&place, "parts.jsonl"), steps(&place, "whole.jsonl"), "a step was taken twice, or not at all");
}

#[test]
fn a_folder_that_is_terminated_goes_on_where_it_was() {
    let place = Place::new();
    alike(&place, 3);
    let arguments = |out| ["up", "in", "-n", "2", "--place", "off", "--save-intermediate=9", "--out", out];
    let whole = place.run(&[&arguments("whole")[..], &["--progress", "none"]].concat());
    let ran = interrupted(&place, &arguments("parts"), "-TERM", "\"picture\":2");
    assert_eq!(ran.status, 1, "{}", ran.err);
    let summary = fs::read_to_string(place.path("parts/summary.csv")).unwrap();
    assert!(
        summary.contains("2.png,parts/2,stopped,2,0,") && summary.contains("3.png,parts/3,not begun,"),
        "{summary}"
    );

    let ran = place.run(&[&arguments("parts")[..], &["--progress", "none"]].concat()).ended_with(whole.status);
    assert!(ran.out.contains("1 skipped"), "{}", ran.out);
    assert_same(&place, "parts", "whole");
}

/// A denoiser is sampled, which is the other way to search.
#[test]
fn a_sampling_that_is_interrupted_goes_on_where_it_was() {
    let place = Place::new();
    place.picture("a.png", 3, 8, 8);
    let arguments = |out| ["up", "a.png", "--generator", "faces-flow", "-n", "2", "--steps", "6", "--out", out];
    place.run(&[&arguments("whole")[..], &["--progress", "none"]].concat());
    let ran = interrupted(&place, &arguments("parts"), "-INT", "\"started\"");
    assert_eq!(ran.status, 1, "{}", ran.err);
    check_stopped(&place.record("parts/a"));
    assert_eq!(place.record("parts/a")["summary"]["stopped"], true);
    place.run(&[&arguments("parts")[..], &["--progress", "none"]].concat());
    assert_same(&place, "parts", "whole");
}

/// A photograph with the same face twice, side by side.
fn two_faces(place: &Place) {
    let photo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/photos/p001_studio_portrait.jpg");
    let face = Reader::default().read(&photo).unwrap().resized(Kernel::Area, Size::new(320, 320)).unwrap();
    let rows = face.values().chunks_exact(320).flat_map(|row| row.repeat(2));
    write_png(&place.path("two.png"), &Image::new(3, 320, 640, rows.collect()).unwrap(), None).unwrap();
}

#[test]
fn a_photograph_that_is_interrupted_goes_on_and_searches_for_no_face_twice() {
    let place = Place::new();
    two_faces(&place);
    let arguments = |out| {
        [
            "up",
            "two.png",
            "--faces",
            "--pixelate",
            "16",
            "--generator",
            "faces",
            "-n",
            "2",
            "--place",
            "off",
            "--out",
            out,
        ]
    };
    place.run(&[&arguments("whole")[..], &["--progress", "none"]].concat()).ended_with(0);
    let ran = interrupted(&place, &arguments("parts"), "-INT", "face 2");
    assert_eq!(ran.status, 1, "{}", ran.err);
    let first = fs::read(place.path("parts/two/face-01/run.json")).unwrap();
    assert_eq!(place.record("parts/two/face-02")["summary"]["stopped"], true);
    place.run(&[&arguments("parts")[..], &["--progress", "none"]].concat()).ended_with(0);
    assert_eq!(fs::read(place.path("parts/two/face-01/run.json")).unwrap(), first, "face 1 was searched for twice");
    assert_same(&place, "parts", "whole");
}

/// A bookmark that cannot be read costs time, and nothing else.
#[test]
fn a_search_with_a_damaged_bookmark_begins_again() {
    let place = Place::new();
    place.picture("a.png", 3, 8, 8);
    let arguments = |out| ["up", "a.png", "-n", "2", "--place", "off", "--out", out];
    let whole = place.run(&[&arguments("whole")[..], &["--progress", "none"]].concat());
    interrupted(&place, &arguments("parts"), "-INT", "\"started\"");
    place.write("parts/a/bookmark.bin", b"torn");
    let ran = place.run(&[&arguments("parts")[..], &["--progress", "none"]].concat());
    assert_eq!(ran.status, whole.status);
    assert!(ran.err.contains("a.png") && ran.err.contains("damaged"), "{}", ran.err);
    assert_same(&place, "parts", "whole");
}

/// A linear congruential generator (Knuth), from 0 to 1.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Interrupts a command at a random moment, runs it to its end, and compares what it leaves with what it leaves undisturbed. Gives
/// how often it was interrupted, and how often in the midst of a search.
fn at_random_moments(place: &Place, arguments: &[&str], rounds: usize, random: &mut Random) -> [usize; 2] {
    let run = |out: &str, trace: &str| {
        let mut command = place.command(arguments);
        command.args(["--progress", "none", "--out", out, "--trace", trace]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    // Once for what is kept from then on, and once for the time.
    assert_eq!(run("warm", "warm.jsonl").wait().unwrap().code(), Some(0));
    let started = Instant::now();
    assert_eq!(run("whole", "whole.jsonl").wait().unwrap().code(), Some(0));
    let whole = started.elapsed();
    let (mut interruptions, mut midst) = (0, 0);
    for round in 0..rounds {
        let [out, trace] = [format!("out-{round}"), format!("trace-{round}.jsonl")];
        let mut child = run(&out, &trace);
        sleep(whole.mul_f64(random.next()));
        if child.try_wait().unwrap().is_none() {
            interruptions += 1;
            send(["-INT", "-TERM"][round % 2], &child);
        }
        let status = child.wait().unwrap().code();
        let records = records(&place.path(&out));
        records.iter().for_each(check_stopped);
        let is_stopped = records.iter().any(|record| record["summary"]["stopped"] == true);
        midst += usize::from(is_stopped);
        // Before it listens, a signal ends it at once.
        assert!(if is_stopped { status == Some(1) } else { status.is_none_or(|code| code < 2) }, "{status:?}");
        assert_eq!(run(&out, &trace).wait().unwrap().code(), Some(0));
        assert_same(place, &out, "whole");
        let (found, expected) = (steps(place, &trace), steps(place, "whole.jsonl"));
        // A trace begins anew where no search goes on. Where one does, it has every step, and none twice.
        let is_part = found.iter().all(|step| expected.binary_search(step).is_ok()) && found.len() <= expected.len();
        assert!(if is_stopped { found == expected } else { is_part }, "{} of {} steps", found.len(), expected.len());
        fs::remove_dir_all(place.path(&out)).unwrap();
    }
    [interruptions, midst]
}

/// The records of all runs below a folder.
fn records(folder: &Path) -> Vec<Value> {
    if !folder.exists() {
        return Vec::new();
    }
    let records = files(folder).into_iter().filter(|(path, _)| path.ends_with("run.json"));
    records.map(|(_, bytes)| serde_json::from_slice(&bytes).unwrap()).collect()
}

/// Minutes long: `cargo nextest run --workspace --run-ignored only -E 'test(thirty_random_moments)' --no-capture`.
#[test]
#[ignore = "it takes minutes"]
fn thirty_random_moments_change_nothing() {
    let face = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/face-16.png");
    let face = face.to_str().unwrap();
    let place = Place::new();
    fs::create_dir(place.path("in")).unwrap();
    for (number, name) in ["a.png", "b.png", "c.png", "d.png"].iter().enumerate() {
        // The same face with another last byte is another picture: a trailing byte is no part of a PNG.
        let mut bytes = fs::read(face).unwrap();
        bytes.push(number as u8);
        place.write(&format!("in/{name}"), &bytes);
    }
    let commands: [(&str, Vec<&str>); 4] = [
        ("single", vec!["up", face, "-n", "4"]),
        ("folder", vec!["up", "in", "-n", "1"]),
        ("spread", vec!["up", face, "-n", "3", "--spread"]),
        ("sampled", vec!["up", face, "-n", "1", "--steps", "8", "--generator", "faces-flow"]),
    ];
    let mut random = Random(19);
    for (what, arguments) in commands {
        let started = Instant::now();
        let place = if what == "folder" { &place } else { &Place::new() };
        let [interruptions, midst] = at_random_moments(place, &arguments, 30, &mut random);
        let seconds = started.elapsed().as_secs_f64();
        println!("{what}: 30 rounds, {interruptions} interruptions, {midst} in the midst of a search, {seconds:.0} s");
    }
}

/// Both said that the pictures of the other had failed.
#[test]
fn two_processes_on_one_folder_share_it_and_both_end_well() {
    let place = Place::new();
    alike(&place, 8);
    let arguments = ["up", "in", "--progress", "none", "-n", "1", "--steps", "3", "--place", "off"];
    let start = || place.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let both = [start(), start()].map(|child| Ran::of(child.wait_with_output().unwrap()));
    let mut searched = 0;
    for ran in &both {
        assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
        assert!(ran.out.contains("8 pictures: ") && !ran.out.contains("failed"), "{}", ran.out);
        let last = ran.out.lines().find(|line| line.starts_with("8 pictures")).unwrap();
        let count = |what: &str| {
            let part = last.split([':', ',']).find_map(|part| part.trim().strip_suffix(what));
            part.map_or(0, |count| count.trim().parse::<usize>().unwrap())
        };
        assert_eq!(count("found") + count("skipped"), 8, "{last}");
        searched += count("found");
    }
    assert_eq!(searched, 8, "one was searched for twice, or by nobody");
    assert_eq!(records(&place.path("pulse-out")).len(), 8);
}
