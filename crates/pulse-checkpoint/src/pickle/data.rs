//! Plain data in a pickle: what the few records that stand for it hold.

use std::borrow::Cow;

use super::literal::latin1;
use super::object::{Item, Object, ObjectId, Pickle, Record};
use crate::budget::Budget;
use crate::error::{Result, quote};

/// A record of a class or function whose name is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'p> {
    pub(crate) module: &'p str,
    pub(crate) name: &'p str,
    pub(crate) arguments: &'p [Item],
    pub(crate) record: &'p Record,
}

/// Plain data of Python and PyTorch that pickles make by calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standard {
    Dictionary,
    Sequence,
    Bytes,
}

impl Call<'_> {
    /// The name in full.
    pub(crate) fn global(&self) -> String {
        format!("{}.{}", self.module, self.name)
    }

    pub(crate) fn argument(&self, index: usize) -> Item {
        self.arguments.get(index).copied().unwrap_or(Item::None)
    }

    fn standard(&self) -> Option<Standard> {
        Some(match (self.module, self.name) {
            ("collections", "OrderedDict" | "defaultdict")
            | ("builtins" | "__builtin__", "dict")
            | ("dnnlib" | "dnnlib.util", "EasyDict") => Standard::Dictionary,
            ("builtins" | "__builtin__", "list" | "tuple" | "set" | "frozenset") | ("torch", "Size") => {
                Standard::Sequence
            }
            ("builtins" | "__builtin__", "bytes" | "bytearray") | ("_codecs", "encode") => Standard::Bytes,
            _ => return None,
        })
    }
}

