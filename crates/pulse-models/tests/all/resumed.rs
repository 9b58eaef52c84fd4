//! What broke off, was stopped or became another file.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::time::Duration;

use pulse_models::{ErrorKind, get};

use crate::server::{ALL, Place, Server, TAG, checkpoint, model, send, serve};

const LENGTH: usize = 3_000_000;

/// Ten moments, some of them at the edge of something.
const MOMENTS: [usize; 10] = [513, 700, 4096, 65_535, 65_536, 65_537, 1 << 20, 2_000_000, LENGTH - 2, LENGTH - 1];

#[test]
fn interrupted_by_the_server_at_ten_moments_it_ends_in_the_same_bytes() {
    let file = checkpoint(LENGTH, 1);
    let bytes = file.clone();
    let server = Server::new(move |request, stream| {
        serve(request, stream, &bytes, TAG, MOMENTS.get(request.number).copied().unwrap_or(ALL));
    });
    let place = Place::new(&server.url());
    for moment in MOMENTS {
        place.fails(&model(), ErrorKind::Broken, &["broke off"]);
        assert_eq!(place.keeps(&model()), Some(moment as u64));
    }
    assert_eq!(place.get(&model()).unwrap().fetched, 1);
    place.has("small.pt", &file);
    let asked: Vec<_> = server.asked().iter().map(|request| request.from).collect();
    let wanted: Vec<_> = [None].into_iter().chain(MOMENTS.map(Some)).collect();
    assert_eq!(asked, wanted);
    assert!(server.asked()[1..].iter().all(|request| request.if_range.as_deref() == Some(TAG)));
}

