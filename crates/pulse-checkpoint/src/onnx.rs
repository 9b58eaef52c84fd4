//! ONNX (<https://onnx.ai>): a network of any kind as a graph of operators, with its weights within the file or beside it.
//!
//! The weights become tensors under their names in the file. The graph becomes the entry `onnx` of the configuration, plain data that
//! survives a conversion to safetensors:
//!
//! | key | what |
//! |---|---|
//! | `opset` | the version of the operators |
//! | `inputs`, `outputs` | maps of `name`, `shape` (lengths; a text where the length is free) and, of whole numbers, `whole: true` |
//! | `nodes` | maps of `operator`, `name`, `inputs`, `outputs` and `attributes`, in the file's order |
//! | `beside` | the names of the files beside the model that were read |
//! | `whole` | arrays of whole numbers by name: maps of `shape` and `numbers` |
//!
//! What an operator means is not known here.

mod array;
mod graph;
mod wire;

use std::collections::BTreeMap;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use self::wire::fields;
use crate::checkpoint::{Checkpoint, Format};
use crate::error::{Error, Result, quote};
use crate::read::open_regular;
use crate::value::{Configuration, Value};

/// What lies beside the model.
pub(crate) struct Outside<'f> {
    read: ReadOutside<'f>,
    /// The files that were read from.
    names: Vec<String>,
}

impl<'f> Outside<'f> {
    /// `read` gives `(file name, offset, bytes)` of a file beside the model.
    pub(crate) fn new(read: ReadOutside<'f>) -> Self {
        Self { read, names: Vec::new() }
    }
}

type ReadOutside<'f> = &'f mut dyn FnMut(&str, u64, usize) -> Result<Vec<u8>>;

/// How much of what costs more memory than it has bytes was read.
#[derive(Default)]
struct Spent {
    things: usize,
    whole: usize,
}

impl Spent {
    /// Nodes, attributes, names: of which the largest networks have some ten thousand.
    const MOST_THINGS: usize = 1 << 17;
    /// Whole numbers outside of weights: shapes, axes, indices.
    const MOST_WHOLE: usize = 1 << 19;

    fn thing(&mut self) -> Result<()> {
        self.things += 1;
        if self.things > Self::MOST_THINGS {
            return Err(Error::too_large(format_args!(
                "the ONNX file has more than {} nodes and names",
                Self::MOST_THINGS
            )));
        }
        Ok(())
    }

    fn whole(&mut self, count: usize) -> Result<()> {
        self.whole = self.whole.saturating_add(count);
        if self.whole > Self::MOST_WHOLE {
            return Err(Error::too_large(format_args!(
                "the ONNX file has more than {} whole numbers",
                Self::MOST_WHOLE
            )));
        }
        Ok(())
    }
}

/// Whether a file may begin like this: the version of the format, then the name of what wrote it, the operators' version, the domain
/// or the graph.
pub(crate) fn begins(bytes: &[u8]) -> bool {
    matches!(bytes, [0x08, 1..=30, 0x12 | 0x1a | 0x22 | 0x28 | 0x32 | 0x3a | 0x42, ..])
}

/// The model in `bytes`; arrays beside it are read by `outside`.
pub(crate) fn read(bytes: &[u8], mut outside: Outside<'_>) -> Result<Checkpoint> {
    let (mut spent, mut graph, mut opset, mut functions) = (Spent::default(), None, None, false);
    for field in fields(bytes) {
        match field? {
            (7, wire) if graph.replace(wire.bytes()?).is_some() => {
                return Err(Error::corrupt("the ONNX file has two graphs"));
            }
            (8, wire) => {
                let (domain, version) = graph::operator_set(wire)?;
                if domain.is_empty() || domain == "ai.onnx" {
                    opset = Some(version);
                }
            }
            (25, _) => functions = true,
            _ => {}
        }
    }
    let graph = graph.ok_or_else(|| Error::truncated("the ONNX file, which has no graph,"))?;
    if functions {
        return Err(Error::unsupported(
            "the ONNX file has functions of its own, which are not read: inline them (onnx.inliner)",
        ));
    }
    let opset = opset.ok_or_else(|| Error::corrupt("the ONNX file does not say which version of operators it has"))?;
    let graph::Graph { tensors, mut description } = graph::read(graph, &mut spent, &mut outside)?;
    description.insert("opset".into(), Value::Integer(opset));
    if !outside.names.is_empty() {
        description.insert("beside".into(), Value::List(outside.names.into_iter().map(Value::String).collect()));
    }
    let configuration = Configuration::from([("onnx".to_owned(), Value::Map(description))]);
    Ok(Checkpoint { format: Format::Onnx, tensors, configuration })
}

/// Reads from files in the folder of `model`, each opened once.
pub(crate) fn beside(model: &Path) -> impl FnMut(&str, u64, usize) -> Result<Vec<u8>> {
    let folder = model.parent().unwrap_or(Path::new("")).to_owned();
    let mut open = BTreeMap::new();
    move |name, offset, bytes| {
        let path = folder.join(name);
        let failed = |error: std::io::Error| {
            let error = Error::io("read", &path, &error);
            error.within(format_args!("the model's weights lie in {} beside it: put it there", quote(name)))
        };
        let file = match open.entry(name.to_owned()) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                // A link could lead out of the folder.
                let linked = std::fs::symlink_metadata(&path).map_err(failed)?.is_symlink();
                if linked {
                    let message = format!(
                        "the model's weights lie in {}, which is a link: put the file itself there",
                        quote(name)
                    );
                    return Err(Error::unsupported(message));
                }
                entry.insert(open_regular(&path).map_err(failed)?)
            }
        };
        let length = file.metadata().map_err(failed)?.len();
        if offset.checked_add(bytes as u64).is_none_or(|end| end > length) {
            return Err(Error::truncated(&format!("{}, beside the model,", quote(name))));
        }
        file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        let mut numbers = vec![0; bytes];
        file.read_exact(&mut numbers).map_err(failed)?;
        Ok(numbers)
    }
}
