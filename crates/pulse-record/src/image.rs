//! Pictures in files: reading and writing them.

mod animation;
mod array;
mod bands;
mod colours;
mod decode;
mod folder;
mod jpeg;
mod jpeg_scan;
mod npy;
mod png_colours;
mod print;
mod raster;
mod read;
mod write;

pub use animation::encode_animation;
pub(crate) use array::numbers_of_npy;
pub(crate) use bands::Bands;
pub use folder::{EXTENSIONS, LeftOut, Listing, is_read, is_unread, list, pictures_in};
pub use jpeg::{coding_of, through_jpeg};
pub use raster::{FileNote, Raster, VIEWED};
pub use read::{FORMATS, MAX_BYTES, MAX_FILE_BYTES, MAX_PIXELS, MAX_SIDE, Reader, read_bytes};
pub use write::{Extent, Provenance, encode_png, write_png};
