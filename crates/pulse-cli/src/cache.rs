//! The folder in which the program caches what takes long to make.

use std::path::PathBuf;

use etcetera::BaseStrategy as _;
use pulse::generator::FitCache;

/// The folder of the cache, in the environment.
const VARIABLE: &str = "PULSE_CACHE";

/// What stands in the help of the program.
pub(crate) const HELP: &str = "\
Environment:
  PULSE_CACHE   the folder for the Gaussian fits of StyleGANs' mappings, which take seconds to make; empty to keep none
                [default: pulse in the user's cache folder]";

/// The fits that earlier runs made; `None` where none are to be kept, or there is no folder for them.
pub(crate) fn fits() -> Option<FitCache> {
    let folder = match std::env::var_os(VARIABLE) {
        Some(folder) if folder.is_empty() => return None,
        Some(folder) => PathBuf::from(folder),
        None => etcetera::base_strategy::choose_native_strategy().ok()?.cache_dir().join("pulse"),
    };
    Some(FitCache::new(folder))
}
