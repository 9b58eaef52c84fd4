//! Archives of `torch.save` since PyTorch 1.6: zip files with a pickle and one entry for each storage.
//!
//! Nothing is extracted, so that the names of entries are mere names. PyTorch compresses nothing, and its entries
//! are slices of the file, so that none is larger than it. Where someone else packed them again, deflated entries
//! are inflated into memory, to no more than the directory says and all together to no more than [`Inflation`]
//! allows. Checksums are not compared: PyTorch can be told not to compute them, and then writes wrong ones.

use std::borrow::Cow;
use std::collections::HashMap;

use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};

use super::archive::Archive;
use super::storage::Stored;
use crate::budget::Budget;
use crate::element::ByteOrder;
use crate::error::{Error, ErrorKind, Result, quote};
use crate::pickle::{self, Source};

const LOCAL_HEADER: [u8; 4] = *b"PK\x03\x04";
const CENTRAL_HEADER: [u8; 4] = *b"PK\x01\x02";
const END: [u8; 4] = *b"PK\x05\x06";
const END_64: [u8; 4] = *b"PK\x06\x06";
const LOCATOR_64: [u8; 4] = *b"PK\x06\x07";
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// The value of a field of 32 bits whose true value is in the zip64 record.
const IN_RECORD_64: u32 = u32::MAX;

pub(crate) fn begins(bytes: &[u8]) -> bool {
    bytes.starts_with(&LOCAL_HEADER)
}

/// What PyTorch put into an archive, by its name within the archive's one folder.
pub(crate) struct Unpacked<'a> {
    entries: HashMap<&'a str, Cow<'a, [u8]>>,
    /// How many bytes came out of deflated entries.
    pub(crate) inflated: usize,
}

pub(crate) fn unpack(bytes: &[u8]) -> Result<Unpacked<'_>> {
    let entries = entries(bytes)?;
    let pickles = entries.keys().filter_map(|name| name.strip_suffix("data.pkl"));
    let folders = pickles.filter(|folder| folder.is_empty() || folder.find('/') == Some(folder.len() - 1));
    // Where there are several, the first one counts, as it does for PyTorch.
    let Some(folder) = folders.min_by_key(|folder| entries[format!("{folder}data.pkl").as_str()].place) else {
        let message = "this is a zip archive, but not of torch.save: it has no data.pkl";
        return Err(Error::new(ErrorKind::Format, message));
    };
    let (mut unpacked, mut inflation) = (HashMap::new(), Inflation::of_file(bytes.len()));
    for (&name, entry) in &entries {
        if let Some(name) = name.strip_prefix(folder)
            && (matches!(name, "byteorder" | "data.pkl") || name.starts_with("data/"))
        {
            unpacked.insert(name, entry.bytes(bytes, &mut inflation)?);
        }
    }
    Ok(Unpacked { entries: unpacked, inflated: inflation.inflated })
}

pub(crate) fn read<'u>(unpacked: &'u Unpacked<'_>, budget: &Budget) -> Result<Archive<'u>> {
    let entries = &unpacked.entries;
    let order = match entries.get("byteorder").map(|order| &**order) {
        None | Some(b"little") => ByteOrder::Little,
        Some(b"big") => ByteOrder::Big,
        Some(_) => return Err(Error::unsupported("the byte order of the PyTorch archive is unknown")),
    };
    let data = entries.get("data.pkl").map(|data| &**data).unwrap_or_default();
    let pickle = pickle::run(&mut Source::new(data, "data.pkl in the PyTorch archive"), budget)?;
    let storages = entries.iter().filter_map(|(name, bytes)| Some((name.strip_prefix("data/")?.to_owned(), &**bytes)));
    Ok(Archive { pickle, stored: Stored::new(storages.collect(), order) })
}

/// What the deflated entries of one file may still become.
struct Inflation {
    packed: u64,
    unpacked: u64,
    inflated: usize,
}

impl Inflation {
    fn of_file(length: usize) -> Self {
        // The numbers of a trained network hardly shrink at all; zeros and repeated constants do.
        const RATIO: u64 = 4;
        const MORE: u64 = 8 << 20;
        let length = length as u64;
        Self { packed: length, unpacked: length.saturating_mul(RATIO).saturating_add(MORE), inflated: 0 }
    }

    /// The `size` bytes of an entry that was deflated to `packed`.
    fn inflate(&mut self, name: &str, packed: &[u8], size: u64) -> Result<Vec<u8>> {
        // Entries that share their bytes would make each of them cost time many times over.
        let left = self.packed.checked_sub(packed.len() as u64);
        self.packed = left.ok_or_else(|| Error::corrupt("entries of the zip archive overlap"))?;
        let left = self.unpacked.checked_sub(size);
        self.unpacked = left.ok_or_else(|| {
            Error::too_large(format_args!("{name} in the zip archive inflates to many times the size of the file"))
        })?;
        let wrong = |what: &str| Error::corrupt(format_args!("{name} in the zip archive {what}"));
        let limit = usize::try_from(size).map_err(|_| wrong("does not fit into memory"))?;
        let bytes = decompress_to_vec_with_limit(packed, limit).map_err(|error| match error.status {
            TINFLStatus::HasMoreOutput => wrong("inflates to more than its directory says"),
            _ => wrong("cannot be inflated"),
        })?;
        if bytes.len() != limit {
            return Err(wrong("inflates to less than its directory says"));
        }
        self.inflated += bytes.len();
        Ok(bytes)
    }
}

/// An entry, as the directory at the end of the archive describes it.
struct Entry<'a> {
    name: &'a str,
    encrypted: bool,
    method: u16,
    compressed: u64,
    size: u64,
    header: u64,
    /// Which one of the directory it is.
    place: usize,
}

impl Entry<'_> {
    fn bytes<'a>(&self, archive: &'a [u8], inflation: &mut Inflation) -> Result<Cow<'a, [u8]>> {
        let name = quote(self.name);
        if self.encrypted || !matches!(self.method, STORED | DEFLATED) {
            let message = format!(
                "{name} in the zip archive is encrypted, or compressed in another way than by deflate: zip it again \
                 with `zip -0`"
            );
            return Err(Error::unsupported(message));
        }
        let mut source = at(archive, self.header)?;
        if source.array::<4>()? != LOCAL_HEADER {
            return Err(Error::corrupt(format_args!("{name} is not where the zip archive says")));
        }
        source.take(22)?;
        let (name_length, extra) = (source.u16()?, source.u16()?);
        source.take(u64::from(name_length) + u64::from(extra))?;
        if self.method == STORED {
            return source.take(self.size).map(Cow::Borrowed);
        }
        inflation.inflate(&name, source.take(self.compressed)?, self.size).map(Cow::Owned)
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
        let entry = Entry { place: entries.len(), ..entry(&mut source)? };
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
    let (size, compressed, header) = (field(size)?, field(compressed)?, field(header)?);
    let name = std::str::from_utf8(name).map_err(|_| Error::corrupt("a name in the zip archive is no UTF-8"))?;
    Ok(Entry { name, encrypted: flags & 1 != 0, method, compressed, size, header, place: 0 })
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
