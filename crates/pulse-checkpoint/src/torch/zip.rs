//! Archives of `torch.save` since PyTorch 1.6: zip files with a pickle and one entry for each storage.
//!
//! Nothing is extracted, so that the names of entries are mere names, and entries are slices of the file, so
//! that none is larger than it. PyTorch compresses nothing, and compressed entries are not read. Checksums
//! are not compared: PyTorch can be told not to compute them, and then writes wrong ones.

use std::collections::HashMap;

use super::Archive;
use crate::element::ByteOrder;
use crate::error::{Error, ErrorKind, Result, quote};
use crate::pickle::{self, Source};

const LOCAL_HEADER: [u8; 4] = *b"PK\x03\x04";
const CENTRAL_HEADER: [u8; 4] = *b"PK\x01\x02";
const END: [u8; 4] = *b"PK\x05\x06";
const END_64: [u8; 4] = *b"PK\x06\x06";
const LOCATOR_64: [u8; 4] = *b"PK\x06\x07";
/// The value of a field of 32 bits whose true value is in the zip64 record.
const IN_RECORD_64: u32 = u32::MAX;

pub(crate) fn begins(bytes: &[u8]) -> bool {
    bytes.starts_with(&LOCAL_HEADER)
}

pub(crate) fn read(bytes: &[u8]) -> Result<Archive<'_>> {
    let entries = entries(bytes)?;
    let pickles = entries.keys().filter_map(|name| name.strip_suffix("data.pkl"));
    let folders = pickles.filter(|folder| folder.is_empty() || folder.find('/') == Some(folder.len() - 1));
    let Some(folder) = folders.min() else {
        let message = "this is a zip archive, but not of torch.save: it has no data.pkl";
        return Err(Error::new(ErrorKind::Format, message));
    };
    let entry = |name: &str| entries.get(&*format!("{folder}{name}")).map(|entry| entry.bytes(bytes)).transpose();
    let order = match entry("byteorder")? {
        None | Some(b"little") => ByteOrder::Little,
        Some(b"big") => ByteOrder::Big,
        Some(_) => return Err(Error::unsupported("the byte order of the PyTorch archive is unknown")),
    };
    let data = entry("data.pkl")?.unwrap_or_default();
    let pickle = pickle::run(&mut Source::new(data, "data.pkl in the PyTorch archive"))?;
    let mut storages = HashMap::new();
    for (name, entry) in &entries {
        if let Some(key) = name.strip_prefix(folder).and_then(|name| name.strip_prefix("data/")) {
            storages.insert(key.to_owned(), entry.bytes(bytes)?);
        }
    }
    Ok(Archive { pickle, storages, order })
}

/// An entry, as the directory at the end of the archive describes it.
struct Entry<'a> {
    name: &'a str,
    encrypted: bool,
    method: u16,
    size: u64,
    header: u64,
}

impl Entry<'_> {
    fn bytes<'a>(&self, archive: &'a [u8]) -> Result<&'a [u8]> {
        let name = quote(self.name);
        if self.encrypted || self.method != 0 {
            let message = format!("{name} in the zip archive is compressed or encrypted: zip it again with `zip -0`");
            return Err(Error::unsupported(message));
        }
        let mut source = at(archive, self.header)?;
        if source.array::<4>()? != LOCAL_HEADER {
            return Err(Error::corrupt(format_args!("{name} is not where the zip archive says")));
        }
        source.take(22)?;
        let (name, extra) = (source.u16()?, source.u16()?);
        source.take(u64::from(name) + u64::from(extra))?;
        source.take(self.size)
    }
}

fn at(archive: &[u8], offset: u64) -> Result<Source<'_>> {
    let rest = usize::try_from(offset).ok().and_then(|offset| archive.get(offset..));
    rest.map(|rest| Source::new(rest, "the zip archive")).ok_or_else(|| Error::truncated("the zip archive"))
}

fn entries(archive: &[u8]) -> Result<HashMap<&str, Entry<'_>>> {
    let (size, offset) = directory(archive)?;
    let mut source = Source::new(at(archive, offset)?.take(size)?, "the directory of the zip archive");
    let mut entries = HashMap::new();
    while !source.rest().is_empty() {
        let entry = entry(&mut source)?;
        let name = entry.name;
        if entries.insert(name, entry).is_some() {
            return Err(Error::corrupt(format_args!("the zip archive has two entries {}", quote(name))));
        }
    }
    Ok(entries)
}

/// The size and the offset of the directory.
fn directory(archive: &[u8]) -> Result<(u64, u64)> {
    // The end record is followed by a comment of no more than 64 KiB.
    let from = archive.len().saturating_sub(22 + usize::from(u16::MAX));
    let end = archive[from..].windows(4).rposition(|window| window == END).map(|end| from + end);
    let end = end.ok_or_else(|| Error::truncated("the zip archive"))?;
    let mut source = at(archive, end as u64)?;
    source.take(12)?;
    let (size, offset, comment) = (source.u32()?, source.u32()?, source.u16()?);
    source.take(comment.into())?;
    let locator = end.checked_sub(20).map(|locator| &archive[locator..]);
    match locator.filter(|locator| locator.starts_with(&LOCATOR_64)) {
        None => Ok((size.into(), offset.into())),
        Some(locator) => {
            let mut source = Source::new(locator, "the zip archive");
            source.take(8)?;
            let mut source = at(archive, source.u64()?)?;
            if source.array::<4>()? != END_64 {
                return Err(Error::corrupt("the zip64 record is not where the zip archive says"));
            }
            source.take(36)?;
            Ok((source.u64()?, source.u64()?))
        }
    }
}

fn entry<'a>(source: &mut Source<'a>) -> Result<Entry<'a>> {
    if source.array::<4>()? != CENTRAL_HEADER {
        return Err(Error::corrupt("the directory of the zip archive has something else in it"));
    }
    source.take(4)?;
    let (flags, method) = (source.u16()?, source.u16()?);
    source.take(8)?;
    let (compressed, size) = (source.u32()?, source.u32()?);
    let (name, extra, comment) = (source.u16()?, source.u16()?, source.u16()?);
    source.take(8)?;
    let header = source.u32()?;
    let name = source.take(name.into())?;
    let mut extra = Source::new(source.take(extra.into())?, "the zip64 record of an entry");
    source.take(comment.into())?;

    let mut wide = record_64(&mut extra)?;
    let mut field = |narrow: u32| if narrow == IN_RECORD_64 { wide.u64() } else { Ok(narrow.into()) };
    let (size, _compressed, header) = (field(size)?, field(compressed)?, field(header)?);
    let name = std::str::from_utf8(name).map_err(|_| Error::corrupt("a name in the zip archive is no UTF-8"))?;
    Ok(Entry { name, encrypted: flags & 1 != 0, method, size, header })
}

/// The zip64 record among the extra fields of an entry; empty if there is none.
fn record_64<'a>(extra: &mut Source<'a>) -> Result<Source<'a>> {
    while extra.rest().len() >= 4 {
        let (identifier, length) = (extra.u16()?, extra.u16()?);
        let content = extra.take(length.into())?;
        if identifier == 1 {
            return Ok(Source::new(content, "the zip64 record of an entry"));
        }
    }
    Ok(Source::new(&[], "the zip64 record of an entry"))
}
