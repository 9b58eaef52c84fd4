//! `pulse models`, and generators that are found by their names. What is fetched comes from a server on this machine.

use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle, sleep};
use std::time::Duration;

use serde_json::Value;

use crate::program::{Place, Ran};

/// Answers each request by its path and the byte that it begins at.
type Answer = dyn Fn(&str, Option<usize>, &mut TcpStream) + Send + Sync;

struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn new(answer: impl Fn(&str, Option<usize>, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, ends) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicBool>::default());
        let (log, end, answer): (_, _, Arc<Answer>) = (Arc::clone(&asked), Arc::clone(&ends), Arc::new(answer));
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if end.load(Ordering::SeqCst) {
                    break;
                }
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                thread::spawn(move || converse(stream.unwrap(), &log, &*answer));
            }
        });
        Self { address, asked, ends, thread: Some(thread) }
    }

    /// One that has a file.
    fn of(path: &str, bytes: Vec<u8>) -> Self {
        let path = path.to_owned();
        Self::new(
            move |asked, from, stream| {
                if asked == path { serve(stream, &bytes, from.unwrap_or(0)) } else { missing(stream) }
            },
        )
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        self.thread.take().unwrap().join().unwrap();
    }
}

fn converse(mut stream: TcpStream, log: &Mutex<Vec<String>>, answer: &Answer) {
    let mut from = None;
    let mut request = None;
    for line in BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty()) {
        let line = line.to_ascii_lowercase();
        if let Some(range) = line.strip_prefix("range: bytes=") {
            from = range.trim_end_matches('-').parse().ok();
        }
        request.get_or_insert(line);
    }
    let Some(request) = request else { return };
    log.lock().unwrap().push(request.clone());
    // A proxy is asked to lead to a server, and is one itself here.
    if request.starts_with("connect ") {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        return converse(stream, log, answer);
    }
    answer(request.split(' ').nth(1).unwrap(), from, &mut stream);
}

const TAG: &str = "etag: \"one\"\r\nconnection: close";

/// The head of an answer that has a file from this byte on.
fn head(length: usize, from: usize) -> String {
    match from {
        0 => format!("HTTP/1.1 200 OK\r\n{TAG}\r\ncontent-length: {length}\r\n\r\n"),
        _ => format!(
            "HTTP/1.1 206 Partial Content\r\n{TAG}\r\ncontent-range: bytes {from}-{}/{length}\r\ncontent-length: {}\r\n\r\n",
            length - 1,
            length - from
        ),
    }
}

fn serve(stream: &mut TcpStream, bytes: &[u8], from: usize) {
    // Who does not want it any more is no fault.
    let _ = stream.write_all(head(bytes.len(), from).as_bytes());
    let _ = stream.write_all(&bytes[from..]);
}

fn missing(stream: &mut TcpStream) {
    let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
}

fn fixture(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../pulse/tests/fixtures").join(name)).unwrap()
}

/// The program with these arguments, without a proxy.
fn command(place: &Place, arguments: &[&str]) -> Command {
    let mut command = place.command(arguments);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command
}

fn run(place: &Place, arguments: &[&str]) -> Ran {
    Ran::of(command(place, arguments).output().unwrap())
}

const STYLEGAN: &str = "stylegan3-t-ffhqu-256x256";
const STYLEGAN_AT: &str = "/v2/models/nvidia/research/stylegan3/versions/1/files/stylegan3-t-ffhqu-256x256.pkl";
const DENOISER_AT: &str = "/consistency/cd_bedroom256_lpips.pt";

/// `pulse models get` from a server, quietly.
fn get<'a>(name: &'a str, url: &'a str) -> [&'a str; 7] {
    ["models", "get", name, "--from", url, "--progress", "none"]
}

