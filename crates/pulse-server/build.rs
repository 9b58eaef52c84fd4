//! Lists the files of the page, so that all of them are in the program.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

include!("src/page/types.rs");

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("page");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let mut table = String::from("&[\n");
    for file in files {
        let ending = file.extension().unwrap_or_default().to_string_lossy().into_owned();
        let Some((_, content_type)) = TYPES.iter().find(|(known, _)| *known == ending) else { continue };
        let parts: Vec<_> =
            file.strip_prefix(&root).expect("it is within").iter().map(|part| part.to_string_lossy()).collect();
        let _ = writeln!(
            table,
            "    ({:?}, {content_type:?}, include_bytes!({:?})),",
            parts.join("/"),
            file.display().to_string()
        );
    }
    table.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("page.rs");
    fs::write(out, table).expect("the build folder can be written");
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the page is there") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}
