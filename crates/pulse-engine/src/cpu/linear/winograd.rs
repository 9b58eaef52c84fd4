//! Winograd's minimal filtering, for maps that keep their size, double or halve: fewer products than the definition has.
//!
//! `m` neighbouring results of a filter of `r` taps need `m + r − 1` products, not `m r` (Winograd 1980, "Arithmetic
//! complexity of computations", F(m, r)); Lavin and Gray 2016 have it for convolutions. A kernel of 4 x 4 pixels at
//! stride 2 is four kernels of 2 x 2, one for each phase; one of 6 x 6 is four of 3 x 3. The [schemes](Scheme) say how.
//!
//! # Names
//! A scheme is named by its F(m, r): `F4_3` makes `m = 4` results of `r = 3` taps at a time along each axis. The
//! schemes of doubling layers are named by the F(m, r) of one phase and by the pixels of the kernel: `UpF4_2K4` takes a map to one
//! of twice the size by a kernel of 4 x 4, of which each phase has two taps, four results of a phase at a time; `DownF4_2K4`,
//! its adjoint, takes it back. Files are named the same.
//!
//! # Order
//! Tiles of the source are transformed, multiplied with transformed weights (`products`), and transformed to tiles of
//! the target. Where maps are large, a task takes some tiles all the way, so that what lies between stays in its cache;
//! where weights are, all tiles are transformed first, and a task has some output channels.

mod adjoint;
mod axes;
mod f2_2_k4;
mod f2_3;
mod f2_3_k4;
mod f4_2_k3;
mod f4_2_k4;
mod f4_3;
mod f4_3_k4;
mod f4_3_k6;
mod f6_3;
mod factors;
mod map;
mod nested;
mod points;
mod products;
mod scheme;
#[cfg(test)]
mod tests;
mod tiles;

pub(crate) use adjoint::Adjoint;
pub(crate) use f2_2_k4::{DownF2_2K4, UpF2_2K4};
pub(crate) use f2_3::F2_3;
pub(crate) use f2_3_k4::{DownF2_3K4, UpF2_3K4};
pub(crate) use f4_2_k3::{DownF4_2K3, UpF4_2K3};
pub(crate) use f4_2_k4::{DownF4_2K4, UpF4_2K4};
pub(crate) use f4_3::F4_3;
pub(crate) use f4_3_k4::{DownF4_3K4, UpF4_3K4};
pub(crate) use f4_3_k6::{DownF4_3K6, UpF4_3K6};
pub(crate) use f6_3::F6_3;
pub(crate) use factors::Factors;
pub(crate) use map::Winograd;
pub(crate) use products::{Cursor, block};
pub(crate) use scheme::Scheme;
