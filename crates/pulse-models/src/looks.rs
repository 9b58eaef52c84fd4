//! What the first bytes of a file look like: servers send pages where a file has gone.

use std::path::Path;

/// How many bytes it takes to tell.
pub(crate) const HEAD: usize = 512;

/// Whether a file of this name has settings, and not the numbers of a network.
pub(crate) fn is_settings(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending == "json")
}

/// What it is in place of the file of this name; `None` where it may be that file.
pub(crate) fn other_than(name: &str, content_type: Option<&str>, head: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(head).trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    let is_page = ["<!doctype", "<html", "<head", "<body", "<script"].iter().any(|tag| text.starts_with(tag));
    if is_page || content_type.is_some_and(|kind| kind.trim().to_ascii_lowercase().starts_with("text/html")) {
        return Some("a page for browsers (HTML)");
    }
    if text.starts_with("<?xml") {
        return Some("an answer in XML, such as storages give where there is no file");
    }
    if text.starts_with("version https://git-lfs") {
        return Some("what Git LFS keeps in the place of a large file");
    }
    let is_text = head.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
    match (is_settings(name), is_text) {
        (true, _) if !text.starts_with('{') => Some("no JSON"),
        // Every kind of checkpoint soon has bytes that no text has.
        (false, true) => Some("a text, and no checkpoint"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_told_from_files() {
        for (name, kind, head) in [
            ("a.pkl", None, &b"\n <!DOCTYPE html>"[..]),
            ("a.safetensors", None, b"<HTML>"),
            ("a.json", Some("text/html; charset=utf-8"), b"{}"),
            ("a.bin", None, b"<?xml version=\"1.0\"?><Error>"),
            ("a.bin", None, b"version https://git-lfs.github.com/spec/v1\n"),
            ("a.json", None, b"Not found"),
            ("a.pt", None, b"{\"error\":\"gone\"}"),
            ("a.pt", None, b""),
        ] {
            assert!(other_than(name, kind, head).is_some(), "{name} {head:?}");
        }
        for (name, kind, head) in [
            ("a.pkl", Some("text/plain"), &b"\x80\x03}q\x00"[..]),
            ("a.pt", Some("application/octet-stream"), b"PK\x03\x04"),
            ("a.json", None, b"\n{ \"a\": 1 }"),
            ("a.safetensors", None, b"<\0\0\0\0\0\0\0{\"a\""),
        ] {
            assert_eq!(other_than(name, kind, head), None, "{name} {head:?}");
        }
    }
}
