//! All tests that need the whole binary, in one program: it links once.
//!
//! A `mod` per area; what they share is in `common`. `tidy` and `docs` check the repository itself.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in a test, a panic is how it fails"
)]

mod cli;
mod common;
mod docs;
mod habits;
mod hostile;
mod interop;
mod raw;
mod scenario;
mod server;
mod survival;
mod tidy;
