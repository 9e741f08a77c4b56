//! What the store costs: for each message on its way in and out, and for opening a directory.
//!
//! `cargo bench -p gantry-store` runs all of it, `cargo bench -p gantry-store -- append` one part.
//! Every run puts the same messages; nothing here asserts a time. The stores are made below the
//! system's directory for temporary files (`TMPDIR`), which should be on a real disk.
//! `docs/performance.md` says how to count instructions with it.

mod append;
mod common;
mod dispatch;
mod get;
mod open;
mod sync_flush;

fn main() {
    divan::main();
}
