//! Files are written whole or not at all.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use pulse_checkpoint::ErrorKind;
use pulse_checkpoint::write::{is_temporary, remove_temporaries, write_atomically, write_atomically_with};

/// An empty folder for one test.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("pulse-checkpoint-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_failed_write_keeps_the_old_file_and_nothing_else() {
    let folder = folder("failed");
    let path = folder.join("weights");
    write_atomically(&path, b"old").unwrap();
    let error = write_atomically_with(&path, |file| {
        file.write_all(b"half of the n")?;
        Err(io::Error::other("the disk is full"))
    });
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().ends_with("weights: the disk is full"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names_in(&folder), ["weights"]);
    for (name, reason) in [("", "it is a folder"), ("none/weights", "make it first")] {
        let error = write_atomically(&folder.join(name), b"new").unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
    fs::remove_dir_all(folder).unwrap();
}

#[cfg(unix)]
#[test]
fn a_link_is_replaced_and_not_written_through() {
    use std::os::unix::fs::symlink;

    let folder = folder("link");
    let (path, elsewhere) = (folder.join("weights"), folder.join("elsewhere"));
    fs::write(&elsewhere, "theirs").unwrap();
    symlink(&elsewhere, &path).unwrap();
    // Links under the very names that the next writes of this process would take.
    for number in 0..64 {
        symlink(&elsewhere, folder.join(format!(".pulse-{}-{number}.tmp", std::process::id()))).unwrap();
    }
    write_atomically(&path, b"ours").unwrap();
    assert_eq!(fs::read(&elsewhere).unwrap(), b"theirs");
    assert_eq!(fs::read(&path).unwrap(), b"ours");
    assert!(!path.is_symlink());
    remove_temporaries(&folder).unwrap();
    assert_eq!(names_in(&folder), ["elsewhere", "weights"]);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn hidden_files_are_known_by_their_names() {
    assert!(is_temporary(".pulse-12-0.tmp"));
    for name in
        ["pulse-12-0.tmp", ".pulse-12-0", ".pulse-12.tmp", ".pulse--1.tmp", ".pulse-a-1.tmp", ".pulse-1-2-3.tmp"]
    {
        assert!(!is_temporary(name), "{name}");
    }
}
