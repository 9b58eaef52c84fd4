//! The stack machine that a pickle is a program for: what its operations work on.

use std::collections::HashMap;

use super::literal::Whole;
use super::object::{Item, Object, ObjectId, Pickle, Record};
use super::source::Source;
use crate::error::{Error, Result};

/// No program runs longer. Each step makes at most one object of bounded size, beside text and bytes that
/// are in the file, so this bounds memory too: to a quarter of a gigabyte or so. Checkpoints of large
/// networks take some hundred thousand steps.
const LONGEST: usize = 1 << 21;

/// Runs the program at the front of `source`, and leaves `source` behind it.
pub(crate) fn run<'a>(source: &mut Source<'a>) -> Result<Pickle<'a>> {
    let mut machine = Machine {
        source: source.clone(),
        objects: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
    };
    for _ in 0..LONGEST {
        if let Some(root) = machine.step()? {
            *source = machine.source;
            return Ok(Pickle { objects: machine.objects, root });
        }
    }
    Err(Error::too_large(format_args!("the pickle takes more than {LONGEST} steps")))
}

pub(super) struct Machine<'a> {
    pub(super) source: Source<'a>,
    objects: Vec<Object<'a>>,
    pub(super) stack: Vec<Item>,
    /// The heights of the stack at which something that takes "all up to the mark" began.
    pub(super) marks: Vec<usize>,
    pub(super) memo: HashMap<u32, Item>,
}

impl<'a> Machine<'a> {
    /// The bytes behind a length of `width` bytes.
    pub(super) fn counted(&mut self, width: u8) -> Result<&'a [u8]> {
        let length = match width {
            1 => self.source.u8()?.into(),
            4 => self.source.u32()?.into(),
            _ => self.source.u64()?,
        };
        self.source.take(length)
    }

    pub(super) fn make(&mut self, object: Object<'a>) -> Result<Item> {
        let id = u32::try_from(self.objects.len()).map_err(|_| Error::too_large("the pickle makes 2^32 objects"))?;
        self.objects.push(object);
        Ok(Item::Object(ObjectId(id)))
    }

    pub(super) fn push(&mut self, object: Object<'a>) -> Result<()> {
        let item = self.make(object)?;
        self.stack.push(item);
        Ok(())
    }

    pub(super) fn push_whole(&mut self, number: Whole) -> Result<()> {
        match number {
            Whole::Word(number) => self.stack.push(Item::Integer(number)),
            Whole::Long => self.push(Object::LongInteger)?,
        }
        Ok(())
    }

    /// Where the topmost `count` items begin, none of which may lie below the last mark.
    pub(super) fn reach(&self, count: usize) -> Result<usize> {
        let floor = self.marks.last().copied().unwrap_or(0);
        self.stack
            .len()
            .checked_sub(count)
            .filter(|&from| from >= floor)
            .ok_or_else(|| unsound("too little on its stack"))
    }

    pub(super) fn top(&self) -> Result<Item> {
        self.reach(1).map(|from| self.stack[from])
    }

    pub(super) fn pop(&mut self) -> Result<Item> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// Drops the topmost item, or the mark where that is on top.
    pub(super) fn discard(&mut self) -> Result<()> {
        if self.marks.last() == Some(&self.stack.len()) {
            self.marks.pop();
            return Ok(());
        }
        self.pop().map(drop)
    }

    pub(super) fn pop_to_mark(&mut self) -> Result<Vec<Item>> {
        let mark = self.marks.pop().ok_or_else(|| unsound("no mark on its stack"))?;
        Ok(self.pop_from(mark))
    }

    pub(super) fn pop_from(&mut self, height: usize) -> Vec<Item> {
        // Not `split_off`, which may hand out the capacity of the whole stack.
        let items = self.stack[height..].to_vec();
        self.stack.truncate(height);
        items
    }

    pub(super) fn memorise(&mut self, index: u32) -> Result<()> {
        let top = self.top()?;
        self.memo.insert(index, top);
        Ok(())
    }

    pub(super) fn recall(&mut self, index: u32) -> Result<()> {
        let item = self.memo.get(&index).ok_or_else(|| unsound("a reference to what it never made"))?;
        self.stack.push(*item);
        Ok(())
    }

    pub(super) fn global_from_lines(&mut self) -> Result<Item> {
        let (module, name) = (self.source.line()?, self.source.line()?);
        let module = self.make(Object::Text(String::from_utf8_lossy(module)))?;
        let name = self.make(Object::Text(String::from_utf8_lossy(name)))?;
        self.make(Object::Global { module, name })
    }

    pub(super) fn record(&mut self, callable: Item, arguments: Item) -> Result<()> {
        let (keywords, state) = (Item::None, Item::None);
        let record = Record { callable, arguments, keywords, state, items: Vec::new(), entries: Vec::new() };
        self.push(Object::Record(Box::new(record)))
    }

    fn top_object(&mut self) -> Result<&mut Object<'a>> {
        match self.top()? {
            Item::Object(ObjectId(id)) => Ok(&mut self.objects[id as usize]),
            _ => Err(unsound("contents given to a number")),
        }
    }

    pub(super) fn with_record(&mut self, change: impl FnOnce(&mut Record)) -> Result<()> {
        match self.top_object()? {
            Object::Record(record) => change(record),
            _ => return Err(unsound("a state given to plain data")),
        }
        Ok(())
    }

    pub(super) fn append(&mut self, items: &[Item]) -> Result<()> {
        match self.top_object()? {
            Object::List(list) | Object::Set(list) => list.extend_from_slice(items),
            Object::Record(record) => record.items.extend_from_slice(items),
            _ => return Err(unsound("elements given to what is no list")),
        }
        Ok(())
    }

    pub(super) fn set(&mut self, entries: &[(Item, Item)]) -> Result<()> {
        match self.top_object()? {
            Object::Dictionary(dictionary) => dictionary.extend_from_slice(entries),
            Object::Record(record) => record.entries.extend_from_slice(entries),
            _ => return Err(unsound("entries given to what is no dictionary")),
        }
        Ok(())
    }
}

pub(super) fn unsound(what: &str) -> Error {
    Error::corrupt(format_args!("the pickle has {what}"))
}
