//! What servers do wrong, a fault a test.

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use pulse_models::ErrorKind;

use crate::server::{ALL, Place, Server, TAG, checkpoint, folder_model, model, pinned, send, serve};

/// Fetches from a server that always sends this, which is refused for its content, and of which nothing is kept.
#[track_caller]
fn refused(head: &str, body: &[u8], words: &[&str]) {
    let server = Server::fixed(head, body);
    let place = Place::new(&server.url());
    place.fails(&model(), ErrorKind::Content, words);
    assert_eq!(place.keeps(&model()), None);
}

#[test]
fn a_page_in_the_place_of_a_checkpoint_is_recognised_by_its_first_bytes() {
    let page = b"\r\n<!DOCTYPE html><html><body>Sign in to go on</body></html>";
    refused(&format!("200 OK\r\ncontent-length: {}", page.len()), page, &["HTML", "small.pt"]);
}

#[test]
fn a_page_is_recognised_by_what_the_server_calls_it() {
    let body = checkpoint(100, 1);
    refused("200 OK\r\ncontent-type: text/html\r\ncontent-length: 100", &body, &["HTML"]);
}

#[test]
fn a_fault_of_a_storage_is_no_checkpoint() {
    let body = b"<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code></Error>";
    refused(&format!("200 OK\r\ncontent-length: {}", body.len()), body, &["XML"]);
}

#[test]
fn the_stand_in_of_a_large_file_is_no_checkpoint() {
    let body = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
    refused(&format!("200 OK\r\ncontent-length: {}", body.len()), body, &["Git LFS"]);
}

#[test]
fn an_empty_file_is_no_checkpoint() {
    refused("200 OK\r\ncontent-length: 0", b"", &["no checkpoint"]);
}

#[test]
fn a_length_that_is_too_large_is_a_break_and_what_came_is_kept() {
    let server = Server::fixed(&format!("200 OK\r\netag: {TAG}\r\ncontent-length: 2000"), &checkpoint(1000, 1));
    let place = Place::new(&server.url());
    place.fails(&model(), ErrorKind::Broken, &["broke off"]);
    assert_eq!(place.keeps(&model()), Some(1000));
}

#[test]
fn pieces_that_end_without_their_end_are_a_break() {
    let mut body = b"3e8\r\n".to_vec();
    body.extend(checkpoint(1000, 1));
    body.extend(b"\r\n");
    let server = Server::fixed(&format!("200 OK\r\netag: {TAG}\r\ntransfer-encoding: chunked"), &body);
    let place = Place::new(&server.url());
    place.fails(&model(), ErrorKind::Broken, &[]);
}

#[test]
fn more_bytes_than_were_said_to_come_are_cut_off() {
    let file = checkpoint(200_000, 1);
    let server = Server::new(move |request, stream| match request.from {
        None => serve(request, stream, &file[..100_000], TAG, 70_000),
        Some(from) => {
            let head = format!("206 Partial Content\r\netag: {TAG}\r\ncontent-range: bytes {from}-99999/100000");
            send(stream, &head, &file[from..]);
        }
    });
    let place = Place::new(&server.url());
    place.fails(&model(), ErrorKind::Broken, &[]);
    place.fails(&model(), ErrorKind::Content, &["more than 100000 bytes"]);
    assert_eq!(place.keeps(&model()), None);
}

#[test]
fn more_bytes_than_the_published_file_has_are_cut_off() {
    // It does not say where it ends.
    let server = Server::fixed("200 OK", &checkpoint(200_000, 1));
    let place = Place::new(&server.url());
    place.fails(&pinned(Some(100_000), None), ErrorKind::Content, &["more than 100000 bytes"]);
    place.fails(&pinned(Some(100), None), ErrorKind::Content, &["more than 100 bytes"]);
    assert_eq!(place.keeps(&model()), None);
}

#[test]
fn another_length_than_the_published_one_is_refused_before_it_comes() {
    let server = Server::fixed("200 OK\r\ncontent-length: 1000", &checkpoint(1000, 1));
    let place = Place::new(&server.url());
    place.fails(&pinned(Some(2000), None), ErrorKind::Content, &["1000 bytes", "has 2000"]);
    assert_eq!(place.keeps(&model()), None);
}

#[test]
fn what_does_not_say_where_it_ends_is_refused() {
    refused("200 OK", &checkpoint(1000, 1), &["does not say how long"]);
}

#[test]
fn a_file_that_is_longer_than_any_checkpoint_is_refused_before_it_comes() {
    refused("200 OK\r\ncontent-length: 99999999999999", &checkpoint(1000, 1), &["99999999999999 bytes"]);
}

#[test]
fn settings_without_end_are_refused() {
    let server = Server::fixed("200 OK\r\ncontent-length: 2000000", &vec![b'{'; 2_000_000]);
    let place = Place::new(&server.url());
    place.fails(&folder_model(), ErrorKind::Content, &["2000000 bytes"]);
}

