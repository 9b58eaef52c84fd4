//! `--shard`: the part of the pictures that one of several jobs goes through.

use std::fmt;
use std::str::FromStr;

/// Shard `number` of `of`, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shard {
    number: usize,
    of: usize,
}

impl Shard {
    /// Whether the picture at `position`, counted from 0 in the order of all, belongs to it: every `of`-th one does, from
    /// the `number`-th on.
    pub(super) fn has(self, position: usize) -> bool {
        position % self.of == self.number - 1
    }

    /// The same in the name of a file.
    pub(super) fn file_part(self) -> String {
        format!("-{}-of-{}", self.number, self.of)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    /// `I/N`, with `1 <= I <= N`.
    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.trim().parse::<usize>().ok();
        match text.split_once('/').and_then(|(first, second)| number(first).zip(number(second))) {
            Some((_, 0)) => Err("there cannot be 0 shards; write I/N, such as 2/5 for the second of five".into()),
            Some((number, of)) if (1..=of).contains(&number) => Ok(Self { number, of }),
            Some((number, of)) => Err(format!("there is no shard {number} of {of}: they are 1/{of} to {of}/{of}")),
            None => Err("write I/N in whole numbers, such as 2/5 for the second of five shards".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// However many pictures and shards there are, each picture belongs to exactly one shard, and none has two more
        /// than another.
        #[test]
        fn shards_are_disjoint_and_complete(pictures in 0usize..200, of in 1usize..50) {
            let shards: Vec<_> = (1..=of).map(|number| format!("{number}/{of}").parse::<Shard>().unwrap()).collect();
            for position in 0..pictures {
                prop_assert_eq!(shards.iter().filter(|shard| shard.has(position)).count(), 1);
            }
            let sizes: Vec<_> =
                shards.iter().map(|shard| (0..pictures).filter(|&position| shard.has(position)).count()).collect();
            prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1);
            prop_assert_eq!(sizes.iter().sum::<usize>(), pictures);
        }

        #[test]
        fn what_it_reads_it_writes(number in 1usize..1000, more in 0usize..1000) {
            let text = format!("{number}/{}", number + more);
            prop_assert_eq!(text.parse::<Shard>().unwrap().to_string(), text);
        }

        #[test]
        fn any_text_is_a_shard_or_an_error(text in ".*") {
            let _ = text.parse::<Shard>();
        }
    }
}
