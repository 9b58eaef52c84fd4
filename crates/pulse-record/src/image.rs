//! Pictures in files: reading and writing them.

mod animation;
mod array;
mod bands;
mod folder;
mod jpeg;
mod npy;
mod raster;
mod read;
mod write;

pub use animation::encode_animation;
pub(crate) use array::numbers_of_npy;
pub(crate) use bands::Bands;
pub use folder::{EXTENSIONS, pictures_in};
pub use jpeg::coding_of;
pub use read::{FORMATS, MAX_FILE_BYTES, MAX_PIXELS, MAX_SIDE, Reader, read_bytes};
pub use write::{Extent, Provenance, encode_png, write_png};
