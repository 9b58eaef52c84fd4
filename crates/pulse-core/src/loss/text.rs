//! Losses as text.

use std::fmt;
use std::str::FromStr;

use super::{Loss, Term};
use crate::{Error, ErrorKind, Result};

/// What stands in every error.
const GRAMMAR: &str = "write WEIGHT*TERM joined by +, such as 100*L2+0.05*GEOCROSS, where a term is L2, L1 or GEOCROSS";

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::L2 => "L2",
            Self::L1 => "L1",
            Self::Geocross => "GEOCROSS",
        })
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (weight, term)) in self.terms.iter().enumerate() {
            let plus = if i == 0 { "" } else { "+" };
            write!(f, "{plus}{weight}*{term}")?;
        }
        Ok(())
    }
}

impl FromStr for Loss {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let fail = |reason: String| {
            Error::new(ErrorKind::Setting, format!("cannot read the loss `{text}`: {reason}; {GRAMMAR}"))
        };
        let mut terms: Vec<(f64, Term)> = Vec::new();
        for summand in summands(text) {
            let (weight, term) = parse_summand(summand).map_err(fail)?;
            if terms.iter().any(|entry| entry.1 == term) {
                return Err(fail(format!("{term} stands in it twice, add the two weights up")));
            }
            terms.push((weight, term));
        }
        Ok(Self { terms })
    }
}

/// The parts between the plus signs, but for those of exponents, as in `1e+3*L2`.
fn summands(text: &str) -> impl Iterator<Item = &str> {
    let is_exponent = |at: usize| {
        let mut before = text[..at].chars().rev();
        before.next().is_some_and(|e| matches!(e, 'e' | 'E'))
            && before.next().is_some_and(|digit| digit.is_ascii_digit())
    };
    let ends = text.match_indices('+').map(|(at, _)| at).filter(move |&at| !is_exponent(at)).chain([text.len()]);
    ends.scan(0, |start, end| {
        let summand = &text[*start..end];
        *start = end + 1;
        Some(summand)
    })
}

/// `WEIGHT*TERM`, or a term alone, which weighs 1.
fn parse_summand(summand: &str) -> std::result::Result<(f64, Term), String> {
    let (weight, name) = match summand.split_once('*') {
        Some((weight, name)) => {
            (weight.trim().parse().map_err(|_| format!("the weight `{}` is not a number", weight.trim()))?, name.trim())
        }
        None => (1.0, summand.trim()),
    };
    if !(weight > 0.0 && f64::is_finite(weight)) {
        return Err(format!("the weight {weight} is not above zero and finite"));
    }
    let term = Term::ALL.into_iter().find(|term| term.to_string().eq_ignore_ascii_case(name));
    term.map(|term| (weight, term)).ok_or_else(|| match name {
        "" => "a term is missing".into(),
        name => format!("`{name}` is not a term"),
    })
}
