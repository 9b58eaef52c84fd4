//! What an archive of `torch.save` holds.

use super::storage::Stored;
use crate::pickle::Pickle;

/// A pickle, and the storages beside it that it refers to.
pub(crate) struct Archive<'a> {
    pub(crate) pickle: Pickle<'a>,
    pub(crate) stored: Stored<'a>,
}
