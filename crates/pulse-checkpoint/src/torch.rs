//! PyTorch's tensors, and the archives that `torch.save` writes.

mod archive;
mod legacy;
mod nested;
mod storage;
mod tensor;
mod zip;

pub(crate) use archive::Archive;
pub(crate) use legacy::{begins as begins_legacy, read as read_legacy};
pub(crate) use nested::Storages;
pub(crate) use storage::Stored;
pub(crate) use tensor::{is_tensor, tensor};
pub(crate) use zip::{begins as begins_zip, read as read_zip, unpack as unpack_zip};
