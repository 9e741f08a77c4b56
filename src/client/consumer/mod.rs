//! Reading: queue by queue ([`PullConsumer`]) or as a member of a group ([`PushConsumer`]).

mod filter;
mod offset_store;
mod process_queue;
mod pull;
pub(crate) mod pull_call;
pub(crate) mod push;
pub mod rebalance;

pub use filter::FilterExpression;
pub use pull::{PullConsumer, PullOptions};
pub use pull_call::{PullResult, PullStatus};
pub use push::{
    BoxFuture, Consumed, ConsumerEvent, Delivery, MessageListener, Observer, PushConsumer,
    PushConsumerConfig, QueueState, StartFrom,
};
