//! Reads checkpoints.