#[test]
fn models_are_listed_with_their_licences_and_sizes() {
    let place = Place::new();
    let listed = place.run(&["models"]).ended_with(0).out;
    for words in ["faces-flow", "nothing yet", "ddpm-celebahq-256", "455 MB", "Apache-2.0", "CC BY-NC-SA 4.0", STYLEGAN]
    {
        assert!(listed.contains(words), "{words}: {listed}");
    }
    fs::create_dir(place.path("models")).unwrap();
    place.write("models/mine.pkl", b"1234");
    let listed: Value = serde_json::from_str(&place.run(&["models", "--json"]).ended_with(0).out).unwrap();
    let models = listed["models"].as_array().unwrap();
    let of = |place: &str| models.iter().filter(|model| model["where"] == place).count();
    assert_eq!((of("embedded"), of("folder")), (7, 1));
    assert!(of("published") >= 6);
    let mine = models.iter().find(|model| model["name"] == "mine").unwrap();
    assert_eq!((&mine["bytes"], mine["path"].as_str()), (&Value::from(4), place.path("models/mine.pkl").to_str()));
    assert!(models.iter().all(|model| model["where"] != "published" || !model["files"].as_array().unwrap().is_empty()));
}

#[test]
fn a_stylegan_is_fetched_and_found_by_its_name() {
    let place = Place::new();
    let server = Server::of(STYLEGAN_AT, fixture("stylegan3_t.pkl"));
    let url = server.url();
    // The licence first.
    run(&place, &get(STYLEGAN, &url)).failed_with(&[
        "Nvidia Source Code License",
        "https://github.com/NVlabs/stylegan3",
        "--accept-licence",
    ]);
    assert!(server.asked().is_empty());
    // It was not asked for by that.
    run(&place, &["info", STYLEGAN]).failed_with(&["`pulse models get stylegan3-t-ffhqu-256x256`"]);
    let got = run(&place, &[&get(STYLEGAN, &url)[..], &["--accept-licence"]].concat()).ended_with(0);
    for words in
        ["Nvidia Source Code License", "no checksum is published", "models/stylegan3-t-ffhqu-256x256.pkl", &url]
    {
        assert!(got.out.contains(words), "{words}: {}", got.out);
    }
    assert_eq!(place.list("models"), ["stylegan3-t-ffhqu-256x256.pkl", "stylegan3-t-ffhqu-256x256.sha256"]);
    assert!(run(&place, &["info", STYLEGAN]).ended_with(0).out.contains("StyleGAN3"));
    assert!(run(&place, &["models"]).ended_with(0).out.contains("Nvidia Source Code License"));
    // Again it is there, and nobody is asked.
    let asked = server.asked().len();
    assert!(run(&place, &get(STYLEGAN, &url)).ended_with(0).out.contains("is there already"));
    assert_eq!(server.asked().len(), asked);
}

#[test]
fn a_folder_of_a_diffusion_model_is_fetched_and_found_by_its_name() {
    let place = Place::new();
    let server = Server::new(|path, from, stream| {
        let file = match path.strip_prefix("/mirror/google/ddpm-bedroom-256/resolve/main/") {
            Some("model_index.json") => "model_index.json",
            Some("config.json") => "unet/config.json",
            Some("scheduler_config.json") => "scheduler/scheduler_config.json",
            Some("diffusion_pytorch_model.bin") => "unet/diffusion_pytorch_model.safetensors",
            _ => return missing(stream),
        };
        serve(stream, &fixture(&format!("priors/diffusers_ddpm/{file}")), from.unwrap_or(0));
    });
    // From where the environment says.
    let mut command = command(&place, &["models", "get", "ddpm-bedroom-256"]);
    let got = Ran::of(command.env("PULSE_MODELS_FROM", server.url() + "/mirror/").output().unwrap());
    assert_eq!(got.status, 0, "{}", got.err);
    assert!(
        got.out.contains("4 files of about 455 MB") && got.err.contains("diffusion_pytorch_model.bin, 1 MB: "),
        "{got:?}"
    );
    let info = run(&place, &["info", "ddpm-bedroom-256"]).ended_with(0);
    assert!(info.out.contains("noise levels"), "{}", info.out);
    let models: Value = serde_json::from_str(&run(&place, &["models", "--json"]).ended_with(0).out).unwrap();
    let of = |model: &&Value| model["name"] == "ddpm-bedroom-256";
    let found: Vec<_> = models["models"].as_array().unwrap().iter().filter(of).collect();
    assert_eq!((found.len(), found[0]["where"].as_str()), (1, Some("folder")));
}

