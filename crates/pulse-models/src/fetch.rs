//! One file: asked for, gone on with, counted and looked at.

use std::ops::ControlFlow;
use std::path::Path;

use pulse_checkpoint::read::{LARGEST_ARRAYS, LARGEST_SETTINGS};

use crate::address::Address;
use crate::ask::{Answer, Asker};
use crate::error::{Error, ErrorKind, Result};
use crate::list::RemoteFile;
use crate::looks::{HEAD, is_settings, other_than};
use crate::part::{Growing, Part};

/// How far a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The name of the file.
    pub file: &'a str,
    /// What is done with it.
    pub stage: Stage,
    /// How many of its bytes are done.
    pub done: u64,
    /// How many of them an earlier try had brought.
    pub kept: u64,
    /// How many it has, where that is known.
    pub whole: Option<u64>,
}

/// What is done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It is fetched.
    Fetching,
    /// Its checksum is computed.
    Checking,
}

/// Who is told how far it is, and says whether to stop.
pub(crate) type Watch<'a> = dyn FnMut(&Progress<'_>) -> ControlFlow<()> + 'a;

/// Fetches a file from `address` to `place`, by way of `part`. Gives how many bytes came.
pub(crate) fn fetch(
    asker: &Asker<'_>,
    file: &RemoteFile,
    address: &Address,
    part: &Part,
    place: &Path,
    watch: &mut Watch<'_>,
) -> Result<u64> {
    // What cannot be gone on with is begun anew, once.
    let mut fetch = Fetch { file, address, part, watch };
    for _ in 0..2 {
        if let Some(came) = fetch.attempt(asker, place)? {
            return Ok(came);
        }
        part.clear()?;
    }
    let message = format!("{address}: it is another file at every request; try again later, or another address");
    Err(Error::new(ErrorKind::Content, message))
}

struct Fetch<'a, 'w> {
    file: &'a RemoteFile,
    address: &'a Address,
    part: &'a Part,
    watch: &'a mut Watch<'w>,
}

/// Where a file stands.
struct Course {
    growing: Growing,
    kept: u64,
    done: u64,
    whole: Option<u64>,
}

impl Fetch<'_, '_> {
    /// Nothing where what is kept is of another file than the server has now.
    fn attempt(&mut self, asker: &Asker<'_>, place: &Path) -> Result<Option<u64>> {
        let kept = self.part.kept(&self.address.to_string());
        if kept.as_ref().is_some_and(|(done, about)| about.length == Some(*done)) {
            self.part.finish(place)?;
            return Ok(Some(0));
        }
        let rest = kept.as_ref().and_then(|(done, about)| Some((*done, about.validator.as_deref()?)));
        let mut answer = asker.ask(self.address, rest)?;
        let course = match (answer.status, kept) {
            (200, _) => self.begun(&mut answer)?,
            (206, Some((done, about))) => {
                if answer.validator().is_some_and(|validator| about.validator != Some(validator)) {
                    return Ok(None);
                }
                let whole = self.checked_range(&answer, done, about.length)?;
                Course { growing: self.part.go_on()?, kept: done, done, whole: Some(whole) }
            }
            (416, Some(_)) => return Ok(None),
            (status, _) => return Err(self.refusal(status)),
        };
        let came = self.run(&mut answer, course)?;
        self.part.finish(place)?;
        Ok(Some(came))
    }

    /// Looks at how a whole file begins, and keeps that.
    fn begun(&self, answer: &mut Answer) -> Result<Course> {
        let mut head = vec![0; HEAD];
        let mut length = 0;
        while length < HEAD {
            match answer.read(&mut head[length..])? {
                0 => break,
                more => length += more,
            }
        }
        head.truncate(length);
        if let Some(other) = other_than(self.file.name, answer.content_type(), &head) {
            return Err(self.fault(format!("what came is {other}, in the place of {}", self.file.name)));
        }
        let mut about = answer.about(self.address);
        if let (Some(listed), Some(said)) = (self.file.bytes, about.length)
            && listed != said
        {
            return Err(
                self.fault(format!("the server says that it has {said} bytes, and the published file has {listed}"))
            );
        }
        about.length = about.length.or(self.file.bytes);
        if about.length.is_none() && !answer.says_where_it_ends() {
            let reason = "the server does not say how long it is, so that nobody could tell whether all of it came";
            return Err(self.fault(reason));
        }
        self.check_length(about.length)?;
        if about.length.is_some_and(|whole| head.len() as u64 > whole) {
            return Err(self.surplus(about.length));
        }
        let mut growing = self.part.begin(&about)?;
        growing.add(&head)?;
        Ok(Course { growing, kept: 0, done: head.len() as u64, whole: about.length })
    }

