//! safetensors: a JSON header and raw numbers (<https://huggingface.co/docs/safetensors>).

mod header;

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde_json::{Map, Value as Json, json};

use self::header::Header;
use crate::checkpoint::{Checkpoint, Format};
use crate::element::{ByteOrder, Element, exact_half};
use crate::error::{Error, ErrorKind, Result, quote};
use crate::pair::Pair;
use crate::tensor::{Tensor, element_count};
use crate::value::{Configuration, Value, from_json, to_json};
use crate::write::write_atomically_with;

/// The entry of the header that is no tensor.
const METADATA: &str = "__metadata__";

/// Large networks have headers of a few hundred KB.
const LARGEST_HEADER: usize = 16 << 20;

/// The entry of the metadata, all of whose values are strings, that holds a whole configuration as JSON.
const CONFIGURATION: &str = "pulse.configuration";
/// The same of the discriminator, which only a file that has one has.
const DISCRIMINATOR_KEY: &str = "pulse.discriminator";
/// What stands before the names of the discriminator's tensors in such a file.
const DISCRIMINATOR_PREFIX: &str = "D.";

/// Whether a file may begin like this: the length of the header, then its opening brace.
pub(crate) fn begins(bytes: &[u8]) -> bool {
    bytes.len() > 8 && bytes[8] == b'{' && bytes[4..8] == [0; 4]
}

pub(crate) fn read(bytes: &[u8]) -> Result<Pair> {
    let (header, data) = split(bytes)?;
    let Header { metadata, mut places } = Header::parse(header)?;
    let (configuration, discriminator) = read_metadata(metadata);
    places.sort_by_key(|(place, _)| (place.begin, place.end));
    let mut tensors = BTreeMap::new();
    let mut read = 0;
    for (place, name) in places {
        // The format knows neither holes nor overlaps, so no number is read twice.
        if place.begin != read {
            return Err(Error::corrupt(format_args!("tensor {} overlaps another or leaves a hole", quote(&name))));
        }
        let bytes = data.get(place.begin..place.end).ok_or_else(|| Error::truncated("the safetensors file"))?;
        tensors.insert(name, Tensor::new(place.shape, place.element.widen(bytes, ByteOrder::Little))?);
        read = place.end;
    }
    if read != data.len() {
        return Err(Error::corrupt("the safetensors file goes on after its last tensor"));
    }
    Ok(apart(Checkpoint { format: Format::Safetensors, tensors, configuration }, discriminator))
}

/// The generator, and the discriminator where the file has a configuration of one.
fn apart(both: Checkpoint, discriminator: Option<Configuration>) -> Pair {
    let Some(configuration) = discriminator else { return Pair { generator: both, discriminator: None } };
    let format = both.format;
    let (of_discriminator, of_generator): (BTreeMap<_, _>, BTreeMap<_, _>) =
        both.tensors.into_iter().partition(|(name, _)| name.starts_with(DISCRIMINATOR_PREFIX));
    let bare = |(name, tensor): (String, Tensor)| (name[DISCRIMINATOR_PREFIX.len()..].to_owned(), tensor);
    let discriminator = Checkpoint { format, tensors: of_discriminator.into_iter().map(bare).collect(), configuration };
    Pair {
        generator: Checkpoint { format, tensors: of_generator, configuration: both.configuration },
        discriminator: Some(Ok(discriminator)),
    }
}

/// The header and the numbers.
fn split(bytes: &[u8]) -> Result<(&[u8], &[u8])> {
    let truncated = || Error::truncated("the header of the safetensors file");
    let (length, rest) = bytes.split_first_chunk::<8>().ok_or_else(truncated)?;
    match usize::try_from(u64::from_le_bytes(*length)) {
        Ok(length) if length <= LARGEST_HEADER => rest.split_at_checked(length).ok_or_else(truncated),
        _ => Err(Error::too_large("the header of the safetensors file is above 16 MiB")),
    }
}

/// The generator's configuration, and the discriminator's.
fn read_metadata(entries: BTreeMap<String, String>) -> (Configuration, Option<Configuration>) {
    let (mut configuration, mut discriminator) = (Configuration::new(), None);
    for (key, text) in entries {
        match from_json(&text) {
            Some(entries) if key == CONFIGURATION => configuration.extend(entries),
            Some(entries) if key == DISCRIMINATOR_KEY => discriminator = Some(entries),
            _ => _ = configuration.insert(key, Value::String(text)),
        }
    }
    (configuration, discriminator)
}

/// Where in a file a tensor lies.
struct Place {
    element: Element,
    shape: Vec<usize>,
    begin: usize,
    end: usize,
}

impl Place {
    fn of(element: Element, shape: Vec<usize>, begin: usize, end: usize) -> Result<Self> {
        let size = element_count(&shape).and_then(|count| count.checked_mul(element.size()));
        if size.is_none() || size != end.checked_sub(begin) {
            return Err(Error::corrupt(format_args!("its shape {shape:?} does not fit its bytes {begin} to {end}")));
        }
        Ok(Self { element, shape, begin, end })
    }
}

fn element(dtype: &str) -> Option<Element> {
    Some(match dtype {
        "BOOL" => Element::Bool,
        "U8" => Element::U8,
        "I8" => Element::I8,
        "U16" => Element::U16,
        "I16" => Element::I16,
        "U32" => Element::U32,
        "I32" => Element::I32,
        "U64" => Element::U64,
        "I64" => Element::I64,
        "F8_E5M2" => Element::F8E5M2,
        "F8_E4M3" => Element::F8E4M3,
        "F16" => Element::F16,
        "BF16" => Element::BF16,
        "F32" => Element::F32,
        "F64" => Element::F64,
        _ => return None,
    })
}

