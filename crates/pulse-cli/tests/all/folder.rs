//! Many pictures: what is skipped, what is searched again, shards, and the summary.

use std::path::Path;

use crate::program::{FILES, Place, Ran, SHORT};

/// Options for a search of a fraction of a second, of whose quality nothing is asked.
pub(crate) const QUICK: [&str; 8] = ["--steps", "1", "--candidates", "1", "--target-db", "1", "--place", "off"];

/// Writes a folder of pictures that differ in their sizes.
pub(crate) fn pictures(place: &Place, folder: &str, names: &[&str]) {
    std::fs::create_dir_all(place.path(folder)).unwrap();
    for (index, name) in names.iter().enumerate() {
        place.picture(&format!("{folder}/{name}"), 3, 4 + index % 5, 4);
    }
}

fn run(place: &Place, more: &[&str]) -> Ran {
    let arguments: Vec<_> =
        ["up", "in", "--progress", "none"].into_iter().chain(QUICK).chain(more.iter().copied()).collect();
    place.run(&arguments)
}

/// The lines of the summary without its title, as fields; no test here has a comma in one.
fn summary(place: &Place, name: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(place.path("pulse-out").join(name)).unwrap();
    let mut lines = text.split_terminator("\r\n");
    assert_eq!(lines.next(), Some("path,folder,outcome,candidates,reached,best_db,seconds,reason"));
    lines.map(|line| line.split(',').map(String::from).collect()).collect()
}

/// The outcomes in the summary, in its order.
fn outcomes(place: &Place) -> Vec<String> {
    summary(place, "summary.csv").into_iter().map(|line| line[2].clone()).collect()
}

/// What tells whether a file was written again.
fn stamp(path: &Path) -> std::time::SystemTime {
    std::fs::metadata(path).unwrap().modified().unwrap()
}

#[test]
fn what_is_finished_is_skipped() {
    let place = Place::new();
    pictures(&place, "in", &["a.png", "b.png"]);
    let ran = run(&place, &[]).ended_with(0);
    assert!(ran.out.contains("2 pictures: 2 found\n  pulse-out/summary.csv"), "{}", ran.out);
    assert_eq!(outcomes(&place), ["found", "found"]);
    let record = place.path("pulse-out/a/run.json");
    let before = stamp(&record);

    pictures(&place, "in", &["a.png", "b.png", "c.png"]);
    let ran = run(&place, &[]).ended_with(0);
    assert!(ran.out.contains("3 pictures: 1 found, 2 skipped"), "{}", ran.out);
    let lines = summary(&place, "summary.csv");
    assert_eq!([&lines[0][2], &lines[1][2], &lines[2][2]], ["skipped", "skipped", "found"]);
    // Figures of what was skipped are those of the earlier run.
    let best: f64 = lines[0][5].parse().unwrap();
    assert_eq!(place.record("pulse-out/a")["summary"]["best_db"].as_f64(), Some(best));
    assert_eq!(stamp(&record), before, "it was searched for again");

    run(&place, &["--force"]).ended_with(0);
    assert_eq!(outcomes(&place), ["found"; 3]);
    assert_ne!(stamp(&record), before);

    // A single picture by itself says so.
    let arguments: Vec<_> = ["up", "in/a.png", "--progress", "none"].into_iter().chain(QUICK).collect();
    let ran = place.run(&arguments).ended_with(0);
    assert!(ran.out.contains("an earlier run finished it"), "{}", ran.out);
}

#[test]
fn other_settings_are_another_run() {
    let place = Place::new();
    pictures(&place, "in", &["a.png"]);
    let from_seed_zero = run(&place, &[]).ended_with(0);
    assert!(from_seed_zero.out.contains("1 found"));
    for (more, word) in [
        (&["--seed", "1"][..], "seed 0, not 1"),
        (&["--precise"], "precise no, not yes"),
        (&["--mosaic", "off"], "mosaic"),
        (&["--measurement", "area"], "measurement none, not area"),
        (&["--crop", "0,0,3,3"], "crop"),
        (&["--pixelate", "3"], "pixelate"),
        (&["--loss", "L1"], "loss"),
        (&["--spread"], "spread none, not with feature weight"),
    ] {
        let ran = run(&place, more);
        assert_eq!(ran.status, 2);
        for word in ["in/a.png", "pulse-out/a", "other settings", word, "--force", "--out"] {
            assert!(ran.err.contains(word), "`{word}` is missing: {}", ran.err);
        }
        assert_eq!(outcomes(&place), ["failed"]);
        assert_eq!(place.record("pulse-out/a")["settings"]["seed"], 0);
    }
    // The way it is computed is no setting.
    run(&place, &["--threads", "1"]).ended_with(0);
    assert_eq!(outcomes(&place), ["skipped"]);

    run(&place, &["--seed", "1", "--force"]).ended_with(0);
    assert_eq!(place.record("pulse-out/a")["settings"]["seed"], 1);
    run(&place, &["--seed", "1"]).ended_with(0);
    assert_eq!(outcomes(&place), ["skipped"]);
}

