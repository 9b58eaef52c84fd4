//! Storages, the numbers of tensors, that lie beside the pickle.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::element::{ByteOrder, Element};
use crate::error::{Error, Result, quote};
use crate::pickle::{Item, Pickle};

/// The numbers of one storage, and how to read them.
#[derive(Debug)]
pub(crate) struct Storage<'b> {
    pub(crate) bytes: Cow<'b, [u8]>,
    pub(crate) element: Element,
    pub(crate) order: ByteOrder,
}

/// The storages beside a pickle: their bytes, by key.
#[derive(Debug)]
pub(crate) struct Stored<'b> {
    bytes: HashMap<String, &'b [u8]>,
    order: ByteOrder,
}

impl<'b> Stored<'b> {
    pub(super) fn new(bytes: HashMap<String, &'b [u8]>, order: ByteOrder) -> Self {
        Self { bytes, order }
    }

    /// Nothing lies beside the pickle.
    pub(crate) fn none() -> Self {
        Self::new(HashMap::new(), ByteOrder::Little)
    }

    /// The storage of `('storage', class, key, location, length, [view])`.
    pub(super) fn find(&self, pickle: &Pickle<'_>, identifier: Item) -> Result<Storage<'b>> {
        let Identifier { element, key, length, view } = Identifier::parse(pickle, identifier)?;
        let corrupt = |what: &str| Error::corrupt(format_args!("storage {} {what}", quote(&key)));
        let bytes = *self.bytes.get(&*key).ok_or_else(|| corrupt("is not in the file"))?;
        let slice = |begin: usize, length: usize| {
            let begin = begin.checked_mul(element.size())?;
            bytes.get(begin..)?.get(..length.checked_mul(element.size())?)
        };
        let whole = slice(0, length);
        let bytes = match view {
            Some((begin, length)) => slice(begin, length),
            None => whole,
        };
        let bytes = bytes.ok_or_else(|| corrupt("has fewer numbers than the pickle says"))?;
        Ok(Storage { bytes: Cow::Borrowed(bytes), element, order: self.order })
    }
}

/// What a pickle says of a storage that is outside of it.
pub(super) struct Identifier<'p> {
    pub(super) element: Element,
    pub(super) key: Cow<'p, str>,
    length: usize,
    /// The first number and the length of the part that is meant, where it is not the whole.
    view: Option<(usize, usize)>,
}

impl<'p> Identifier<'p> {
    pub(super) fn parse(pickle: &'p Pickle<'_>, identifier: Item) -> Result<Self> {
        let corrupt = || Error::corrupt("the pickle refers to a storage that it does not describe");
        let Some(&[kind, class, key, _location, length, ref view @ ..]) = pickle.sequence(identifier) else {
            return Err(corrupt());
        };
        if pickle.name(kind).is_none_or(|kind| kind != "storage") {
            return Err(corrupt());
        }
        let (module, name) = pickle.global(class).ok_or_else(corrupt)?;
        let element = Some(name).filter(|_| matches!(module, "torch" | "torch.cuda" | "torch.storage"));
        let element = element.and_then(named_element).ok_or_else(|| {
            let name = quote(&format!("{module}.{name}"));
            Error::unsupported(format!("a storage is a {name}, which is not read: save it as float32"))
        })?;
        let size = |item: Item| item.size().ok_or_else(corrupt);
        let view = match view.first().and_then(|&view| pickle.sequence(view)) {
            Some(&[_key, begin, length]) => Some((size(begin)?, size(length)?)),
            _ => None,
        };
        let key = pickle.name(key).ok_or_else(corrupt)?;
        Ok(Self { element, key, length: size(length)?, view })
    }
}

/// The type of the numbers of a class of storages; untyped ones are bytes.
fn named_element(class: &str) -> Option<Element> {
    Some(match class {
        "BoolStorage" => Element::Bool,
        "ByteStorage" | "UntypedStorage" | "_UntypedStorage" => Element::U8,
        "CharStorage" => Element::I8,
        "ShortStorage" => Element::I16,
        "IntStorage" => Element::I32,
        "LongStorage" => Element::I64,
        "HalfStorage" => Element::F16,
        "BFloat16Storage" => Element::BF16,
        "FloatStorage" => Element::F32,
        "DoubleStorage" => Element::F64,
        _ => return None,
    })
}
