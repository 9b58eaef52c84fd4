//! Any bytes, read as a checkpoint of whichever kind they begin like.
//!
//! `cargo fuzz run read -- -rss_limit_mb=2048`, with `tests/fixtures` as a corpus to begin with.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    _ = pulse_checkpoint::Checkpoint::from_bytes(bytes);
    _ = pulse_checkpoint::OpenOptions::new().network("D").read(bytes);
    _ = pulse_checkpoint::Pair::from_bytes(bytes);
});
