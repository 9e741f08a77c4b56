//! What the fuzz targets do with their input: one function each, and the inputs to begin with.
//!
//! The targets in `fuzz/fuzz_targets` and the smoke test of this crate call the same functions. Each
//! asserts more than that nothing panics: what is decoded encodes to the same, however it came in
//! pieces; a damaged store serves a part of what was put into it and nothing else. Invariant: a
//! function depends on its input alone.

#![forbid(unsafe_code)]
#![expect(
    clippy::missing_panics_doc,
    reason = "a target panics when it has found something: that is what it is for"
)]

mod commands;
mod messages;
pub mod mutate;
pub mod seeds;
mod store_files;
mod store_ops;
mod texts;
mod typed;

pub use commands::{frame, header};
pub use messages::{batch, properties, record};
pub use store_files::store_files;
pub use store_ops::store_ops;
pub use texts::{properties_file, sql};
pub use typed::typed;

/// A target by the name of its binary: what it does, and how many mutated inputs the smoke test gives
/// it.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Name of the binary, and of the folder with its seeds.
    pub name: &'static str,
    /// The body.
    pub run: fn(&[u8]),
    /// Mutated inputs in the smoke test.
    pub smoke_count: usize,
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target {
        name: "frame",
        run: frame,
        smoke_count: 20_000,
    },
    Target {
        name: "header",
        run: header,
        smoke_count: 20_000,
    },
    Target {
        name: "typed",
        run: typed,
        smoke_count: 20_000,
    },
    Target {
        name: "record",
        run: record,
        smoke_count: 20_000,
    },
    Target {
        name: "batch",
        run: batch,
        smoke_count: 20_000,
    },
    Target {
        name: "properties",
        run: properties,
        smoke_count: 20_000,
    },
    Target {
        name: "properties_file",
        run: properties_file,
        smoke_count: 20_000,
    },
    Target {
        name: "sql",
        run: sql,
        smoke_count: 10_000,
    },
    Target {
        name: "store_files",
        run: store_files,
        smoke_count: 500,
    },
    Target {
        name: "store_ops",
        run: store_ops,
        smoke_count: 300,
    },
];
