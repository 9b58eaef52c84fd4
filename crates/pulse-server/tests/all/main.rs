//! The server as browsers and attackers meet it: over TCP.

mod client;
mod load;
mod security;
mod session;
