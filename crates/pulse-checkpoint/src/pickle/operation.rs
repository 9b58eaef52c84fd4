//! The operations of pickle protocols 0 to 5, each a byte. Python's `pickletools` documents them.

use std::borrow::Cow;

use super::literal::{Whole, decimal, latin1, quoted, raw_unicode, twos_complement};
use super::machine::{Machine, unsound};
use super::object::{Item, Object};
use crate::error::{Error, Result};

impl Machine<'_> {
    /// Does one operation; gives what the program made once it stops.
    pub(super) fn step(&mut self) -> Result<Option<Item>> {
        let operation = self.source.u8()?;
        match operation {
            b'.' => return self.pop().map(Some),
            // PROTO and FRAME say nothing that changes what is made; READONLY_BUFFER neither.
            0x80 => _ = self.source.u8()?,
            0x95 => _ = self.source.u64()?,
            0x98 => {}
            b'(' => self.marks.push(self.stack.len()),
            b'0' => self.discard()?,
            b'1' => _ = self.pop_to_mark()?,
            b'2' => {
                let top = self.top()?;
                self.stack.push(top);
            }
            _ => self.number(operation)?,
        }
        Ok(None)
    }

    /// Numbers, truth values and nothing; other operations go on to [`Machine::text`].
    fn number(&mut self, operation: u8) -> Result<()> {
        match operation {
            b'N' => self.stack.push(Item::None),
            0x88 => self.stack.push(Item::Bool(true)),
            0x89 => self.stack.push(Item::Bool(false)),
            b'K' => {
                let number = self.source.u8()?;
                self.stack.push(Item::Integer(number.into()));
            }
            b'M' => {
                let number = self.source.u16()?;
                self.stack.push(Item::Integer(number.into()));
            }
            b'J' => {
                let number = self.source.array().map(i32::from_le_bytes)?;
                self.stack.push(Item::Integer(number.into()));
            }
            b'G' => {
                let number = self.source.array().map(f64::from_be_bytes)?;
                self.stack.push(Item::Float(number));
            }
            b'I' => match self.source.line()? {
                b"00" => self.stack.push(Item::Bool(false)),
                b"01" => self.stack.push(Item::Bool(true)),
                digits => self.push_whole(whole(digits)?)?,
            },
            b'L' => {
                let line = self.source.line()?;
                self.push_whole(whole(line.strip_suffix(b"L").unwrap_or(line))?)?;
            }
            b'F' => {
                let text = std::str::from_utf8(self.source.line()?).unwrap_or_default();
                let number = text.trim().parse().map_err(|_| unsound("a number that is none"))?;
                self.stack.push(Item::Float(number));
            }
            0x8a => {
                let length = self.source.u8()?;
                let bytes = self.source.take(length.into())?;
                self.push_whole(twos_complement(bytes))?;
            }
            0x8b => {
                let length = self.source.u32()?;
                let bytes = self.source.take(length.into())?;
                self.push_whole(twos_complement(bytes))?;
            }
            _ => self.text(operation)?,
        }
        Ok(())
    }

    /// Text and bytes; other operations go on to [`Machine::container`].
    fn text(&mut self, operation: u8) -> Result<()> {
        match operation {
            b'S' => {
                let line = self.source.line()?;
                let bytes = quoted(line).ok_or_else(|| unsound("a text without its quotes"))?;
                self.push(Object::ByteString(bytes))?;
            }
            b'V' => {
                let line = self.source.line()?;
                let text = raw_unicode(line).ok_or_else(|| unsound("a text with half a character"))?;
                self.push(Object::Text(text))?;
            }
            b'U' | b'T' => {
                let bytes = self.counted(if operation == b'U' { 1 } else { 4 })?;
                self.push(Object::ByteString(Cow::Borrowed(bytes)))?;
            }
            b'C' | b'B' | 0x8e | 0x96 => {
                let bytes = self.counted(match operation {
                    b'C' => 1,
                    b'B' => 4,
                    _ => 8,
                })?;
                self.push(Object::Bytes(bytes))?;
            }
            0x8c | b'X' | 0x8d => {
                let bytes = self.counted(match operation {
                    0x8c => 1,
                    b'X' => 4,
                    _ => 8,
                })?;
                self.push(Object::Text(String::from_utf8_lossy(bytes)))?;
            }
            _ => self.container(operation)?,
        }
        Ok(())
    }

    /// Tuples, lists, sets and dictionaries; other operations go on to [`Machine::memory`].
    fn container(&mut self, operation: u8) -> Result<()> {
        match operation {
            b')' => self.push(Object::Tuple(Vec::new()))?,
            0x85..=0x87 => {
                let from = self.reach(usize::from(operation - 0x84))?;
                let items = self.pop_from(from);
                self.push(Object::Tuple(items))?;
            }
            b't' => {
                let items = self.pop_to_mark()?;
                self.push(Object::Tuple(items))?;
            }
            b']' => self.push(Object::List(Vec::new()))?,
            b'l' => {
                let items = self.pop_to_mark()?;
                self.push(Object::List(items))?;
            }
            b'}' => self.push(Object::Dictionary(Vec::new()))?,
            b'd' => {
                let entries = pairs(&self.pop_to_mark()?)?;
                self.push(Object::Dictionary(entries))?;
            }
            0x8f => self.push(Object::Set(Vec::new()))?,
            0x91 => {
                let items = self.pop_to_mark()?;
                self.push(Object::Set(items))?;
            }
            b'a' => {
                let item = self.pop()?;
                self.append(&[item])?;
            }
            b'e' | 0x90 => {
                let items = self.pop_to_mark()?;
                self.append(&items)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set(&[(key, value)])?;
            }
            b'u' => {
                let entries = pairs(&self.pop_to_mark()?)?;
                self.set(&entries)?;
            }
            _ => self.memory(operation)?,
        }
        Ok(())
    }

    /// What puts into the memo and takes out of it; other operations go on to [`Machine::call`].
    fn memory(&mut self, operation: u8) -> Result<()> {
        match operation {
            b'p' => {
                let line = self.source.line()?;
                let index = std::str::from_utf8(line).ok().and_then(|digits| digits.trim().parse().ok());
                self.memorise(index.ok_or_else(|| unsound("a memo without a number"))?)?;
            }
            b'q' => {
                let index = self.source.u8()?;
                self.memorise(index.into())?;
            }
            b'r' => {
                let index = self.source.u32()?;
                self.memorise(index)?;
            }
            // No more than LONGEST steps put something into the memo.
            0x94 => self.memorise(self.memo.len() as u32)?,
            b'g' => {
                let line = self.source.line()?;
                let index = std::str::from_utf8(line).ok().and_then(|digits| digits.trim().parse().ok());
                self.recall(index.ok_or_else(|| unsound("a memo without a number"))?)?;
            }
            b'h' => {
                let index = self.source.u8()?;
                self.recall(index.into())?;
            }
            b'j' => {
                let index = self.source.u32()?;
                self.recall(index)?;
            }
            _ => self.call(operation)?,
        }
        Ok(())
    }

    /// Classes, functions and what would be done with them.
    fn call(&mut self, operation: u8) -> Result<()> {
        match operation {
            b'c' => {
                let global = self.global_from_lines()?;
                self.stack.push(global);
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                self.push(Object::Global { module, name })?;
            }
            // REDUCE and NEWOBJ differ in how the call is made, and it is not.
            b'R' | 0x81 => {
                let (arguments, callable) = (self.pop()?, self.pop()?);
                self.record(callable, arguments)?;
            }
            0x92 => {
                let (keywords, arguments, callable) = (self.pop()?, self.pop()?, self.pop()?);
                self.record(callable, arguments)?;
                self.with_record(|record| record.keywords = keywords)?;
            }
            b'o' => {
                let mut items = self.pop_to_mark()?;
                if items.is_empty() {
                    return Err(unsound("an object without a class"));
                }
                let callable = items.remove(0);
                let arguments = self.make(Object::Tuple(items))?;
                self.record(callable, arguments)?;
            }
            b'i' => {
                let callable = self.global_from_lines()?;
                let items = self.pop_to_mark()?;
                let arguments = self.make(Object::Tuple(items))?;
                self.record(callable, arguments)?;
            }
            b'b' => {
                let state = self.pop()?;
                self.with_record(|record| record.state = state)?;
            }
            b'P' => {
                let line = self.source.line()?;
                let identifier = self.make(Object::Text(latin1(line)))?;
                self.push(Object::Persistent(identifier))?;
            }
            b'Q' => {
                let identifier = self.pop()?;
                self.push(Object::Persistent(identifier))?;
            }
            0x82..=0x84 => {
                let message = "the pickle refers to Python's extension registry, which is not in the file: \
                               save its state dictionary with torch.save";
                return Err(Error::unsupported(message));
            }
            0x97 => {
                let message = "the pickle's arrays are in buffers outside the file: save it without a buffer_callback";
                return Err(Error::unsupported(message));
            }
            _ => return Err(unsound(&format!("the byte {operation:#04x} where an operation should be"))),
        }
        Ok(())
    }
}

fn pairs(items: &[Item]) -> Result<Vec<(Item, Item)>> {
    let (pairs, []) = items.as_chunks::<2>() else {
        return Err(unsound("a key without a value"));
    };
    Ok(pairs.iter().map(|&[key, value]| (key, value)).collect())
}

fn whole(digits: &[u8]) -> Result<Whole> {
    decimal(digits).ok_or_else(|| unsound("a number that is none"))
}
