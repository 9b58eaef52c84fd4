//! What else the candidates of a run could have been.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pulse::image::Image;
use serde_json::Value;

use crate::program::{Place, Ran};
use crate::upsample::mean_difference;

/// A place with a run of two candidates, not yet explored.
fn place() -> Place {
    let place = Place::new();
    copy(&searched(), &place.path("."));
    place
}

/// A folder with such a run, which all tests copy. Each may be a process of its own, so the first to lock the folder
/// searches. A run of another build of the program is searched for again.
fn searched() -> PathBuf {
    let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).join("explored");
    fs::create_dir_all(&shared).unwrap();
    let lock = File::create(shared.join("lock")).unwrap();
    lock.lock().unwrap();
    let built = fs::metadata(env!("CARGO_BIN_EXE_pulse")).unwrap().modified().unwrap();
    let (run, stamp) = (shared.join("run"), format!("{built:?}"));
    if fs::read_to_string(shared.join("built")).is_ok_and(|found| found == stamp) {
        return run;
    }
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    place.upsample("small.png", &["--candidates", "2", "--steps", "20"]).ended_with(0);
    _ = fs::remove_dir_all(&run);
    copy(&place.path("."), &run);
    // Last, so that only a whole copy is taken for one.
    fs::write(shared.join("built"), stamp).unwrap();
    run
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// What a path leaves behind.
const PATH_FILES: [&str; 6] =
    ["explore.html", "explore.json", "frames", "inputs.safetensors", "path-1-2.apng", "path-1-2.png"];

fn explore(place: &Place, more: &[&str]) -> Ran {
    let mut arguments = vec!["explore", "pulse-out/small", "--progress", "none"];
    arguments.extend(more);
    place.run(&arguments)
}

fn record(place: &Place, folder: &str) -> Value {
    serde_json::from_slice(&fs::read(place.path(folder).join("explore.json")).unwrap()).unwrap()
}

#[test]
fn directions_and_a_path_are_written_whole() {
    let place = place();
    let ran = explore(&place, &["--candidate", "2", "--directions", "2", "--frames", "3"]).ended_with(0);
    let folder = "pulse-out/small/explore/candidate-2";
    assert!(ran.out.contains("2 directions from candidate 2") && ran.out.contains(folder), "{}", ran.out);
    let files = ["direction-1.png", "direction-2.png", "explore.html", "explore.json", "inputs.safetensors"];
    assert_eq!(place.list(folder), files);
    let written = record(&place, folder);
    assert_eq!((&written["schema"], &written["path"]), (&1.into(), &Value::Null));
    let curves = written["directions"]["curves"].as_array().unwrap();
    assert_eq!((curves.len(), curves[1]["frames"].as_array().unwrap().len()), (2, 3));
    assert_eq!(curves[1]["frames"][1]["row"], 4);
    assert!(written["directions"]["worst_db"].as_f64().unwrap() >= 45.0);
    assert!(curves[0]["frames"][0]["change"].as_f64().unwrap() > 0.0);
    let file = fs::read(place.path(folder).join("direction-1.png")).unwrap();
    assert!(String::from_utf8_lossy(&file).contains("/compositeWithTrainedAlgorithmicMedia"));

    // Its inputs make its pictures again: the one in the middle is the candidate.
    let inputs = format!("{folder}/inputs.safetensors");
    place.run(&["render", "faces", "--inputs", &inputs, "--out", "again.png"]).ended_with(0);
    let candidate = place.read_picture("pulse-out/small/candidate-02.png");
    assert!(mean_difference(&candidate, &place.read_picture("again-05.png")) < 0.1 / 255.0);

    explore(&place, &["--path", "1,2", "--frames", "4"]).ended_with(0);
    let folder = "pulse-out/small/explore/path-1-2";
    assert_eq!(place.list(folder), PATH_FILES);
    let written = record(&place, folder);
    assert!(written["path"]["worst_db"].as_f64().unwrap() >= 45.0);
    assert_eq!((&written["path"]["frames"][0]["jump"], &written["directions"]), (&Value::Null, &Value::Null));
    let inputs = format!("{folder}/inputs.safetensors");
    place.run(&["render", "faces", "--inputs", &inputs, "--out", "again.png"]).ended_with(0);
    for number in 1..=4 {
        let name = written["path"]["frames"][number - 1]["image"].as_str().unwrap();
        let frame: Image = place.read_picture(&format!("{folder}/{name}"));
        assert!(mean_difference(&frame, &place.read_picture(&format!("again-{number:02}.png"))) < 0.1 / 255.0);
    }
    for (frame, candidate) in [("01", "01"), ("04", "02")] {
        let end = place.read_picture(&format!("{folder}/frames/frame-{frame}.png"));
        let candidate = place.read_picture(&format!("pulse-out/small/candidate-{candidate}.png"));
        assert!(mean_difference(&end, &candidate) < 0.1 / 255.0);
    }

    // What is in a folder that is named is kept, unless it is to be replaced; of what was there then, nothing is left.
    let named = ["--path", "1,2", "--frames", "3", "--out", folder];
    explore(&place, &named).failed_with(&["path-1-2", "not empty", "--force"]);
    explore(&place, &[&named[..], &["--force"]].concat()).ended_with(0);
    assert_eq!(place.list(&format!("{folder}/frames")), ["frame-01.png", "frame-02.png", "frame-03.png"]);
}

