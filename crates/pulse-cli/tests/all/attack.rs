//! Files that were made to do harm, each as it once did: one clear line and its status, in little memory, and nothing done outside of
//! what belongs to a run.

use std::path::{Path, PathBuf};

use crate::program::{Place, Ran, names_in};

fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name)
}

/// A file of the corpus as an argument.
fn file(name: &str) -> String {
    corpus(name).display().to_string()
}

/// Runs the program with no more than so many megabytes of addresses.
#[cfg(target_os = "linux")]
fn within(place: &Place, megabytes: u32, arguments: &[&str]) -> Ran {
    let mut command = std::process::Command::new("sh");
    command.current_dir(place.path("")).env("PULSE_CACHE", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"));
    command.env("RAYON_NUM_THREADS", "1");
    command.arg("-c").arg(format!("ulimit -v {} && exec \"$0\" \"$@\"", megabytes * 1024));
    command.arg(env!("CARGO_BIN_EXE_pulse")).args(arguments);
    Ran::of(command.output().unwrap())
}

fn render(place: &Place, generator: &str, inputs: &str) -> Ran {
    place.run(&["render", generator, "--inputs", inputs, "--out", "made.png"])
}

#[test]
fn a_negative_clamp_is_refused_and_no_panic() {
    let place = Place::new();
    for (generator, inputs) in [("n_clampneg_sg2", "z_sg2"), ("n_clampneg_sg3t", "z_sg3t")] {
        let [generator, inputs] = [generator, inputs].map(|name| file(&format!("checkpoint/{name}.safetensors")));
        place.run(&["info", &generator]).failed_with(&["n_clampneg", "conv_clamp", "at least 0"]);
        render(&place, &generator, &inputs).failed_with(&["n_clampneg", "conv_clamp"]);
    }
}

#[test]
fn rows_whose_product_wraps_are_refused() {
    let place = Place::new();
    let inputs = file("checkpoint/st_rows_wrap.safetensors");
    render(&place, "faces", &inputs).failed_with(&["`z` has shape [4611686018427387904, 0]"]);
}

#[test]
fn a_dcgan_of_nothing_is_refused_by_the_name_of_its_file() {
    let place = Place::new();
    place.run(&["info", &file("checkpoint/n_dcgan_zero.safetensors")]).failed_with(&["n_dcgan_zero.safetensors"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_network_that_is_too_large_is_refused_before_it_is_made() {
    let place = Place::new();
    let [generator, inputs] = ["n_sg3_8192", "z_sg3t"].map(|name| file(&format!("checkpoint/{name}.safetensors")));
    let out = ["render", &generator, "--inputs", &inputs, "--out", "made.png"];
    let ran = within(&place, 1500, &[&out[..], &["--memory", "8GB"]].concat());
    ran.failed_with(&["GB of memory", "more than the 8.0 GB", "--memory"]);
    let ran = within(&place, 1500, &["info", &generator]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.out.contains("memory") && ran.out.contains("GB for one candidate"), "{}", ran.out);
    // A filter whose padding lies far outside of the map needs no more than one whose padding does not.
    let generator = file("checkpoint/n_sg3_fshift30000.safetensors");
    let out = ["render", &generator, "--inputs", &inputs, "--out", "made.png"];
    let ran = within(&place, 1500, &out);
    assert_eq!(ran.status, 0, "{}", ran.err);
}

#[test]
fn no_command_to_a_terminal_comes_out_of_a_file() {
    let place = Place::new();
    let hostile = "\u{1b}]0;title\u{7}\u{9b}31m\u{202e}";
    let without = |ran: &Ran, what: &str| {
        let all = format!("{}{}", ran.out, ran.err);
        assert!(!all.chars().any(|c| c != '\n' && c.is_control() || c == '\u{202e}'), "{what}: {all:?}");
    };
    let tensor = file("checkpoint/ansi_tensor.safetensors");
    without(&place.run(&["info", &tensor]), "a tensor's name");
    let inputs = file("checkpoint/ansi_inputs.safetensors");
    without(&render(&place, "faces", &inputs), "an input's name");
    without(&place.upsample(&file("picture/pic_h.npy"), &[]), "the type of an array");

    place.picture("small.png", 3, 8, 8);
    let name = format!("{hostile}.png");
    place.picture(&name, 3, 8, 8);
    for progress in ["none", "plain", "json"] {
        without(&place.upsample(&name, &["--progress", progress, "--force"]), "a picture's name");
    }
    for arguments in [
        &["upsample", hostile][..],
        &["info", hostile],
        &["upsample", "small.png", "--generator", hostile],
        &["upsample", "small.png", "--measurement", hostile],
        &["upsample", "small.png", "--loss", hostile],
        &["upsample", "small.png", "--crop", hostile],
        &["upsample", "small.png", "--out", hostile],
        &["explore", hostile],
        &["check", hostile, hostile],
        &["align", hostile],
        &["convert", hostile, "x.safetensors"],
        &["render", "faces", "--inputs", hostile],
        &[hostile],
    ] {
        without(&place.run(arguments), &format!("{arguments:?}"));
    }
    // A record whose texts are all hostile.
    place.upsample("small.png", &["--force"]);
    let record = std::fs::read_to_string(place.path("pulse-out/small/run.json")).unwrap();
    let mut record: serde_json::Value = serde_json::from_str(&record).unwrap();
    for (key, inner) in [("generator", "name"), ("settings", "loss"), ("files", "inputs"), ("files", "target")] {
        let before = record[key][inner].take();
        record[key][inner] = hostile.into();
        place.write("pulse-out/small/run.json", record.to_string().as_bytes());
        without(&place.run(&["explore", "pulse-out/small", "--candidate", "1", "--directions", "1"]), inner);
        record[key][inner] = before;
    }
    record["measurement"] = hostile.into();
    place.write("pulse-out/small/run.json", record.to_string().as_bytes());
    without(&place.run(&["explore", "pulse-out/small", "--candidate", "1", "--directions", "1"]), "measurement");
}

#[test]
fn a_message_has_an_end() {
    let place = Place::new();
    let name = "n".repeat(300);
    let entries: Vec<_> = (0..3000)
        .map(|index| format!(r#""{name}{index}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#))
        .collect();
    let header = format!("{{{}}}", entries.join(","));
    place.write("many.safetensors", &[&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat());
    for ran in [render(&place, "faces", "many.safetensors"), place.run(&["info", "many.safetensors"])] {
        ran.failed_with(&["many.safetensors"]);
        assert!(ran.err.len() < 3000, "{} bytes", ran.err.len());
    }
}

/// The folder of a short run.
fn run_of(place: &Place) -> serde_json::Value {
    place.picture("small.png", 3, 8, 8);
    let ran = place.upsample("small.png", &[]);
    assert!(ran.status < 2, "{}", ran.err);
    place.record("pulse-out/small")
}

#[test]
fn a_run_reads_no_file_outside_of_its_folder_unless_it_is_allowed() {
    let place = Place::new();
    let mut record = run_of(&place);
    place.picture("psf.png", 1, 3, 3);
    let explore = ["explore", "pulse-out/small", "--candidate", "1", "--directions", "1", "--progress", "none"];
    for outside in
        ["psf:psf.png,bicubic", "psf:/etc/passwd,bicubic", "psf:/dev/zero,bicubic", "mask:missing.png,bicubic"]
    {
        record["measurement"] = outside.into();
        place.write("pulse-out/small/run.json", record.to_string().as_bytes());
        place.run(&explore).failed_with(&["not in its folder", "--files-elsewhere"]);
    }
    record["measurement"] = "psf:psf.png,bicubic".into();
    place.write("pulse-out/small/run.json", record.to_string().as_bytes());
    let allowed = place.run(&[&explore[..], &["--files-elsewhere"]].concat());
    assert!(!allowed.err.contains("not in its folder"), "{}", allowed.err);
    // Within its folder it is the run's own.
    std::fs::copy(place.path("psf.png"), place.path("pulse-out/small/psf.png")).unwrap();
    record["measurement"] = "psf:pulse-out/small/psf.png,bicubic".into();
    place.write("pulse-out/small/run.json", record.to_string().as_bytes());
    let own = place.run(&explore);
    assert!(!own.err.contains("not in its folder"), "{}", own.err);
}

#[test]
fn force_removes_only_what_a_run_calls_so_itself() {
    let place = Place::new();
    let mut record = run_of(&place);
    for name in ["victim", "thesis.tex", ".profile", "candidate-x.png"] {
        place.write(&format!("pulse-out/small/{name}"), b"mine");
        record["files"]["table"] = name.into();
        record["candidates"][0]["image"] = name.into();
        place.write("pulse-out/small/run.json", record.to_string().as_bytes());
        place.upsample("small.png", &["--force"]);
        assert_eq!(std::fs::read(place.path(&format!("pulse-out/small/{name}"))).unwrap(), b"mine", "{name}");
        record = place.record("pulse-out/small");
    }
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::symlink;

    use super::*;

    fn pipe(place: &Place, name: &str) {
        assert!(std::process::Command::new("mkfifo").arg(place.path(name)).status().unwrap().success());
    }

    #[test]
    fn what_is_no_regular_file_is_refused_at_once() {
        let place = Place::new();
        place.picture("small.png", 3, 8, 8);
        pipe(&place, "pipe");
        let _socket = std::os::unix::net::UnixListener::bind(place.path("socket")).unwrap();
        for thing in ["pipe", "socket", "/dev/zero"] {
            place.run(&["info", thing]).failed_with(&[thing, "regular file"]);
            place.run(&["convert", thing, "x.safetensors"]).failed_with(&[thing, "regular file"]);
            render(&place, "faces", thing).failed_with(&[thing, "regular file"]);
            place.run(&["upsample", "small.png", "--init", thing]).failed_with(&[thing, "regular file"]);
            place.run(&["upsample", "small.png", "--trace", thing]).failed_with(&[thing]);
        }
    }

    #[test]
    fn parts_of_a_run_that_are_no_regular_files_are_refused_at_once() {
        for part in ["run.json", "inputs.safetensors"] {
            let place = Place::new();
            run_of(&place);
            let path = place.path(&format!("pulse-out/small/{part}"));
            std::fs::remove_file(&path).unwrap();
            symlink("/dev/zero", &path).unwrap();
            place
                .run(&["explore", "pulse-out/small", "--candidate", "1", "--directions", "1"])
                .failed_with(&[part, "regular file"]);
            std::fs::remove_file(&path).unwrap();
            pipe(&place, &format!("pulse-out/small/{part}"));
            place
                .run(&["explore", "pulse-out/small", "--candidate", "1", "--directions", "1"])
                .failed_with(&[part, "regular file"]);
        }
    }

    #[test]
    fn links_to_folders_are_not_followed_within_a_run() {
        let place = Place::new();
        run_of(&place);
        std::fs::create_dir(place.path("elsewhere")).unwrap();
        symlink(place.path("elsewhere"), place.path("pulse-out/small/explore")).unwrap();
        let explore = ["explore", "pulse-out/small", "--candidate", "1", "--directions", "1", "--progress", "none"];
        place.run(&explore).failed_with(&["explore", "link"]);
        assert!(names_in(&place.path("elsewhere")).is_empty());

        place.write("elsewhere/candidate-01-step-0001.png", b"mine");
        symlink(place.path("elsewhere"), place.path("pulse-out/small/intermediate")).unwrap();
        place.upsample("small.png", &["--force"]);
        assert_eq!(names_in(&place.path("elsewhere")), ["candidate-01-step-0001.png"]);
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let place = Place::new();
        place.write("victim", b"mine");
        for name in ["out.safetensors", "out.safetensors.partial", "made.png", "trace.jsonl"] {
            symlink("victim", place.path(name)).unwrap();
        }
        let generator = file("checkpoint/ema_pytorch_prefix.pt");
        assert_eq!(place.run(&["convert", &generator, "out.safetensors"]).status, 0);
        render(&place, "faces", &file("checkpoint/ansi_inputs.safetensors"));
        place.picture("small.png", 3, 8, 8);
        place.upsample("small.png", &["--trace", "trace.jsonl"]).failed_with(&["trace.jsonl"]);
        assert_eq!(std::fs::read(place.path("victim")).unwrap(), b"mine");
        assert!(!place.path("out.safetensors").is_symlink());
    }
}
