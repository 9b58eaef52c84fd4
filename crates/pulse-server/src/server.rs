//! The server as a whole: its threads, and how it ends.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use pulse::cache::Cache;
use pulse::run::RECORD;
use pulse::{Error, ErrorKind, Result};
use pulse_engine::Cpu;
use tokio::sync::watch;

use crate::desk::Desk;
use crate::gate::Gate;
use crate::generators::{Generators, OfferedModel};
use crate::{archive, bring, connection, listen, searcher, view, walker};

/// Threads for what takes a while and no engine: reading pictures, writing files.
const ASIDE: usize = 4;

/// What a server is started with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder of the session, which is made where there is none.
    pub folder: PathBuf,
    /// The address to listen at: this machine's own by default, which nobody else reaches.
    pub listen: IpAddr,
    /// The port; 0 for one that is free.
    pub port: u16,
    /// Files of generators, beside those in the program. A page cannot name any.
    pub generators: Vec<String>,
    /// Models that pages are offered by their names, beside those.
    pub models: Vec<OfferedModel>,
    /// Where numbers are kept that take long to make.
    pub cache: Option<Cache>,
    /// What searches and walks compute with.
    pub engine: Cpu,
}

impl Settings {
    /// The session in `folder`, at this machine's own address and a free port.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        let listen = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let (generators, models) = (Vec::new(), Vec::new());
        Self { folder: folder.into(), listen, port: 0, generators, models, cache: None, engine: Cpu::default() }
    }
}

/// A session that is open.
pub struct Server {
    desk: Arc<Desk>,
    gate: Arc<Gate>,
    address: SocketAddr,
    threads: Vec<JoinHandle<()>>,
    ended: watch::Sender<bool>,
}

/// Ends a server, from anywhere.
#[derive(Clone)]
pub struct Ender(Arc<Desk>);

impl Ender {
    /// Ends it: what is under way is stopped, so that it can go on another time, and written.
    pub fn end(&self) {
        self.0.end();
    }
}

impl Server {
    /// Opens the session, and answers from now on.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`] when another process has the session open, [`ErrorKind::Run`] when its record is damaged,
    /// [`ErrorKind::Io`] when the address cannot be listened at, and those of the generators' files.
    pub fn start(settings: &Settings) -> Result<Self> {
        let generators = Arc::new(Generators::new(&settings.generators, &settings.models, settings.cache.clone())?);
        let desk = Arc::new(Desk::open(&settings.folder, Arc::clone(&generators), settings.engine.clone())?);
        // What pages look at can be made again from the folders.
        view::restore(&desk);
        desk.change(|_| Ok(())).map_err(|refusal| Error::new(ErrorKind::Io, refusal.message()))?;
        let wanted = SocketAddr::new(settings.listen, settings.port);
        let unheard = |error: std::io::Error| {
            Error::new(ErrorKind::Io, format!("cannot listen at {wanted}: {error}; choose another port or address"))
        };
        let listener = std::net::TcpListener::bind(wanted).map_err(unheard)?;
        listener.set_nonblocking(true).map_err(unheard)?;
        let address = listener.local_addr().map_err(unheard)?;
        let gate = Arc::new(Gate::new(address)?);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(ASIDE).build();
        let runtime = runtime.map_err(unheard)?;
        let (ended, ends) = watch::channel(false);
        let router = listen::router(Arc::clone(&desk), Arc::clone(&gate));
        let answers = move || {
            runtime.block_on(async move {
                if let Ok(listener) = tokio::net::TcpListener::from_std(listener) {
                    connection::serve(listener, router, ends).await;
                }
            });
            runtime.shutdown_background();
        };
        let (searches, walks) = (Arc::clone(&desk), Arc::clone(&desk));
        let threads = vec![
            started("pulse-search", move || searcher::run(&searches))?,
            started("pulse-walk", move || walker::run(&walks))?,
            started("pulse-answer", answers)?,
        ];
        Ok(Self { desk, gate, address, threads, ended })
    }

    /// Unpacks the session in the file at `path` into `folder`, which has to be empty or not there.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when it cannot be read or written, [`ErrorKind::Run`] when it is no session.
    pub fn unpack(path: &Path, folder: &Path) -> Result<()> {
        archive::unpack(path, folder)
    }

    /// What a person opens in a browser: the address, and the token that lets the page in.
    pub fn url(&self) -> String {
        self.gate.url()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes in a picture, or the folder of a finished run, unless the session has it already.
    ///
    /// # Errors
    /// When it cannot be read, or is neither.
    pub fn bring(&self, path: &Path) -> Result<()> {
        if path.join(RECORD).exists() { bring::run(&self.desk, path) } else { bring::picture(&self.desk, path) }
    }

    /// What ends it.
    pub fn ender(&self) -> Ender {
        Ender(Arc::clone(&self.desk))
    }

    /// Waits until it is ended, and everything is written.
    pub fn wait(mut self) {
        // The last one answers pages: it ends when the others have written what they had.
        let answers = self.threads.pop();
        for thread in self.threads {
            let _ = thread.join();
        }
        self.ended.send_replace(true);
        if let Some(answers) = answers {
            let _ = answers.join();
        }
    }
}

fn started(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let thread = std::thread::Builder::new().name(name.into()).spawn(work);
    thread.map_err(|error| {
        Error::new(ErrorKind::Io, format!("the system starts no thread: {error}; close other programs"))
    })
}
