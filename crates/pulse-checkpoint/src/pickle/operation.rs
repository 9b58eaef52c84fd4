//! Running a pickle: what each operation does. Those that would call something only keep a record of the call.

use std::borrow::Cow;
use std::str::FromStr;

use super::literal::{decimal, latin1, quoted, raw_unicode, twos_complement};
use super::machine::{Machine, Objects};
use super::object::{Item, Object, Pickle};
use super::opcode::Opcode;
use super::source::{Source, unsound};
use super::stack::{Memo, Stack};
use crate::budget::Budget;
use crate::error::{Error, Result};

/// What a step may put on the stack or into the memo, and what these keep ready for more, in bytes.
const STEP: usize = 2 * size_of::<Item>();
const NOTED: usize = 4 * size_of::<Item>();

/// Runs the program at the front of `source`, and leaves `source` behind it. The budget pays for its steps and for what it makes.
pub(crate) fn run<'a>(source: &mut Source<'a>, budget: &Budget) -> Result<Pickle<'a>> {
    let mut machine = Machine {
        source: source.clone(),
        stack: Stack::default(),
        memo: Memo::default(),
        objects: Objects { list: Vec::new(), budget },
        root: None,
    };
    loop {
        budget.spend_operation()?;
        budget.spend_memory(STEP)?;
        let byte = machine.source.u8()?;
        let unknown = || unsound(format_args!("the byte {byte:#04x} where an operation should be"));
        machine.perform(Opcode::of(byte).ok_or_else(unknown)?)?;
        if let Some(root) = machine.root {
            *source = machine.source;
            return Ok(Pickle { objects: machine.objects.list, root });
        }
    }
}

