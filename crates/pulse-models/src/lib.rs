//! Published generators: a short list of them, the folder that they are kept in, and fetching one when it is asked for.
//!
//! - [`PUBLISHED`] says of each what it makes, under which licence, how much there is to fetch, and where it is.
//! - [`Folder`] is where models are kept and found by their names: what was fetched, and whatever else was put there.
//! - [`located`] is how every front finds the generator that somebody names.
//! - [`get`] fetches one into that folder. It is the only function here that uses the network; what only finds models does without it, and
//!   without the feature `get`.
//!
//! ```
//! use pulse_models::{Folder, PUBLISHED, Published};
//!
//! let published = Published::find("ddpm-celebahq-256").unwrap();
//! assert_eq!((published.pixels, published.licence.name), (256, "Apache-2.0"));
//! // Nothing is there before it was asked for.
//! assert_eq!(Folder::new("no-such-folder").find(published.name), None);
//! assert!(PUBLISHED.iter().all(|published| !published.files.is_empty()));
//! ```
//!
//! # Servers are not trusted
//!
//! Only the hosts that the list names for a model are asked, or the one that the caller gives; only by HTTPS, unless the caller
//! gives another address; a redirection that leads elsewhere is refused. What comes is counted against what was said to come, looked at
//! before it is kept, and held against the checksum that was published, or else against the one of the first download, which is
//! recorded beside the model.
//!
//! # A model is whole or not there
//!
//! Files come into a hidden folder, `.NAME.part`, and take their place when all of them are there and were checked. A download
//! that broke off, was stopped or was killed goes on where it was, if the server still has the same file.

#![forbid(unsafe_code)]

#[cfg(feature = "get")]
mod address;
#[cfg(feature = "get")]
mod ask;
#[cfg(feature = "get")]
mod checksum;
mod error;
#[cfg(feature = "get")]
mod fetch;
mod folder;
#[cfg(feature = "get")]
mod get;
mod list;
#[cfg(feature = "get")]
mod looks;
#[cfg(feature = "get")]
mod part;

pub use error::{Error, ErrorKind, Result};
#[cfg(feature = "get")]
pub use fetch::{Progress, Stage};
pub use folder::{Folder, Kept, kept, located};
#[cfg(feature = "get")]
pub use get::{Got, Settings, get};
pub use list::{Licence, PUBLISHED, Published, RemoteFile};
