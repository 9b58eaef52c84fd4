//! The checkpoints that people have, read into named tensors, without executing anything.
//!
//! [`Checkpoint::open`] tells the kind of a file by its bytes, finds the network in it (the averaged
//! generator, where there are several) and gives its tensors as `f32`, with what the file says of it:
//!
//! | file | tensors are named | configuration |
//! |---|---|---|
//! | safetensors | as they are; in files of this crate, those of a discriminator begin with `D.` | `__metadata__` |
//! | `torch.save`, before and since 1.6, deflated or not: a state dictionary, a dictionary that holds one (`g_ema`, `params_ema`, `netG_state_dict`, …) or a whole model | as in the state dictionary, without `module.` | plain data beside it, such as training arguments |
//! | StyleGAN2-ADA and StyleGAN3 by NVIDIA | as in the state dictionary | `class_name`, `init_args`, `init_kwargs`, attributes, `modules` |
//! | StyleGAN and StyleGAN2 by NVIDIA, for TensorFlow | component, then variable: `synthesis/4x4/Const/const` | `name`, `build_func_name`, `static_kwargs`, `components` |
//! | pickles of NumPy arrays in dictionaries | by their keys | plain data beside them |
//!
//! Tensors that stand beside the network, such as the `latent_avg` beside `g_ema`, are kept under their own
//! names. [`OpenOptions`] chooses another network of a file, and [`Pair`] reads the discriminator with the generator,
//! where there is one.
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use pulse_checkpoint::{Checkpoint, Configuration, Tensor, Value, safetensors_to_vec};
//!
//! let tensors = BTreeMap::from([("mapping.weight".to_owned(), Tensor::new([1, 2], [0.5, -1.0])?)]);
//! let configuration = Configuration::from([("z_dim".to_owned(), Value::Integer(2))]);
//! let file = safetensors_to_vec(&tensors, &configuration)?;
//!
//! let checkpoint = Checkpoint::from_bytes(&file)?;
//! assert_eq!(checkpoint.tensor("mapping.weight")?.shape(), [1, 2]);
//! assert_eq!(checkpoint.tensors, tensors);
//! assert_eq!(checkpoint.configuration["z_dim"].as_integer(), Some(2));
//!
//! let error = Checkpoint::from_bytes(b"cos\nsystem\n(S'echo pwned'\ntR.").unwrap_err();
//! assert!(error.to_string().contains("`os.system`"));
//! # Ok::<(), pulse_checkpoint::Error>(())
//! ```
//!
//! # Files are not trusted
//!
//! Most of these files are pickles, programs that Python would run with all that they call. Here a pickle is
//! only ever data: a call is kept as the name of what it would call and with what, and read where that is
//! known to stand for an array or a dictionary. Any bytes end in a checkpoint or in a typed [`Error`], without
//! a panic. One budget for a whole file, nested pickles included, pays for steps, objects, copies and every entry that is
//! looked at. Memory is at most that of the file, its numbers as `f32`, and half the file and 50 MB for objects and text. An
//! archive with deflated entries counts with what they inflate to, which is at most 4 times the file and 8 MiB.

#![forbid(unsafe_code)]

mod array;
mod budget;
mod checkpoint;
mod element;
mod error;
mod kind;
mod layout;
mod network;
mod numpy;
mod open;
mod pair;
mod pickle;
pub mod read;
mod safetensors;
mod tensor;
mod torch;
mod value;
pub mod write;

pub use checkpoint::{Checkpoint, Format};
pub use element::nearest_half;
pub use error::{Error, ErrorKind, Result};
pub use open::OpenOptions;
pub use pair::Pair;
pub use safetensors::{safetensors_to_vec, short_safetensors_to_vec, write_safetensors};
pub use tensor::Tensor;
pub use value::{Configuration, Value, configuration_from_json};
