//! The explorer: a session of searches and walks behind an HTTP interface, and the page that shows it.
//!
//! A session is a folder. Pages upload pictures and ask for searches; one thread searches, first in, first out; another one walks, and
//! goes before it, so that a slider follows the finger. Everything that happens is told to every page in one order, and written
//! down: a page that is loaded again finds all of it, and so does a server that was killed.
//!
//! ```
//! use pulse_server::{Server, Settings};
//!
//! let folder = tempfile::tempdir()?;
//! let server = Server::start(&Settings::new(folder.path().join("session")))?;
//! // What a person opens in a browser. Only who has this address can do anything.
//! assert!(server.url().starts_with("http://127.0.0.1:"));
//! server.ender().end();
//! server.wait();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | Module | What it does |
//! |---|---|
//! | `gate`, `secret` | who may ask |
//! | `listen`, `stream` | what only a server has, which listens |
//! | `routes`, `ask`, `body` | which request does what, and what it and its answer look like |
//! | `act`, `given`, `export` | the doing |
//! | `searcher`, `walker` | what computes: two threads of a server |
//! | `model`, `store`, `view`, `archive` | what a session is, in memory, on the disk, and in one file |
//! | `events` | what pages are told |
//! | `connection`, `page` | connections, and the page's own files |
//! | `alone`, `site` | the same without threads and without a network, and the folder of a page that needs no server |
//!
//! Nothing is computed here but what a library call gives.
#![forbid(unsafe_code)]
#![cfg_attr(target_family = "wasm", allow(dead_code, reason = "what waits for other threads, and what takes files in"))]

mod act;
mod alone;
mod archive;
pub mod ask;
pub mod body;
#[cfg(not(target_family = "wasm"))]
mod bring;
#[cfg(not(target_family = "wasm"))]
mod connection;
#[cfg(test)]
mod description;
mod desk;
mod elsewhere;
mod events;
mod export;
#[cfg(not(target_family = "wasm"))]
mod gate;
mod generators;
mod given;
mod inbox;
#[cfg(not(target_family = "wasm"))]
mod listen;
mod model;
#[cfg(not(target_family = "wasm"))]
mod page;
mod refusal;
mod routes;
mod searcher;
#[cfg(not(target_family = "wasm"))]
mod secret;
#[cfg(not(target_family = "wasm"))]
mod server;
mod shared;
#[cfg(not(target_family = "wasm"))]
mod site;
mod store;
#[cfg(not(target_family = "wasm"))]
mod stream;
mod view;
mod walker;

pub use alone::{Alone, Answered, Asked, Happened};
pub use archive::ENDING;
pub use generators::OfferedModel;
pub use model::SESSION;
#[cfg(not(target_family = "wasm"))]
pub use server::{Ender, Server, Settings};
#[cfg(not(target_family = "wasm"))]
pub use site::Site;
