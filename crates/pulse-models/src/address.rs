//! Where files are asked for: an address, what may be put in its place, and where it may lead to.

use std::fmt;

use ureq::http::Uri;

use crate::error::{Error, ErrorKind, Result, quote};

/// An address of a file, by HTTPS or HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    is_secure: bool,
    /// The host, in lower case, with the port where one is given.
    authority: String,
    /// The path with the query, which begins with a slash.
    path: String,
}

impl Address {
    /// Reads one; nothing where it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let is_secure = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = uri.authority()?;
        // A name and a password would be shown with the address.
        let is_plain = !authority.as_str().contains('@') && !authority.host().is_empty();
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        is_plain.then(|| Self { is_secure, authority: authority.as_str().to_ascii_lowercase(), path: path.to_owned() })
    }

    /// The same file at another base, such as `http://127.0.0.1:8000/mirror`.
    pub(crate) fn at(&self, base: &str) -> Result<Self> {
        let wrong = || {
            let message =
                format!("{}: it is no address to fetch from; give one such as https://host/path", quote(base));
            Error::new(ErrorKind::Setting, message)
        };
        let base = Self::parse(base).filter(|base| !base.path.contains('?')).ok_or_else(wrong)?;
        let path = format!("{}{}", base.path.trim_end_matches('/'), self.path);
        Ok(Self { path, ..base })
    }

    /// Where a server sends who asks for this address.
    pub(crate) fn redirected(&self, location: &str) -> Option<Self> {
        if location.starts_with("//") {
            let scheme = if self.is_secure { "https:" } else { "http:" };
            return Self::parse(&format!("{scheme}{location}"));
        }
        if location.starts_with('/') {
            return Some(Self { path: location.to_owned(), ..self.clone() });
        }
        if location.contains("://") {
            return Self::parse(location);
        }
        let folder = self.path.split('?').next()?.rsplit_once('/')?.0;
        Some(Self { path: format!("{folder}/{location}"), ..self.clone() })
    }

    /// The host without its port.
    pub(crate) fn host(&self) -> &str {
        match self.authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => &self.authority,
        }
    }

    /// Whether one that leads here may be followed from `self`: to the same server or to one of these hosts and what is below
    /// them, and never from HTTPS to HTTP.
    pub(crate) fn may_lead_to(&self, next: &Self, hosts: &[&str]) -> bool {
        let below =
            |host: &str, name: &str| host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
        let known =
            self.authority == next.authority || hosts.iter().any(|name| below(next.host(), name) && next.is_secure);
        known && (next.is_secure || !self.is_secure)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", if self.is_secure { "https" } else { "http" }, self.authority, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::PUBLISHED;

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn the_list_has_addresses_of_https_only_and_plain_names() {
        for published in PUBLISHED {
            assert!(!published.name.contains(['/', '\\', '.', ' ']), "{}", published.name);
            for file in published.files {
                assert!(address(file.address).is_secure, "{}", file.address);
                assert_eq!(address(file.address).to_string(), file.address);
                assert!(!file.name.starts_with('/') && !file.name.contains(".."), "{}", file.name);
                assert!(
                    file.sha256.is_none_or(
                        |sum| sum.len() == 64 && sum.bytes().all(|byte| b"0123456789abcdef".contains(&byte))
                    )
                );
            }
            let single = published.files.len() == 1 && !published.is_folder;
            assert!(!single || published.files[0].name.starts_with(published.name), "{}", published.name);
        }
    }

    #[test]
    fn a_base_takes_the_place_of_the_server() {
        let file = address("https://a.org/b/c.pt?x=1");
        assert_eq!(file.at("http://127.0.0.1:8000").unwrap().to_string(), "http://127.0.0.1:8000/b/c.pt?x=1");
        assert_eq!(file.at("https://M.org/mirror/").unwrap().to_string(), "https://m.org/mirror/b/c.pt?x=1");
        for wrong in
            ["", "m.org", "ftp://m.org", "file:///etc", "https://me:secret@m.org", "https://m.org/?a=", "https://"]
        {
            assert_eq!(file.at(wrong).unwrap_err().kind(), ErrorKind::Setting, "{wrong}");
        }
    }

    #[test]
    fn a_redirection_leads_where_it_may() {
        let here = address("https://a.org/b/c.pt?x=1");
        assert_eq!(here.redirected("/d").unwrap().to_string(), "https://a.org/d");
        assert_eq!(here.redirected("d").unwrap().to_string(), "https://a.org/b/d");
        assert_eq!(here.redirected("//x.a.org/d").unwrap().to_string(), "https://x.a.org/d");
        for (next, may) in [
            ("https://a.org/d", true),
            ("https://cdn.b.org/d", true),
            ("https://b.org/d", true),
            ("https://evil-b.org/d", false),
            ("https://b.org.evil.org/d", false),
            ("https://127.0.0.1/d", false),
            ("http://a.org/d", false),
            ("http://b.org/d", false),
        ] {
            assert_eq!(here.may_lead_to(&address(next), &["b.org"]), may, "{next}");
        }
        assert!(address("http://127.0.0.1:80/a").may_lead_to(&address("http://127.0.0.1:80/b"), &[]));
        assert!(!address("http://127.0.0.1:80/a").may_lead_to(&address("http://127.0.0.1:81/b"), &[]));
    }
}
