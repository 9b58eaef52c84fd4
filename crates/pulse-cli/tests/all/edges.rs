//! The rooms of the project: which may use which, and what each promises. All of it is read from the sources.

mod graph;
mod modules;
mod tokens;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The crates, each with those that it may depend on. These stand above it, so that no circle can be written down.
const CRATES: &[(&str, &[&str])] = &[
    ("pulse-engine", &[]),
    ("pulse-checkpoint", &[]),
    ("pulse-models", &["pulse-checkpoint"]),
    ("pulse-core", &["pulse-engine", "pulse-checkpoint"]),
    ("pulse-record", &["pulse-engine", "pulse-checkpoint", "pulse-core"]),
    ("pulse-upsample", &["pulse-engine", "pulse-checkpoint", "pulse-core", "pulse-record"]),
    // A front needs the facade; what is at the bottom it knows by its own name.
    ("pulse-server", &["pulse-engine", "pulse-upsample"]),
    ("pulse-page", &["pulse-upsample", "pulse-server"]),
    ("pulse-upsample-cli", &["pulse-engine", "pulse-checkpoint", "pulse-models", "pulse-upsample", "pulse-server"]),
];

/// No file is longer, so that each says one thing.
const LONGEST: usize = 450;

/// The functions of the module of a page: whoever calls it from outside knows them by their names.
const EXPORTS: &str = "crates/pulse-page/src/exports.rs";

/// What a room promises: words that its sources do not have.
struct Promise {
    what: &'static str,
    /// Whether a file is in the room, by its path such as `crates/pulse/src/image.rs`.
    holds: fn(&str) -> bool,
    never: &'static [&'static str],
}

const PROMISES: &[Promise] = &[
    Promise {
        what: "only the engine has unsafe code",
        holds: |file| !file.starts_with("crates/pulse-engine/") && file != EXPORTS,
        never: &["unsafe", "allow(unsafe_code)"],
    },
    Promise {
        what: "what a page calls has unsafe names, and nothing else that is unsafe",
        holds: |file| file == EXPORTS,
        never: &["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern", "*const", "*mut", "transmute"],
    },
    Promise {
        what: "the engine knows no files",
        holds: |file| file.starts_with("crates/pulse-engine/"),
        never: &["std::fs", "std::net", "std::process"],
    },
    Promise { what: "nothing from a file is ever run", holds: |_| true, never: &["process::Command"] },
    Promise {
        what: "only the program prints",
        holds: |file| !file.starts_with("crates/pulse-cli/"),
        never: &["println!", "print!", "eprintln!", "eprint!", "dbg!"],
    },
    Promise {
        what: "the core knows no disk, no network, no environment and no clock",
        holds: |file| file.starts_with("crates/pulse-core/"),
        never: &["std::fs", "std::net", "std::env", "std::process", "std::time", "Instant", "SystemTime"],
    },
];

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// The folders of the crates.
fn crates() -> Vec<PathBuf> {
    let mut crates: Vec<_> =
        fs::read_dir(workspace().join("crates")).unwrap().map(|entry| entry.unwrap().path()).collect();
    crates.retain(|folder| folder.join("Cargo.toml").is_file());
    crates.sort();
    crates
}

/// The path of a file as it is written in messages.
fn named(path: &Path) -> String {
    let parts: Vec<_> = path.strip_prefix(workspace()).unwrap().iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

/// All files of Rust in a folder and those below it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    files.sort();
    files
}

#[track_caller]
fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n\n{}\n", faults.join("\n\n"));
}

#[test]
fn the_top_modules_of_a_crate_form_no_circle() {
    let mut faults = Vec::new();
    for folder in crates() {
        let source = folder.join("src");
        for root in ["lib.rs", "main.rs"].into_iter().filter(|root| source.join(root).is_file()) {
            let graph = modules::graph(root, &|file| fs::read_to_string(source.join(file)).ok());
            faults.extend(graph.circles().into_iter().map(|circle| format!("in {}, {circle}", named(&source))));
        }
    }
    assert_none(&faults);
}

#[test]
fn crates_depend_only_on_those_that_they_may() {
    let order: Vec<_> = CRATES.iter().map(|(name, _)| *name).collect();
    for (place, (name, uses)) in CRATES.iter().enumerate() {
        assert!(
            uses.iter().all(|used| order[..place].contains(used)),
            "{name} depends on what does not stand above it"
        );
    }
    let allowed: BTreeMap<_, _> = CRATES.iter().copied().collect();
    let mut faults = Vec::new();
    for folder in crates() {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let package = package(&manifest);
        let Some(allowed) = allowed.get(package.as_str()) else {
            faults.push(format!("{package} is not in the table of this test: what may it depend on?"));
            continue;
        };
        for used in dependencies(&manifest).filter(|used| order.contains(used) && !allowed.contains(used)) {
            faults.push(format!("{package} may not depend on {used}: {}", named(&folder.join("Cargo.toml"))));
        }
    }
    assert_none(&faults);
}

fn package(manifest: &str) -> String {
    let name = manifest.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
    name.expect("a package has a name").to_owned()
}

