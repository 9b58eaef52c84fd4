//! What servers do right.

use std::fs;
use std::ops::ControlFlow;

use pulse_models::{ErrorKind, Stage, get};

use crate::server::{ALL, Place, RESTRICTED, Server, TAG, checkpoint, folder_model, model, pinned, send, serve};

/// The checksum that was recorded.
fn sum(place: &Place) -> String {
    fs::read_to_string(place.path("small.sha256")).unwrap().split("  ").next().unwrap().to_owned()
}

#[test]
fn a_file_comes_whole_and_its_checksum_is_recorded() {
    let file = checkpoint(100_000, 1);
    let bytes = file.clone();
    let server = Server::new(move |request, stream| serve(request, stream, &bytes, TAG, ALL));
    let place = Place::new(&server.url());
    let mut stages = Vec::new();
    let got = get(&model(), &place.folder(), &place.settings, &mut |progress| {
        assert_eq!((progress.file, progress.kept, progress.whole), ("small.pt", 0, Some(100_000)));
        stages.push((progress.stage, progress.done));
        ControlFlow::Continue(())
    });
    let got = got.unwrap();
    assert_eq!((got.path, got.fetched), (place.path("small.pt"), 100_000));
    place.has("small.pt", &file);
    assert!(stages.is_sorted_by_key(|(stage, done)| (*stage == Stage::Checking, *done)));
    assert_eq!(stages.last(), Some(&(Stage::Checking, 100_000)));
    let record = fs::read_to_string(place.path("small.sha256")).unwrap();
    assert_eq!(record, format!("{}  small.pt\n", got.checksums[0].1));
    let asked = server.asked();
    assert_eq!((asked.len(), asked[0].path.as_str(), asked[0].from), (1, "/v1/small.pt", None));
}

#[test]
fn what_is_there_is_not_fetched_again() {
    let file = checkpoint(1000, 1);
    let server = Server::new(move |request, stream| serve(request, stream, &file, TAG, ALL));
    let place = Place::new(&server.url());
    place.get(&model()).unwrap();
    assert_eq!(place.get(&model()).unwrap().fetched, 0);
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_folder_is_there_when_all_of_its_files_are() {
    let server = Server::new(|request, stream| match request.path.as_str() {
        "/large/unet/weights.bin" if request.number < 3 => send(stream, "404 Not Found", b"gone"),
        "/large/unet/weights.bin" => serve(request, stream, &checkpoint(5000, 2), TAG, ALL),
        path => serve(request, stream, format!("{{\"path\": \"{path}\"}}").as_bytes(), TAG, ALL),
    });
    let place = Place::new(&server.url());
    place.fails(&folder_model(), ErrorKind::Gone, &["weights.bin", "put them into the folder"]);
    // What came already is not asked for again.
    let got = place.get(&folder_model()).unwrap();
    assert_eq!((got.path, got.fetched), (place.path("large"), 5000));
    place.has("large/unet/weights.bin", &checkpoint(5000, 2));
    place.has("large/unet/config.json", b"{\"path\": \"/large/unet/config.json\"}");
    assert_eq!(server.asked().iter().filter(|request| request.path.ends_with("config.json")).count(), 1);
    let record = fs::read_to_string(place.path("large.sha256")).unwrap();
    assert!(record.lines().all(|line| line.contains("  large/")) && record.lines().count() == 3);
    let kept = place.folder().list().unwrap();
    assert_eq!((kept.len(), kept[0].name.as_str()), (1, "large"));
}

#[test]
fn a_published_length_and_checksum_are_held_to() {
    let file = checkpoint(100_000, 1);
    let bytes = file.clone();
    let server = Server::new(move |request, stream| serve(request, stream, &bytes, TAG, ALL));
    let place = Place::new(&server.url());
    place.get(&model()).unwrap();
    let (sum, other) = (sum(&place), Place::new(&server.url()));
    other.get(&pinned(Some(100_000), Some(&sum))).unwrap();
    other.has("small.pt", &file);
}

#[test]
fn a_server_that_sends_piece_by_piece_is_understood() {
    let file = checkpoint(3000, 1);
    let mut body = Vec::new();
    for piece in file.chunks(700) {
        body.extend(format!("{:x}\r\n", piece.len()).into_bytes());
        body.extend(piece);
        body.extend(b"\r\n");
    }
    body.extend(b"0\r\n\r\n");
    let server = Server::fixed("200 OK\r\ntransfer-encoding: chunked", &body);
    let place = Place::new(&server.url());
    place.get(&model()).unwrap();
    place.has("small.pt", &file);
}

#[test]
fn a_redirection_on_the_same_server_is_followed() {
    let file = checkpoint(1000, 1);
    let bytes = file.clone();
    let server = Server::new(move |request, stream| match request.path.as_str() {
        "/v1/small.pt" => send(stream, "302 Found\r\nlocation: /cdn/other?x=1\r\ncontent-length: 0", b""),
        _ => serve(request, stream, &bytes, TAG, ALL),
    });
    let place = Place::new(&server.url());
    place.get(&model()).unwrap();
    place.has("small.pt", &file);
    assert_eq!(server.asked()[1].path, "/cdn/other?x=1");
}

#[test]
fn a_restrictive_licence_is_accepted_before_anything_is_asked() {
    let server = Server::new(|request, stream| serve(request, stream, &checkpoint(1000, 1), TAG, ALL));
    let mut place = Place::new(&server.url());
    let restricted = pulse_models::Published { licence: RESTRICTED, ..model() };
    place.fails(&restricted, ErrorKind::Licence, &["for research only", "https://example.org/research"]);
    assert!(server.asked().is_empty() && !place.folder().path().exists());
    place.settings.accepts_licence = true;
    place.get(&restricted).unwrap();
}
