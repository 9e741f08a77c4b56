//! A client for any RocketMQ cluster, Apache's or ours: it knows the protocol and nothing else of a
//! server.
//!
//! # Layout
//! - [`Client`]: one instance with its connections, routes and heartbeats; everything else is made
//!   from it.
//! - [`producer`]: sending, with retries on other brokers.
//! - [`consumer`]: reading queues, or consuming as a member of a group; which member reads which queue
//!   is in [`consumer::rebalance`].
//! - [`admin`]: looking at a cluster and changing it, one file a family of requests.
//! - [`WhereExpression`]: filtering what was read, by everything that a message has.
//! - [`concurrently`]: asking many servers at the same time, but not too many.
//! - [`ClientError`]: what can go wrong, with what was tried; [`Partial`]: when it went wrong on some
//!   servers only.
//!
//! Invariant: every wait has an end, and no request goes to a server that was not named by the caller
//! or by a name server.

#![forbid(unsafe_code)]

pub mod admin;
mod client;
pub mod concurrently;
mod config;
pub mod consumer;
mod error;
mod fault;
mod groups;
mod heartbeat;
mod namesrvs;
mod offsets;
mod partial;
mod peer;
pub mod producer;
mod route;
mod route_cache;
mod server_requests;
mod shared;
pub mod snapshot;
#[cfg(test)]
mod testing;
mod upkeep;
mod where_expression;

pub use admin::{Admin, BrokerNode, OnBroker, Target};
pub use client::Client;
pub use config::{ClientConfig, parse_namesrvs};
pub use consumer::{
    BoxFuture, Consumed, ConsumerEvent, Delivery, FilterExpression, MessageListener, Observer,
    PullConsumer, PullOptions, PullResult, PullStatus, PushConsumer, PushConsumerConfig,
    QueueState, StartFrom,
};
pub use error::ClientError;
pub use offsets::Boundary;
pub use partial::Partial;
pub use producer::{Producer, ProducerConfig, SendResult, SendStatus};
pub use route::TopicRoute;
pub use where_expression::{WHERE_NAMES, WhereExpression};

/// The group that every broker knows from the start, for reading without joining a group.
pub const TOOLS_CONSUMER_GROUP: &str = protocol::name::TOOLS_GROUP;
