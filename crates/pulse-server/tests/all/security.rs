//! Whoever may not ask is refused.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::client::{Page, picture, raw, request};

const JSON: &str = "Content-Type: application/json";

fn page() -> (tempfile::TempDir, Page) {
    let folder = tempfile::tempdir().unwrap();
    let page = Page::open(&folder.path().join("session"));
    (folder, page)
}

#[test]
fn a_name_that_was_rebound_is_refused() {
    let (_folder, page) = page();
    let port = page.address.port();
    for host in [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        format!("127.0.0.1.evil.example:{port}"),
        "127.0.0.1:1".to_owned(),
    ] {
        let lines = [format!("Host: {host}"), page.cookie(), format!("Origin: http://{host}"), JSON.to_owned()];
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        for path in ["/", "/app/index.html", "/api/v1/session", "/picture/x.png"] {
            assert_eq!(raw(page.address, &request("GET", path, &lines, b"")).status, 421, "{host} {path}");
        }
        assert_eq!(raw(page.address, &request("POST", "/api/v1/end", &lines, b"{}")).status, 421);
    }
    let two = [&*page.host(), "Host: evil.example", &page.cookie()];
    assert!(matches!(raw(page.address, &request("GET", "/api/v1/session", &two, b"")).status, 400 | 421));
    assert!(matches!(raw(page.address, &request("GET", "/api/v1/session", &[&page.cookie()], b"")).status, 400 | 421));
    page.end();
}

#[test]
fn other_sites_change_nothing() {
    let (_folder, page) = page();
    let (host, cookie, own) = (page.host(), page.cookie(), page.origin());
    let post = |lines: &[&str]| raw(page.address, &request("POST", "/api/v1/searches", lines, b"{}")).status;
    for origin in ["Origin: http://evil.example", "Origin: null", "Origin: http://localhost:1"] {
        assert_eq!(post(&[&host, &cookie, JSON, origin]), 403, "{origin}");
    }
    assert_eq!(post(&[&host, &cookie, JSON]), 403, "no origin");
    assert_eq!(post(&[&host, &cookie, &own]), 415, "no type");
    for form in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        assert_eq!(post(&[&host, &cookie, &own, &format!("Content-Type: {form}")]), 415, "{form}");
    }
    assert_eq!(post(&[&host, &cookie, &own, JSON, "Sec-Fetch-Site: cross-site"]), 403);
    assert_eq!(post(&[&host, &own, JSON]), 401, "no cookie");
    let read = request("GET", "/api/v1/session", &[&host, &cookie, "Sec-Fetch-Site: same-site"], b"");
    assert_eq!(raw(page.address, &read).status, 403);
    let put = request("PUT", "/api/v1/session", &[&host, &cookie, &own, JSON], b"");
    assert_eq!(raw(page.address, &put).status, 405);
    page.end();
}

#[test]
fn only_the_token_lets_anyone_in() {
    let (_folder, mut page) = page();
    let good = std::mem::take(&mut page.cookie);
    for path in ["/api/v1/session", "/api/v1/events", "/api/v1/session.pulse", "/api/v1/openapi.json", "/picture/0.png"]
    {
        assert_eq!(page.get(path).status, 401, "{path}");
    }
    let wrong = serde_json::json!({ "token": "0".repeat(64) });
    assert_eq!(page.post("/enter", &wrong).status, 403);
    page.cookie = format!("{}0", &good[..good.len() - 1]);
    let guessed = page.get("/api/v1/session").status;
    page.cookie.clone_from(&good);
    assert!(guessed == 401 || good.ends_with('0'));
    assert_eq!(page.get("/api/v1/session").status, 200);
    page.end();
}

#[test]
fn two_servers_do_not_take_each_others_cookies() {
    let ((_one, first), (_two, mut second)) = (page(), page());
    assert_ne!(first.cookie.split('=').next(), second.cookie.split('=').next());
    let own = second.cookie.clone();
    // A browser sends both to both.
    second.cookie = format!("{}; {own}", first.cookie);
    assert_eq!(second.get("/api/v1/session").status, 200);
    second.cookie.clone_from(&first.cookie);
    assert_eq!(second.get("/api/v1/session").status, 401);
    first.end();
    second.end();
}

