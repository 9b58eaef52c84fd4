//! The stack of the machine, and its memo.

use std::collections::HashMap;

use super::object::Item;
use super::source::unsound;
use crate::error::Result;

#[derive(Debug, Default)]
pub(super) struct Stack {
    items: Vec<Item>,
    /// The heights of the stack at which something that takes "all up to the mark" began.
    marks: Vec<usize>,
}

impl Stack {
    pub(super) fn push(&mut self, item: Item) {
        self.items.push(item);
    }

    pub(super) fn mark(&mut self) {
        self.marks.push(self.items.len());
    }

    /// Where the topmost `count` items begin, none of which may lie below the last mark.
    fn reach(&self, count: usize) -> Result<usize> {
        let floor = self.marks.last().copied().unwrap_or(0);
        let from = self.items.len().checked_sub(count).filter(|&from| from >= floor);
        from.ok_or_else(|| unsound("too little on its stack"))
    }

    pub(super) fn top(&self) -> Result<Item> {
        self.reach(1).map(|from| self.items[from])
    }

    pub(super) fn pop(&mut self) -> Result<Item> {
        let top = self.top()?;
        self.items.pop();
        Ok(top)
    }

    /// The topmost `count` items, the lowest first.
    pub(super) fn pop_many(&mut self, count: usize) -> Result<Vec<Item>> {
        self.reach(count).map(|from| self.pop_from(from))
    }

    /// The items above the last mark, the lowest first.
    pub(super) fn pop_to_mark(&mut self) -> Result<Vec<Item>> {
        let mark = self.marks.pop().ok_or_else(|| unsound("no mark on its stack"))?;
        Ok(self.pop_from(mark))
    }

    fn pop_from(&mut self, height: usize) -> Vec<Item> {
        // Not `split_off`, which may hand out the capacity of the whole stack.
        let items = self.items[height..].to_vec();
        self.items.truncate(height);
        items
    }

    /// Drops the topmost item, or the mark where that is on top.
    pub(super) fn discard(&mut self) -> Result<()> {
        if self.marks.last() == Some(&self.items.len()) {
            self.marks.pop();
            return Ok(());
        }
        self.pop().map(drop)
    }
}

/// What the program set aside, by number.
#[derive(Debug, Default)]
pub(super) struct Memo(HashMap<u32, Item>);

impl Memo {
    /// The number that is put without being said. It cannot overflow: each step puts at most one item.
    pub(super) fn next(&self) -> u32 {
        self.0.len() as u32
    }

    /// Keeps the item, and gives it back.
    pub(super) fn put(&mut self, index: u32, item: Item) -> Item {
        self.0.insert(index, item);
        item
    }

    pub(super) fn get(&self, index: u32) -> Result<Item> {
        self.0.get(&index).copied().ok_or_else(|| unsound("a reference to what it never made"))
    }
}
