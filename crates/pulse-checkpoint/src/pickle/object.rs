//! What a pickle makes.

use std::borrow::Cow;

/// A value: small ones themselves, others by reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Item {
    None,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Object(ObjectId),
}

impl Item {
    /// The length, index or offset that this says.
    pub(crate) fn size(self) -> Option<usize> {
        match self {
            Self::Integer(number) => usize::try_from(number).ok(),
            _ => None,
        }
    }
}

/// Which object of a [`Pickle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ObjectId(pub(super) u32);

#[derive(Debug)]
pub(crate) enum Object<'a> {
    /// A whole number beyond 64 bits, which nothing that is read here needs.
    LongInteger,
    /// The bytes of Python 3.
    Bytes(&'a [u8]),
    /// The `str` of Python 2, which may be text (then in Latin-1) or bytes.
    ByteString(Cow<'a, [u8]>),
    Text(Cow<'a, str>),
    Tuple(Vec<Item>),
    List(Vec<Item>),
    Set(Vec<Item>),
    Dictionary(Vec<(Item, Item)>),
    /// A class or function, by the names of its module and itself.
    Global {
        module: Item,
        name: Item,
    },
    /// What the program leaves to its reader to find.
    Persistent(Item),
    Record(Box<Record>),
}

impl Object<'_> {
    /// Bytes of memory beside its own, as an allocator rounds them.
    pub(super) fn heap(&self) -> usize {
        const ROUNDED: usize = 16;
        let owned = match self {
            Self::Text(Cow::Owned(text)) => text.capacity(),
            Self::ByteString(Cow::Owned(bytes)) => bytes.capacity(),
            Self::Tuple(items) | Self::List(items) | Self::Set(items) => items.capacity() * size_of::<Item>(),
            Self::Dictionary(entries) => entries.capacity() * size_of::<(Item, Item)>(),
            Self::Record(_) => size_of::<Record>(),
            _ => return 0,
        };
        owned + ROUNDED
    }
}

/// A call that was not made, and what was done with what it would have returned.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) callable: Item,
    pub(crate) arguments: Item,
    pub(crate) keywords: Item,
    /// What would have been set as its state.
    pub(crate) state: Item,
    /// What would have been appended to it.
    pub(crate) items: Vec<Item>,
    /// What would have been set in it by key.
    pub(crate) entries: Vec<(Item, Item)>,
}

/// A pickle that was run.
#[derive(Debug)]
pub(crate) struct Pickle<'a> {
    pub(super) objects: Vec<Object<'a>>,
    pub(crate) root: Item,
}

impl<'a> Pickle<'a> {
    /// The object that an item refers to.
    pub(crate) fn object(&self, item: Item) -> Option<&Object<'a>> {
        match item {
            Item::Object(id) => self.objects.get(id.0 as usize),
            _ => None,
        }
    }

    /// What an item was that the program left to its reader.
    pub(crate) fn identifier(&self, item: Item) -> Option<Item> {
        match self.object(item)? {
            Object::Persistent(identifier) => Some(*identifier),
            _ => None,
        }
    }

    /// All identifiers that the program left to its reader.
    pub(crate) fn identifiers(&self) -> impl Iterator<Item = Item> {
        self.objects.iter().filter_map(|object| match object {
            Object::Persistent(identifier) => Some(*identifier),
            _ => None,
        })
    }
}