#[test]
fn no_path_leads_out() {
    let (folder, page) = page();
    std::fs::write(folder.path().join("secret.png"), "what nobody may read").unwrap();
    for path in [
        "/app/../Cargo.toml",
        "/app/%2e%2e/Cargo.toml",
        "/app/..%2fCargo.toml",
        "/picture/../../secret.png",
        "/picture/..%2f..%2fsecret.png",
        "/picture/%2e%2e.png",
        "/api/v1/nodes/..%2f../report.html",
        "/api/v1/nodes/n1/candidates/..%2f..%2fx.png",
        "/api/v1/../session",
        "//etc/passwd",
        "/app//etc/passwd",
    ] {
        let answer = page.get(path);
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
        assert!(!answer.body.windows(6).any(|at| at == b"nobody"));
    }
    let answer = page.upload("..%2f..%2fescaped.png", &picture(1));
    assert_eq!((answer.status, answer.json()["name"].as_str().unwrap().to_owned()), (200, "escaped.png".to_owned()));
    assert!(!folder.path().join("escaped.png").exists());
    page.end();
}

#[test]
fn what_is_too_large_is_not_read() {
    let (_folder, page) = page();
    let lines = [
        page.host(),
        page.origin(),
        page.cookie(),
        "Content-Type: application/octet-stream".into(),
        "Content-Length: 99999999999".into(),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let head = format!("POST /api/v1/pictures HTTP/1.1\r\n{}\r\nConnection: close\r\n\r\n", lines.join("\r\n"));
    assert_eq!(raw(page.address, head.as_bytes()).status, 413);
    let long = "x".repeat(33 << 20);
    let answer = page.post("/nodes/n1/edit", &serde_json::json!({ "note": long }));
    // It may have hung up before all was sent.
    assert!(matches!(answer.status, 413 | 0), "{}", answer.status);
    let head = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(200_000));
    assert!(matches!(raw(page.address, head.as_bytes()).status, 431 | 400 | 0));
    assert_eq!(page.get("/api/v1/session").status, 200);
    page.end();
}

#[test]
fn who_is_slow_holds_up_nobody() {
    let (_folder, page) = page();
    let slow: Vec<TcpStream> = (0..200)
        .map(|_| {
            let mut stream = TcpStream::connect(page.address).unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nHost: ").unwrap();
            stream
        })
        .collect();
    let started = Instant::now();
    assert_eq!(page.get("/").status, 200);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    // And is not waited for forever.
    let mut first = slow.into_iter().next().unwrap();
    first.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
    assert!(first.read_to_end(&mut Vec::new()).is_ok(), "it is hung up on");
    page.end();
}

#[test]
fn a_thousand_streams_are_too_many_and_do_no_harm() {
    let (_folder, page) = page();
    let ask = request("GET", "/api/v1/events", &[&page.host(), &page.cookie()], b"");
    let ask = String::from_utf8(ask).unwrap().replace("Connection: close\r\n", "");
    let mut open = Vec::new();
    let mut refused = 0;
    for _ in 0..1000 {
        let mut stream = TcpStream::connect(page.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(ask.as_bytes()).unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).unwrap();
        match &head[9..] {
            b"200" => open.push(stream),
            b"503" => refused += 1,
            other => panic!("{}", String::from_utf8_lossy(other)),
        }
    }
    assert_eq!((open.len(), refused), (128, 872));
    let started = Instant::now();
    assert_eq!(page.get("/api/v1/session").status, 200);
    assert!(started.elapsed() < Duration::from_secs(2));
    drop(open);
    std::thread::sleep(Duration::from_millis(500));
    let mut again = TcpStream::connect(page.address).unwrap();
    again.write_all(ask.as_bytes()).unwrap();
    let mut head = [0; 12];
    again.read_exact(&mut head).unwrap();
    assert_eq!(&head[9..], b"200", "places are given back");
    page.end();
}

#[test]
fn every_answer_says_what_a_browser_may_do() {
    let (_folder, page) = page();
    for path in ["/", "/api/v1/session", "/nothing"] {
        let head = page.get(path).head;
        for line in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "cross-origin-resource-policy: same-origin",
        ] {
            assert!(head.contains(line), "{path}: {line} in {head}");
        }
        assert!(!head.contains("unsafe-inline") && !head.to_lowercase().contains("access-control"));
    }
    page.end();
}

#[test]
fn files_are_named_by_nobody_but_who_starts_it() {
    let (_folder, page) = page();
    page.upload("a.png", &picture(1));
    for measurement in ["psf:/etc/passwd,area", "mask:/etc/passwd"] {
        let answer = page.post("/searches", &serde_json::json!({ "picture": "p1", "measurement": measurement }));
        assert_eq!(answer.status, 400);
    }
    let answer = page.post("/searches", &serde_json::json!({ "picture": "p1", "generator": "/etc/passwd" }));
    assert_eq!(answer.status, 404);
    let answer = page.post("/searches", &serde_json::json!({ "picture": "p1", "path": "x" }));
    assert_eq!(answer.status, 422, "what is not known is refused");
    page.end();
}
