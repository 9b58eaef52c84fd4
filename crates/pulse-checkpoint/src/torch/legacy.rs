//! Archives of `torch.save` before PyTorch 1.6, which it still writes on request and within other pickles:
//! pickles of a magic number, a version, the sizes of C's types, the object and a list of the keys of its
//! storages; then each storage in the order of that list, an `i64` count before its numbers.

use std::collections::HashMap;

use super::archive::Archive;
use super::storage::{Identifier, Storage, Stored};
use crate::budget::Budget;
use crate::element::ByteOrder;
use crate::error::{Error, Result, quote};
use crate::pickle::{self, Item, Source};

/// The magic number 0x1950a86a20f9469cfc6c, as pickles of protocol 2 and above write it.
const MAGIC: [u8; 12] = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const VERSION: Item = Item::Integer(1001);

pub(crate) fn begins(bytes: &[u8]) -> bool {
    // Behind the protocol, and in some protocols the length of a frame.
    let longest = 11 + MAGIC.len();
    bytes[..bytes.len().min(longest)].windows(MAGIC.len()).any(|window| window == MAGIC)
}

pub(crate) fn read<'a>(bytes: &'a [u8], budget: &Budget) -> Result<Archive<'a>> {
    let mut source = Source::new(bytes, "the PyTorch archive");
    // Who calls knows that the magic number is there.
    pickle::run(&mut source, budget)?;
    if pickle::run(&mut source, budget)?.root != VERSION {
        return Err(Error::unsupported("the PyTorch archive is of an unknown version: save it again with torch.save"));
    }
    let _type_sizes = pickle::run(&mut source, budget)?;
    let object = pickle::run(&mut source, budget)?;
    let keys = pickle::run(&mut source, budget)?;

    let mut elements = HashMap::new();
    for identifier in object.identifiers() {
        // Modules are given with their source; that is no storage.
        if object
            .sequence(identifier)
            .and_then(|parts| object.name(*parts.first()?))
            .is_some_and(|kind| kind == "module")
        {
            continue;
        }
        let identifier = Identifier::parse(&object, identifier)?;
        elements.insert(identifier.key, identifier.element);
    }
    let mut storages = HashMap::new();
    for &key in
        keys.sequence(keys.root).ok_or_else(|| Error::corrupt("the PyTorch archive does not list its storages"))?
    {
        let key = keys.name(key).ok_or_else(|| Error::corrupt("the key of a storage is no text"))?;
        let element = elements.get(&key);
        let element =
            element.ok_or_else(|| Error::corrupt(format_args!("nothing refers to storage {}", quote(&key))))?;
        let count = source.array().map(i64::from_le_bytes)?;
        let length = u64::try_from(count).ok().and_then(|count| count.checked_mul(element.size() as u64));
        let length =
            length.ok_or_else(|| Error::corrupt(format_args!("storage {} has {count} numbers", quote(&key))))?;
        storages.insert(key.into_owned(), source.take(length)?);
    }
    drop(elements);
    // PyTorch writes these in little-endian order on every machine, whatever the type sizes say.
    Ok(Archive { pickle: object, stored: Stored::new(storages, ByteOrder::Little) })
}

/// The storage that is all of an archive.
pub(super) fn read_storage<'a>(bytes: &'a [u8], budget: &Budget) -> Result<Storage<'a>> {
    if !begins(bytes) {
        let message = "a nested storage is no archive of torch.save before 1.6: save it again with torch.save";
        return Err(Error::unsupported(message));
    }
    let Archive { pickle, stored } = read(bytes, budget)?;
    let identifier = pickle.identifier(pickle.root);
    let identifier = identifier.ok_or_else(|| Error::corrupt("a nested storage is none"))?;
    stored.find(&pickle, identifier)
}