impl Pickle<'_> {
    /// The text of an item.
    pub(crate) fn text(&self, item: Item) -> Option<Cow<'_, str>> {
        match self.object(item)? {
            Object::Text(text) => Some(Cow::Borrowed(text)),
            Object::ByteString(bytes) => Some(latin1(bytes)),
            _ => None,
        }
    }

    /// The text of an item, if that is no longer than a name is. A reader that asks for the same text again
    /// and again must not have to convert a long one each time.
    pub(crate) fn name(&self, item: Item) -> Option<Cow<'_, str>> {
        const LONGEST: usize = 1024;
        match self.object(item)? {
            Object::Text(text) if text.len() > LONGEST => None,
            Object::ByteString(bytes) if bytes.len() > LONGEST => None,
            _ => self.text(item),
        }
    }

    /// The bytes of an item, whichever way its protocol writes them. They are borrowed from the file where
    /// they lie there as they are.
    pub(crate) fn bytes(&self, item: Item, budget: &Budget) -> Result<Option<Cow<'_, [u8]>>> {
        // Characters that cost as much as a step.
        const STEP: usize = 16;
        let Some((content, is_call)) = self.content(item) else { return Ok(None) };
        let Some(content) = content else { return Ok(Some(Cow::Borrowed(&[]))) };
        Ok(match &self.objects[content.0 as usize] {
            Object::Bytes(bytes) => Some(Cow::Borrowed(bytes)),
            Object::ByteString(bytes) => Some(Cow::Borrowed(bytes)),
            // Protocols below 3 have no bytes, so Python 3 writes them as Latin-1 text.
            Object::Text(text) if is_call => {
                budget.spend_steps(text.len() / STEP)?;
                let bytes = text.chars().map(|character| u8::try_from(u32::from(character)).ok());
                bytes.collect::<Option<Vec<u8>>>().map(Cow::Owned)
            }
            _ => None,
        })
    }

    /// The object that has the bytes that an item stands for, whichever calls stand round it: the same for the same bytes.
    pub(crate) fn bytes_object(&self, item: Item) -> Option<ObjectId> {
        self.content(item)?.0
    }

    /// The object that has an item's bytes, none where there are no bytes; and whether a call makes bytes of it.
    fn content(&self, item: Item) -> Option<(Option<ObjectId>, bool)> {
        let id = |item| if let Item::Object(id) = item { Some(id) } else { None };
        match self.object(item)? {
            Object::Bytes(_) | Object::ByteString(_) => Some((id(item), false)),
            Object::Record(_) => {
                let call = self.call(item).filter(|call| call.standard() == Some(Standard::Bytes))?;
                match call.arguments {
                    [] => Some((None, true)),
                    &[content, ..] => id(content).map(|id| (Some(id), true)),
                }
            }
            _ => None,
        }
    }

    /// The lengths or strides that an item lists.
    pub(crate) fn sizes(&self, item: Item) -> Option<Vec<usize>> {
        self.sequence(item)?.iter().map(|&size| size.size()).collect()
    }

    /// The elements of a tuple, list or set.
    pub(crate) fn sequence(&self, item: Item) -> Option<&[Item]> {
        match self.object(item)? {
            Object::Tuple(items) | Object::List(items) | Object::Set(items) => Some(items),
            Object::Record(record) if !record.items.is_empty() => Some(&record.items),
            Object::Record(_) => {
                let call = self.call(item).filter(|call| call.standard() == Some(Standard::Sequence))?;
                match call.arguments {
                    [] => Some(&[]),
                    &[content, ..] => match self.object(content)? {
                        Object::Tuple(items) | Object::List(items) => Some(items),
                        _ => None,
                    },
                }
            }
            _ => None,
        }
    }

    /// How many entries [`entries`](Self::entries) looks at, pairs that are none included.
    pub(crate) fn entry_count(&self, item: Item) -> usize {
        let Some(object) = self.object(item) else { return 0 };
        match object {
            Object::Dictionary(entries) => entries.len(),
            Object::Record(record) if !record.entries.is_empty() => record.entries.len(),
            Object::Record(_) => {
                let content = self.call(item).and_then(|call| self.object(*call.arguments.first()?));
                match content {
                    Some(Object::Dictionary(entries)) => entries.len(),
                    Some(Object::List(pairs)) => pairs.len(),
                    _ => 0,
                }
            }
            _ => 0,
        }
    }

    /// The entries of a dictionary of any class, in order; where a key is there twice, the last counts.
    pub(crate) fn entries(&self, item: Item) -> Option<impl Iterator<Item = (Item, Item)>> {
        let (entries, pairs): (&[(Item, Item)], &[Item]) = match self.object(item)? {
            Object::Dictionary(entries) => (entries, &[]),
            Object::Record(record) if !record.entries.is_empty() => (&record.entries, &[]),
            Object::Record(_) => {
                let call = self.call(item).filter(|call| call.standard() == Some(Standard::Dictionary))?;
                match call.arguments.first().and_then(|&content| self.object(content)) {
                    Some(Object::Dictionary(entries)) => (entries, &[]),
                    // Python 2 gives the entries of an ordered dictionary as a list of pairs.
                    Some(Object::List(pairs)) => (&[], pairs),
                    _ => (&[], &[]),
                }
            }
            _ => return None,
        };
        let pair = |&pair: &Item| match self.sequence(pair)? {
            &[key, value] => Some((key, value)),
            _ => None,
        };
        Some(entries.iter().copied().chain(pairs.iter().filter_map(pair)))
    }

    /// The dictionary of attributes that an object was given as its state.
    pub(crate) fn attributes(&self, item: Item) -> Option<Item> {
        let Object::Record(record) = self.object(item)? else { return None };
        match self.object(record.state)? {
            Object::Dictionary(_) => Some(record.state),
            // Objects with slots have a pair: the dictionary and the slots.
            Object::Tuple(pair) if pair.len() == 2 => {
                matches!(self.object(pair[0]), Some(Object::Dictionary(_))).then_some(pair[0])
            }
            _ => None,
        }
    }

    /// Whether an item is what some class or function would have made, of whose contents nothing is known.
    pub(crate) fn is_opaque(&self, item: Item) -> bool {
        let Some(Object::Record(record)) = self.object(item) else { return false };
        record.entries.is_empty()
            && record.items.is_empty()
            && self.attributes(item).is_none()
            && self.call(item).is_none_or(|call| call.standard().is_none())
    }

    /// The call that a record stands for, where it names what it calls.
    pub(crate) fn call(&self, item: Item) -> Option<Call<'_>> {
        let Object::Record(record) = self.object(item)? else { return None };
        let (mut module, mut name) = self.global(record.callable)?;
        let mut arguments = match self.object(record.arguments) {
            Some(Object::Tuple(items)) => items.as_slice(),
            _ => &[],
        };
        // Protocols 0 and 1 make objects through this function of Python's, given their class.
        if matches!(module, "copyreg" | "copy_reg") && name == "_reconstructor" {
            (module, name) = self.global(*arguments.first()?)?;
            arguments = arguments.get(2..).unwrap_or_default();
        }
        Some(Call { module, name, arguments, record })
    }

    /// The names of the module and of the class or function that an item is.
    pub(crate) fn global(&self, item: Item) -> Option<(&str, &str)> {
        let class = match self.object(item)? {
            // torch.save before 1.6 gives the classes of modules together with their source.
            &Object::Persistent(identifier) => match self.sequence(identifier)? {
                &[kind, class, ..] if self.name(kind)? == "module" => self.object(class)?,
                _ => return None,
            },
            object => object,
        };
        let &Object::Global { module, name } = class else { return None };
        match (self.object(module)?, self.object(name)?) {
            (Object::Text(module), Object::Text(name)) => Some((module, name)),
            _ => None,
        }
    }

    /// What an item is, for a message.
    pub(crate) fn describe(&self, item: Item) -> String {
        match (item, self.object(item)) {
            (Item::Bool(_), _) => "a truth value".to_owned(),
            (Item::Integer(_) | Item::Float(_), _) | (_, Some(Object::LongInteger)) => "a number".to_owned(),
            (_, Some(Object::Text(_))) => "a text".to_owned(),
            (_, Some(Object::Bytes(_) | Object::ByteString(_))) => "bytes".to_owned(),
            (_, Some(Object::Tuple(_) | Object::List(_) | Object::Set(_))) => "a list".to_owned(),
            (_, Some(Object::Dictionary(_))) => "a dictionary".to_owned(),
            (_, Some(Object::Global { .. })) => match self.global(item) {
                Some((module, name)) => format!("the class or function {}", quote(&format!("{module}.{name}"))),
                None => "a class or function without a name".to_owned(),
            },
            (_, Some(Object::Persistent(_))) => "a storage".to_owned(),
            (_, Some(Object::Record(_))) => match self.call(item) {
                Some(call) => format!("what {} makes", quote(&call.global())),
                None => "what a nameless function makes".to_owned(),
            },
            (Item::None | Item::Object(_), _) => "nothing".to_owned(),
        }
    }
}