    /// The length of the whole file, where the server sends what was asked for: all that comes after `done` bytes.
    fn checked_range(&self, answer: &Answer, done: u64, known: Option<u64>) -> Result<u64> {
        let range = answer.range().map(|(first, last, whole)| (first, last, whole.or(known)));
        match range {
            Some((first, last, Some(whole)))
                if first == done && last.checked_add(1) == Some(whole) && known.is_none_or(|known| known == whole) =>
            {
                self.check_length(Some(whole))?;
                Ok(whole)
            }
            _ => {
                self.part.clear()?;
                let reason = format!(
                    "asked for what comes after {done} bytes, the server sends another part; what came was removed"
                );
                Err(self.fault(reason))
            }
        }
    }

    fn run(&mut self, answer: &mut Answer, course: Course) -> Result<u64> {
        let Course { mut growing, kept, mut done, whole } = course;
        let most = whole.unwrap_or(self.most());
        let mut block = vec![0; 1 << 16];
        loop {
            let progress = Progress { file: self.file.name, stage: Stage::Fetching, done, kept, whole };
            if (self.watch)(&progress).is_break() {
                return Err(Error::new(ErrorKind::Stopped, format!("{}: stopped after {done} bytes", self.file.name)));
            }
            let length = answer.read(&mut block).map_err(|error| {
                let of = whole.map_or_else(String::new, |whole| format!(" of {whole}"));
                error.and(format!("{done}{of} bytes came so far"))
            })?;
            if length == 0 {
                break;
            }
            if length as u64 > most - done {
                self.part.clear()?;
                return Err(self.surplus(whole));
            }
            growing.add(&block[..length])?;
            done += length as u64;
        }
        if let Some(whole) = whole.filter(|whole| done < *whole) {
            let message = format!("{}: it broke off after {done} of {whole} bytes", self.address);
            return Err(Error::new(ErrorKind::Broken, message));
        }
        growing.end()?;
        Ok(done - kept)
    }

    /// More bytes than such a file has.
    fn most(&self) -> u64 {
        if is_settings(self.file.name) { LARGEST_SETTINGS } else { LARGEST_ARRAYS }
    }

    fn check_length(&self, length: Option<u64>) -> Result<()> {
        match length.filter(|length| *length > self.most()) {
            Some(length) => {
                let most = self.most();
                Err(self.fault(format!("it has {length} bytes, and such a file has no more than {most}")))
            }
            None => Ok(()),
        }
    }

    fn surplus(&self, whole: Option<u64>) -> Error {
        let whole = whole.unwrap_or(self.most());
        self.fault(format!("more than {whole} bytes came, which is all that there should be; what came was removed"))
    }

    fn fault(&self, reason: impl std::fmt::Display) -> Error {
        Error::new(ErrorKind::Content, format!("{}: {reason}", self.address))
    }

    fn refusal(&self, status: u16) -> Error {
        let (kind, reason) = match status {
            404 | 410 => (ErrorKind::Gone, "the server has no such file any more"),
            401 | 403 | 407 => (ErrorKind::Refused, "the server does not give it to everybody"),
            408 | 429 | 500.. => (ErrorKind::Broken, "the server cannot give it just now; try again later"),
            _ => (ErrorKind::Refused, "the server gives another answer than a file"),
        };
        Error::new(kind, format!("{}: {reason} (status {status})", self.address))
    }
}
