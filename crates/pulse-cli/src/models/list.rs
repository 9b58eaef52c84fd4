//! The generators that are here and that are published, a line for each.

use std::fmt::Write as _;

use pulse::generator::EMBEDDED;
use pulse_models::{Folder, Kept, PUBLISHED, Published};
use serde_json::{Value, json};

use super::megabytes;
use crate::failure::{Failure, print};
use crate::status::Status;

pub(super) fn run(folder: &Folder, as_json: bool) -> Result<Status, Failure> {
    let kept = folder.list()?;
    let is_kept = |published: &Published| kept.iter().any(|kept| kept.path == folder.place(published));
    let published: Vec<_> = PUBLISHED.iter().filter(|published| !is_kept(published)).collect();
    if as_json {
        let models = json_of(folder, &kept, &published)?;
        let listed = json!({ "folder": folder.path().display().to_string(), "models": models });
        print(&format!("{listed:#}\n"))?;
        return Ok(Status::Good);
    }
    let mut text = String::from("Embedded:\n");
    for embedded in EMBEDDED {
        let family = embedded.open()?.spec().family.name();
        let size = embedded.weights.bytes.map_or_else(String::new, |bytes| megabytes(bytes.len() as u64));
        let card = format!("`pulse info {}`", embedded.name);
        line(&mut text, embedded.name, embedded.shape[2], family, &size, &card, embedded.subject.several());
    }
    let _ = writeln!(text, "\nIn {}:", folder.path().display());
    for kept in &kept {
        let size = megabytes(kept.bytes);
        match PUBLISHED.iter().find(|published| kept.path == folder.place(published)) {
            Some(of) => line(&mut text, &kept.name, of.pixels, of.family, &size, of.licence.name, of.subject),
            None => {
                let _ = writeln!(text, "  {:<27}{:>37}  `pulse info {}`", kept.name, size, kept.name);
            }
        }
    }
    if kept.is_empty() {
        text.push_str("  nothing yet\n");
    }
    text.push_str("\nPublished; `pulse models get NAME` fetches one:\n");
    for of in &published {
        let size = of.megabytes.map_or_else(|| "?".to_owned(), |size| format!("{size} MB"));
        line(&mut text, of.name, of.pixels, of.family, &size, of.licence.name, of.subject);
    }
    text.push_str("\n--generator takes any name of the first two, a file or a folder.\n");
    print(&text)?;
    Ok(Status::Good)
}

fn line(text: &mut String, name: &str, pixels: usize, family: &str, size: &str, licence: &str, subject: &str) {
    // A string takes whatever is written to it.
    let _ = writeln!(text, "  {name:<27}{pixels:>4}  {family:<22}{size:>9}  {subject}; {licence}");
}

fn json_of(folder: &Folder, kept: &[Kept], published: &[&Published]) -> Result<Vec<Value>, Failure> {
    let mut models = Vec::new();
    for embedded in EMBEDDED {
        models.push(json!({
            "name": embedded.name,
            "where": "embedded",
            "family": embedded.open()?.spec().family.name(),
            "pixels": embedded.shape[2],
            "subject": embedded.subject.several(),
            "bytes": embedded.weights.bytes.map(<[u8]>::len),
            "card": embedded.card,
        }));
    }
    for kept in kept {
        let mut model = match PUBLISHED.iter().find(|published| kept.path == folder.place(published)) {
            Some(published) => facts(published),
            None => json!({}),
        };
        model["name"] = kept.name.as_str().into();
        model["where"] = "folder".into();
        model["path"] = kept.path.display().to_string().into();
        model["bytes"] = kept.bytes.into();
        models.push(model);
    }
    for published in published {
        let mut model = facts(published);
        model["where"] = "published".into();
        models.push(model);
    }
    Ok(models)
}

fn facts(of: &Published) -> Value {
    let file = |file: &pulse_models::RemoteFile| json!({ "name": file.name, "address": file.address, "bytes": file.bytes, "sha256": file.sha256 });
    json!({
        "name": of.name,
        "family": of.family,
        "pixels": of.pixels,
        "subject": of.subject,
        "licence": { "name": of.licence.name, "address": of.licence.address, "restricts": of.licence.restricts },
        "home": of.home,
        "megabytes": of.megabytes,
        "files": of.files.iter().map(file).collect::<Vec<_>>(),
    })
}
