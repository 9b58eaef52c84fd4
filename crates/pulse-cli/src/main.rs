//! The `pulse` program.

fn main() {}
