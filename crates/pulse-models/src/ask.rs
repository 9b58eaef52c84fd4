//! Asking a server for a file, or for the rest of one.

use std::io::{self, Read as _};
use std::time::Duration;

use ureq::http::{HeaderMap, header};
use ureq::{Agent, BodyReader, Timeout};

use crate::address::Address;
use crate::error::{Error, ErrorKind, Result, quote};
use crate::part::About;

/// How often a server may send on to another address.
const MOST_REDIRECTIONS: usize = 5;

/// What asks.
pub(crate) struct Asker<'a> {
    agent: Agent,
    silence: Duration,
    hosts: &'a [&'a str],
}

/// What a server answered, with its bytes still to come.
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: HeaderMap,
    body: BodyReader<'static>,
    address: Address,
    silence: Duration,
}

impl<'a> Asker<'a> {
    /// One that gives up when it takes longer than `connect` to reach a server, or nothing comes for `silence`, and follows
    /// redirections to these hosts.
    pub(crate) fn new(connect: Duration, silence: Duration, uses_proxy: bool, hosts: &'a [&'a str]) -> Self {
        // A proxy that the environment names is the agent's default.
        let config = Agent::config_builder();
        let config = if uses_proxy { config } else { config.proxy(None) };
        let config = config
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("pulse/", env!("CARGO_PKG_VERSION")))
            // The length of a file and parts of it are those of its own bytes.
            .accept_encoding("identity")
            .timeout_resolve(Some(connect))
            .timeout_connect(Some(connect))
            .timeout_per_read(Some(silence))
            .timeout_per_write(Some(silence));
        Self { agent: config.build().into(), silence, hosts }
    }

    /// Asks for a file; or for what comes after so many bytes of it, if it is still the one that this validator tells.
    pub(crate) fn ask(&self, address: &Address, rest: Option<(u64, &str)>) -> Result<Answer> {
        let mut at = address.clone();
        for _ in 0..=MOST_REDIRECTIONS {
            let mut request = self.agent.get(at.to_string());
            if let Some((from, validator)) = rest {
                request = request.header(header::RANGE, format!("bytes={from}-")).header(header::IF_RANGE, validator);
            }
            let response = request.call().map_err(|error| fault(&at, self.silence, &error))?;
            let (head, body) = response.into_parts();
            let status = head.status.as_u16();
            if !matches!(status, 301 | 302 | 303 | 307 | 308) {
                let body = body.into_reader();
                return Ok(Answer { status, headers: head.headers, body, address: at, silence: self.silence });
            }
            at = self.next(&at, text(&head.headers, header::LOCATION.as_str()))?;
        }
        let message = format!("{address}: it leads on and on, more than {MOST_REDIRECTIONS} times");
        Err(Error::new(ErrorKind::Refused, message))
    }

    fn next(&self, at: &Address, location: Option<&str>) -> Result<Address> {
        let refused = |reason: String| Error::new(ErrorKind::Refused, format!("{at}: {reason}"));
        let location = location.ok_or_else(|| refused("it leads elsewhere, and does not say where".into()))?;
        let next = at.redirected(location).filter(|next| at.may_lead_to(next, self.hosts));
        next.ok_or_else(|| refused(format!("it leads to {}, from where nothing is fetched", quote(location))))
    }
}

impl Answer {
    /// The next bytes; none at the end. What breaks off is an error where the server said how much was to come.
    pub(crate) fn read(&mut self, block: &mut [u8]) -> Result<usize> {
        self.body.read(block).map_err(|error| fault(&self.address, self.silence, &ureq::Error::from(error)))
    }

    /// What the server says of the whole file, of an answer that has all of it.
    pub(crate) fn about(&self, address: &Address) -> About {
        About { address: address.to_string(), validator: self.validator(), length: self.length() }
    }

    /// A strong entity tag, or else the time of the last change. A weak tag does not say that all bytes are the same.
    pub(crate) fn validator(&self) -> Option<String> {
        let tag = self.header("etag").filter(|tag| tag.starts_with('"'));
        let changed = self.header("last-modified").filter(|_| self.header("etag").is_none());
        tag.or(changed).map(str::to_owned)
    }

    /// How many bytes the server says that it sends.
    pub(crate) fn length(&self) -> Option<u64> {
        self.header("content-length")?.trim().parse().ok()
    }

    /// Whether an answer that breaks off is told from one that ends.
    pub(crate) fn says_where_it_ends(&self) -> bool {
        self.length().is_some() || self.header("transfer-encoding").is_some_and(|coding| coding.contains("chunked"))
    }

    /// What kind of file the server takes it for.
    pub(crate) fn content_type(&self) -> Option<&str> {
        self.header("content-type")
    }

    /// Which part of the file it is: its first byte, its last one, and the length of the whole where that is said.
    pub(crate) fn range(&self) -> Option<(u64, u64, Option<u64>)> {
        let (range, whole) = self.header("content-range")?.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let whole = if whole == "*" { None } else { Some(whole.parse().ok()?) };
        Some((first.parse().ok()?, last.parse().ok()?, whole))
    }

    fn header(&self, name: &str) -> Option<&str> {
        text(&self.headers, name)
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// What went wrong on the way to an address or from it.
fn fault(address: &Address, silence: Duration, error: &ureq::Error) -> Error {
    let (kind, reason) = match error {
        ureq::Error::HostNotFound => {
            (ErrorKind::Unreachable, format!("the name {} is not known here; is this machine online?", address.host()))
        }
        ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            (ErrorKind::Unreachable, "it does not answer; is this machine online?".to_owned())
        }
        ureq::Error::Timeout(_) => (ErrorKind::Broken, format!("nothing came for {} s", silence.as_secs_f64())),
        ureq::Error::Io(error) if broke_off(error.kind()) => (ErrorKind::Broken, format!("it broke off ({error})")),
        ureq::Error::Io(error) => (ErrorKind::Unreachable, format!("it cannot be reached: {error}")),
        ureq::Error::InvalidProxyUrl | ureq::Error::ConnectProxyFailed(_) => {
            (ErrorKind::Unreachable, format!("the proxy that the environment names does not lead there: {error}"))
        }
        ureq::Error::Protocol(_) | ureq::Error::Http(_) | ureq::Error::LargeResponseHeader(..) => {
            (ErrorKind::Content, format!("what answers does not speak HTTP as it should: {error}"))
        }
        _ => (ErrorKind::Unreachable, format!("it cannot be reached: {error}")),
    };
    Error::new(kind, format!("{address}: {reason}"))
}

fn broke_off(kind: io::ErrorKind) -> bool {
    use io::ErrorKind as Io;
    matches!(kind, Io::UnexpectedEof | Io::ConnectionReset | Io::ConnectionAborted | Io::BrokenPipe)
}
