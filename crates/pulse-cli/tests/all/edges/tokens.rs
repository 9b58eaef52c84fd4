//! Rust's source as tokens: without comments, the contents of literals, and what only tests have.

/// A word, `::`, or any other sign. A literal in quotes is a single `"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) line: usize,
}

/// The tokens of `source`, without items that have `#[cfg(test)]`.
pub(super) fn tokens(source: &str) -> Vec<Token> {
    without_tests(&lex(source))
}

fn lex(source: &str) -> Vec<Token> {
    let signs: Vec<char> = source.chars().collect();
    let (mut tokens, mut at, mut line) = (Vec::new(), 0, 1);
    while at < signs.len() {
        let rest = &signs[at..];
        let (length, text) = match rest {
            ['/', '/', ..] => (rest.iter().position(|&sign| sign == '\n').unwrap_or(rest.len()), None),
            ['/', '*', ..] => (block_comment(rest), None),
            [sign, ..] if sign.is_whitespace() => (1, None),
            [':', ':', ..] => (2, Some("::".to_owned())),
            ['\'', ..] => quote(rest),
            _ => match string(rest).or_else(|| word(rest)) {
                Some(found) => found,
                None => (1, Some(rest[0].to_string())),
            },
        };
        tokens.extend(text.map(|text| Token { text, line }));
        line += rest[..length].iter().filter(|&&sign| sign == '\n').count();
        at += length;
    }
    tokens
}

/// Comments nest.
fn block_comment(signs: &[char]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < signs.len() {
        match &signs[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// A character in quotes, or a lifetime, which nothing is asked of.
fn quote(signs: &[char]) -> (usize, Option<String>) {
    match signs {
        [_, '\\', _, rest @ ..] => {
            let more = rest.iter().position(|&sign| sign == '\'').unwrap_or(rest.len() - 1);
            (4 + more, Some("\"".to_owned()))
        }
        [_, _, '\'', ..] => (3, Some("\"".to_owned())),
        _ => (1 + word(&signs[1..]).map_or(0, |(length, _)| length), None),
    }
}

/// A string, with or without a prefix and hashes.
fn string(signs: &[char]) -> Option<(usize, Option<String>)> {
    let prefix = signs.iter().take(2).take_while(|sign| matches!(sign, 'b' | 'c' | 'r')).count();
    let raw = signs[..prefix].contains(&'r');
    let hashes = signs[prefix..].iter().take_while(|&&sign| raw && sign == '#').count();
    let begin = prefix + hashes;
    if signs.get(begin) != Some(&'"') {
        return None;
    }
    let mut at = begin + 1;
    while at < signs.len() {
        match &signs[at..] {
            ['\\', _, ..] if !raw => at += 1,
            ['"', rest @ ..] if rest.iter().take(hashes).filter(|&&sign| sign == '#').count() == hashes => {
                return Some((at + 1 + hashes, Some("\"".to_owned())));
            }
            _ => {}
        }
        at += 1;
    }
    Some((signs.len(), None))
}

fn word(signs: &[char]) -> Option<(usize, Option<String>)> {
    let text: String = signs.iter().take_while(|sign| sign.is_alphanumeric() || **sign == '_').collect();
    (!text.is_empty()).then(|| (text.chars().count(), Some(text)))
}

fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let end = attribute(&tokens[at..]);
        let words: Vec<_> = tokens[at..at + end].iter().map(|token| token.text.as_str()).collect();
        if words.get(2) == Some(&"cfg") && words.contains(&"test") && !words.contains(&"not") {
            at += end;
            while attribute(&tokens[at..]) > 0 {
                at += attribute(&tokens[at..]);
            }
            at += item(&tokens[at..]);
        } else {
            kept.extend_from_slice(&tokens[at..at + end.max(1)]);
            at += end.max(1);
        }
    }
    kept
}

/// How many tokens the attribute has that begins here; none where none begins.
fn attribute(tokens: &[Token]) -> usize {
    match tokens {
        [hash, bracket, ..] if hash.text == "#" && bracket.text == "[" => 1 + bracketed(&tokens[1..]),
        _ => 0,
    }
}

/// How many tokens the item has that begins here: up to its semicolon or its closing brace.
fn item(tokens: &[Token]) -> usize {
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].text.as_str() {
            ";" => return at + 1,
            "{" => return at + bracketed(&tokens[at..]),
            "(" | "[" => at += bracketed(&tokens[at..]),
            _ => at += 1,
        }
    }
    at
}

/// How many tokens there are from the bracket that opens here to the one that closes it.
fn bracketed(tokens: &[Token]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}