#[test]
fn files_that_settings_name_are_settings() {
    let place = Place::new();
    pictures(&place, "in", &["a.png"]);
    place.picture("psf.png", 1, 3, 3);
    let more = ["--measurement", "psf:psf.png,bicubic"];
    run(&place, &more).ended_with(0);
    run(&place, &more).ended_with(0);
    assert_eq!(outcomes(&place), ["skipped"]);
    place.picture("psf.png", 1, 5, 5);
    let ran = run(&place, &more);
    assert!(ran.status == 2 && ran.err.contains("measurement files, psf.png"), "{}", ran.err);
}

#[test]
fn a_picture_that_changed_is_another_picture() {
    let place = Place::new();
    pictures(&place, "in", &["a.png", "b.png"]);
    run(&place, &[]).ended_with(0);
    place.picture("in/b.png", 3, 7, 7);
    let ran = run(&place, &[]);
    assert!(ran.status == 2 && ran.err.contains("in/b.png as it was before it changed"), "{}", ran.err);
    assert_eq!(outcomes(&place), ["skipped", "failed"]);
    run(&place, &["--force"]).ended_with(0);
    assert_eq!(place.record("pulse-out/b")["target"]["width"], 7);
}

#[test]
fn what_is_not_whole_is_searched_for_again() {
    let place = Place::new();
    pictures(&place, "in", &["a.png", "b.png", "c.png", "d.png"]);
    run(&place, &[]).ended_with(0);
    std::fs::remove_file(place.path("pulse-out/a/shrunk-01.png")).unwrap();
    let whole = std::fs::read(place.path("pulse-out/b/run.json")).unwrap();
    place.write("pulse-out/b/run.json", &whole[..whole.len() / 2]);
    let of_c = std::fs::read_to_string(place.path("pulse-out/c/run.json")).unwrap();
    place.write("pulse-out/c/run.json", of_c.replace("\"stopped\": false", "\"stopped\": true").as_bytes());
    run(&place, &[]).ended_with(0);
    assert_eq!(outcomes(&place), ["found", "found", "found", "skipped"]);
    for name in ["a", "b", "c", "d"] {
        assert_eq!(place.list(&format!("pulse-out/{name}")), FILES);
    }
}

#[test]
fn pictures_with_one_name_have_two_folders() {
    let place = Place::new();
    pictures(&place, "in", &["a.png", "a.pnm"]);
    // The same picture, but for the name.
    std::fs::copy(place.path("in/a.png"), place.path("in/a.pnm")).unwrap();
    for expected in ["found", "skipped"] {
        run(&place, &[]).ended_with(0);
        assert_eq!(place.list("pulse-out"), ["a", "a.pnm", "summary.csv"]);
        assert_eq!(place.record("pulse-out/a")["input"]["path"], "in/a.png");
        assert_eq!(place.record("pulse-out/a.pnm")["input"]["path"], "in/a.pnm");
        assert_eq!(outcomes(&place), [expected; 2]);
    }
}

#[test]
fn a_bad_file_stops_nothing() {
    let place = Place::new();
    pictures(&place, "in", &["a.png", "c.png"]);
    place.write("in/b, the \"second\".png", b"\x89PNG\r\n\x1a\nand no more");
    let ran = run(&place, &[]);
    assert_eq!(ran.status, 2);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    assert!(ran.out.contains("3 pictures: 2 found, 1 failed"), "{}", ran.out);
    let text = std::fs::read_to_string(place.path("pulse-out/summary.csv")).unwrap();
    let lines: Vec<_> = text.split_terminator("\r\n").collect();
    assert!(lines[2].starts_with("\"in/b, the \"\"second\"\".png\",") && lines[2].contains(",failed,,,,,"), "{text}");
    assert!(lines[3].starts_with("in/c.png,pulse-out/c,found,1,1,"), "{text}");
    assert_eq!(place.list("pulse-out"), ["a", "c", "summary.csv"]);
}

#[test]
fn the_verdict_of_a_skipped_picture_is_that_of_its_run() {
    let place = Place::new();
    pictures(&place, "in", &["a.png", "b.png"]);
    for expected in ["best effort", "skipped"] {
        let hopeless = ["up", "in", "--progress", "none", "--preset", "paper", "--steps", "1", "--eps", "1e-12"];
        place.run(&hopeless).ended_with(1);
        assert_eq!(outcomes(&place), [expected; 2]);
    }
}

