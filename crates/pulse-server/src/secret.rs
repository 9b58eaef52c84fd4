//! What a page has to know: a token for the address, and a secret for the cookie.

use std::fmt::Write as _;

use pulse::{Error, ErrorKind, Result};

/// 256 bits that nobody guesses, as hexadecimal digits.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Secret {
    /// A new one, from the system.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when the system has no random numbers.
    pub(crate) fn new() -> Result<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| {
            Error::new(ErrorKind::Io, format!("the system gives no random numbers for a token: {error}; try it again"))
        })?;
        let mut digits = String::with_capacity(64);
        for byte in bytes {
            let _ = write!(digits, "{byte:02x}");
        }
        Ok(Self(digits))
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// Whether it is what somebody says, in a time that tells nothing of where the two begin to differ.
    pub(crate) fn is(&self, said: &str) -> bool {
        let (own, said) = (self.0.as_bytes(), said.as_bytes());
        if own.len() != said.len() {
            return false;
        }
        let differing = own.iter().zip(said).fold(0, |differing, (a, b)| differing | (a ^ b));
        std::hint::black_box(differing) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_itself_is_it() {
        let secret = Secret::new().unwrap();
        assert_eq!(secret.text().len(), 64);
        assert!(secret.is(secret.text()));
        let mut other = secret.text().to_owned();
        other.replace_range(63.., if other.ends_with('0') { "1" } else { "0" });
        assert!(!secret.is(&other) && !secret.is("") && !secret.is(&secret.text()[1..]));
        assert_ne!(Secret::new().unwrap().text(), secret.text());
    }
}