impl Machine<'_, '_> {
    /// Does one operation. Most put one item on the stack; the others return early.
    pub(super) fn perform(&mut self, opcode: Opcode) -> Result<()> {
        let Self { source, stack, memo, objects, root } = self;
        if matches!(opcode, Opcode::Put | Opcode::BinPut | Opcode::LongBinPut | Opcode::Memoize) {
            objects.budget.spend_memory(NOTED)?;
        }
        let item = match opcode {
            // The program and its stack.
            Opcode::Proto => return source.u8().map(drop),
            Opcode::Frame => return source.u64().map(drop),
            Opcode::Stop => {
                *root = Some(stack.pop()?);
                return Ok(());
            }
            Opcode::Mark => {
                stack.mark();
                return Ok(());
            }
            Opcode::Pop => return stack.discard(),
            Opcode::PopMark => return stack.pop_to_mark().map(drop),
            Opcode::Dup => stack.top()?,

            // Nothing, truth values and numbers.
            Opcode::None => Item::None,
            Opcode::NewTrue => Item::Bool(true),
            Opcode::NewFalse => Item::Bool(false),
            Opcode::Int => match source.line()? {
                b"00" => Item::Bool(false),
                b"01" => Item::Bool(true),
                digits => objects.whole(sound(decimal(digits), "a number that is none")?)?,
            },
            Opcode::BinInt => Item::Integer(source.array().map(i32::from_le_bytes)?.into()),
            Opcode::BinInt1 => Item::Integer(source.u8()?.into()),
            Opcode::BinInt2 => Item::Integer(source.u16()?.into()),
            Opcode::Long => {
                let line = source.line()?;
                let digits = line.strip_suffix(b"L").unwrap_or(line);
                objects.whole(sound(decimal(digits), "a number that is none")?)?
            }
            Opcode::Long1 => objects.whole(twos_complement(source.counted_by_u8()?))?,
            Opcode::Long4 => objects.whole(twos_complement(source.counted_by_u32()?))?,
            Opcode::Float => Item::Float(sound(parsed(source.line()?), "a number that is none")?),
            Opcode::BinFloat => Item::Float(source.array().map(f64::from_be_bytes)?),

            // Bytes and text.
            Opcode::String => {
                let bytes = sound(quoted(source.line()?), "a text without its quotes")?;
                objects.make(Object::ByteString(bytes))?
            }
            Opcode::BinString => objects.make(Object::ByteString(Cow::Borrowed(source.counted_by_u32()?)))?,
            Opcode::ShortBinString => objects.make(Object::ByteString(Cow::Borrowed(source.counted_by_u8()?)))?,
            Opcode::BinBytes => objects.make(Object::Bytes(source.counted_by_u32()?))?,
            Opcode::ShortBinBytes => objects.make(Object::Bytes(source.counted_by_u8()?))?,
            Opcode::BinBytes8 | Opcode::ByteArray8 => objects.make(Object::Bytes(source.counted_by_u64()?))?,
            Opcode::NextBuffer => return Err(buffers_outside()),
            // It changes nothing of what is made.
            Opcode::ReadonlyBuffer => return Ok(()),
            Opcode::Unicode => {
                let text = sound(raw_unicode(source.line()?), "a text with half a character")?;
                objects.make(Object::Text(text))?
            }
            Opcode::ShortBinUnicode => objects.text(source.counted_by_u8()?)?,
            Opcode::BinUnicode => objects.text(source.counted_by_u32()?)?,
            Opcode::BinUnicode8 => objects.text(source.counted_by_u64()?)?,

            // Containers.
            Opcode::EmptyTuple => objects.make(Object::Tuple(Vec::new()))?,
            Opcode::Tuple1 => objects.make(Object::Tuple(stack.pop_many(1)?))?,
            Opcode::Tuple2 => objects.make(Object::Tuple(stack.pop_many(2)?))?,
            Opcode::Tuple3 => objects.make(Object::Tuple(stack.pop_many(3)?))?,
            Opcode::Tuple => objects.make(Object::Tuple(stack.pop_to_mark()?))?,
            Opcode::EmptyList => objects.make(Object::List(Vec::new()))?,
            Opcode::List => objects.make(Object::List(stack.pop_to_mark()?))?,
            Opcode::EmptyDict => objects.make(Object::Dictionary(Vec::new()))?,
            Opcode::Dict => objects.make(Object::Dictionary(pairs(&stack.pop_to_mark()?)?))?,
            Opcode::EmptySet => objects.make(Object::Set(Vec::new()))?,
            Opcode::FrozenSet => objects.make(Object::Set(stack.pop_to_mark()?))?,
            Opcode::Append => {
                let item = stack.pop()?;
                return objects.append(stack.top()?, &[item]);
            }
            Opcode::Appends | Opcode::AddItems => {
                let items = stack.pop_to_mark()?;
                return objects.append(stack.top()?, &items);
            }
            Opcode::SetItem => {
                let (value, key) = (stack.pop()?, stack.pop()?);
                return objects.set(stack.top()?, &[(key, value)]);
            }
            Opcode::SetItems => {
                let entries = pairs(&stack.pop_to_mark()?)?;
                return objects.set(stack.top()?, &entries);
            }

            // The memo.
            Opcode::Put => memo.put(sound(parsed(source.line()?), "a memo without a number")?, stack.pop()?),
            Opcode::BinPut => memo.put(source.u8()?.into(), stack.pop()?),
            Opcode::LongBinPut => memo.put(source.u32()?, stack.pop()?),
            Opcode::Memoize => memo.put(memo.next(), stack.pop()?),
            Opcode::Get => memo.get(sound(parsed(source.line()?), "a memo without a number")?)?,
            Opcode::BinGet => memo.get(source.u8()?.into())?,
            Opcode::LongBinGet => memo.get(source.u32()?)?,

            // Classes, functions, and what Python would do with them.
            Opcode::Global => objects.global(source.line()?, source.line()?)?,
            Opcode::StackGlobal => {
                let (name, module) = (stack.pop()?, stack.pop()?);
                objects.make(Object::Global { module, name })?
            }
            // They differ in how the call is made, and it is not.
            Opcode::Reduce | Opcode::NewObj => {
                let (arguments, callable) = (stack.pop()?, stack.pop()?);
                objects.record(callable, arguments, Item::None)?
            }
            Opcode::NewObjEx => {
                let (keywords, arguments, callable) = (stack.pop()?, stack.pop()?, stack.pop()?);
                objects.record(callable, arguments, keywords)?
            }
            Opcode::Obj => {
                let items = stack.pop_to_mark()?;
                let (&callable, arguments) = sound(items.split_first(), "an object without a class")?;
                let arguments = objects.make(Object::Tuple(arguments.to_vec()))?;
                objects.record(callable, arguments, Item::None)?
            }
            Opcode::Inst => {
                let callable = objects.global(source.line()?, source.line()?)?;
                let arguments = objects.make(Object::Tuple(stack.pop_to_mark()?))?;
                objects.record(callable, arguments, Item::None)?
            }
            Opcode::Build => {
                let state = stack.pop()?;
                return objects.set_state(stack.top()?, state);
            }
            Opcode::PersId => {
                let identifier = objects.make(Object::Text(latin1(source.line()?)))?;
                objects.make(Object::Persistent(identifier))?
            }
            Opcode::BinPersId => objects.make(Object::Persistent(stack.pop()?))?,
            Opcode::Ext1 | Opcode::Ext2 | Opcode::Ext4 => return Err(extension_registry()),
        };
        stack.push(item);
        Ok(())
    }
}

fn sound<T>(value: Option<T>, otherwise: &str) -> Result<T> {
    value.ok_or_else(|| unsound(otherwise))
}

/// What a line of text says.
fn parsed<T: FromStr>(line: &[u8]) -> Option<T> {
    std::str::from_utf8(line).ok()?.trim().parse().ok()
}

fn pairs(items: &[Item]) -> Result<Vec<(Item, Item)>> {
    let (pairs, []) = items.as_chunks::<2>() else {
        return Err(unsound("a key without a value"));
    };
    Ok(pairs.iter().map(|&[key, value]| (key, value)).collect())
}

fn buffers_outside() -> Error {
    Error::unsupported("the pickle's arrays are in buffers outside the file: save it without a buffer_callback")
}

fn extension_registry() -> Error {
    let message = "the pickle refers to Python's extension registry, which is not in the file: save its state \
                   dictionary with torch.save";
    Error::unsupported(message)
}
