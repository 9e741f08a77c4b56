//! TCP connections that carry RocketMQ frames, for servers and clients alike.
//!
//! # Layout
//! - [`Processor`]: what a node does with the requests that reach it.
//! - [`Server`]: listens, and runs one task for each connection.
//! - [`Client`]: connects on demand, one connection for each address.
//! - [`Connection`]: one peer: pushes to it, requests to it, and its answers.
//! - [`Reply`] and [`Deferred`]: an answer now, an answer later.
//! - [`Limits`]: everything here that has a maximum.
//!
//! A connection's task reads whatever has arrived, processes every whole frame of it in place and
//! writes all answers with one call. Nothing is handed to another thread on the way: a hand-over costs
//! more than the work itself. Invariant: this crate does not know what any request means.

#![forbid(unsafe_code)]

mod bell;
mod budget;
mod buffers;
mod client;
mod connection;
mod error;
mod input;
mod limits;
mod output;
mod processor;
mod registry;
mod reply;
mod response_table;
mod server;
mod wire;

pub use client::{Client, ClientConfig};
pub use connection::Connection;
pub use error::{InvokeError, SendError};
pub use limits::Limits;
pub use processor::{NoRequests, Processor};
pub use reply::{Deferred, Reply};
pub use server::{Server, ServerConfig};

#[cfg(test)]
mod tests;