#[test]
fn a_published_model_is_never_fetched_unasked() {
    let place = Place::new();
    place.picture("small.png", 3, 8, 8);
    let name = "ddpm-celebahq-256";
    for arguments in [
        &["upsample", "small.png", "--generator", name][..],
        &["info", name],
        &["verify", name],
        &["open", "--no-browser", "--generator", name],
        &["align", "small.png", "--frame", name, "--out", "faces"],
    ] {
        run(&place, arguments).failed_with(&[name, "not here yet", "`pulse models get ddpm-celebahq-256`"]);
    }
    assert!(!place.path("models").exists());
    run(&place, &["info", "no-such-thing"]).failed_with(&["no such generator"]);
}

#[test]
fn a_model_that_was_put_there_by_hand_is_found() {
    let place = Place::new();
    fs::create_dir(place.path("models")).unwrap();
    place.write("models/mine.pkl", &fixture("stylegan2ada_skip.pkl"));
    for name in ["mine", "mine.pkl"] {
        assert!(run(&place, &["info", name]).ended_with(0).out.contains("StyleGAN2"));
    }
    // A run is made with it, and taken up with it without its being named again.
    let dcgan = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/dcgan_faces_f16.safetensors");
    fs::copy(dcgan, place.path("models/dcgan.safetensors")).unwrap();
    place.picture("small.png", 3, 8, 8);
    let made = place.upsample("small.png", &["--generator", "dcgan"]);
    assert!(made.status < 2, "{}", made.err);
    assert_eq!(place.record("pulse-out/small")["generator"]["name"], "dcgan.safetensors");
    let steer = ["explore", "pulse-out/small", "--like", "1", "--candidates", "1", "--progress", "none"];
    let explored = run(&place, &steer);
    assert!(explored.status < 2, "{}", explored.err);
    // What is embedded, and what is a path, comes first.
    place.write("models/faces.pkl", b"nothing");
    place.write("models/here.pkl", b"nothing");
    place.write("here", &fixture("stylegan2ada_skip.pkl"));
    assert!(run(&place, &["info", "faces"]).ended_with(0).out.contains("DCGAN"));
    assert!(run(&place, &["info", "here"]).ended_with(0).out.contains("StyleGAN2"));
}

#[test]
fn what_cannot_be_fetched_ends_in_what_to_put_where() {
    let place = Place::new();
    let server = Server::of("/", Vec::new());
    let name = "cd_bedroom256_lpips";
    run(&place, &get(name, &server.url())).failed_with(&[
        "status 404",
        "https://openaipublic.blob.core.windows.net/consistency/cd_bedroom256_lpips.pt",
        "models/cd_bedroom256_lpips.pt",
        "--generator",
    ]);
    run(&place, &get("ddpm-church-256", &server.url())).failed_with(&[
        "https://huggingface.co/google/ddpm-church-256",
        "config.json",
        "diffusion_pytorch_model.bin",
        "models/ddpm-church-256",
    ]);
    run(&place, &get(name, "http://127.0.0.1:1")).failed_with(&["cannot be reached", "put it there as"]);
    run(&place, &get("no-such-model", &server.url())).failed_with(&["no-such-model", "ddpm-celebahq-256"]);
    run(&place, &get(name, "nowhere")).failed_with(&["`nowhere`", "https://host/path"]);
}

#[test]
fn a_page_in_the_place_of_a_checkpoint_is_refused() {
    let place = Place::new();
    let server = Server::of(DENOISER_AT, b"<!DOCTYPE html><html>Sign in</html>".to_vec());
    run(&place, &get("cd_bedroom256_lpips", &server.url())).failed_with(&["HTML", "cd_bedroom256_lpips.pt"]);
    assert!(!place.path("models/cd_bedroom256_lpips.pt").exists());
}

