//! `pulse open`: the explorer in a browser.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;
use pulse::write::make_folder;
use pulse_models::{Folder, Kept};
use pulse_server::{ENDING, OfferedModel, SESSION, Server, Settings};

use crate::cache;
use crate::engine::EngineArguments;
use crate::failure::{Failure, note, print};
use crate::generator;
use crate::interrupt::Interrupt;
use crate::status::Status;

pub(crate) const EXAMPLES: &str = "\
A session is a folder: session.json, pictures/, and a folder in nodes/ for each search, which is that of
a run as `pulse upsample` leaves it. What was stopped or killed goes on when the folder is opened again.

Only this machine reaches the page, and only who has the address that is printed. With --listen others
reach it too, who have that address: what they send and see is not encrypted on its way.

Examples:
  pulse open                                    the session in pulse-out/session
  pulse open small.png photo.jpg                with these pictures in it
  pulse open pulse-out/small                    with what a run found
  pulse open pulse-out/session                  a session again
  pulse open session.pulse --out here           a session that was carried away
  pulse open --no-browser --port 8000

Exit status: 0 when it was ended, 2 after an error.

Faces that it finds are of people who do not exist, and fields beside faces are simulated. It cannot tell you who was in the picture.";

/// The folder of a session where nothing is said.
const FOLDER: &str = "pulse-out/session";

#[derive(Args)]
pub(crate) struct Arguments {
    /// Pictures, folders of runs, the folder of a session, or a session that was carried away
    #[arg(value_name = "PICTURE|RUN|SESSION")]
    inputs: Vec<PathBuf>,

    #[arg(short, long, value_name = "DIR", help = format!("The folder of the session [default: {FOLDER}]"))]
    out: Option<PathBuf>,

    /// A checkpoint or a model of `pulse models` to search with, beside the embedded generators and the folder of models; may be given
    /// several times. A page cannot name files
    #[arg(short, long, value_name = "NAME|FILE|DIR", value_parser = generator::Name, hide_possible_values = true)]
    generator: Vec<String>,

    /// Only print the address, and open no browser
    #[arg(long)]
    no_browser: bool,

    /// The port [default: one that is free]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    port: u16,

    /// Let other machines in, at this address of this one: whoever has the address that is printed, token and all
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<IpAddr>,

    #[command(flatten)]
    engine: EngineArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let engine = arguments.engine.start()?;
    let Session { folder, packed, brought } = Session::of(arguments)?;
    if let Some(packed) = &packed {
        Server::unpack(packed, &folder)?;
    }
    if let Some(above) = folder.parent() {
        make_folder(above)?;
    }
    let mut settings = Settings::new(&folder);
    settings.listen = arguments.listen.unwrap_or(settings.listen);
    settings.port = arguments.port;
    settings.generators = arguments.generator.iter().map(|name| generator::located(name)).collect::<Result<_, _>>()?;
    settings.models = models();
    settings.cache = cache::folder();
    settings.engine = engine;
    let server = Server::start(&settings)?;
    let ender = server.ender();
    let _interrupt =
        Interrupt::then("ending; what is under way is kept, and goes on when it is opened again", move || ender.end())?;
    for path in brought {
        if let Err(error) = server.bring(&path) {
            Failure::with(path.display(), &error).report();
        }
    }
    let url = server.url();
    if !server.address().ip().is_loopback() {
        note(&format!(
            "{} is reached from other machines, by whoever has the address below; what is sent and seen is not encrypted",
            server.address()
        ));
    }
    print(&format!("the session in {}; Ctrl-C ends it\n  {url}\n", folder.display()))?;
    if !arguments.no_browser && open::that_detached(&url).is_err() {
        note("no browser could be opened: open the address above in one");
    }
    server.wait();
    Ok(Status::Good)
}

/// What lies in the folder of models. A page names it as it is called there, and never by a path.
fn models() -> Vec<OfferedModel> {
    let Some(Ok(kept)) = Folder::of_user().map(|folder| folder.list()) else { return Vec::new() };
    let model = |kept: Kept| {
        let name = kept.path.file_name()?.to_str()?.to_owned();
        Some(OfferedModel { name, path: kept.path.to_str()?.to_owned() })
    };
    kept.into_iter().filter_map(model).collect()
}

/// What the arguments name.
struct Session {
    folder: PathBuf,
    /// A session that was carried away, to be unpacked first.
    packed: Option<PathBuf>,
    /// Pictures and runs.
    brought: Vec<PathBuf>,
}

impl Session {
    fn of(arguments: &Arguments) -> Result<Self, Failure> {
        let (mut folder, mut packed, mut brought) = (arguments.out.clone(), None, Vec::new());
        for path in &arguments.inputs {
            let is_packed = path.is_file() && path.extension().is_some_and(|ending| ending == ENDING);
            if path.join(SESSION).exists() {
                if folder.replace(path.clone()).is_some_and(|other| other != *path) {
                    return Err(Failure::of(
                        path.display(),
                        "one session is opened at a time; name one, and leave --out out",
                    ));
                }
            } else if is_packed {
                if packed.replace(path.clone()).is_some() {
                    return Err(Failure::of(path.display(), "one session is opened at a time; name one"));
                }
            } else if path.exists() {
                brought.push(path.clone());
            } else {
                return Err(Failure::of(path.display(), "there is no such file or folder; check its name"));
            }
        }
        let folder = folder.unwrap_or_else(|| match &packed {
            Some(packed) => PathBuf::from("pulse-out").join(packed.file_stem().unwrap_or_default()),
            None => FOLDER.into(),
        });
        Ok(Self { folder, packed, brought })
    }
}
