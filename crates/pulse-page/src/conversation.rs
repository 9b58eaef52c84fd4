//! Requests, answers and events as bytes.

use std::io::{BufRead, Result, Write};
use std::path::Path;

use pulse_server::{Alone, Answered, Asked, Happened};
use serde::{Deserialize, Serialize};

/// The head of a request; its body follows the line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    number: u64,
    method: String,
    path: String,
    #[serde(default)]
    kind: Option<String>,
}

/// The head of what is said; so many bytes follow the line.
#[derive(Serialize)]
#[serde(untagged)]
enum Said<'a> {
    Answer { answer: u64, status: u16, kind: &'a str, name: Option<&'a str>, length: usize },
    Event { event: &'a str, number: u64, length: usize },
}

/// A session, spoken with in bytes.
pub struct Conversation {
    alone: Alone,
}

impl Conversation {
    /// Opens the session in `folder`. Where there is a file `brought`, that is a session that was carried away: it is unpacked there
    /// before, and the folder has to be empty.
    ///
    /// # Errors
    /// Those of [`Alone::unpack`] and [`Alone::open`].
    pub fn begin(folder: &Path, brought: &Path) -> pulse::Result<Self> {
        if brought.exists() {
            Alone::unpack(brought, folder)?;
            // It is unpacked: what it takes of the page's memory is of no more use.
            let _ = std::fs::remove_file(brought);
        }
        Ok(Self { alone: Alone::open(folder)? })
    }

    /// Takes one request, to the end of `input`, and says what there is to say.
    ///
    /// # Errors
    /// Those of `input` and `out`, and [`std::io::ErrorKind::InvalidData`] for what is no request.
    pub fn ask(&mut self, mut input: impl BufRead, out: impl Write) -> Result<()> {
        let mut line = Vec::new();
        input.read_until(b'\n', &mut line)?;
        let Head { number, method, path, kind } = serde_json::from_slice(&line)?;
        let mut body = Vec::new();
        input.read_to_end(&mut body)?;
        self.alone.ask(Asked { number, method, path, kind, body });
        self.say(out)
    }

    /// Does the next thing, and says what there is to say. Gives whether there was anything to do.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn turn(&mut self, out: impl Write) -> Result<bool> {
        let did = self.alone.turn();
        self.say(out)?;
        Ok(did)
    }

    /// Answers after events: what an answer speaks of was told before.
    fn say(&mut self, mut out: impl Write) -> Result<()> {
        let answers = self.alone.answers();
        for Happened { number, kind, data } in self.alone.events() {
            put(&mut out, &Said::Event { event: kind, number, length: data.len() }, data.as_bytes())?;
        }
        for Answered { number, status, kind, name, body } in answers {
            let head = Said::Answer { answer: number, status, kind: &kind, name: name.as_deref(), length: body.len() };
            put(&mut out, &head, &body)?;
        }
        out.flush()
    }
}

/// A whole part at once: each write crosses over to the page.
fn put(out: &mut impl Write, head: &Said<'_>, body: &[u8]) -> Result<()> {
    let mut bytes = serde_json::to_vec(head)?;
    bytes.push(b'\n');
    bytes.extend_from_slice(body);
    out.write_all(&bytes)
}
