//! The stack machine that a pickle is a program for: what its operations work on.

use super::literal::Whole;
use super::object::{Item, Object, ObjectId, Record};
use super::source::{Source, unsound};
use super::stack::{Memo, Stack};
use crate::budget::Budget;
use crate::error::{Error, Result};

pub(super) struct Machine<'a, 'b> {
    pub(super) source: Source<'a>,
    pub(super) stack: Stack,
    pub(super) memo: Memo,
    pub(super) objects: Objects<'a, 'b>,
    /// What the program made, once it has stopped.
    pub(super) root: Option<Item>,
}

/// All objects that the program made, and what pays for them.
#[derive(Debug)]
pub(super) struct Objects<'a, 'b> {
    pub(super) list: Vec<Object<'a>>,
    pub(super) budget: &'b Budget,
}

impl<'a> Objects<'a, '_> {
    pub(super) fn make(&mut self, object: Object<'a>) -> Result<Item> {
        // Lists grow by doubling.
        const ITSELF: usize = 2 * size_of::<Object<'_>>();
        let id = u32::try_from(self.list.len()).map_err(|_| Error::too_large("the pickle makes 2^32 objects"))?;
        self.budget.spend_memory(ITSELF + object.heap())?;
        self.list.push(object);
        Ok(Item::Object(ObjectId(id)))
    }

    pub(super) fn whole(&mut self, number: Whole) -> Result<Item> {
        match number {
            Whole::Word(number) => Ok(Item::Integer(number)),
            Whole::Long => self.make(Object::LongInteger),
        }
    }

    pub(super) fn text(&mut self, bytes: &'a [u8]) -> Result<Item> {
        self.make(Object::Text(String::from_utf8_lossy(bytes)))
    }

    pub(super) fn global(&mut self, module: &'a [u8], name: &'a [u8]) -> Result<Item> {
        let (module, name) = (self.text(module)?, self.text(name)?);
        self.make(Object::Global { module, name })
    }

    pub(super) fn record(&mut self, callable: Item, arguments: Item, keywords: Item) -> Result<Item> {
        let state = Item::None;
        let record = Record { callable, arguments, keywords, state, items: Vec::new(), entries: Vec::new() };
        self.make(Object::Record(Box::new(record)))
    }

    fn get(&mut self, item: Item) -> Result<&mut Object<'a>> {
        match item {
            Item::Object(ObjectId(id)) => Ok(&mut self.list[id as usize]),
            _ => Err(unsound("contents given to a number")),
        }
    }

    pub(super) fn set_state(&mut self, item: Item, state: Item) -> Result<()> {
        match self.get(item)? {
            Object::Record(record) => record.state = state,
            _ => return Err(unsound("a state given to plain data")),
        }
        Ok(())
    }

    pub(super) fn append(&mut self, item: Item, items: &[Item]) -> Result<()> {
        self.budget.spend_memory(2 * size_of_val(items))?;
        match self.get(item)? {
            Object::List(list) | Object::Set(list) => list.extend_from_slice(items),
            Object::Record(record) => record.items.extend_from_slice(items),
            _ => return Err(unsound("elements given to what is no list")),
        }
        Ok(())
    }

    pub(super) fn set(&mut self, item: Item, entries: &[(Item, Item)]) -> Result<()> {
        self.budget.spend_memory(2 * size_of_val(entries))?;
        match self.get(item)? {
            Object::Dictionary(dictionary) => dictionary.extend_from_slice(entries),
            Object::Record(record) => record.entries.extend_from_slice(entries),
            _ => return Err(unsound("entries given to what is no dictionary")),
        }
        Ok(())
    }
}
