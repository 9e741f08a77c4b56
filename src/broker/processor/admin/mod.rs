//! What tools ask of a broker: topics, groups, offsets, statistics, settings.
//!
//! Most of it is looked up on a thread of its own, because much of it is on the disk; the connection
//! goes on meanwhile. Bodies are those that RocketMQ's tools read.

mod budget;
mod config;
mod connections;
mod consume_queue;
mod consume_stats;
mod group_offsets;
mod groups;
mod maintenance;
mod queue_offsets;
mod relay;
mod reset_offset;
mod runtime;
mod stats_data;
mod topic_stats;
mod topics;

use std::sync::Arc;
use std::time::Duration;

use protocol::codec::CommandView;
use protocol::{RemotingCommand, RequestCode, ResponseCode};
use remoting::{Connection, Reply};

use super::ProcessFn;
use super::answer::{self, Answered};
use crate::broker::BrokerContext;

pub(crate) use budget::Budget;

/// What RocketMQ says when it has no thread left.
const OVERLOADED: &str = "[OVERLOAD]system busy, start flow control for a while";
/// How long a changed topic's answer waits for the name servers: shorter than tools wait for it.
const REGISTRATION_WAIT: Duration = Duration::from_secs(4);

/// How a request is processed.
enum Handler {
    /// At once: everything is in memory.
    Inline(fn(&BrokerContext, &CommandView<'_>) -> Answered),
    /// On a thread of its own.
    Blocking(fn(&Arc<BrokerContext>, &RemotingCommand) -> Answered),
    /// By asking clients.
    Relayed(ProcessFn),
}

/// What answers a request of tools, if anything does.
pub(super) fn find(code: RequestCode) -> Option<ProcessFn> {
    handler(code).map(|_| process as ProcessFn)
}

fn handler(code: RequestCode) -> Option<Handler> {
    use Handler::{Blocking, Inline, Relayed};
    use RequestCode as Code;
    Some(match code {
        Code::GetMaxOffset => Inline(queue_offsets::max_offset),
        Code::GetMinOffset => Inline(queue_offsets::min_offset),
        Code::SearchOffsetByTimestamp => Blocking(queue_offsets::search_by_timestamp),
        Code::GetEarliestMsgStoretime => Blocking(queue_offsets::earliest_store_time),

        Code::UpdateAndCreateTopic => Blocking(topics::update_or_create),
        Code::UpdateAndCreateTopicList => Blocking(topics::update_or_create_list),
        Code::DeleteTopicInBroker => Blocking(topics::delete),
        Code::GetAllTopicConfig => Blocking(topics::all_configs),
        Code::GetTopicConfig => Inline(topics::config),
        Code::GetSystemTopicListFromBroker => Inline(topics::system_topics),

        Code::UpdateAndCreateSubscriptiongroup => Blocking(groups::update_or_create),
        Code::UpdateAndCreateSubscriptiongroupList => Blocking(groups::update_or_create_list),
        Code::DeleteSubscriptiongroup => Blocking(groups::delete),
        Code::GetAllSubscriptiongroupConfig => Blocking(groups::all_configs),
        Code::GetSubscriptiongroupConfig => Inline(groups::config),
        Code::UpdateAndGetGroupForbidden => Blocking(groups::forbidden),

        Code::GetConsumerConnectionList => Blocking(connections::of_consumers),
        Code::GetProducerConnectionList => Blocking(connections::of_producers),
        Code::GetAllProducerInfo => Blocking(connections::all_producers),

        Code::GetTopicStatsInfo => Blocking(topic_stats::offsets),
        Code::QueryConsumeTimeSpan => Blocking(topic_stats::time_span),
        Code::QueryTopicConsumeByWho => Blocking(topic_stats::consumed_by_who),
        Code::GetConsumeStats => Blocking(consume_stats::of_group),
        Code::GetBrokerConsumeStats => Blocking(consume_stats::of_all_groups),
        Code::QueryTopicsByConsumer => Blocking(consume_stats::topics_of_group),
        Code::QuerySubscriptionByConsumer => Blocking(consume_stats::subscription),
        Code::ViewBrokerStatsData => Inline(stats_data::view),

        Code::GetAllConsumerOffset => Blocking(group_offsets::all),
        Code::GetAllDelayOffset => Blocking(group_offsets::delay_levels),
        Code::CloneGroupOffset => Blocking(group_offsets::clone),
        Code::QueryCorrectionOffset => Blocking(group_offsets::correction),
        Code::InvokeBrokerToResetOffset => Blocking(reset_offset::reset),

        Code::InvokeBrokerToGetConsumerStatus => Relayed(relay::consumer_status),
        Code::GetConsumerRunningInfo => Relayed(relay::running_info),
        Code::ConsumeMessageDirectly => Relayed(relay::consume_directly),

        Code::UpdateBrokerConfig => Blocking(config::update),
        Code::GetBrokerConfig => Blocking(config::get),
        Code::GetBrokerRuntimeInfo => Blocking(runtime::info),
        Code::QueryConsumeQueue => Blocking(consume_queue::query),
        Code::CleanExpiredConsumequeue => Blocking(maintenance::clean_expired_consume_queues),
        Code::CleanUnusedTopic => Blocking(maintenance::clean_unused_topics),
        Code::DeleteExpiredCommitlog => Blocking(maintenance::delete_expired_commit_log),
        _ => return None,
    })
}

fn process(
    broker: &Arc<BrokerContext>,
    request: &CommandView<'_>,
    connection: &Arc<Connection>,
    reply: Reply<'_>,
) {
    match RequestCode::from_code(request.code()).and_then(handler) {
        Some(Handler::Inline(work)) => answer::send(reply, work(broker, request)),
        Some(Handler::Blocking(work)) => {
            let Some(permit) = broker.admin_budget.take(request.body().len()) else {
                return reply.error(ResponseCode::SystemBusy, OVERLOADED);
            };
            let (context, request, reply) =
                (Arc::clone(broker), request.to_command(), reply.defer());
            broker.tasks.spawn_blocking(move || {
                let answered = work(&context, &request);
                if !answered
                    .as_ref()
                    .is_ok_and(|answer| answer.waits_for_namesrv)
                {
                    return answer::send_deferred(reply, answered);
                }
                let waiting = Arc::clone(&context);
                context.tasks.spawn(async move {
                    let _until_answered = permit;
                    waiting.namesrv.settled(REGISTRATION_WAIT).await;
                    answer::send_deferred(reply, answered);
                });
            });
        }
        Some(Handler::Relayed(work)) => work(broker, request, connection, reply),
        // Not reached: `find` has found a handler for this code.
        None => {}
    }
}

#[cfg(test)]
mod tests;