/// Writes tensors and their configuration as a safetensors file, which [`Checkpoint::open`] reads back
/// as the same. A file that was there stays whole until the new one is.
pub fn write_safetensors(
    path: impl AsRef<Path>,
    tensors: &BTreeMap<String, Tensor>,
    configuration: &Configuration,
) -> Result<()> {
    write_file(path.as_ref(), tensors, metadata(configuration)?)
}

/// As [`write_safetensors`], to memory.
pub fn safetensors_to_vec(tensors: &BTreeMap<String, Tensor>, configuration: &Configuration) -> Result<Vec<u8>> {
    to_vec(&wide(tensors), metadata(configuration)?)
}

/// The same without a configuration, but tensors all of whose numbers 16 bits hold exactly are written in 16 bits. They are read back
/// as the same.
pub fn short_safetensors_to_vec(tensors: &BTreeMap<String, Tensor>) -> Result<Vec<u8>> {
    let is_short = |tensor: &Tensor| tensor.data().iter().all(|&number| exact_half(number).is_some());
    let element = |tensor: &Tensor| if is_short(tensor) { Element::F16 } else { Element::F32 };
    let mut entries: Vec<_> = tensors.iter().map(|(name, tensor)| (name, tensor, element(tensor))).collect();
    // The wider numbers first: all stay aligned.
    entries.sort_by_key(|(_, _, element)| std::cmp::Reverse(element.size()));
    to_vec(&entries, Map::new())
}

/// A tensor, and how its numbers are written: as `F32`, or as `F16` where that holds them.
type Entry<'a> = (&'a String, &'a Tensor, Element);

fn wide(tensors: &BTreeMap<String, Tensor>) -> Vec<Entry<'_>> {
    tensors.iter().map(|(name, tensor)| (name, tensor, Element::F32)).collect()
}

fn to_vec(entries: &[Entry<'_>], metadata: Map<String, Json>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    write(&mut bytes, &header(entries, metadata)?, entries).expect("memory takes every write");
    Ok(bytes)
}

impl Pair {
    /// Writes both networks as one safetensors file, which [`Pair::open`] reads back as the same, and
    /// [`Checkpoint::open`] as the generator. The tensors of the discriminator have `D.` before their names, and its
    /// configuration is the entry `pulse.discriminator` of the metadata. One that could not be read is left out.
    ///
    /// # Errors
    /// As [`write_safetensors`].
    pub fn write_safetensors(&self, path: impl AsRef<Path>) -> Result<()> {
        let Self { generator, discriminator } = self;
        let Some(Ok(discriminator)) = discriminator else {
            return write_safetensors(path, &generator.tensors, &generator.configuration);
        };
        if let Some(name) = generator.tensors.keys().find(|name| name.starts_with(DISCRIMINATOR_PREFIX)) {
            let message =
                format!("the tensor {} would be taken for one of the discriminator's: rename it", quote(name));
            return Err(Error::new(ErrorKind::Argument, message));
        }
        let prefixed = |(name, tensor): (&String, &Tensor)| (format!("{DISCRIMINATOR_PREFIX}{name}"), tensor.clone());
        let mut tensors = generator.tensors.clone();
        tensors.extend(discriminator.tensors.iter().map(prefixed));
        let mut metadata = metadata(&generator.configuration)?;
        metadata.insert(DISCRIMINATOR_KEY.to_owned(), to_json(&discriminator.configuration)?.into());
        write_file(path.as_ref(), &tensors, metadata)
    }
}

fn write_file(path: &Path, tensors: &BTreeMap<String, Tensor>, metadata: Map<String, Json>) -> Result<()> {
    let entries = wide(tensors);
    let header = header(&entries, metadata)?;
    write_atomically_with(path, |file| write(BufWriter::new(file), &header, &entries))
}

fn metadata(configuration: &Configuration) -> Result<Map<String, Json>> {
    let mut metadata = Map::new();
    if !configuration.is_empty() {
        metadata.insert(CONFIGURATION.to_owned(), to_json(configuration)?.into());
    }
    Ok(metadata)
}

fn header(entries: &[Entry<'_>], metadata: Map<String, Json>) -> Result<Vec<u8>> {
    let mut header = Map::new();
    if !metadata.is_empty() {
        header.insert(METADATA.to_owned(), Json::Object(metadata));
    }
    let mut begin = 0;
    for (name, tensor, element) in entries {
        if *name == METADATA {
            let message = format!("a tensor may not be named {METADATA} in safetensors: rename it");
            return Err(Error::new(ErrorKind::Argument, message));
        }
        let end = begin + element.size() * tensor.data().len();
        let dtype = if *element == Element::F16 { "F16" } else { "F32" };
        let place = json!({ "dtype": dtype, "shape": tensor.shape(), "data_offsets": [begin, end] });
        header.insert((*name).clone(), place);
        begin = end;
    }
    let mut header = Json::Object(header).to_string().into_bytes();
    // Spaces up to a multiple of 8, so that whoever maps the file finds its numbers aligned.
    header.resize(header.len().next_multiple_of(8), b' ');
    if header.len() > LARGEST_HEADER {
        let message = "the names and the configuration are above 16 MiB, more than is read back: make them shorter";
        return Err(Error::new(ErrorKind::Argument, message));
    }
    Ok(header)
}

fn write(mut to: impl Write, header: &[u8], entries: &[Entry<'_>]) -> io::Result<()> {
    to.write_all(&(header.len() as u64).to_le_bytes())?;
    to.write_all(header)?;
    for (_, tensor, element) in entries {
        for &number in tensor.data().iter() {
            match exact_half(number) {
                Some(half) if *element == Element::F16 => to.write_all(&half)?,
                _ => to.write_all(&number.to_le_bytes())?,
            }
        }
    }
    to.flush()
}
