//! Who may ask: before anything else is looked at, every request passes here.
//!
//! A browser lets any page in the world send requests to this machine. So `Host` has to be this server's own (a name that an attacker
//! rebinds to 127.0.0.1 is not), what changes something has to come from this server's own page (`Origin`) and to be what no form can
//! send, and everything but the page's own files needs a cookie that only the token of the printed address gives.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::refusal::Refusal;
use crate::secret::Secret;

/// What the page may load: its own files and this server's answers, and nothing inline.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                           base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What knows who may ask.
pub(crate) struct Gate {
    address: SocketAddr,
    token: Secret,
    cookie: Secret,
}

impl Gate {
    /// For a server at this address.
    pub(crate) fn new(address: SocketAddr) -> pulse::Result<Self> {
        Ok(Self { address, token: Secret::new()?, cookie: Secret::new()? })
    }

    /// What is to be opened in a browser. The fragment is never sent to a server or in a `Referer`.
    pub(crate) fn url(&self) -> String {
        let shown = match self.address.ip() {
            ip if ip.is_unspecified() => SocketAddr::new(IpAddr::from([127, 0, 0, 1]), self.address.port()),
            _ => self.address,
        };
        format!("http://{shown}/#token={}", self.token.text())
    }

    /// The cookie for who knows the token. It is named after the port, because cookies do not tell ports apart, and two sessions of
    /// one user would overwrite each other's.
    pub(crate) fn enter(&self, token: &str) -> Result<HeaderValue, Refusal> {
        if !self.token.is(token) {
            let message = "the token is not that of this server: open the address that it printed";
            return Err(Refusal::new(StatusCode::FORBIDDEN, "token", message));
        }
        let cookie = format!("{}={}; HttpOnly; SameSite=Strict; Path=/", self.cookie_name(), self.cookie.text());
        HeaderValue::from_str(&cookie).map_err(|_| Refusal::bad("token: it is no text"))
    }

    fn cookie_name(&self) -> String {
        format!("pulse-{}", self.address.port())
    }

    /// Whether `Host` names this server.
    fn is_own_host(&self, headers: &HeaderMap) -> bool {
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
        let Ok(host) = host.to_str() else { return false };
        let Some((name, port)) = name_and_port(host) else { return false };
        port == self.address.port() && self.is_own_name(name)
    }

    fn is_own_name(&self, name: &str) -> bool {
        if name.eq_ignore_ascii_case("localhost") {
            return self.address.ip().is_loopback() || self.address.ip().is_unspecified();
        }
        let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        // Parsed, because `127.0.0.1.evil.example` begins like an address and is a name.
        match name.parse::<IpAddr>() {
            Ok(ip) => {
                ip == self.address.ip() || ip.is_loopback() && self.address.ip().is_loopback()
                // Who listens everywhere is called by any of the machine's addresses; a name is never one.
                || self.address.ip().is_unspecified()
            }
            Err(_) => false,
        }
    }

    /// Whether what changes something was sent by this server's own page.
    fn is_own_origin(headers: &HeaderMap) -> bool {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        match text("origin") {
            Some(origin) => {
                let host = text("host").unwrap_or_default();
                origin.strip_prefix("http://").is_some_and(|origin| origin.eq_ignore_ascii_case(host))
            }
            None => text("sec-fetch-site") == Some("same-origin"),
        }
    }

    fn has_cookie(&self, headers: &HeaderMap) -> bool {
        let name = self.cookie_name();
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.any(|(key, value)| key == name && self.cookie.is(value))
    }

    fn check(&self, request: &Request) -> Result<(), Refusal> {
        let (headers, path) = (request.headers(), request.uri().path());
        if !self.is_own_host(headers) {
            let message = "Host: it is not this server's address; open the address that it printed";
            return Err(Refusal::new(StatusCode::MISDIRECTED_REQUEST, "host", message));
        }
        let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
        let is_open = path == "/" || path.starts_with("/app/");
        if !is_open && matches!(site, Some("cross-site" | "same-site")) {
            let message = "it was sent by a page of another site; open this server's own page";
            return Err(Refusal::new(StatusCode::FORBIDDEN, "site", message));
        }
        match *request.method() {
            Method::GET | Method::HEAD => {}
            Method::POST => Self::check_change(headers, path)?,
            _ => {
                let message = "the method is not known here: read with GET, change with POST";
                return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method", message));
            }
        }
        if is_open || path == "/api/v1/enter" || self.has_cookie(headers) {
            return Ok(());
        }
        let message = "the cookie of this server is missing: open the address that it printed";
        Err(Refusal::new(StatusCode::UNAUTHORIZED, "cookie", message))
    }

