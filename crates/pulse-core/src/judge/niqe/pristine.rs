//! The features of pristine photographs.

use std::sync::LazyLock;

use super::NUMBERS;

/// From BasicSR (Apache-2.0, see `assets/niqe/LICENSE.txt`), the numbers of the authors' own release, as NumPy wrote them.
const MEAN: &[u8] = include_bytes!("../../../assets/niqe/mu_pris_param.npy");
const COVARIANCE: &[u8] = include_bytes!("../../../assets/niqe/cov_pris_param.npy");

pub(super) static PRISTINE: LazyLock<Pristine> =
    LazyLock::new(|| Pristine { mean: numbers(MEAN, NUMBERS), covariance: numbers(COVARIANCE, NUMBERS * NUMBERS) });

/// The mean and the covariance of their features.
pub(super) struct Pristine {
    pub(super) mean: Vec<f64>,
    pub(super) covariance: Vec<f64>,
}

/// The last `count` numbers of a file, little-endian, of 64 bits; before them stands NumPy's header.
fn numbers(file: &[u8], count: usize) -> Vec<f64> {
    let data = &file[file.len() - 8 * count..];
    data.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect()
}
