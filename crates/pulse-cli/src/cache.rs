//! The folder in which the program caches what takes long to make.

use std::path::PathBuf;

use etcetera::BaseStrategy as _;
use pulse::cache::Cache;

/// The folder of the cache, in the environment.
const VARIABLE: &str = "PULSE_CACHE";

/// The cache of earlier runs; `None` where nothing is to be kept, or there is no folder for it.
pub(crate) fn folder() -> Option<Cache> {
    let folder = match std::env::var_os(VARIABLE) {
        Some(folder) if folder.is_empty() => return None,
        Some(folder) => PathBuf::from(folder),
        None => etcetera::base_strategy::choose_native_strategy().ok()?.cache_dir().join("pulse"),
    };
    Some(Cache::new(folder))
}
