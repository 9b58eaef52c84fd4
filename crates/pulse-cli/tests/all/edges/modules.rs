//! Which top module of a crate uses which other, and where.
//!
//! A top module is one that the crate's root declares, with all below it. A name that the root imports or re-exports
//! stands for the module that it comes from. The root is a module too, for what it defines and uses itself.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Graph, Place};
use super::tokens::{Token, tokens};

/// What the sources of a crate say.
#[derive(Debug, Default)]
struct Sources {
    /// The root's own modules.
    modules: BTreeSet<String>,
    /// Names that the root imports, and the first part of the path that each comes from.
    imported: BTreeMap<String, String>,
    uses: Vec<Use>,
}

/// A path in some file, from the root of the crate.
#[derive(Debug)]
struct Use {
    from: String,
    path: Vec<String>,
    place: Place,
}

/// The graph of the crate whose root is the file `root`. Files are read by their names within `src`.
pub(super) fn graph(root: &str, read: &dyn Fn(&str) -> Option<String>) -> Graph {
    let mut sources = Sources::default();
    let text = read(root).unwrap_or_else(|| panic!("there is no {root}"));
    let words = tokens(&text);
    sources.modules = declared(&words).chain(inline(&words)).collect();
    let name = root.trim_end_matches(".rs");
    sources.read(root, name, &[], &words, read);
    let mut graph = Graph::default();
    for Use { from, path, place } in &sources.uses {
        if let Some(to) = sources.module(path, name)
            && to != from
        {
            graph.add(from, to, place);
        }
    }
    graph
}

/// The modules that have files of their own.
fn declared(tokens: &[Token]) -> impl Iterator<Item = String> {
    modules(tokens, ";")
}

/// The modules that are written out.
fn inline(tokens: &[Token]) -> impl Iterator<Item = String> {
    modules(tokens, "{")
}

fn modules(tokens: &[Token], end: &str) -> impl Iterator<Item = String> {
    tokens
        .windows(3)
        .filter(move |words| words[0].text == "mod" && words[2].text == end)
        .map(|words| words[1].text.clone())
}

impl Sources {
    /// Reads one file, which is the module `at`, and those below it.
    fn read(&mut self, file: &str, root: &str, at: &[String], words: &[Token], read: &dyn Fn(&str) -> Option<String>) {
        self.scan(file, root, at, words);
        for child in declared(words) {
            let at: Vec<String> = at.iter().cloned().chain([child]).collect();
            let names = [format!("{}.rs", at.join("/")), format!("{}/mod.rs", at.join("/"))];
            let found = names.iter().find_map(|name| Some((name, read(name)?)));
            let (name, text) =
                found.unwrap_or_else(|| panic!("{file} declares a module that has no file: {}", names[0]));
            self.read(name, root, &at, &tokens(&text), read);
        }
    }

    /// Notes every path of a file that leads to the root of the crate.
    fn scan(&mut self, file: &str, root: &str, at: &[String], words: &[Token]) {
        let text = |index: usize| words.get(index).map_or("", |word| word.text.as_str());
        let from = at.first().map_or(root, String::as_str).to_owned();
        let mut inside = at.to_vec();
        // For each brace that is open, how many modules are around it.
        let mut outside = Vec::new();
        let mut index = 0;
        while index < words.len() {
            let before = index.checked_sub(1).map_or("", text);
            let after = text(index + 1);
            let begins = before != "::" && before != "." && after == "::" && !restricts(words, index);
            match text(index) {
                "{" => {
                    outside.push(inside.len());
                    if index >= 2 && text(index - 2) == "mod" {
                        inside.push(before.to_owned());
                    }
                }
                "}" => inside.truncate(outside.pop().unwrap_or(at.len())),
                name if begins
                    && (matches!(name, "crate" | "self" | "super")
                        || inside.is_empty() && self.modules.contains(name)) =>
                {
                    let mut paths = Vec::new();
                    let end = tree(words, index, inside.clone(), &mut paths);
                    let import = inside.is_empty() && before == "use";
                    let again = import && index >= 2 && matches!(text(index - 2), "pub" | ")");
                    for Leaf { path, name, line } in paths {
                        if import && let Some(first) = path.first() {
                            assert_ne!(name, "*", "{file}:{line} hides which names are of `{first}`: write them out");
                            self.imported.insert(name, first.clone());
                        }
                        // A re-export is no use.
                        if !again {
                            let place = Place { file: file.to_owned(), line };
                            self.uses.push(Use { from: from.clone(), path, place });
                        }
                    }
                    index = end;
                    continue;
                }
                _ => {}
            }
            index += 1;
        }
    }

    /// The top module that a path from the root leads to. What nobody declares is the root's own.
    fn module<'s>(&'s self, path: &'s [String], root: &'s str) -> Option<&'s str> {
        let first = path.first()?;
        let first =
            if self.modules.contains(first) { first } else { self.imported.get(first).map_or(root, |first| first) };
        (first == root || self.modules.contains(first)).then_some(first)
    }
}

/// Whether this is the path of `pub(in path)`, which uses nothing.
fn restricts(words: &[Token], index: usize) -> bool {
    index >= 3 && ["pub", "(", "in"].iter().zip(&words[index - 3..]).all(|(text, word)| word.text == *text)
}

/// One end of a path with groups, and the name that it is imported by.
struct Leaf {
    path: Vec<String>,
    name: String,
    line: usize,
}

/// Takes apart the path that begins at `index` in the module `path`, and gives where it ends.
fn tree(words: &[Token], mut index: usize, mut path: Vec<String>, leaves: &mut Vec<Leaf>) -> usize {
    let text = |index: usize| words.get(index).map_or("", |word| word.text.as_str());
    let line = words[index].line;
    let mut name = String::new();
    loop {
        match text(index) {
            "crate" => path.clear(),
            "self" => {}
            "super" => _ = path.pop(),
            "{" => {
                index += 1;
                while !matches!(text(index), "}" | "") {
                    index = tree(words, index, path.clone(), leaves);
                    // What is no path is passed over, so that the end is always reached.
                    index += usize::from(text(index) != "}");
                }
                return index + 1;
            }
            part if part == "*" || part.starts_with(|sign: char| sign.is_alphabetic() || sign == '_') => {
                part.clone_into(&mut name);
                path.push(name.clone());
            }
            _ => break,
        }
        index += 1;
        if text(index) != "::" {
            break;
        }
        index += 1;
    }
    if text(index) == "as" {
        text(index + 1).clone_into(&mut name);
        index += 2;
    }
    leaves.push(Leaf { path, name, line });
    index
}