#[test]
fn another_walk_has_another_folder_and_the_same_one_its_own() {
    let place = place();
    let walks: [(&[&str], &str); 4] = [
        (&["--path", "1,2", "--frames", "2"], "path-1-2"),
        (&["--path", "1,2", "--frames", "3"], "path-1-2-v2"),
        (&["--candidate", "1", "--directions", "1", "--frames", "3"], "candidate-1"),
        (&["--candidate", "1", "--directions", "2", "--frames", "3"], "candidate-1-v2"),
    ];
    for (walk, folder) in walks {
        let ran = explore(&place, walk).ended_with(0);
        assert!(ran.out.trim_end().ends_with(&format!("explore/{folder}")), "{}", ran.out);
    }
    for (walk, folder) in walks {
        let ran = explore(&place, walk).ended_with(0);
        assert!(ran.out.contains("--force explores again") && ran.out.trim_end().ends_with(folder), "{}", ran.out);
    }
    // In its place again, and nowhere else.
    let (walk, folder) = walks[1];
    let path = format!("pulse-out/small/explore/{folder}");
    let before = record(&place, &path);
    explore(&place, &[walk, &["--force"]].concat()).ended_with(0);
    let after = record(&place, &path);
    assert_eq!((&after["files"], &after["run_inputs"]), (&before["files"], &before["run_inputs"]));
    assert_ne!(after["seconds"], before["seconds"]);
    assert_eq!(place.list("pulse-out/small/explore").len(), walks.len());
    // What is not whole is made again.
    fs::remove_file(place.path(&path).join("frames/frame-02.png")).unwrap();
    assert!(explore(&place, walk).ended_with(0).out.contains(folder));
    assert!(place.path(&path).join("frames/frame-02.png").exists());
}

#[test]
fn what_was_explored_from_a_run_that_is_replaced_is_not_taken_for_the_new_one() {
    let place = place();
    let walk = |more: &[&str]| {
        let ran = explore(&place, &[&["--path", "1,2", "--frames", "2"], more].concat());
        assert_eq!(ran.status, 0, "{}", ran.err);
        ran
    };
    // On one thread every sum is taken in one order, and the same run has the same inputs.
    let again = |more: &[&str]| {
        let options = ["--candidates", "2", "--steps", "20", "--threads", "1", "--force"];
        place.upsample("small.png", &[&options, more].concat()).ended_with(0);
    };
    again(&[]);
    let folder = "pulse-out/small/explore/path-1-2";
    walk(&[]);
    let old = record(&place, folder)["run_inputs"].as_str().unwrap().to_owned();

    // The same run again is the one that it was explored from.
    again(&[]);
    assert!(walk(&[]).out.contains("--force explores again"));

    again(&["--seed", "5"]);
    assert!(!place.path("pulse-out/small/explore").exists());
    let aside = format!("pulse-out/small/explore-of-{}", &old[..8]);
    assert_eq!(record(&place, &format!("{aside}/path-1-2"))["run_inputs"], old);
    walk(&[]);
    assert_ne!(record(&place, folder)["run_inputs"], old);

    // What is set aside stays, and hinders no further run.
    again(&["--seed", "6"]);
    assert!(place.path(&aside).exists() && !place.path("pulse-out/small/explore").exists());

    // Where it was put back, it is pointed out, and left alone.
    fs::rename(place.path(&aside), place.path("pulse-out/small/explore")).unwrap();
    let ran = walk(&[]);
    assert!(ran.err.contains("path-1-2: left alone") && ran.err.contains("no longer"), "{}", ran.err);
    assert!(ran.out.contains("explore/path-1-2-v2"), "{}", ran.out);
    assert_eq!(record(&place, folder)["run_inputs"], old);
}