#[test]
fn shards_share_the_pictures_out() {
    let place = Place::new();
    pictures(&place, "in", &["a.png", "b.png", "c.png", "d.png", "e.png"]);
    for shard in ["1/3", "2/3", "3/3"] {
        run(&place, &["--shard", shard]).ended_with(0);
    }
    let paths = |number: usize| -> Vec<String> {
        let lines = summary(&place, &format!("summary-{number}-of-3.csv"));
        assert!(lines.iter().all(|line| line[2] == "found"));
        lines.into_iter().map(|line| line[0].clone()).collect()
    };
    assert_eq!(paths(1), ["in/a.png", "in/d.png"]);
    assert_eq!(paths(2), ["in/b.png", "in/e.png"]);
    assert_eq!(paths(3), ["in/c.png"]);
    run(&place, &[]).ended_with(0);
    assert_eq!(outcomes(&place), ["skipped"; 5]);

    // A shard may have nothing to do.
    run(&place, &["--shard", "7/7"]).ended_with(0);
    assert_eq!(summary(&place, "summary-7-of-7.csv").len(), 0);
    for (shard, words) in [
        ("5/3", ["5/3", "no shard 5 of 3"]),
        ("0/3", ["0/3", "no shard 0 of 3"]),
        ("1/0", ["1/0", "0 shards"]),
        ("x", ["`x`", "I/N"]),
        ("1/3/5", ["1/3/5", "I/N"]),
    ] {
        let words: Vec<_> = words.iter().map(|word| word.trim_matches('`')).collect();
        run(&place, &["--shard", shard]).failed_with(&words);
    }
}

#[test]
fn progress_tells_the_way_through_all() {
    let place = Place::new();
    pictures(&place, "in", &["a.png", "b.png", "c.png"]);
    let go = |progress: &str| {
        let arguments = ["up", "in", "-f", "--progress", progress];
        place.run(&arguments.into_iter().chain(QUICK).collect::<Vec<_>>())
    };
    let ran = go("json");
    let last = ran.err.lines().rfind(|line| line.contains("\"progress\"")).unwrap();
    let last: serde_json::Value = serde_json::from_str(last).unwrap();
    assert_eq!((&last["picture"], &last["pictures"]), (&3.into(), &3.into()));
    assert_eq!(last["seconds_left_for_all"].as_f64(), Some(0.0));
    let ran = go("plain");
    assert!(ran.err.contains("in/b.png (2 of 3): 1 of 1 candidates, best"), "{}", ran.err);
}

#[test]
fn a_picture_is_the_same_in_any_company() {
    let place = Place::new();
    std::fs::create_dir(place.path("in")).unwrap();
    // Of one size, so that the second one is searched with the first one's program.
    place.picture("in/a.png", 3, 8, 8);
    place.picture("in/b.png", 1, 8, 8);
    let search = |input: &str, out: &str| {
        let options = ["--steps", "4", "-n", "2", "--threads", "1", "--measurement", "bicubic", "--progress", "none"];
        let arguments: Vec<_> = ["up", input, "--out", out].into_iter().chain(options).collect();
        let ran = place.run(&arguments);
        assert_eq!(ran.status, 0, "{}", ran.err);
    };
    search("in", "together");
    search("in/b.png", "alone");
    // On one thread every sum is taken in one order.
    for name in ["inputs.safetensors", "candidate-01.png", "candidate-02.png"] {
        let [together, alone] = ["together", "alone"].map(|out| std::fs::read(place.path(out).join("b").join(name)));
        assert_eq!(together.unwrap(), alone.unwrap(), "{name}");
    }
}

/// Every one of the pictures that followed was searched for, and failed too; their partial files kept the disk full.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_stops_the_folder_at_once_and_holds_no_part_of_a_run() {
    let place = Place::new();
    for folder in ["in", "out"] {
        std::fs::create_dir(place.path(folder)).unwrap();
    }
    (1..=6).for_each(|number| _ = place.picture(&format!("in/{number}.png"), 3, 8, 8));
    let command = place.command(&[]);
    // A small disk in a name space of its own, which goes when the script ends.
    let script = "mount -t tmpfs -o size=700k none out || exit 77
        \"$@\"; echo status $?; find out -type f; df --output=avail out | tail -n 1";
    let mut unshared = std::process::Command::new("unshare");
    unshared.current_dir(place.path("")).args(["--map-root-user", "--mount", "sh", "-c", script, "sh"]);
    unshared.arg(command.get_program()).args(["up", "in", "--progress", "none", "--out", "out"]).args(SHORT);
    unshared.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let Ok(output) = unshared.output() else { return };
    let ran = Ran::of(output);
    if ran.status != 0 {
        // Not everywhere may one mount.
        assert!(!ran.out.contains("status"), "{}{}", ran.out, ran.err);
        return;
    }
    assert!(ran.out.contains("status 2"), "{}{}", ran.out, ran.err);
    let failed = ran.err.lines().filter(|line| line.contains("No space left")).count();
    assert!(failed <= 2, "it went on, or the table's own line is missing: {}", ran.err);
    assert!(
        ran.err.contains("make room on the disk") && ran.err.contains("of 6 pictures were not begun"),
        "{}",
        ran.err
    );
    assert!(ran.out.contains("1 failed") && ran.out.contains(" found"), "{}", ran.out);
    for file in ran.out.lines().filter(|line| line.starts_with("out/") && *line != "out/summary.csv") {
        let folder = Path::new(file.trim()).parent().unwrap().join("run.json");
        assert!(ran.out.contains(&format!("{}\n", folder.display())), "{file} is of no finished run: {}", ran.out);
    }
}
