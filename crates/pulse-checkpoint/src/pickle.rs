//! Python's pickles, as data.
//!
//! A pickle is a program for a small stack machine, and Python's own runs it by calling whatever the
//! program names. Here nothing is ever called: where a program calls, a [`Record`] keeps what it would have
//! called and with what. Readers then know the few records that stand for plain data, such as an ordered
//! dictionary or an array, and take every other one as it is.
//!
//! Objects live in one list and refer to each other by index. So an object that a program refers to many
//! times is there once, cycles are harmless, and neither reading nor dropping recurses.

mod data;
mod literal;
mod machine;
mod object;
mod opcode;
mod operation;
mod source;
mod stack;

pub(crate) use data::Call;
pub(crate) use object::{Item, Object, ObjectId, Pickle};
pub(crate) use operation::run;
pub(crate) use source::Source;
