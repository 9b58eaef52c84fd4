//! The two networks of a file that were trained against each other.

use crate::checkpoint::Checkpoint;
use crate::error::Result;

/// The name of the discriminator in NVIDIA's files, and in those that are written here.
pub(crate) const DISCRIMINATOR: &str = "D";

/// A generator and the discriminator that it was trained against, from one file.
#[derive(Debug)]
pub struct Pair {
    /// The averaged generator, where there are several.
    pub generator: Checkpoint,
    /// The network `D` of the file, or `d`; nothing where there is none. One that cannot be read keeps nobody from
    /// the generator.
    pub discriminator: Option<Result<Checkpoint>>,
}
