//! Filling the page in.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// `template` with each `{{name}}` replaced by what `values` has for it. What is filled in is not looked at again.
///
/// # Panics
/// When the template names a value that is not there.
pub(crate) fn filled(template: &str, values: &[(&str, String)]) -> String {
    let mut page = String::with_capacity(template.len() + values.iter().map(|value| value.1.len()).sum::<usize>());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").expect("every {{ in the template is closed");
        page.push_str(before);
        let value = values.iter().find(|value| value.0 == name);
        page.push_str(&value.unwrap_or_else(|| panic!("the template names {name}")).1);
        rest = after;
    }
    page + rest
}

/// Text as the content of an element or of a quoted attribute. Characters that a page cannot hold, or that turn the direction
/// of what stands beside them, become U+FFFD.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => escaped.push('\u{fffd}'),
            control if control.is_control() && control != '\n' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A PNG file as the address of a picture.
pub(crate) fn data_uri(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(png))
}

/// What a policy allows an inline style or script by (Content Security Policy Level 3, section 8.4).
pub(crate) fn hash_source(inline: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(inline)))
}

/// A list of terms and what they are; what is not there is left out.
pub(crate) fn definitions(entries: &[(&str, Option<String>)]) -> String {
    let mut list = String::from("<dl>");
    for (term, text) in entries {
        if let Some(text) = text {
            let _ = write!(list, "<div><dt>{}</dt><dd>{}</dd></div>", escaped(term), escaped(text));
        }
    }
    list + "</dl>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_is_not_looked_at_again() {
        let values = [("a", "{{b}}".to_owned()), ("b", "x".to_owned())];
        assert_eq!(filled("<{{a}} {{b}}>{{a}}", &values), "<{{b}} x>{{b}}");
    }

    #[test]
    fn nothing_gets_out_of_text() {
        assert_eq!(escaped("<a href='x'>&\"\u{7}\u{202e}é"), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;\u{fffd}\u{fffd}é");
        assert_eq!(
            definitions(&[("a", Some("<b>".into())), ("c", None)]),
            "<dl><div><dt>a</dt><dd>&lt;b&gt;</dd></div></dl>"
        );
    }

    #[test]
    fn hashes_are_as_browsers_want_them() {
        // Of the specification's own example.
        assert_eq!(hash_source("alert('Hello, world.');"), "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='");
    }
}
