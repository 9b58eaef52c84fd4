//! Running the program in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pulse::image::{Image, Reader, write_png};
use serde_json::Value;
use tempfile::TempDir;

/// Options for a search of a fraction of a second.
pub(crate) const SHORT: [&str; 6] = ["--steps", "3", "--candidates", "1", "--place", "off"];

/// What is in the folder of a run for one candidate whose small picture was given.
pub(crate) const FILES: [&str; 8] = [
    "candidate-01.png",
    "candidates.csv",
    "inputs.safetensors",
    "report.html",
    "run.json",
    "sheet.png",
    "shrunk-01.png",
    "target.png",
];

/// A folder to run the program in.
pub(crate) struct Place {
    folder: TempDir,
}

/// What the program left on its streams.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program with these arguments, not yet run.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pulse"));
        // Not the user's own cache, but one that all tests share: most search with the same settings.
        let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/cache");
        command.current_dir(self.folder.path()).args(arguments).env("PULSE_CACHE", cache);
        // Nor the user's own models, which none of the tests may find.
        command.env("PULSE_MODELS", self.path("models")).env_remove("PULSE_MODELS_FROM");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().unwrap())
    }

    /// A short, quiet search for `input`, with more arguments.
    pub(crate) fn upsample(&self, input: &str, more: &[&str]) -> Ran {
        let mut arguments = vec!["upsample", input, "--progress", "none"];
        for pair in SHORT.chunks(2).filter(|pair| !more.contains(&pair[0])) {
            arguments.extend(pair);
        }
        if more.contains(&"--init") {
            arguments.retain(|argument| !["--candidates", "1"].contains(argument));
        }
        arguments.extend(more);
        self.run(&arguments)
    }

    /// Writes a smooth picture, different for each size.
    pub(crate) fn picture(&self, name: &str, channels: usize, width: usize, height: usize) -> PathBuf {
        let values = (0..channels).flat_map(|channel| {
            (0..width * height).map(move |pixel| {
                let (x, y) = ((pixel % width) as f32 / width as f32, (pixel / width) as f32 / height as f32);
                0.5 + 0.3 * (3.0 * x + channel as f32).sin() * (2.0 * y + 1.0).cos()
            })
        });
        let image = Image::new(channels, height, width, values.collect()).unwrap();
        write_png(&self.path(name), &image, None).unwrap();
        self.path(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn read_picture(&self, name: &str) -> Image {
        Reader::default().read(&self.path(name)).unwrap()
    }

    pub(crate) fn record(&self, run: &str) -> Value {
        serde_json::from_slice(&std::fs::read(self.path(run).join("run.json")).unwrap()).unwrap()
    }

    /// The names in a folder, sorted.
    pub(crate) fn list(&self, folder: &str) -> Vec<String> {
        names_in(&self.path(folder))
    }
}

pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            status: output.status.code().expect("it was not killed"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The program did what it was told, and said nothing on standard error.
    #[track_caller]
    pub(crate) fn ended_with(self, status: i32) -> Self {
        assert_eq!((self.status, self.err.as_str()), (status, ""), "{}", self.out);
        self
    }

    /// It failed with one line that has all these words in it.
    #[track_caller]
    pub(crate) fn failed_with(&self, words: &[&str]) {
        assert_eq!(self.status, 2, "{}", self.err);
        assert!(self.err.starts_with("pulse: ") && self.err.ends_with('\n'), "{}", self.err);
        assert_eq!(self.err.lines().count(), 1, "{}", self.err);
        for word in words {
            assert!(self.err.contains(word), "`{word}` is missing: {}", self.err);
        }
    }
}
