//! The members that one call of `consume` brings into a group.

use std::sync::Arc;

use client::{
    Client, Consumed, ConsumerEvent, Delivery, PushConsumer, PushConsumerConfig, WhereExpression,
};
use clock::SharedClock;
use protocol::message::MessageExt;
use tokio::sync::{mpsc, oneshot};

use super::ack::Ack;
use crate::context::Context;
use crate::error::CommandError;
use crate::output::Output;
use crate::session::Session;

/// A message on its way to the reader, who says whether it has been shown.
pub(super) struct Shown {
    pub(super) message: Arc<MessageExt>,
    pub(super) written: oneshot::Sender<bool>,
}

/// What becomes of a message that a member gets.
#[derive(Debug, Clone)]
pub(super) struct Handling {
    pub(super) ack: Ack,
    /// Which messages are shown; the others are acknowledged unseen.
    pub(super) condition: Option<Arc<WhereExpression>>,
    pub(super) clock: SharedClock,
}

impl Handling {
    fn wants(&self, message: &MessageExt) -> bool {
        let now_ms = self.clock.now_ms();
        (self.condition.as_ref()).is_none_or(|wanted| wanted.matches(message, now_ms))
    }
}

/// The members, each a client of its own, as RocketMQ wants it.
pub(super) struct Crew {
    members: Vec<(PushConsumer, Client)>,
}

impl Crew {
    /// Brings `count` members into the group.
    pub(super) async fn join(
        ctx: &Context,
        session: &Session,
        config: &PushConsumerConfig,
        count: u16,
        handling: &Handling,
        shown: mpsc::Sender<Shown>,
    ) -> Result<Self, CommandError> {
        let mut crew = Self {
            members: Vec::new(),
        };
        for number in 1..=count {
            let client = session.another_client()?;
            let mut config = config.clone();
            let (out, name) = (ctx.out.clone(), format!("member {number}"));
            config.observer = Some(Arc::new(move |event| tell(&out, &name, &event)));
            let (shown, handling) = (shown.clone(), handling.clone());
            let handler =
                move |delivery: Delivery| handle(delivery, handling.clone(), shown.clone());
            match client.push_consumer(config, handler).await {
                Ok(consumer) => crew.members.push((consumer, client)),
                Err(error) => {
                    let error = session.error(&error);
                    client.shutdown().await;
                    crew.leave().await;
                    return Err(error);
                }
            }
        }
        Ok(crew)
    }

    /// Everyone leaves in good order: offsets are committed, the others take over at once.
    pub(super) async fn leave(self) {
        for (consumer, client) in self.members {
            consumer.shutdown().await;
            client.shutdown().await;
        }
    }
}

/// Hands the messages of a delivery to the reader; acknowledged is what has been shown.
async fn handle(delivery: Delivery, handling: Handling, shown: mpsc::Sender<Shown>) -> Consumed {
    let mut has_shown = false;
    for message in delivery.messages {
        if !handling.wants(&message) {
            continue;
        }
        has_shown = true;
        let (written, answer) = oneshot::channel();
        if shown.send(Shown { message, written }).await.is_err() {
            // Nobody reads any more: the message is left for the next member.
            return std::future::pending().await;
        }
        match answer.await {
            Ok(true) => {}
            Ok(false) | Err(_) => return std::future::pending().await,
        }
    }
    if !has_shown || handling.ack.succeeds() {
        Consumed::Success
    } else {
        Consumed::Later
    }
}

/// Tells people what happens to the group.
fn tell(out: &Output, member: &str, event: &ConsumerEvent) {
    match event {
        ConsumerEvent::Allocated {
            topic,
            members,
            queues,
            own,
            ..
        } => {
            let own: Vec<String> = own
                .iter()
                .map(|queue| format!("{}/q{}", queue.broker_name, queue.queue_id))
                .collect();
            out.note(&format!(
                "{member}: {} of {} queues of {topic}, {} in the group: {}",
                own.len(),
                queues.len(),
                crate::output::units::counted(members.len(), "member"),
                if own.is_empty() {
                    "none".to_owned()
                } else {
                    own.join(" ")
                }
            ));
        }
        ConsumerEvent::SentBack { message, .. } => {
            out.note(&format!("{member}: {} comes again", message.msg_id()));
        }
        ConsumerEvent::OffsetReset { queue, offset } => {
            out.note(&format!(
                "{member}: {}/q{} was reset to {offset}",
                queue.broker_name, queue.queue_id
            ));
        }
        ConsumerEvent::PullFailed { error, .. } => out.warn(&format!("{member}: {error}")),
        ConsumerEvent::SendBackFailed { error, .. } => {
            out.warn(&format!(
                "{member}: a message could not be sent back: {error}"
            ));
        }
        ConsumerEvent::OffsetIllegal {
            queue,
            requested,
            corrected,
        } => out.warn(&format!(
            "{member}: {}/q{} has no offset {requested}, going on at {corrected}",
            queue.broker_name, queue.queue_id
        )),
        ConsumerEvent::Warning { what, error } => out.warn(&format!("{member}: {what}: {error}")),
        _ => {}
    }
}
