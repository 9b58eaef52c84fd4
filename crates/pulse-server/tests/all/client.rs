//! A client that says exactly what it is told to.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use pulse_server::{Server, Settings};
use serde_json::Value;

/// A server with a page that has entered.
pub(crate) struct Page {
    pub(crate) server: Server,
    pub(crate) address: SocketAddr,
    pub(crate) cookie: String,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&self.body)))
    }
}

/// Sends bytes, and reads until the server closes.
pub(crate) fn raw(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    // A server that refuses may close before it has read all.
    let _ = stream.write_all(request);
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|at| at == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Answer { status, head, body: bytes[end..].to_vec() }
}

/// A request with these lines in its head, besides what tells the connection to close.
pub(crate) fn request(method: &str, path: &str, lines: &[&str], body: &[u8]) -> Vec<u8> {
    let length = if method == "POST" { format!("Content-Length: {}\r\n", body.len()) } else { String::new() };
    let lines = lines.iter().flat_map(|line| [*line, "\r\n"]).collect::<String>();
    let mut bytes = format!("{method} {path} HTTP/1.1\r\n{lines}{length}Connection: close\r\n\r\n").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

impl Page {
    pub(crate) fn open(folder: &Path) -> Self {
        Self::of(Server::start(&Settings::new(folder)).unwrap())
    }

    pub(crate) fn of(server: Server) -> Self {
        let mut page = Self { address: server.address(), server, cookie: String::new() };
        let token = page.token();
        let entered = page.post("/enter", &serde_json::json!({ "token": token }));
        assert_eq!(entered.status, 200);
        let cookie = entered.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        assert!(cookie.contains("HttpOnly; SameSite=Strict; Path=/"), "{cookie}");
        cookie.split(';').next().unwrap().clone_into(&mut page.cookie);
        page
    }

    pub(crate) fn token(&self) -> String {
        self.server.url().split("#token=").nth(1).unwrap().to_owned()
    }

    pub(crate) fn host(&self) -> String {
        format!("Host: {}", self.address)
    }

    pub(crate) fn origin(&self) -> String {
        format!("Origin: http://{}", self.address)
    }

    pub(crate) fn cookie(&self) -> String {
        format!("Cookie: {}", self.cookie)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        raw(self.address, &request("GET", path, &[&self.host(), &self.cookie()], b""))
    }

    pub(crate) fn state(&self) -> Value {
        self.get("/api/v1/session").json()
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        let lines = [&self.host(), &self.origin(), &self.cookie(), "Content-Type: application/json"];
        raw(self.address, &request("POST", &format!("/api/v1{path}"), &lines, body.to_string().as_bytes()))
    }

    pub(crate) fn upload(&self, name: &str, bytes: &[u8]) -> Answer {
        let lines = [&self.host(), &self.origin(), &self.cookie(), "Content-Type: application/octet-stream"];
        raw(self.address, &request("POST", &format!("/api/v1/pictures?name={name}"), &lines, bytes))
    }

    /// The node, once it is done.
    pub(crate) fn done(&self, id: &str) -> Value {
        let started = Instant::now();
        loop {
            let state = self.state();
            let node = state["nodes"].as_array().unwrap().iter().find(|node| node["id"] == id).unwrap().clone();
            if ["finished", "stopped", "failed"].iter().any(|state| node["state"] == *state) {
                return node;
            }
            assert!(started.elapsed() < Duration::from_mins(5), "{id} takes too long");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn end(self) {
        self.server.ender().end();
        self.server.wait();
    }
}

/// A picture of 4x4 pixels; another one for each number.
pub(crate) fn picture(number: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 4, 4);
    encoder.set_color(png::ColorType::Rgb);
    let pixels: Vec<u8> = (0..48u8).map(|at| at.wrapping_mul(3).wrapping_add(number).wrapping_add(60)).collect();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
    bytes
}
