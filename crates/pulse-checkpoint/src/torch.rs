//! PyTorch's tensors, and the archives that `torch.save` writes.

mod legacy;
mod storage;
mod tensor;
mod zip;

use std::collections::HashMap;

pub(crate) use legacy::{begins as begins_legacy, read as read_legacy};
pub(crate) use storage::Storages;
pub(crate) use tensor::{is_tensor, tensor};
pub(crate) use zip::{begins as begins_zip, read as read_zip, unpack as unpack_zip};

use crate::element::ByteOrder;
use crate::pickle::Pickle;

/// A pickle, and beside it the bytes of the storages that it refers to, by key.
pub(crate) struct Archive<'a> {
    pub(crate) pickle: Pickle<'a>,
    pub(crate) storages: HashMap<String, &'a [u8]>,
    pub(crate) order: ByteOrder,
}
