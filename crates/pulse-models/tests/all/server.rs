//! A server that answers each connection as a test says, and models that are fetched from it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use pulse_models::{Error, ErrorKind, Folder, Got, Licence, Published, RemoteFile, Settings, get};
use tempfile::TempDir;

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    /// The first byte that is wanted, where not all are.
    pub(crate) from: Option<usize>,
    pub(crate) if_range: Option<String>,
    /// How many requests came before it.
    pub(crate) number: usize,
}

pub(crate) struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Request>>>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// One that answers by `answer`, and closes each connection after that.
    pub(crate) fn new(answer: impl Fn(&Request, &mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, ends) = (Arc::<Mutex<Vec<Request>>>::default(), Arc::<AtomicBool>::default());
        let (log, end) = (Arc::clone(&asked), Arc::clone(&ends));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if end.load(Ordering::SeqCst) {
                    break;
                }
                let mut stream = stream.unwrap();
                let number = log.lock().unwrap().len();
                let Some(request) = read(&stream, number) else { continue };
                log.lock().unwrap().push(request.clone());
                answer(&request, &mut stream);
            }
        });
        Self { address, asked, ends, thread: Some(thread) }
    }

    /// One that always sends these headers and bytes, whatever is asked.
    pub(crate) fn fixed(head: &str, body: &[u8]) -> Self {
        let (head, body) = (head.to_owned(), body.to_owned());
        Self::new(move |_, stream| send(stream, &head, &body))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        // It waits for a connection.
        let _ = TcpStream::connect(self.address);
        self.thread.take().unwrap().join().unwrap();
    }
}

fn read(stream: &TcpStream, number: usize) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let mut request = Request { path, from: None, if_range: None, number };
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").unwrap();
        match name.to_ascii_lowercase().as_str() {
            "range" => {
                request.from = value.strip_prefix("bytes=").and_then(|range| range.strip_suffix('-')?.parse().ok());
            }
            "if-range" => request.if_range = Some(value.to_owned()),
            _ => {}
        }
    }
    Some(request)
}

/// Sends a status with headers, and bytes. Who does not want them any more is no fault.
pub(crate) fn send(stream: &mut TcpStream, head: &str, body: &[u8]) {
    let _ = stream.write_all(format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n").as_bytes());
    let _ = stream.write_all(body);
    let _ = stream.flush();
}

/// Answers as a server should, that has these bytes under this entity tag; but breaks off after so many bytes of the file.
pub(crate) fn serve(request: &Request, stream: &mut TcpStream, file: &[u8], tag: &str, until: usize) {
    let fits = request.if_range.as_deref().is_none_or(|wanted| wanted == tag);
    if let Some(from) = request.from.filter(|_| fits) {
        let head = format!(
            "206 Partial Content\r\netag: {tag}\r\ncontent-length: {}\r\ncontent-range: bytes {from}-{}/{}",
            file.len() - from,
            file.len() - 1,
            file.len()
        );
        send(stream, &head, &file[from..until.max(from).min(file.len())]);
    } else {
        let head = format!("200 OK\r\netag: {tag}\r\ncontent-length: {}", file.len());
        send(stream, &head, &file[..until.min(file.len())]);
    }
}

pub(crate) const ALL: usize = usize::MAX;

pub(crate) const TAG: &str = "\"one\"";

/// Bytes that may be those of a checkpoint: an archive, as far as anybody looks.
pub(crate) fn checkpoint(length: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let noise = std::iter::repeat_with(move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    });
    b"PK\x03\x04".iter().copied().chain(noise).take(length).collect()
}

const FREE: Licence = Licence { name: "MIT", address: "https://example.org/mit", restricts: false };

pub(crate) const RESTRICTED: Licence =
    Licence { name: "for research only", address: "https://example.org/research", restricts: true };

/// A model of one file.
pub(crate) fn model() -> Published {
    Published {
        name: "small",
        family: "DCGAN",
        subject: "nothing",
        pixels: 8,
        licence: FREE,
        home: "https://example.org/small",
        is_folder: false,
        files: &[RemoteFile {
            address: "https://models.example.org/v1/small.pt",
            name: "small.pt",
            bytes: None,
            sha256: None,
        }],
        megabytes: None,
        hosts: &[],
    }
}

/// The same with a published length or checksum.
pub(crate) fn pinned(bytes: Option<u64>, sha256: Option<&str>) -> Published {
    let sha256 = sha256.map(|sum| &*sum.to_owned().leak());
    let file = RemoteFile { bytes, sha256, ..model().files[0] };
    Published { files: vec![file].leak(), ..model() }
}

/// A model of several files in a folder.
pub(crate) fn folder_model() -> Published {
    const fn file(address: &'static str, name: &'static str) -> RemoteFile {
        RemoteFile { address, name, bytes: None, sha256: None }
    }
    const FILES: &[RemoteFile] = &[
        file("https://models.example.org/large/model_index.json", "model_index.json"),
        file("https://models.example.org/large/unet/config.json", "unet/config.json"),
        file("https://models.example.org/large/unet/weights.bin", "unet/weights.bin"),
    ];
    Published { name: "large", is_folder: true, files: FILES, ..model() }
}

/// A folder of models, and how to fetch into it.
pub(crate) struct Place {
    root: TempDir,
    pub(crate) settings: Settings,
}

impl Place {
    pub(crate) fn new(url: &str) -> Self {
        let second = Duration::from_secs(5);
        let settings = Settings {
            from: Some(url.to_owned()),
            connect: second,
            silence: second,
            uses_proxy: false,
            ..Settings::default()
        };
        Self { root: TempDir::new().unwrap(), settings }
    }

    pub(crate) fn folder(&self) -> Folder {
        // It is made when the first model comes.
        Folder::new(self.root.path().join("models"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().path().join(name)
    }

    pub(crate) fn get(&self, published: &Published) -> Result<Got, Error> {
        get(published, &self.folder(), &self.settings, &mut |_| ControlFlow::Continue(()))
    }

    /// Fails as it should, with these words, and leaves no model behind.
    #[track_caller]
    pub(crate) fn fails(&self, published: &Published, kind: ErrorKind, words: &[&str]) {
        let error = self.get(published).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        for word in words {
            assert!(error.to_string().contains(word), "`{word}` is missing: {error}");
        }
        assert!(!self.folder().place(published).exists());
        assert_eq!(self.folder().list().unwrap(), []);
    }

    /// Whether bytes are kept that the next try goes on with.
    pub(crate) fn keeps(&self, published: &Published) -> Option<u64> {
        let part = self.path(&format!(".{}.part/0.part", published.name));
        part.metadata().ok().map(|about| about.len())
    }

    /// It is there, has these bytes, and nothing else is left.
    #[track_caller]
    pub(crate) fn has(&self, file: &str, bytes: &[u8]) {
        assert!(std::fs::read(self.path(file)).unwrap() == bytes, "{file} has other bytes");
        let hidden = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().starts_with('.');
        assert!(!std::fs::read_dir(self.folder().path()).unwrap().any(|entry| hidden(entry.unwrap())));
    }
}
