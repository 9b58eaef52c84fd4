//! Storages: the numbers of tensors, beside the pickle or nested in it.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::legacy;
use crate::element::{ByteOrder, Element};
use crate::error::{Error, Result, quote};
use crate::pickle::{Item, ObjectId, Pickle};

/// The numbers of one storage, and how to read them.
#[derive(Debug)]
pub(crate) struct Storage<'b> {
    pub(crate) bytes: Cow<'b, [u8]>,
    pub(crate) element: Element,
    pub(crate) order: ByteOrder,
}

/// The storages of an archive.
#[derive(Debug)]
pub(crate) struct Storages<'b> {
    stored: HashMap<String, &'b [u8]>,
    order: ByteOrder,
    /// Those nested in the pickle, once they are read: many tensors may be views of one.
    nested: RefCell<HashMap<ObjectId, Rc<Storage<'b>>>>,
}

impl<'b> Storages<'b> {
    /// The storages whose bytes are stored by key.
    pub(crate) fn new(stored: HashMap<String, &'b [u8]>, order: ByteOrder) -> Self {
        Self { stored, order, nested: RefCell::default() }
    }

    /// The storage that an item refers to, and the type of its numbers, which `dtype` says where given.
    pub(super) fn find(&self, pickle: &'b Pickle<'_>, item: Item, dtype: Item) -> Result<(Rc<Storage<'b>>, Element)> {
        let storage = match pickle.identifier(item) {
            Some(identifier) => Rc::new(self.stored(pickle, identifier)?),
            None => self.nested(pickle, item)?,
        };
        let Some((module, name)) = pickle.global(dtype).filter(|&(module, _)| module == "torch") else {
            let element = storage.element;
            return Ok((storage, element));
        };
        let element = match name {
            "uint16" => Element::U16,
            "uint32" => Element::U32,
            "uint64" => Element::U64,
            "float8_e4m3fn" => Element::F8E4M3,
            "float8_e5m2" => Element::F8E5M2,
            _ => return Err(Error::unsupported(format!("a tensor's type is {module}.{name}: save it as float32"))),
        };
        Ok((storage, element))
    }

    /// The storage of `('storage', class, key, location, length, [view])`.
    pub(super) fn stored(&self, pickle: &Pickle<'_>, identifier: Item) -> Result<Storage<'b>> {
        let Identifier { element, key, length, view } = Identifier::parse(pickle, identifier)?;
        let corrupt = |what: &str| Error::corrupt(format_args!("storage {} {what}", quote(&key)));
        let bytes = *self.stored.get(&*key).ok_or_else(|| corrupt("is not in the file"))?;
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

    /// The storage of `torch.storage._load_from_bytes(bytes)`: an archive within the pickle.
    fn nested(&self, pickle: &'b Pickle<'_>, item: Item) -> Result<Rc<Storage<'b>>> {
        let call = pickle.call(item).filter(|call| call.module == "torch.storage" && call.name == "_load_from_bytes");
        let Some(call) = call else {
            let message = format!("a tensor's storage is {}", pickle.describe(item));
            return Err(Error::unsupported(format!("{message}, which is not read: save it again with torch.save")));
        };
        if let Some(storage) = self.nested.borrow().get(&call.id) {
            return Ok(Rc::clone(storage));
        }
        let bytes = pickle.bytes(call.argument(0)).ok_or_else(|| Error::corrupt("a nested storage has no bytes"))?;
        let storage = Rc::new(match bytes {
            Cow::Borrowed(bytes) => legacy::read_storage(bytes)?,
            Cow::Owned(bytes) => {
                let Storage { bytes, element, order } = legacy::read_storage(&bytes)?;
                Storage { bytes: Cow::Owned(bytes.into_owned()), element, order }
            }
        });
        self.nested.borrow_mut().insert(call.id, Rc::clone(&storage));
        Ok(storage)
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
pub(super) fn named_element(class: &str) -> Option<Element> {
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
