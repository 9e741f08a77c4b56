//! Working out where each queue of a group goes.

use std::collections::{BTreeMap, BTreeSet};

use protocol::ResponseCode;
use protocol::body::{MessageModel, MessageQueue};

use super::{PlannedQueue, ResetGoal, ResetNote, ResetPlan, ResetRequest};
use crate::admin::{Admin, QueueStats, fan_out};
use crate::route::TopicRoute;
use crate::{Boundary, ClientError, concurrently};

impl Admin {
    /// Works out what a reset will do, and changes nothing.
    ///
    /// # Errors
    /// No route; a queue that the topic does not have; or no broker that answers.
    pub async fn reset_plan(&self, request: &ResetRequest) -> Result<ResetPlan, ClientError> {
        let data = self.shared.routes.fetch(&request.topic).await?;
        let route = TopicRoute::new(&request.topic, data);
        let queues = wanted(request, route.subscribe_queues())?;
        let (members, model) = self.members_of(&request.group).await?;
        let stats = self.topic_stats(&request.topic).await?;
        let bounds: BTreeMap<MessageQueue, QueueStats> = stats
            .items
            .into_iter()
            .map(|stats| (stats.queue.clone(), stats))
            .collect();
        let mut failed = stats.failed;
        let silent: BTreeSet<&str> = failed.iter().map(|(addr, _)| addr.as_str()).collect();
        let answers = |queue: &MessageQueue| {
            let mut brokers = route.brokers();
            !brokers.any(|(name, _, addr)| name == queue.broker_name && silent.contains(addr))
        };
        let queues: Vec<MessageQueue> = queues.into_iter().filter(answers).collect();
        let planned = queues.into_iter().map(|queue| {
            let (admin, request) = (self.clone(), request.clone());
            let bounds = bounds.get(&queue);
            let bounds = bounds.map_or((0, 0), |stats| (stats.min_offset, stats.max_offset));
            async move {
                let broker = queue.broker_name.clone();
                let planned = admin.plan_queue(&request, queue, bounds).await;
                planned.map_err(|error| (error.addr().unwrap_or(&broker).to_owned(), error))
            }
        });
        let mut planned = fan_out::split(concurrently::all(planned).await);
        planned
            .items
            .sort_by(|one, other| one.queue.cmp(&other.queue));
        for (addr, error) in planned.failed {
            if failed.iter().all(|(known, _)| *known != addr) {
                failed.push((addr, error));
            }
        }
        match failed.first() {
            Some((_, error)) if planned.items.is_empty() => Err(error.clone()),
            _ => Ok(ResetPlan {
                request: request.clone(),
                members,
                model,
                queues: planned.items,
                failed,
            }),
        }
    }

    /// How many members a group has, and whether they share the messages.
    async fn members_of(&self, group: &str) -> Result<(usize, Option<MessageModel>), ClientError> {
        match self.consumer_connection(group).await {
            Ok(said) => Ok((said.connection_set.len(), Some(said.message_model))),
            Err(error) if error.response_code() == Some(ResponseCode::ConsumerNotOnline) => {
                Ok((0, None))
            }
            Err(error) => Err(error),
        }
    }

    async fn plan_queue(
        &self,
        request: &ResetRequest,
        queue: MessageQueue,
        (min, max): (i64, i64),
    ) -> Result<PlannedQueue, ClientError> {
        let now = self.shared.committed_offset(&request.group, &queue).await?;
        let found = match &request.to {
            ResetGoal::Timestamp(at_ms) => {
                let offset = self
                    .shared
                    .search_offset(&queue, *at_ms, Boundary::Lower)
                    .await?;
                // Only where the first message is found may something older be gone.
                let first_ms = if offset <= min && min > 0 {
                    self.shared.earliest_store_time(&queue).await?
                } else {
                    -1
                };
                Some((offset, first_ms > *at_ms))
            }
            ResetGoal::Group(other) => {
                let offset = self.shared.committed_offset(other, &queue).await?;
                offset.map(|offset| (offset, false))
            }
            _ => None,
        };
        let (target, note) = aim(&request.to, &queue, (now, min, max), found);
        Ok(PlannedQueue {
            queue,
            now,
            min,
            max,
            target,
            note,
        })
    }
}

/// The queues that are meant, or the first that the topic does not have.
fn wanted(request: &ResetRequest, all: &[MessageQueue]) -> Result<Vec<MessageQueue>, ClientError> {
    if all.is_empty() {
        return Err(ClientError::NoQueue {
            topic: request.topic.clone(),
            reason: "no queue can be read".to_owned(),
        });
    }
    if request.queues.is_empty() {
        return Ok(all.to_vec());
    }
    let mut queues = BTreeSet::new();
    for (broker, id) in &request.queues {
        let queue = MessageQueue::new(request.topic.as_str(), broker.as_str(), *id);
        if !all.contains(&queue) {
            let known = all.len();
            return Err(ClientError::QueueNotFound { queue, known });
        }
        queues.insert(queue);
    }
    Ok(queues.into_iter().collect())
}

/// The target of one queue. `found` is what a broker knows: the offset of the time that is meant, and
/// whether older messages are gone; or the offset of the other group.
pub(super) fn aim(
    goal: &ResetGoal,
    queue: &MessageQueue,
    (now, min, max): (Option<i64>, i64, i64),
    found: Option<(i64, bool)>,
) -> (Option<i64>, Option<ResetNote>) {
    let never = now.is_none().then_some(ResetNote::NeverRead);
    let within = |asked: i64| {
        if asked < min {
            (Some(min), Some(ResetNote::BeforeFirst { asked }))
        } else if asked > max {
            (Some(max), Some(ResetNote::BehindEnd { asked }))
        } else {
            (Some(asked), never)
        }
    };
    match goal {
        ResetGoal::Start => (Some(min), never),
        ResetGoal::End => (Some(max), never),
        ResetGoal::Timestamp(_) => {
            let (offset, is_gone) = found.unwrap_or((max, false));
            let target = offset.clamp(min, max);
            let note = if target == max {
                Some(ResetNote::NothingSince)
            } else if is_gone {
                Some(ResetNote::TimeIsGone)
            } else {
                never
            };
            (Some(target), note)
        }
        ResetGoal::Offset(offset) => within(*offset),
        ResetGoal::Shift(by) => within(now.unwrap_or(min).saturating_add(*by)),
        ResetGoal::Group(_) => match found {
            Some((offset, _)) => within(offset),
            None => (None, Some(ResetNote::NotGiven)),
        },
        ResetGoal::Positions(positions) => match positions.get(queue) {
            Some(offset) => within(*offset),
            None => (None, Some(ResetNote::NotGiven)),
        },
    }
}
