//! Fetching from a server on this machine that does everything that servers do wrong.

mod folder;
mod honest;
mod resumed;
mod server;
mod wrong;