    fn check_change(headers: &HeaderMap, path: &str) -> Result<(), Refusal> {
        if !Self::is_own_origin(headers) {
            let message = "Origin: it was not sent by this server's own page";
            return Err(Refusal::new(StatusCode::FORBIDDEN, "origin", message));
        }
        let wanted = if path == "/api/v1/pictures" { "application/octet-stream" } else { "application/json" };
        let given = headers.get(header::CONTENT_TYPE).and_then(|given| given.to_str().ok()).unwrap_or_default();
        let kind = given.split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case(wanted) {
            return Ok(());
        }
        let message = format!("Content-Type: it has to be {wanted}");
        Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "type", message))
    }
}

/// A host's name and port; 80 where none is said, as HTTP has it.
fn name_and_port(host: &str) -> Option<(&str, u16)> {
    let colon = host.rfind(':').filter(|&colon| !host[colon..].contains(']'));
    let Some(colon) = colon else { return Some((host, 80)) };
    let port = &host[colon + 1..];
    if port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((&host[..colon], port.parse().ok()?))
}

/// Lets a request through, or refuses it; and says in every answer what a browser may do with it.
pub(crate) async fn pass(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    let mut answer = match gate.check(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let headers = answer.headers_mut();
    let mut say = |name, value| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    say(header::CONTENT_SECURITY_POLICY, PAGE_POLICY);
    say(header::CACHE_CONTROL, "no-store");
    say(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    say(header::REFERRER_POLICY, "no-referrer");
    say(header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    say(header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(address: &str) -> Gate {
        Gate::new(address.parse().unwrap()).unwrap()
    }

    fn hosts(gate: &Gate, host: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_str(host).unwrap());
        gate.is_own_host(&headers)
    }

    #[test]
    fn only_its_own_addresses_are_its_host() {
        let own = gate("127.0.0.1:8123");
        for host in ["127.0.0.1:8123", "localhost:8123", "LOCALHOST:8123", "127.0.0.2:8123", "[::1]:8123"] {
            assert!(hosts(&own, host), "{host}");
        }
        for host in [
            "127.0.0.1",
            "127.0.0.1:80",
            "evil.example:8123",
            "127.0.0.1.evil.example:8123",
            "localhost.evil.example:8123",
            "[::1",
            "127.0.0.1:8123:8123",
            "127.0.0.1:",
            "",
            "0.0.0.0:8123",
            "192.168.0.7:8123",
            "127.0.0.1:+8123",
            "localhost:8123@evil.example",
        ] {
            assert!(!hosts(&own, host), "{host}");
        }
        let mut two = HeaderMap::new();
        two.append(header::HOST, HeaderValue::from_static("127.0.0.1:8123"));
        two.append(header::HOST, HeaderValue::from_static("evil.example"));
        assert!(!own.is_own_host(&two) && !own.is_own_host(&HeaderMap::new()));
        assert!(hosts(&gate("127.0.0.1:80"), "127.0.0.1"));
        let wide = gate("192.168.0.7:8123");
        assert!(
            hosts(&wide, "192.168.0.7:8123") && !hosts(&wide, "evil.example:8123") && !hosts(&wide, "localhost:8123")
        );
        let everywhere = gate("0.0.0.0:8123");
        assert!(hosts(&everywhere, "192.168.0.7:8123") && !hosts(&everywhere, "evil.example:8123"));
        assert!(everywhere.url().starts_with("http://127.0.0.1:8123/#token="));
    }

    #[test]
    fn only_its_own_page_changes_anything() {
        let says = |pairs: &[(&'static str, &'static str)]| {
            let pair = |&(name, value): &(&'static str, &'static str)| {
                (header::HeaderName::from_static(name), HeaderValue::from_static(value))
            };
            Gate::is_own_origin(&pairs.iter().map(pair).collect())
        };
        let host = ("host", "127.0.0.1:8123");
        assert!(says(&[host, ("origin", "http://127.0.0.1:8123")]));
        assert!(says(&[host, ("sec-fetch-site", "same-origin")]));
        for origin in
            ["http://evil.example", "null", "https://127.0.0.1:8123", "http://127.0.0.1:81", "http://localhost:8123"]
        {
            assert!(!says(&[host, ("origin", origin)]), "{origin}");
        }
        assert!(!says(&[host]) && !says(&[host, ("sec-fetch-site", "none")]));
        assert!(!says(&[host, ("origin", "http://evil.example"), ("sec-fetch-site", "same-origin")]));
    }
}
