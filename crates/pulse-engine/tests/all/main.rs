//! One test binary: the operator cases, and what is asked of every engine over them.

mod builder;
mod builder_properties;
mod calling;
mod cases;
mod contract;
mod cpu;
mod equations;
mod memory;
mod numerics;
mod random;
mod reference;
mod sparse;
