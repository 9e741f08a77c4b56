//! Counters by name: `VIEW_BROKER_STATS_DATA` 315.

use protocol::body::{BrokerStatsData, BrokerStatsItem};
use protocol::codec::CommandView;
use protocol::header::ViewBrokerStatsDataRequestHeader;

use crate::broker::BrokerContext;
use crate::processor::answer::{Answer, Answered, Refusal};
use crate::stats::{StatsItem, StatsSpan};

/// Stands between topic and group in a key.
const KEY_SEPARATOR: char = '@';

/// Answers with the last minute, hour and day of a counter.
pub(super) fn view(broker: &BrokerContext, request: &CommandView<'_>) -> Answered {
    let header: ViewBrokerStatsDataRequestHeader = request.header()?;
    let (name, key) = (&header.stats_name, &header.stats_key);
    let data = find(broker, name, key)
        .ok_or_else(|| Refusal::system_error(format!("The stats <{name}> <{key}> not exist")))?;
    Ok(Answer::body(data.to_json()))
}

/// A counter by RocketMQ's name and key; one that has counted nothing does not exist, as there.
fn find(broker: &BrokerContext, name: &str, key: &str) -> Option<BrokerStatsData> {
    let of_broker = |item| {
        (key == broker.config.cluster_name)
            .then(|| data_of(item))
            .flatten()
    };
    let of_topic = || broker.topics.get(key);
    let of_group = || {
        let (topic, group) = key.split_once(KEY_SEPARATOR)?;
        broker.topics.get(topic)?.stats.find_group(group)
    };
    match name {
        "BROKER_PUT_NUMS" => of_broker(&broker.stats.broker_put_nums),
        "BROKER_GET_NUMS" => of_broker(&broker.stats.broker_get_nums),
        "TOPIC_PUT_NUMS" => data_of(&of_topic()?.stats.put_nums),
        "TOPIC_PUT_SIZE" => data_of(&of_topic()?.stats.put_size),
        "GROUP_GET_NUMS" => data_of(&of_group()?.get_nums),
        "GROUP_GET_SIZE" => data_of(&of_group()?.get_size),
        "SNDBCK_PUT_NUMS" => data_of(&of_group()?.send_back_nums),
        _ => None,
    }
}

fn data_of(item: &StatsItem) -> Option<BrokerStatsData> {
    (item.total() > 0).then(|| BrokerStatsData {
        stats_day: item_of(item.last_day()),
        stats_hour: item_of(item.last_hour()),
        stats_minute: item_of(item.last_minute()),
    })
}

fn item_of(span: StatsSpan) -> BrokerStatsItem {
    BrokerStatsItem {
        avgpt: span.average,
        sum: span.sum,
        tps: span.tps,
    }
}