/// The names in every table of dependencies, those of tests and of one system among them.
fn dependencies(manifest: &str) -> impl Iterator<Item = &str> {
    let mut within = false;
    manifest.lines().filter_map(move |line| {
        if line.starts_with('[') {
            within = line.ends_with("dependencies]");
            return None;
        }
        let end = line.find(|sign: char| !sign.is_alphanumeric() && !matches!(sign, '-' | '_'))?;
        (within && end > 0).then(|| &line[..end])
    })
}

#[test]
fn rooms_keep_their_promises() {
    let sources: Vec<_> = crates().iter().flat_map(|folder| files(&folder.join("src"))).collect();
    let sources: Vec<_> =
        sources.iter().map(|path| (named(path), tokens::tokens(&fs::read_to_string(path).unwrap()))).collect();
    let mut faults = Vec::new();
    for Promise { what, holds, never } in PROMISES {
        let room: Vec<_> = sources.iter().filter(|(file, _)| holds(file)).collect();
        assert!(!room.is_empty(), "\"{what}\" is the promise of no file: where has the room gone?");
        for words in *never {
            let wanted: Vec<_> = tokens::tokens(words).into_iter().map(|token| token.text).collect();
            for (file, tokens) in &room {
                let found = tokens.windows(wanted.len()).find(|at| at.iter().map(|token| &token.text).eq(&wanted));
                faults.extend(found.map(|at| format!("{what}, but {file}:{} has `{words}`", at[0].line)));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn files_stay_short() {
    let mut faults = Vec::new();
    for path in crates().iter().flat_map(|folder| files(folder)) {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        if lines >= LONGEST {
            faults.push(format!("{} has {lines} lines: let it say one thing", named(&path)));
        }
    }
    assert_none(&faults);
}

/// The circles of a crate that has these files.
fn circles(files: &[(&str, &str)]) -> Vec<String> {
    let files: BTreeMap<_, _> = files.iter().copied().collect();
    modules::graph("lib.rs", &|file| files.get(file).map(|text| (*text).to_owned())).circles()
}

#[test]
fn a_circle_is_written_out() {
    let found = circles(&[
        ("lib.rs", "mod a;\npub mod b;\nmod c;\npub use crate::b::{inner::Thing as Renamed, Other};"),
        // Through a re-export under another name, in a group.
        ("a.rs", "use std::fmt;\nuse crate::{\n    c::C,\n    Renamed,\n};"),
        ("b.rs", "mod inner;\npub use inner::Thing;"),
        // Up to the root from below, in code.
        ("b/inner.rs", "fn f<'a>(s: &'a str) -> char {\n    super::super::c::g(s);\n    '\"'\n}"),
        ("c.rs", "impl crate::a::Trait for C {}"),
    ]);
    let told = "a, b, c reach each other:\n  a -> c: a.rs:3\n  c -> a: c.rs:1";
    assert_eq!(found, [told]);
}

#[test]
fn the_root_is_a_module_too() {
    let defines = "mod a;\npub struct Root;\nfn f() { a::g() }";
    assert_eq!(
        circles(&[("lib.rs", defines), ("a.rs", "use crate::Root;")]),
        ["a, lib reach each other:\n  a -> lib: a.rs:1\n  lib -> a: lib.rs:3"]
    );
    let reexports = "mod a;\nmod b;\npub use a::A;\npub use other::B;";
    let files =
        [("lib.rs", reexports), ("a.rs", "use super::b;"), ("b.rs", "use crate::B; pub(in crate::a) struct C;")];
    assert!(circles(&files).is_empty());
}

#[test]
fn what_is_no_code_of_the_crate_makes_no_circle() {
    let inert = r##"
        //! See [`crate::b`].
        /* use crate::b; /* nested */ use crate::b; */
        const TEXT: &str = "use crate::b;\"";
        const RAW: &[u8] = br#"use crate::b; " "#;
        const QUOTE: [char; 3] = ['"', '\'', '\u{22}'];
        #[cfg(test)]
        #[allow(dead_code)]
        mod tests { use crate::b; fn f() { crate::b::g() } }
        #[cfg(test)]
        mod more;
        #[cfg(all(test, unix))]
        use crate::b::h;
        mod own { use super::c; fn f() { super::super::a::g() } }
        mod c {}
    "##;
    assert!(circles(&[("lib.rs", "mod a; mod b;"), ("a.rs", inert), ("b.rs", "use crate::a;")]).is_empty());
    // What only tests leave out is code.
    let outside =
        [("lib.rs", "mod a; mod b;"), ("a.rs", "#[cfg(not(test))]\nuse crate::b;"), ("b.rs", "use crate::a;")];
    assert_eq!(circles(&outside).len(), 1);
}

#[test]
fn dependencies_are_read_from_every_table() {
    let manifest = "[package]\nname = \"x\"\n\n[dependencies]\na.workspace = true\nb-c = { path = \"b\" }\n\n\
                    [target.'cfg(unix)'.dependencies]\nd = \"1\"\n\n[dev-dependencies]\ne = \"1\"\n\n[lints]\nf = true\n";
    assert_eq!(package(manifest), "x");
    assert_eq!(dependencies(manifest).collect::<Vec<_>>(), ["a", "b-c", "d", "e"]);
}
