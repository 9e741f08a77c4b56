//! The topics that every broker has (RocketMQ `TopicConfigManager.init`).

use protocol::body::{TopicConfig, perm};
use protocol::name;

use crate::config::BrokerConfig;

/// Queues of the topic that delayed messages wait in: one for each of RocketMQ's levels.
const SCHEDULE_QUEUES: i32 = 18;
/// Queues of the topic for benchmarks.
const BENCHMARK_QUEUES: i32 = 1_024;
/// Queues of the topic named like the cluster.
const CLUSTER_QUEUES: i32 = 16;
/// Queues of the topic that pop receipts wait in.
const REVIVE_QUEUES: i32 = 8;

const READ_WRITE: i32 = perm::READ | perm::WRITE;

/// The topics that every broker has, with the settings they are made with.
pub(super) fn topics(config: &BrokerConfig) -> Vec<TopicConfig> {
    let when = |enabled: bool| {
        if enabled {
            perm::INHERIT | READ_WRITE
        } else {
            perm::INHERIT
        }
    };
    let levels = config.message_delay_level.max_level();
    let cluster = &config.cluster_name;
    let broker = &config.broker_name;

    let mut topics = vec![
        topic(name::SELF_TEST_TOPIC, 1, READ_WRITE),
        topic(name::BENCHMARK_TOPIC, BENCHMARK_QUEUES, READ_WRITE),
        topic(cluster, CLUSTER_QUEUES, when(config.cluster_topic_enable)),
        topic(broker, 1, when(config.broker_topic_enable)),
        topic(name::OFFSET_MOVED_EVENT_TOPIC, 1, READ_WRITE),
        topic(
            name::SCHEDULE_TOPIC,
            SCHEDULE_QUEUES.max(levels),
            READ_WRITE,
        ),
        topic(&name::reply_topic(cluster), 1, READ_WRITE),
        topic(&name::revive_topic(cluster), REVIVE_QUEUES, READ_WRITE),
        topic(
            &format!("{}{broker}", name::SYNC_BROKER_MEMBER_PREFIX),
            1,
            perm::INHERIT,
        ),
        topic(name::TRANS_HALF_TOPIC, 1, READ_WRITE),
        topic(name::TRANS_OP_HALF_TOPIC, 1, READ_WRITE),
        topic(name::TIMER_TOPIC, 1, READ_WRITE),
    ];
    if config.auto_create_topic_enable {
        let queue_nums = config.default_topic_queue_nums;
        topics.push(topic(
            name::AUTO_CREATE_TOPIC,
            queue_nums,
            perm::INHERIT | READ_WRITE,
        ));
    }
    if config.trace_topic_enable {
        topics.push(topic(&config.trace_topic_name, 1, READ_WRITE));
    }
    topics
}

fn topic(name: &str, queue_nums: i32, perm: i32) -> TopicConfig {
    TopicConfig {
        topic_name: name.to_owned(),
        read_queue_nums: queue_nums,
        write_queue_nums: queue_nums,
        perm,
        ..TopicConfig::default()
    }
}
