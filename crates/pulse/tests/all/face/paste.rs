//! Pasting faces.