#[test]
fn what_cannot_be_explored() {
    let place = place();
    let refuses = |more: &[&str], words: &[&str]| explore(&place, more).failed_with(words);
    refuses(&[], &["pulse-out/small", "nothing says what to explore", "--candidate", "--path"]);
    refuses(&["--candidate", "3"], &["--candidate", "no candidate 3", "1 to 2"]);
    refuses(&["--candidate", "0"], &["no candidate 0"]);
    refuses(&["--candidate", "1", "--directions", "0"], &["--directions", "1 to"]);
    refuses(&["--candidate", "1", "--directions", "1000"], &["--directions", "1 to"]);
    refuses(&["--candidate", "1", "--frames", "1"], &["--frames", "odd number from 3"]);
    refuses(&["--candidate", "1", "--frames", "6"], &["--frames", "odd number from 3"]);
    refuses(
        &["--candidate", "1", "--directions", "64", "--frames", "17"],
        &["--directions", "64 directions", "in all"],
    );
    refuses(&["--directions", "2"], &["--candidate"]);
    refuses(&["--candidate", "1", "--reach", "0"], &["--reach", "above 0"]);
    refuses(&["--candidate", "1", "--reach", "99"], &["99.0 standard deviations", "quarter of the way"]);
    refuses(&["--candidate", "1", "--direction", "0", "--length", "1"], &["--direction", "no direction 0"]);
    refuses(&["--candidate", "1", "--direction", "3", "--directions", "2", "--length", "1"], &["ask for 1 to 2"]);
    refuses(&["--candidate", "1", "--direction", "1", "--length", "99"], &["--length", "quarter of the way"]);
    refuses(&["--candidate", "1", "--direction", "1"], &["--length"]);
    refuses(&["--path", "1,1"], &["--path", "name two"]);
    refuses(&["--path", "1"], &["--path", "two numbers"]);
    refuses(&["--path", "1,9"], &["--path", "no candidate 9", "1 to 2"]);
    refuses(&["--path", "1,2", "--frames", "1"], &["--frames", "ask for 2"]);
    refuses(&["--path", "1,2", "--generator", "nobody"], &["nobody", "no such generator"]);
    assert!(!place.path("pulse-out/small/explore").exists());

    place.run(&["explore", "nowhere", "--path", "1,2"]).failed_with(&["nowhere", "run.json"]);
    fs::create_dir_all(place.path("photograph/face-01")).unwrap();
    fs::write(place.path("photograph/faces.json"), "{}").unwrap();
    place.run(&["explore", "photograph", "--path", "1,2"]).failed_with(&["photograph/face-01", "each face"]);
    let path = place.path("pulse-out/small/run.json");
    let whole = fs::read_to_string(&path).unwrap();
    let changed = |from: &str, to: &str| fs::write(&path, whole.replacen(from, to, 1)).unwrap();
    let checksum = &whole[whole.rfind("sha256\": \"").unwrap() + 10..][..8];
    changed(checksum, "00000000");
    refuses(&["--path", "1,2"], &["--generator", "another generator", "faces"]);
    changed("\"name\": \"faces\"", "\"name\": \"mine.pkl\"");
    refuses(&["--path", "1,2"], &["mine.pkl", "not recorded", "--generator"]);
    explore(&place, &["--path", "1,2", "--frames", "2", "--generator", "faces", "--out", "named"]).ended_with(0);
    changed("\"optimizer\": \"adam\"", "\"optimizer\": \"luck\"");
    refuses(&["--path", "1,2"], &["settings", "luck", "run the search again"]);
    changed("\"measurement\": \"bicubic\"", "\"measurement\": \"magic\"");
    refuses(&["--path", "1,2"], &["magic"]);
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    refuses(&["--path", "1,2"], &["run.json", "run the search again"]);
    fs::write(&path, &whole).unwrap();
    fs::remove_file(place.path("pulse-out/small/inputs.safetensors")).unwrap();
    refuses(&["--path", "1,2"], &["inputs.safetensors"]);
}

/// A folder that a killed process left between the old record and the new one makes way.
#[test]
fn what_was_never_finished_makes_way() {
    let place = place();
    let walk = |more: &[&str]| explore(&place, &[&["--path", "1,2", "--frames", "2"], more].concat());
    let folder = "pulse-out/small/explore/path-1-2";
    let path = |name: &str| place.path(folder).join(name);
    explore(&place, &["--path", "1,2", "--frames", "4"]).ended_with(0);
    fs::remove_file(path("explore.json")).unwrap();
    walk(&[]).failed_with(&["path-1-2", "not empty", "--force"]);
    fs::write(path("notes.txt"), "mine").unwrap();
    walk(&["--force"]).failed_with(&["path-1-2", "nothing explored"]);
    fs::remove_file(path("notes.txt")).unwrap();
    walk(&["--force"]).ended_with(0);
    assert_eq!(place.list(&format!("{folder}/frames")), ["frame-01.png", "frame-02.png"]);

    fs::remove_file(path("explore.json")).unwrap();
    fs::write(path("frames/frame-09.png"), "cut off").unwrap();
    fs::write(path(".pulse-unfinished"), "").unwrap();
    walk(&[]).ended_with(0);
    assert_eq!(place.list(folder), PATH_FILES);
    assert_eq!(place.list(&format!("{folder}/frames")), ["frame-01.png", "frame-02.png"]);
}

