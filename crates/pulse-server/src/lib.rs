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
//! | `routes`, `ask`, `body` | which request does what, and what it and its answer look like |
//! | `act`, `given`, `export` | the doing |
//! | `searcher`, `walker` | the two threads that compute |
//! | `model`, `store`, `view`, `archive` | what a session is, in memory, on the disk, and in one file |
//! | `events` | what pages are told |
//! | `connection`, `page` | connections, and the page's own files |
//!
//! Nothing is computed here but what a library call gives.
#![forbid(unsafe_code)]

mod act;
mod archive;
pub mod ask;
pub mod body;
mod bring;
mod connection;
#[cfg(test)]
mod description;
mod desk;
mod events;
mod export;
mod gate;
mod generators;
mod given;
mod inbox;
mod model;
mod page;
mod refusal;
mod routes;
mod searcher;
mod secret;
mod server;
mod shared;
mod store;
mod view;
mod walker;

pub use archive::ENDING;
pub use model::SESSION;
pub use server::{Ender, Server, Settings};
