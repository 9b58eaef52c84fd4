//! The page's own files, which are part of the program.

use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::refusal::{Answer, Refusal};

/// Every file: its path within the page, what it is, its bytes. The build lists the folder.
pub(crate) static FILES: &[(&str, &str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/page.rs"));

#[cfg(debug_assertions)]
include!("page/types.rs");

/// The first file.
pub(crate) const INDEX: &str = "index.html";

/// The file of this path, as it is served.
pub(crate) fn served(path: &str) -> Answer<Response> {
    let path = if path.is_empty() { INDEX } else { path };
    #[cfg(debug_assertions)]
    if let Some(answer) = from_disk(path) {
        return Ok(answer);
    }
    let found = FILES.iter().find(|(own, ..)| *own == path);
    let (_, content_type, bytes) = found.ok_or_else(|| Refusal::missing("file", "of this page"))?;
    Ok(([(header::CONTENT_TYPE, *content_type)], *bytes).into_response())
}

/// The same as it is on the disk just now, for who works on the page: where `PULSE_PAGE` names its folder.
#[cfg(debug_assertions)]
fn from_disk(path: &str) -> Option<Response> {
    let folder = std::env::var_os("PULSE_PAGE")?;
    let is_within = path.split('/').all(crate::model::is_plain);
    let content_type = TYPES.iter().find(|(ending, _)| path.rsplit('.').next() == Some(ending))?.1;
    let bytes = is_within.then(|| std::fs::read(std::path::Path::new(&folder).join(path)).ok())??;
    Some(([(header::CONTENT_TYPE, content_type)], bytes).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_files_are_there() {
        assert!(served("").is_ok() && served("index.html").is_ok());
        for path in ["../Cargo.toml", "/etc/passwd", "index.html/", "INDEX.HTML", "%2e%2e/Cargo.toml", "./index.html"] {
            assert!(served(path).is_err(), "{path}");
        }
    }
}