#[test]
fn another_folder_may_be_named() {
    let place = Place::new();
    let server = Server::of(DENOISER_AT, fixture("priors/cm.pt"));
    let url = server.url();
    let got = run(&place, &[&get("cd_bedroom256_lpips", &url)[..], &["--folder", "elsewhere"]].concat()).ended_with(0);
    assert!(got.out.contains("`--generator elsewhere/cd_bedroom256_lpips.pt`"), "{}", got.out);
    assert!(place.path("elsewhere/cd_bedroom256_lpips.pt").exists() && !place.path("models").exists());
}

#[test]
fn it_goes_through_the_proxy_that_the_environment_names() {
    let place = Place::new();
    let proxy = Server::of(DENOISER_AT, fixture("priors/cm.pt"));
    let mut command = command(&place, &get("cd_bedroom256_lpips", "http://models.example.org"));
    let got =
        Ran::of(command.env("HTTP_PROXY", proxy.url()).env("ALL_PROXY", proxy.url()).output().unwrap()).ended_with(0);
    assert!(got.out.contains("takes it"), "{}", got.out);
    assert!(proxy.asked()[0].starts_with("connect models.example.org:80"), "{:?}", proxy.asked());
}

/// A server that sends slowly from the middle of a file on, until it is not `slow` any more.
fn dripping(bytes: Vec<u8>, slow: Arc<AtomicBool>) -> Server {
    Server::new(move |_, from, stream| {
        let from = from.unwrap_or(0);
        let _ = stream.write_all(head(bytes.len(), from).as_bytes());
        let middle = if slow.load(Ordering::SeqCst) { (bytes.len() / 2).max(from) } else { bytes.len() };
        let _ = stream.write_all(&bytes[from..middle]);
        for byte in &bytes[middle..] {
            if stream.write_all(&[*byte]).is_err() {
                break;
            }
            sleep(Duration::from_millis(5));
        }
    })
}

/// Starts to fetch, and waits until something came.
fn begun(place: &Place, url: &str) -> (Child, PathBuf) {
    let mut command = command(place, &["models", "get", "cd_bedroom256_lpips", "--from", url, "--progress", "json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
    lines.find(|line| line.as_ref().unwrap().contains("progress")).unwrap().unwrap();
    (child, place.path("models/.cd_bedroom256_lpips.part/0.part"))
}

#[test]
fn a_killed_download_goes_on() {
    let place = Place::new();
    let (bytes, slow) = (fixture("priors/cm.pt"), Arc::new(AtomicBool::new(true)));
    let server = dripping(bytes.clone(), Arc::clone(&slow));
    let (mut child, part) = begun(&place, &server.url());
    // It need not be the last byte that has come.
    while fs::metadata(&part).is_ok_and(|part| part.len() < 1000) {
        sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!place.path("models/cd_bedroom256_lpips.pt").exists());
    assert!(fs::metadata(&part).unwrap().len() >= 1000);
    slow.store(false, Ordering::SeqCst);
    run(&place, &get("cd_bedroom256_lpips", &server.url())).ended_with(0);
    assert!(fs::read(place.path("models/cd_bedroom256_lpips.pt")).unwrap() == bytes);
    assert!(!part.exists());
}

#[cfg(unix)]
#[test]
fn a_stopped_download_is_kept_and_goes_on() {
    let place = Place::new();
    let (bytes, slow) = (fixture("priors/cm.pt"), Arc::new(AtomicBool::new(true)));
    let server = dripping(bytes.clone(), Arc::clone(&slow));
    let (mut child, part) = begun(&place, &server.url());
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert!(err.contains("pulse: stopped; the same command goes on"), "{err}");
    assert!(part.exists());
    slow.store(false, Ordering::SeqCst);
    run(&place, &get("cd_bedroom256_lpips", &server.url())).ended_with(0);
    assert!(fs::read(place.path("models/cd_bedroom256_lpips.pt")).unwrap() == bytes);
}
