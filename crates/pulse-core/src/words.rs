//! Names out of files, made fit for messages.

/// Names out of a file for a message: the first ones, each of them escaped and cut.
pub fn listed<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    const LISTED: usize = 12;
    let more = if names.len() > LISTED { ", …" } else { "" };
    names.take(LISTED).map(shown_name).collect::<Vec<_>>().join(", ") + more
}

/// A name out of a file for a message: escaped, and cut when it is long.
pub fn shown_name(name: &str) -> String {
    const LONGEST: usize = 120;
    let cut = if name.chars().nth(LONGEST).is_some() { "…" } else { "" };
    name.chars().take(LONGEST).flat_map(char::escape_debug).chain(cut.chars()).collect()
}