#[test]
fn stopped_by_the_caller_at_ten_moments_it_ends_in_the_same_bytes() {
    let file = checkpoint(LENGTH, 1);
    let bytes = file.clone();
    let server = Server::new(move |request, stream| serve(request, stream, &bytes, TAG, ALL));
    let place = Place::new(&server.url());
    for moment in 1..=10 {
        let until = LENGTH as u64 * moment / 11;
        let stopped = get(&model(), &place.folder(), &place.settings, &mut |progress| {
            if progress.done < until { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        assert_eq!(stopped.unwrap_err().kind(), ErrorKind::Stopped);
        assert!(place.keeps(&model()).is_some_and(|kept| kept >= until && kept < LENGTH as u64));
    }
    assert!(place.get(&model()).unwrap().fetched < LENGTH as u64 / 5);
    place.has("small.pt", &file);
}

#[test]
fn a_server_without_entity_tags_is_gone_on_with_by_the_time_of_the_last_change() {
    const CHANGED: &str = "Sat, 28 Nov 2026 10:00:00 GMT";
    let file = checkpoint(1000, 1);
    let bytes = file.clone();
    let server = Server::new(move |request, stream| match request.from {
        None => {
            let head = format!("200 OK\r\nlast-modified: {CHANGED}\r\ncontent-length: 1000");
            send(stream, &head, &bytes[..600]);
        }
        Some(from) => {
            assert_eq!(request.if_range.as_deref(), Some(CHANGED));
            let head = format!(
                "206 Partial Content\r\nlast-modified: {CHANGED}\r\ncontent-range: bytes {from}-999/1000\r\ncontent-length: {}",
                1000 - from
            );
            send(stream, &head, &bytes[from..]);
        }
    });
    let place = Place::new(&server.url());
    place.fails(&model(), ErrorKind::Broken, &[]);
    assert_eq!(place.get(&model()).unwrap().fetched, 400);
    place.has("small.pt", &file);
}

#[test]
fn what_has_only_a_weak_tag_begins_anew() {
    let file = checkpoint(1000, 1);
    let bytes = file.clone();
    let server = Server::new(move |request, stream| {
        let until = if request.number == 0 { 600 } else { ALL };
        serve(request, stream, &bytes, "W/\"weak\"", until);
    });
    let place = Place::new(&server.url());
    place.fails(&model(), ErrorKind::Broken, &[]);
    assert_eq!(place.get(&model()).unwrap().fetched, 1000);
    place.has("small.pt", &file);
    assert_eq!(server.asked()[1].from, None);
}

#[test]
fn a_server_that_ignores_ranges_begins_anew() {
    let file = checkpoint(100_000, 1);
    let bytes = file.clone();
    let server = Server::new(move |request, stream| {
        let head = format!("200 OK\r\netag: {TAG}\r\ncontent-length: 100000");
        send(stream, &head, if request.number == 0 { &bytes[..70_000] } else { &bytes });
    });
    let place = Place::new(&server.url());
    place.fails(&model(), ErrorKind::Broken, &["70000 of 100000"]);
    assert_eq!(place.get(&model()).unwrap().fetched, 100_000);
    place.has("small.pt", &file);
    assert_eq!(server.asked()[1].from, Some(70_000));
}

#[test]
fn a_file_that_has_changed_meanwhile_begins_anew() {
    let file = checkpoint(120_000, 2);
    let bytes = file.clone();
    let server = Server::new(move |request, stream| match request.number {
        0 => serve(request, stream, &checkpoint(100_000, 1), TAG, 70_000),
        _ => serve(request, stream, &bytes, "\"two\"", ALL),
    });
    let place = Place::new(&server.url());
    place.fails(&model(), ErrorKind::Broken, &[]);
    assert_eq!(place.get(&model()).unwrap().fetched, 120_000);
    place.has("small.pt", &file);
}

#[test]
fn the_rest_of_another_file_is_not_put_behind_the_first_part() {
    let file = checkpoint(100_000, 2);
    let bytes = file.clone();
    let server = Server::new(move |request, stream| match (request.number, request.from) {
        (0, _) => serve(request, stream, &checkpoint(100_000, 1), TAG, 70_000),
        // It heeds no If-Range.
        (_, Some(from)) => {
            let head = format!("206 Partial Content\r\netag: \"two\"\r\ncontent-range: bytes {from}-99999/100000");
            send(stream, &head, &bytes[from..]);
        }
        _ => serve(request, stream, &bytes, "\"two\"", ALL),
    });
    let place = Place::new(&server.url());
    place.fails(&model(), ErrorKind::Broken, &[]);
    assert_eq!(place.get(&model()).unwrap().fetched, 100_000);
    place.has("small.pt", &file);
}

#[test]
fn another_part_than_was_asked_for_is_an_error_and_the_next_try_begins_anew() {
    let file = checkpoint(1000, 1);
    for range in
        ["0-999/1000", "601-999/1000", "600-998/1000", "600-999/2000", "600-999/*x", "600-18446744073709551615/1000"]
    {
        let bytes = file.clone();
        let server = Server::new(move |request, stream| match request.from {
            None => serve(request, stream, &bytes, TAG, if request.number == 0 { 600 } else { ALL }),
            Some(from) => {
                send(
                    stream,
                    &format!("206 Partial Content\r\netag: {TAG}\r\ncontent-range: bytes {range}"),
                    &bytes[from..],
                );
            }
        });
        let place = Place::new(&server.url());
        place.fails(&model(), ErrorKind::Broken, &[]);
        place.fails(&model(), ErrorKind::Content, &["another part"]);
        assert_eq!(place.keeps(&model()), None, "{range}");
        assert_eq!(place.get(&model()).unwrap().fetched, 1000);
        place.has("small.pt", &file);
    }
}

#[test]
fn a_part_that_the_server_calls_too_long_begins_anew() {
    let file = checkpoint(1000, 1);
    let bytes = file.clone();
    let server = Server::new(move |request, stream| match request.from {
        Some(_) => send(stream, "416 Range Not Satisfiable\r\ncontent-range: bytes */1000\r\ncontent-length: 0", b""),
        None => serve(request, stream, &bytes, TAG, if request.number == 0 { 600 } else { ALL }),
    });
    let place = Place::new(&server.url());
    place.fails(&model(), ErrorKind::Broken, &[]);
    place.get(&model()).unwrap();
    place.has("small.pt", &file);
}

#[test]
fn a_server_that_falls_silent_is_left_and_gone_on_with() {
    let file = checkpoint(100_000, 1);
    let bytes = file.clone();
    // A connection that is held stays open.
    let held = Mutex::new(Vec::new());
    let server = Server::new(move |request, stream| {
        match request.number {
            // It says nothing at all.
            0 => {}
            1 => serve(request, stream, &bytes, TAG, 70_000),
            _ => return serve(request, stream, &bytes, TAG, ALL),
        }
        held.lock().unwrap().push(stream.try_clone().unwrap());
    });
    let mut place = Place::new(&server.url());
    place.settings.silence = Duration::from_millis(100);
    place.fails(&model(), ErrorKind::Broken, &["nothing came for 0.1 s"]);
    place.fails(&model(), ErrorKind::Broken, &["nothing came for 0.1 s"]);
    assert_eq!(place.keeps(&model()), Some(70_000));
    place.settings.silence = Duration::from_secs(5);
    assert_eq!(place.get(&model()).unwrap().fetched, 30_000);
    place.has("small.pt", &file);
}

#[test]
fn a_part_from_elsewhere_is_not_gone_on_with() {
    let first = Server::new(|request, stream| serve(request, stream, &checkpoint(1000, 1), TAG, 600));
    let second = Server::new(|request, stream| serve(request, stream, &checkpoint(1000, 2), TAG, ALL));
    let mut place = Place::new(&first.url());
    place.fails(&model(), ErrorKind::Broken, &[]);
    place.settings.from = Some(second.url());
    place.get(&model()).unwrap();
    place.has("small.pt", &checkpoint(1000, 2));
}
