//! The literals of pickles that are written as text, and whole numbers of any length.

use std::borrow::Cow;

/// Latin-1, in which each byte is the character of that number.
pub(super) fn latin1(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

/// A Python string literal in quotes, as protocol 0 writes a `str` of Python 2.
pub(super) fn quoted(line: &[u8]) -> Option<Cow<'_, [u8]>> {
    let line = line.trim_ascii();
    let (&quote, rest) = line.split_first()?;
    let (&last, inner) = rest.split_last()?;
    if !matches!(quote, b'\'' | b'"') || last != quote {
        return None;
    }
    if !inner.contains(&b'\\') {
        return Some(Cow::Borrowed(inner));
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let (&escape, tail) = rest.split_first()?;
        rest = tail;
        match escape {
            b'\\' | b'\'' | b'"' => bytes.push(escape),
            b'n' => bytes.push(b'\n'),
            b'r' => bytes.push(b'\r'),
            b't' => bytes.push(b'\t'),
            b'a' => bytes.push(0x07),
            b'b' => bytes.push(0x08),
            b'f' => bytes.push(0x0c),
            b'v' => bytes.push(0x0b),
            b'x' => {
                let (digits, tail) = rest.split_at_checked(2)?;
                rest = tail;
                bytes.push(number(digits, 16)? as u8);
            }
            b'0'..=b'7' => {
                let more = rest.iter().take(2).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
                let (digits, tail) = rest.split_at(more);
                rest = tail;
                let first = u32::from(escape - b'0') << (3 * more);
                bytes.push((first + number(digits, 8).unwrap_or(0)) as u8);
            }
            _ => bytes.extend([b'\\', escape]),
        }
    }
    Some(Cow::Owned(bytes))
}

/// Text in "raw-unicode-escape": Latin-1 with `\uXXXX` and `\UXXXXXXXX`.
pub(super) fn raw_unicode(line: &[u8]) -> Option<Cow<'_, str>> {
    let text = latin1(line);
    if !text.contains('\\') {
        return Some(text);
    }
    let mut unescaped = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(at) = rest.find('\\') {
        unescaped.push_str(&rest[..at]);
        let escape = &rest[at + 1..];
        let length = match escape.bytes().next() {
            Some(b'u') => 4,
            Some(b'U') => 8,
            _ => {
                unescaped.push('\\');
                rest = escape;
                continue;
            }
        };
        let digits = escape.get(1..=length)?;
        unescaped.push(char::from_u32(number(digits.as_bytes(), 16)?).unwrap_or(char::REPLACEMENT_CHARACTER));
        rest = &escape[length + 1..];
    }
    unescaped.push_str(rest);
    Some(Cow::Owned(unescaped))
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    u32::from_str_radix(digits, radix).ok()
}

/// A whole number.
#[derive(Clone, Copy, Debug)]
pub(super) enum Whole {
    Word(i64),
    /// One beyond 64 bits.
    Long,
}

/// A whole number in decimal digits.
pub(super) fn decimal(line: &[u8]) -> Option<Whole> {
    let text = std::str::from_utf8(line).ok()?.trim();
    if let Ok(number) = text.parse() {
        return Some(Whole::Word(number));
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    whole.then_some(Whole::Long)
}

/// A whole number in two's complement, little-endian, of any length.
pub(super) fn twos_complement(bytes: &[u8]) -> Whole {
    if bytes.len() > 8 {
        return Whole::Long;
    }
    let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let mut whole = [if negative { 0xff } else { 0 }; 8];
    whole[..bytes.len()].copy_from_slice(bytes);
    Whole::Word(i64::from_le_bytes(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_read_as_python_reads_them() {
        assert_eq!(quoted(br"'a\x41\n\\\101\0\q'").unwrap()[..], *b"aA\n\\A\0\\q");
        assert_eq!(quoted(b"\"it's\"").unwrap()[..], *b"it's");
        assert!(quoted(b"'open").is_none());
        assert!(quoted(b"'").is_none());
        assert!(quoted(br"'\x4'").is_none());
        assert_eq!(raw_unicode(b"na\xefve \\u20ac \\n").unwrap(), "na\u{ef}ve € \\n");
        assert!(raw_unicode(b"\\u20").is_none());
        assert!(matches!(twos_complement(&[]), Whole::Word(0)));
        assert!(matches!(twos_complement(&[0xff]), Whole::Word(-1)));
        assert!(matches!(twos_complement(&[0xff, 0]), Whole::Word(255)));
        assert!(matches!(decimal(b"-12"), Some(Whole::Word(-12))));
        assert!(matches!(decimal(b"-9223372036854775809"), Some(Whole::Long)));
        assert!(decimal(b"12x").is_none());
    }
}