/// Ctrl-C leaves nothing half-written.
#[cfg(unix)]
#[test]
fn stopped_walks_write_nothing() {
    use std::io::{BufRead as _, BufReader};

    let place = place();
    let mut command = place.command(&["explore", "pulse-out/small", "-c", "1", "-d", "64", "--frames", "15"]);
    command.args(["--progress", "json"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    lines.find(|line| line.as_ref().unwrap().contains("fraction")).unwrap().unwrap();
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let rest: Vec<_> = lines.map(Result::unwrap).collect();
    assert_eq!(Ran::of(child.wait_with_output().unwrap()).status, 1, "{rest:?}");
    assert!(rest.iter().any(|line| line.contains("nothing was written")), "{rest:?}");
    assert!(!place.path("pulse-out/small/explore").exists());
}

#[test]
fn a_step_leads_along_a_direction_and_is_in_a_folder() {
    let place = place();
    let asked = ["--candidate", "2", "--direction", "1", "--directions", "2", "--length", "-1.5"];
    let ran = explore(&place, &asked).ended_with(0);
    let folder = "pulse-out/small/explore/step-2-1-back-1.5";
    assert!(ran.out.contains("-1.5 sd along direction 1 from candidate 2") && ran.out.contains(folder), "{}", ran.out);
    let files = ["explore.html", "explore.json", "inputs.safetensors", "picture.png", "step.png"];
    assert_eq!(place.list(folder), files);
    let written = record(&place, folder);
    let step = &written["step"];
    assert_eq!((&step["candidate"], &step["direction"], &step["length"]), (&2.into(), &1.into(), &(-1.5).into()));
    assert!(step["db"].as_f64().unwrap() >= 45.0 && step["most"].as_f64() > step["change"].as_f64());
    assert!(step["change"].as_f64().unwrap() > 0.003);
    let made = &written["made"];
    assert_eq!((&made["command"][0], &made["command"][1]), (&"pulse".into(), &"explore".into()));
    assert!(made["date"].as_str().unwrap().ends_with('Z'));

    // Its inputs make its picture again, and it is where the curve leads.
    let inputs = format!("{folder}/inputs.safetensors");
    place.run(&["render", "faces", "--inputs", &inputs, "--out", "again.png"]).ended_with(0);
    let picture = place.read_picture(&format!("{folder}/picture.png"));
    let again = place.list(".").into_iter().find(|name| name.starts_with("again")).unwrap();
    assert!(mean_difference(&picture, &place.read_picture(&again)) < 0.1 / 255.0);
    explore(&place, &["--candidate", "2", "--directions", "2", "--frames", "3", "--reach", "1.5"]).ended_with(0);
    let curves = record(&place, "pulse-out/small/explore/candidate-2");
    let end = &curves["directions"]["curves"][0]["frames"][0];
    assert_eq!(curves["directions"]["curves"][0]["ends"], serde_json::json!(["length", "length"]));
    let [of_curve, of_step] = [end, step].map(|found| found["change"].as_f64().unwrap());
    assert!((of_curve / of_step - 1.0).abs() < 0.05, "{of_curve} {of_step}");

    assert!(explore(&place, &asked).ended_with(0).out.contains("--force explores again"));
}

#[test]
fn the_pages_of_walks_are_listed_on_that_of_the_run() {
    let place = place();
    let report = || std::fs::read_to_string(place.path("pulse-out/small/report.html")).unwrap();
    assert!(!report().contains("What was explored from it"));
    explore(&place, &["--candidate", "1", "--directions", "1", "--frames", "3"]).ended_with(0);
    explore(&place, &["--path", "1,2", "--frames", "3"]).ended_with(0);
    explore(&place, &["--like", "1", "-n", "1"]).ended_with(0);
    let page = report();
    for link in ["candidate-1/explore.html", "path-1-2/explore.html", "like-1/report.html"] {
        assert!(page.contains(&format!("<a href=\"explore/{link}\">")), "{link}");
        let walked = std::fs::read_to_string(place.path(&format!("pulse-out/small/explore/{link}"))).unwrap();
        assert!(walked.contains("<a href=\"../../report.html\">"), "{link}");
    }
    assert_eq!(page.matches("What was explored from it").count(), 1);
    let walked = std::fs::read_to_string(place.path("pulse-out/small/explore/candidate-1/explore.html")).unwrap();
    assert!(walked.contains("type=\"range\"") && walked.contains("default-src 'none'"));
    assert!(!walked.contains("http:") && !walked.contains("{{"));
    // Three pictures a frame.
    assert_eq!(walked.matches("src=\"data:image/png").count(), 9);
}