#[test]
fn a_wrong_checksum_removes_the_file_and_says_so() {
    let wrong = "0".repeat(64);
    let server = Server::new(|request, stream| serve(request, stream, &checkpoint(1000, 1), TAG, ALL));
    let place = Place::new(&server.url());
    for tries in 1..=2 {
        place.fails(&pinned(None, Some(&wrong)), ErrorKind::Checksum, &[&wrong, "removed"]);
        assert_eq!(server.asked().len(), tries);
    }
    assert!(!place.path("small.sha256").exists());
}

#[test]
fn a_second_download_that_differs_from_the_first_is_told() {
    let server = Server::new(|request, stream| {
        serve(request, stream, &checkpoint(1000, request.number as u32), &format!("\"{}\"", request.number), ALL);
    });
    let place = Place::new(&server.url());
    place.get(&model()).unwrap();
    fs::remove_file(place.path("small.pt")).unwrap();
    place.fails(&model(), ErrorKind::Checksum, &["first download", "small.sha256"]);
    fs::remove_file(place.path("small.sha256")).unwrap();
    place.get(&model()).unwrap();
}

#[test]
fn a_dead_link_says_which_file_to_put_where() {
    for status in ["404 Not Found", "410 Gone"] {
        let server = Server::fixed(&format!("{status}\r\ncontent-length: 4"), b"gone");
        let place = Place::new(&server.url());
        let put = place.path("small.pt").display().to_string();
        place.fails(&model(), ErrorKind::Gone, &["no such file", "https://models.example.org/v1/small.pt", &put]);
    }
}

#[test]
fn a_name_that_leads_nowhere_says_which_file_to_put_where() {
    let mut place = Place::new("http://models.invalid");
    place.settings.connect = Duration::from_secs(1);
    let put = place.path("small.pt").display().to_string();
    place.fails(&model(), ErrorKind::Unreachable, &["models.invalid", &put]);
}

#[test]
fn a_server_that_is_not_there_says_which_file_to_put_where() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let place = Place::new(&format!("http://{address}"));
    place.fails(&model(), ErrorKind::Unreachable, &["put it there as"]);
}

#[test]
fn a_server_that_is_busy_or_wants_an_account_is_told_apart() {
    for (status, kind) in [
        ("503 Service Unavailable", ErrorKind::Broken),
        ("429 Too Many Requests", ErrorKind::Broken),
        ("401 Unauthorized", ErrorKind::Refused),
        ("403 Forbidden", ErrorKind::Refused),
        ("204 No Content", ErrorKind::Refused),
        ("206 Partial Content\r\ncontent-range: bytes 0-0/1", ErrorKind::Refused),
    ] {
        let server = Server::fixed(&format!("{status}\r\ncontent-length: 0"), b"");
        Place::new(&server.url()).fails(&model(), kind, &[&status[..3]]);
    }
}

#[test]
fn redirections_without_end_are_left() {
    let server = Server::fixed("302 Found\r\nlocation: /again\r\ncontent-length: 0", b"");
    Place::new(&server.url()).fails(&model(), ErrorKind::Refused, &["on and on"]);
    assert_eq!(server.asked().len(), 6);
}

#[test]
fn a_redirection_to_another_server_is_refused() {
    let other = Server::fixed("200 OK\r\ncontent-length: 1000", &checkpoint(1000, 1));
    for location in
        [other.url() + "/small.pt", "http://127.0.0.1:1/".into(), "file:///etc/passwd".into(), String::new()]
    {
        let server = Server::fixed(&format!("302 Found\r\nlocation: {location}\r\ncontent-length: 0"), b"");
        let mut place = Place::new(&server.url());
        place.settings.silence = Duration::from_secs(1);
        place.fails(&model(), ErrorKind::Refused, &["put it there as"]);
    }
    assert!(other.asked().is_empty());
}

#[test]
fn what_speaks_no_http_is_refused() {
    let server = Server::new(|_, stream| {
        use std::io::Write as _;
        let _ = stream.write_all(b"SSH-2.0-OpenSSH\r\n\r\n");
    });
    Place::new(&server.url()).fails(&model(), ErrorKind::Content, &["HTTP"]);
}

#[test]
fn an_address_that_is_none_is_refused_before_anything_is_asked() {
    for from in ["nowhere", "ftp://127.0.0.1", "http://me:secret@127.0.0.1"] {
        let place = Place::new(from);
        place.fails(&model(), ErrorKind::Setting, &["https://host/path"]);
        assert!(!place.folder().path().exists());
    }
}

#[test]
fn two_do_not_fetch_the_same() {
    let place = Place::new("http://127.0.0.1:1");
    let work = place.path(".small.part");
    fs::create_dir_all(&work).unwrap();
    let lock = fs::File::create(work.join("lock")).unwrap();
    lock.lock().unwrap();
    place.fails(&model(), ErrorKind::Busy, &["another process"]);
}

#[test]
fn a_folder_that_cannot_be_made_is_said() {
    let server = Server::fixed("200 OK\r\ncontent-length: 1000", &checkpoint(1000, 1));
    let place = Place::new(&server.url());
    fs::write(place.folder().path(), "a file").unwrap();
    let error = place.get(&model()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    assert!(server.asked().is_empty());
}
