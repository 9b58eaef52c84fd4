//! Errors on their way to the terminal: one line each, `pulse: THING: reason; way out`.

use std::fmt::Display;
use std::io;

use clap::error::{ContextKind, ContextValue};
use pulse::mosaic::{Grid, Guess};
use pulse::{ErrorKind, WayOut};

use crate::terminal;
pub(crate) use crate::terminal::note;

/// What to print before the program ends, or goes on to the next picture.
#[derive(Debug)]
pub(crate) struct Failure {
    line: String,
    /// Of what kind it is, where a library says so.
    kind: Option<ErrorKind>,
}

impl Failure {
    /// What failed with which `thing`: a file, a folder, an option.
    pub(crate) fn of(thing: impl Display, reason: impl Display) -> Self {
        let (thing, reason) = (thing.to_string(), reason.to_string());
        // The library's messages mostly name the thing already.
        let line = if thing.is_empty() || names(&reason, &thing) { reason } else { format!("{thing}: {reason}") };
        Self { line: line.split_whitespace().collect::<Vec<_>>().join(" "), kind: None }
    }

    /// What failed with which `thing`, and what can be done about it.
    pub(crate) fn with(thing: impl Display, error: &pulse::Error) -> Self {
        Self { kind: Some(error.kind()), ..Self::of(thing, error.to_string() + &way_out(error)) }
    }

    /// What is wrong with the command line of this command. The parser explains it in paragraphs, of which the last ones say
    /// how the command is used.
    pub(crate) fn of_arguments(error: &clap::Error, command: Option<&str>) -> Self {
        let text = error.to_string();
        let reason = text.split("\n\nUsage:").next().unwrap_or_default();
        let reason = reason.split("\n\nFor more information").next().unwrap_or_default();
        let reason = reason.trim_start_matches("error: ").replace("\n\n  tip:", ";");
        let reason = negative_number(error).unwrap_or(reason);
        let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
        let help = command.map_or_else(|| "pulse --help".to_owned(), |command| format!("pulse {command} --help"));
        Self::of("", format!("{}; `{help}` says more", reason.trim_end_matches('.')))
    }

    /// Whether it is of this kind.
    pub(crate) fn is(&self, kind: ErrorKind) -> bool {
        self.kind == Some(kind)
    }

    /// The line.
    pub(crate) fn line(&self) -> &str {
        &self.line
    }

    /// Prints the line on standard error.
    pub(crate) fn report(&self) {
        note(&self.line);
    }
}

/// What there is to say of a negative number where none is taken, which the parser takes for an option.
fn negative_number(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidArg) else { return None };
    let is_number = error.kind() == clap::error::ErrorKind::UnknownArgument && given.parse::<f64>().is_ok();
    let text = error.to_string();
    // It says of one option only what another value of it would be.
    (is_number || text.contains("to pass '-") && text.contains("' as a value"))
        .then(|| format!("the number {given} is negative, and the option before it takes none below 0"))
}

/// Whether `text` has `thing` in it as a word, or as several.
fn names(text: &str, thing: &str) -> bool {
    let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || "/\\-_".contains(c));
    text.match_indices(thing)
        .any(|(at, _)| !inside(text[..at].chars().next_back()) && !inside(text[at + thing.len()..].chars().next()))
}

impl From<pulse::Error> for Failure {
    fn from(error: pulse::Error) -> Self {
        Self::with("", &error)
    }
}

impl From<pulse_models::Error> for Failure {
    fn from(error: pulse_models::Error) -> Self {
        use pulse_models::ErrorKind as Kind;
        let way_out = match error.kind() {
            Kind::Licence => "; read it, and if you agree, say --accept-licence",
            Kind::Broken => "; run the same command again: it goes on where it was, if the server lets it",
            Kind::Gone | Kind::Unreachable | Kind::Refused => "; --generator finds it there by its name",
            Kind::Full => "; make room on the disk, and run it again: it goes on where it was",
            _ => "",
        };
        Self::of("", format!("{error}{way_out}"))
    }
}

/// What the options of this program can do about an error.
pub(crate) fn way_out(error: &pulse::Error) -> String {
    match error.way_out() {
        Some(WayOut::ReplaceFolder) => "; choose another with --out, or replace what is in it with --force".into(),
        Some(WayOut::Families) => "; `pulse info --help` says which are read".into(),
        Some(WayOut::FilesElsewhere) => "; if you made the run yourself, allow it with --files-elsewhere".into(),
        Some(WayOut::Networks) => "; choose one with --network NAME".into(),
        Some(WayOut::Memory) => {
            "; take a smaller generator or fewer candidates with -n, or allow more with --memory".into()
        }
        Some(WayOut::Shrink { blur, blocks, turned }) => {
            let hint = blur.map(|blur| blur_hint("--pixelate 64 ", blur)).unwrap_or_default();
            format!(
                "; shrink it first with --pixelate 16, take a small part of it with --crop X,Y,W,H, or, where there are people in it, \
                 look for their faces with --faces{hint}{}",
                blocks
                    .map(|[size, left, top]| blocks_hint(&Guess { grid: Grid { size, left, top }, turned }))
                    .unwrap_or_default()
            )
        }
        _ if error.kind() == ErrorKind::Full => "; make room on the disk, and run it again".into(),
        _ => String::new(),
    }
}

/// What may be the blocks of a picture in which none were found.
pub(crate) fn blocks_hint(guess: &Guess) -> String {
    let Guess { grid, turned } = guess;
    if *turned == 0.0 {
        return format!(
            "; if it is made of blocks, say how large they are and where the first one begins: the best guess is --mosaic {grid}"
        );
    }
    let way = if *turned > 0.0 { "clockwise" } else { "counterclockwise" };
    format!(
        "; it seems to be made of blocks that are turned by about {:.1} degrees {way}{}",
        turned.abs(),
        turned_hint(guess)
    )
}

/// How blocks that are turned are searched for.
pub(crate) fn turned_hint(Guess { grid, turned }: &Guess) -> String {
    format!(
        "; turn it back, as `convert PICTURE -distort SRT {:.1} TURNED` of ImageMagick does, and search for that; if its blocks are not \
         found then, the best guess of them is --mosaic {grid}",
        -turned
    )
}

/// How a blur of this sigma, in the picture's pixels and in the generator's, is taken back.
pub(crate) fn blur_hint(shrink: &str, [sigma, own]: [f64; 2]) -> String {
    format!(
        "; it looks blurred, with a sigma of about {sigma:.1} of its pixels: to have that taken back, \
         {shrink}--measurement gaussian:{own:.1}"
    )
}

/// Prints a command's result on standard output. A reader that has read enough, such as `head`, is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    match terminal::write(text) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::of("standard output", format!("cannot be written: {error}; send it elsewhere")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_named_once() {
        assert_eq!(Failure::of("a.png", "cannot read a.png: it is empty").line, "cannot read a.png: it is empty");
        assert_eq!(Failure::of("a.png", "cannot read data.png").line, "a.png: cannot read data.png");
        assert_eq!(Failure::of("y", "tells no kind\nby its name").line, "y: tells no kind by its name");
    }
}
