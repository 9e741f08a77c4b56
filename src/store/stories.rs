//! Tests of the whole store: what a broker, a crash, a bad disk or an old directory does to it.

mod basics;
mod damage;
mod disk;
mod java;
mod model;
mod power_cut;
mod pre_written;
mod retention;
mod roomy;
mod running;
pub(crate) mod support;
