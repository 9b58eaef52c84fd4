//! `pulse models get`.

use std::ffi::OsStr;

use clap::Args;
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use pulse_models::{ErrorKind, Folder, PUBLISHED, Progress, Published, Settings, Stage, get};

use super::{Place, megabytes};
use crate::explore::Progress as Bar;
use crate::failure::{Failure, note, print};
use crate::interrupt::Interrupt;
use crate::status::Status;
use crate::upsample::ProgressMode;

/// Where to fetch from, in the environment.
const VARIABLE: &str = "PULSE_MODELS_FROM";

#[derive(Args)]
pub(crate) struct Arguments {
    /// The name of a published generator, as `pulse models` lists them
    #[arg(value_parser = Name, hide_possible_values = true)]
    name: String,

    /// Accept the licence of a model that may not be used for everything. Without it such a model is not fetched
    #[arg(long, visible_alias = "accept-license")]
    accept_licence: bool,

    /// Another address in the place of the publisher's server, such as a mirror's; the path of each file follows it [default: that
    /// of PULSE_MODELS_FROM, or else the publisher's]
    #[arg(long, value_name = "URL")]
    from: Option<String>,

    #[command(flatten)]
    place: Place,

    /// How to show progress, on standard error
    #[arg(long, value_name = "HOW", default_value = "auto")]
    progress: ProgressMode,
}

/// Reads the name of a published model: any text, where completions offer what there is.
#[derive(Clone)]
struct Name;

impl TypedValueParser for Name {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(PUBLISHED.iter().map(|published| PossibleValue::new(published.name))))
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let published = Published::find(&arguments.name)?;
    let folder = arguments.place.folder()?;
    let place = folder.place(published);
    let settings = Settings {
        from: arguments.from.clone().or_else(|| std::env::var(VARIABLE).ok().filter(|from| !from.is_empty())),
        accepts_licence: arguments.accept_licence,
        ..Settings::default()
    };
    if place.exists() {
        print(&format!("{} is there already\n  {}\n", published.name, place.display()))?;
        return Ok(Status::Good);
    }
    if settings.accepts_licence || !published.licence.restricts {
        print(&announcement(published, &folder, settings.from.as_deref()))?;
    }
    let interrupt = Interrupt::listen("stopping; what came is kept")?;
    let mut bar = None;
    let got =
        get(published, &folder, &settings, &mut |progress| shown(&mut bar, progress, arguments.progress, &interrupt));
    drop(bar);
    let got = match got {
        Err(error) if error.kind() == ErrorKind::Stopped => {
            note("stopped; the same command goes on");
            return Ok(Status::Bad);
        }
        got => got?,
    };
    let sums = got.checksums.iter().map(|(name, sum)| format!("  {sum}  {name}\n")).collect::<Vec<_>>().concat();
    let is_users = Folder::of_user().is_some_and(|users| users == folder);
    let by = if is_users { published.name.to_owned() } else { got.path.display().to_string() };
    print(&format!("{}, {}\n{sums}`--generator {by}` takes it\n", got.path.display(), megabytes(got.fetched)))?;
    Ok(Status::Good)
}

/// What will be fetched, from where, under which licence, and to where.
fn announcement(published: &Published, folder: &Folder, from: Option<&str>) -> String {
    let files = match published.files.len() {
        1 => "a file".to_owned(),
        several => format!("{several} files"),
    };
    let size = match published.files.iter().map(|file| file.bytes).sum::<Option<u64>>() {
        Some(bytes) => format!(" of {}", megabytes(bytes)),
        None => published.megabytes.map_or_else(String::new, |size| format!(" of about {size} MB")),
    };
    let checksum = if published.is_pinned() {
        "its checksum is known, and held to"
    } else {
        "no checksum is published: that of the first download is recorded"
    };
    let from = from.map_or_else(String::new, |from| format!("  by       {from}\n"));
    format!(
        "{}: {files}{size}; {checksum}\n  of       {}\n{from}  licence  {}\n  to       {}\n",
        published.name,
        published.home,
        published.licence,
        folder.place(published).display()
    )
}

/// Shows how far a file is, each with a bar of its own.
fn shown<'a>(
    bar: &mut Option<(String, Bar<'a>)>,
    progress: &Progress<'_>,
    mode: ProgressMode,
    interrupt: &'a Interrupt,
) -> std::ops::ControlFlow<()> {
    let doing = match progress.stage {
        Stage::Fetching => progress.file.to_owned(),
        Stage::Checking => format!("{}, checked", progress.file),
    };
    let share = |bytes: u64| progress.whole.map_or(0.0, |whole| bytes as f64 / whole.max(1) as f64);
    if bar.as_ref().is_none_or(|(other, _)| *other != doing) {
        let what = progress.whole.map_or(doing.clone(), |whole| format!("{doing}, {}", megabytes(whole)));
        // The one before it is finished first.
        *bar = None;
        *bar = Some((doing, Bar::going_on(mode, &what, share(progress.kept), interrupt)));
    }
    bar.as_mut().map_or(std::ops::ControlFlow::Continue(()), |(_, bar)| bar.at(share(progress.done)))
}
