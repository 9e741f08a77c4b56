//! Carrying a plan out, and looking at what came of it.

use std::collections::BTreeMap;

use protocol::body::{MessageModel, MessageQueue, ResetOffsetBody};
use protocol::header::ResetOffsetRequestHeader;
use protocol::{RemotingCommand, RequestCode, ResponseCode};

use super::{PlannedQueue, ResetGoal, ResetPlan};
use crate::admin::offset::END_TIMESTAMP;
use crate::admin::{Admin, fan_out};
use crate::{ClientError, concurrently};

/// Where brokers say whether they keep resets themselves.
const SERVER_SIDE: &str = "useServerSideResetOffset";

/// What a reset did.
#[derive(Debug, Clone, PartialEq)]
pub struct ResetOutcome {
    /// The queues that were to move, sorted.
    pub moved: Vec<MovedQueue>,
    /// Each broker that did not do it, by address or name. Some of its queues may have moved.
    pub failed: Vec<(String, ClientError)>,
}

/// A queue that was to move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedQueue {
    /// The queue.
    pub queue: MessageQueue,
    /// The offset that the group would have consumed next; `None` if it had never been there.
    pub before: Option<i64>,
    /// Where it was sent.
    pub target: i64,
    /// Where it is now, read back; members that are running may have gone on from the target. `None` if
    /// it could not be read.
    pub after: Option<i64>,
}

impl MovedQueue {
    /// Whether the group is where it was sent, or has gone on from there.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.after.is_some_and(|after| after >= self.target)
    }
}

impl ResetOutcome {
    /// The offsets from before: what undoes the reset, given as [`ResetGoal::Positions`]. Queues that
    /// the group had never been in cannot be taken back and are not among them.
    #[must_use]
    pub fn positions_before(&self) -> BTreeMap<MessageQueue, i64> {
        let before = self.moved.iter();
        before
            .filter_map(|moved| Some((moved.queue.clone(), moved.before?)))
            .collect()
    }
}

impl Admin {
    /// Carries a plan out, broker by broker, and reads back where the group is then.
    ///
    /// # Errors
    /// [`ClientError::InvalidArgument`] for a group that broadcasts; no route. What single brokers
    /// refuse is in the outcome.
    pub async fn execute_reset(&self, plan: &ResetPlan) -> Result<ResetOutcome, ClientError> {
        if plan.model == Some(MessageModel::Broadcasting) {
            let reason = format!(
                "group {} broadcasts: its offsets are with its members, not with brokers",
                plan.request.group
            );
            return Err(ClientError::InvalidArgument { reason });
        }
        let mut of_brokers: BTreeMap<&str, Vec<PlannedQueue>> = BTreeMap::new();
        for planned in plan.queues.iter().filter(|planned| planned.is_change()) {
            let broker = planned.queue.broker_name.as_str();
            of_brokers.entry(broker).or_default().push(planned.clone());
        }
        let told = of_brokers.into_iter().map(|(broker, queues)| {
            let (admin, plan, broker) = (self.clone(), plan.clone(), broker.to_owned());
            async move {
                let told = admin.move_on_broker(&plan, &broker, &queues).await;
                told.map_err(|error| (error.addr().unwrap_or(&broker).to_owned(), error))
            }
        });
        let told = fan_out::split(concurrently::all(told).await);
        let looked = plan.queues.iter().filter_map(|planned| {
            let target = planned.target.filter(|_| planned.is_change())?;
            let (admin, group) = (self.clone(), plan.request.group.clone());
            let (queue, before) = (planned.queue.clone(), planned.now);
            Some(async move {
                let after = admin.shared.committed_offset(&group, &queue).await;
                MovedQueue {
                    queue,
                    before,
                    target,
                    after: after.ok().flatten(),
                }
            })
        });
        Ok(ResetOutcome {
            moved: concurrently::all(looked).await,
            failed: told.failed,
        })
    }

    async fn move_on_broker(
        &self,
        plan: &ResetPlan,
        broker: &str,
        queues: &[PlannedQueue],
    ) -> Result<(), ClientError> {
        let addr = self.master_of(&plan.request.topic, broker).await?;
        let config = self.broker_config(&addr).await?;
        let is_server_side = config.get(SERVER_SIDE).is_some_and(|value| value == "true");
        if is_server_side {
            return self.move_by_broker(plan, &addr, queues).await;
        }
        if plan.members == 0 {
            return self.move_directly(plan, queues).await;
        }
        // The members move themselves, to a time, in all queues of the topic.
        let timestamp = match plan.request.to {
            _ if !plan.request.queues.is_empty() => None,
            ResetGoal::Timestamp(at_ms) => Some(at_ms),
            ResetGoal::Start => Some(0),
            ResetGoal::End => Some(END_TIMESTAMP),
            _ => None,
        };
        let Some(timestamp) = timestamp else {
            let reason = format!(
                "broker {broker} leaves it to the members to move, which they can only do to a \
                 time and in all queues: stop the group's members first"
            );
            return Err(ClientError::InvalidArgument { reason });
        };
        self.invoke_reset(plan, &addr, -1, -1, timestamp)
            .await
            .map(drop)
    }

    /// Has a broker keep the offsets and correct the members' next pulls.
    async fn move_by_broker(
        &self,
        plan: &ResetPlan,
        addr: &str,
        queues: &[PlannedQueue],
    ) -> Result<(), ClientError> {
        for planned in queues {
            let Some(target) = planned.target else {
                continue;
            };
            let id = planned.queue.queue_id;
            match self.invoke_reset(plan, addr, id, target, 0).await {
                Ok(_) => {}
                // It has offsets of the group without knowing the group, which nobody is a member of.
                Err(error)
                    if plan.members == 0
                        && error.response_code()
                            == Some(ResponseCode::SubscriptionGroupNotExist) =>
                {
                    return self.move_directly(plan, queues).await;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Writes the offsets, which holds as long as no member is running.
    async fn move_directly(
        &self,
        plan: &ResetPlan,
        queues: &[PlannedQueue],
    ) -> Result<(), ClientError> {
        for planned in queues {
            if let Some(target) = planned.target {
                self.shared
                    .commit_offset(&plan.request.group, &planned.queue, target)
                    .await?;
            }
        }
        Ok(())
    }

    async fn invoke_reset(
        &self,
        plan: &ResetPlan,
        addr: &str,
        queue_id: i32,
        offset: i64,
        timestamp: i64,
    ) -> Result<ResetOffsetBody, ClientError> {
        let header = ResetOffsetRequestHeader {
            group: plan.request.group.clone(),
            topic: plan.request.topic.clone(),
            queue_id: Some(queue_id),
            offset: Some(offset),
            timestamp,
            is_force: true,
        };
        let code = RequestCode::InvokeBrokerToResetOffset;
        let request = RemotingCommand::request(code).with_header(&header);
        self.ask(addr, code, request)
            .await?
            .body(ResetOffsetBody::from_json)
    }

    /// The master of a broker's name: slaves do not move groups.
    async fn master_of(&self, topic: &str, broker: &str) -> Result<String, ClientError> {
        let route = self.shared.routes.get(topic).await?;
        let addr = route.broker_addr(broker, crate::route::MASTER_ID);
        addr.map(str::to_owned)
            .ok_or_else(|| ClientError::BrokerNotFound {
                name: format!("{broker} with id 0, the master,"),
                known: route.brokers().map(|(name, ..)| name.to_owned()).collect(),
            })
    }
}
