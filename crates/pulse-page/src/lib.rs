//! The explorer as a module of WebAssembly: what `pulse open` serves, in a worker of the page.
//!
//! The module is one of WASI, preview 1: its disk is in the memory of the page, which keeps it in the browser if it likes. It exports
//! three functions that take nothing, [`exports`]: requests come in by its standard input, answers and events go out by its standard
//! output, so that no memory is shared and nothing but the names of the three is unsafe.
//!
//! ```text
//! in    {"number":7,"method":"POST","path":"/api/v1/searches","kind":"application/json"}\n  and the body, to the end
//! out   {"answer":7,"status":200,"kind":"application/json","name":null,"length":512}\n      and that many bytes
//! out   {"event":"node","number":31,"length":480}\n                                         and that many bytes of JSON
//! ```
#![deny(unsafe_code)]

mod conversation;
pub mod exports;

pub use conversation::Conversation;
