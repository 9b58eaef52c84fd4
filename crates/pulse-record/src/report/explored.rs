//! The list on a run's page of what was explored from that run.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use pulse_checkpoint::read::read_regular;

use super::page::escaped;
use super::{EXPLORED_BEGIN, EXPLORED_END};
use crate::write::write_atomically;
use crate::{Error, Result};

/// The pages that a folder of what was explored may have.
const PAGES: [&str; 2] = ["explore.html", "report.html"];

/// The most bytes of a report that is read again.
const LARGEST_PAGE: u64 = 1 << 30;

/// Lists on the page at `report` what the folder `explored` beside it holds now. A page that has no place for it, or is not there, is
/// left as it is.
///
/// # Errors
/// [`ErrorKind::Io`](pulse_core::ErrorKind::Io) when it cannot be read or written.
pub(crate) fn list_explored(report: &Path, explored: &Path) -> Result<()> {
    let page = read_regular(report, LARGEST_PAGE).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let Some(page) = page else { return Ok(()) };
    let Some((before, rest)) = page.split_once(EXPLORED_BEGIN) else { return Ok(()) };
    let Some((_, after)) = rest.split_once(EXPLORED_END) else { return Ok(()) };
    let list = list(explored)?;
    let filled = format!("{before}{EXPLORED_BEGIN}{list}{EXPLORED_END}{after}");
    if filled == page { Ok(()) } else { write_atomically(report, filled.as_bytes()) }
}

fn list(explored: &Path) -> Result<String> {
    let Some(folder) = explored.file_name().and_then(|name| name.to_str()).filter(|_| explored.is_dir()) else {
        return Ok(String::new());
    };
    let entries = fs::read_dir(explored).map_err(|source| Error::io("read", explored, source))?;
    let mut names: Vec<String> = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    // Other names are not of ours, and would have to be written as an address.
    names.retain(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)));
    names.sort();
    let mut items = String::new();
    for name in names {
        if let Some(page) = PAGES.iter().find(|page| explored.join(&name).join(page).is_file()) {
            let _ = write!(items, "<li><a href=\"{folder}/{name}/{page}\">{}</a></li>", escaped(&name));
        }
    }
    if items.is_empty() {
        return Ok(items);
    }
    Ok(format!(
        "<section aria-labelledby=\"explored-heading\"><h2 id=\"explored-heading\">What was explored from it</h2><ul>{items}</ul></section>\n"
    ))
}
