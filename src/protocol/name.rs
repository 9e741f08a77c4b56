//! Which topic and group names are legal, and the names RocketMQ reserves.

/// What the topic of a group's retries begins with.
pub const RETRY_PREFIX: &str = "%RETRY%";
/// What the topic of a group's dead letters begins with.
pub const DLQ_PREFIX: &str = "%DLQ%";
/// What a light queue begins with.
pub const LMQ_PREFIX: &str = "%LMQ%";
/// What the system topics of a broker or cluster begin with.
pub const SYSTEM_TOPIC_PREFIX: &str = "rmq_sys_";
/// What the consumer groups of the broker itself begin with.
pub const SYSTEM_GROUP_PREFIX: &str = "CID_RMQ_SYS_";

/// The topic that new topics take their settings from, when producers may create them.
pub const AUTO_CREATE_TOPIC: &str = "TBW102";
/// Where delayed messages wait.
pub const SCHEDULE_TOPIC: &str = "SCHEDULE_TOPIC_XXXX";
/// Where timer messages wait.
pub const TIMER_TOPIC: &str = "rmq_sys_wheel_timer";
/// Where half messages wait for commit or rollback.
pub const TRANS_HALF_TOPIC: &str = "RMQ_SYS_TRANS_HALF_TOPIC";
/// Where commits and rollbacks are noted.
pub const TRANS_OP_HALF_TOPIC: &str = "RMQ_SYS_TRANS_OP_HALF_TOPIC";
/// Where half messages end that no producer decided on.
pub const TRANS_CHECK_MAX_TIME_TOPIC: &str = "TRANS_CHECK_MAX_TIME_TOPIC";
/// Where traces go.
pub const TRACE_TOPIC: &str = "RMQ_SYS_TRACE_TOPIC";
/// Topic of the benchmark tools.
pub const BENCHMARK_TOPIC: &str = "BenchmarkTest";
/// Topic of the self test.
pub const SELF_TEST_TOPIC: &str = "SELF_TEST_TOPIC";
/// Where a broker notes that it moved a consumer's offset.
pub const OFFSET_MOVED_EVENT_TOPIC: &str = "OFFSET_MOVED_EVENT";
/// Where a broker with `RocksDB` keeps its checkpoint.
pub const CHECKPOINT_TOPIC: &str = "CHECKPOINT_TOPIC";
/// What the revive topic of a cluster begins with; the cluster's name follows.
pub const REVIVE_TOPIC_PREFIX: &str = "rmq_sys_REVIVE_LOG_";
/// What the member topic of a broker begins with; the broker's name follows.
pub const SYNC_BROKER_MEMBER_PREFIX: &str = "rmq_sys_SYNC_BROKER_MEMBER_";
/// What the reply topic of a cluster ends with; the cluster's name and `_` precede.
pub const REPLY_TOPIC_POSTFIX: &str = "REPLY_TOPIC";

/// The group that reads half messages.
pub const TRANS_GROUP: &str = "CID_RMQ_SYS_TRANS";
/// The group of the command line tools.
pub const TOOLS_GROUP: &str = "TOOLS_CONSUMER";
/// The group of the HTTP proxy.
pub const ONS_HTTP_PROXY_GROUP: &str = "CID_ONS-HTTP-PROXY";

/// Longest topic name, but for retry and dead letter topics.
pub const TOPIC_LENGTH_MAX: usize = 127;
/// Longest name of a retry or dead letter topic.
pub const RETRY_OR_DLQ_TOPIC_LENGTH_MAX: usize = 255;
/// Longest group name.
pub const GROUP_LENGTH_MAX: usize = 120;

const SYSTEM_TOPICS: [&str; 10] = [
    AUTO_CREATE_TOPIC,
    SCHEDULE_TOPIC,
    BENCHMARK_TOPIC,
    TRANS_HALF_TOPIC,
    TRACE_TOPIC,
    TRANS_OP_HALF_TOPIC,
    TRANS_CHECK_MAX_TIME_TOPIC,
    SELF_TEST_TOPIC,
    OFFSET_MOVED_EVENT_TOPIC,
    CHECKPOINT_TOPIC,
];

const SEND_FORBIDDEN_TOPICS: [&str; 6] = [
    SCHEDULE_TOPIC,
    TRANS_HALF_TOPIC,
    TRANS_OP_HALF_TOPIC,
    TRANS_CHECK_MAX_TIME_TOPIC,
    SELF_TEST_TOPIC,
    OFFSET_MOVED_EVENT_TOPIC,
];

const PREDEFINED_GROUPS: [&str; 14] = [
    "DEFAULT_CONSUMER",
    "DEFAULT_PRODUCER",
    TOOLS_GROUP,
    "SCHEDULE_CONSUMER",
    "FILTERSRV_CONSUMER",
    "__MONITOR_CONSUMER",
    "CLIENT_INNER_PRODUCER",
    "SELF_TEST_P_GROUP",
    "SELF_TEST_C_GROUP",
    ONS_HTTP_PROXY_GROUP,
    "CID_ONSAPI_PERMISSION",
    "CID_ONSAPI_OWNER",
    "CID_ONSAPI_PULL",
    TRANS_GROUP,
];

/// Why a name is not legal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// There is nothing, or only blanks.
    #[error("the {kind} is blank")]
    Blank {
        /// `topic` or `group`.
        kind: &'static str,
    },
    /// A character is not allowed.
    #[error(
        "the {kind} {name:?} holds {character:?}; letters, digits and the four characters % | - _ \
         are allowed"
    )]
    IllegalCharacter {
        /// `topic` or `group`.
        kind: &'static str,
        /// The name.
        name: String,
        /// The first character that is not allowed.
        character: char,
    },
    /// There are too many characters.
    #[error("the {kind} {name:?} is {length} characters long, the limit is {max}")]
    TooLong {
        /// `topic` or `group`.
        kind: &'static str,
        /// The name.
        name: String,
        /// How long it is.
        length: usize,
        /// The limit.
        max: usize,
    },
}

/// Checks the name of a topic.
///
/// # Errors
/// [`NameError`] says what is wrong with it.
pub fn validate_topic(topic: &str) -> Result<(), NameError> {
    let is_of_group = topic.starts_with(RETRY_PREFIX) || topic.starts_with(DLQ_PREFIX);
    let max = if is_of_group {
        RETRY_OR_DLQ_TOPIC_LENGTH_MAX
    } else {
        TOPIC_LENGTH_MAX
    };
    validate("topic", topic, max)
}

/// Checks the name of a producer or consumer group.
///
/// # Errors
/// [`NameError`] says what is wrong with it.
pub fn validate_group(group: &str) -> Result<(), NameError> {
    validate("group", group, GROUP_LENGTH_MAX)
}

fn validate(kind: &'static str, name: &str, max: usize) -> Result<(), NameError> {
    if name.trim().is_empty() {
        return Err(NameError::Blank { kind });
    }
    if let Some(character) = name.chars().find(|character| !is_legal(*character)) {
        return Err(NameError::IllegalCharacter {
            kind,
            name: name.to_owned(),
            character,
        });
    }
    let length = name.len(); // as many bytes as characters: all are ASCII by now
    if length > max {
        return Err(NameError::TooLong {
            kind,
            name: name.to_owned(),
            length,
            max,
        });
    }
    Ok(())
}

const fn is_legal(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '%' | '|' | '-' | '_')
}

/// Whether the topic belongs to RocketMQ itself.
///
/// A broker has three more: those named like itself and its cluster, and the cluster's reply topic.
#[must_use]
pub fn is_system_topic(topic: &str) -> bool {
    topic.starts_with(SYSTEM_TOPIC_PREFIX) || SYSTEM_TOPICS.contains(&topic)
}

/// Whether clients must not send to the topic.
#[must_use]
pub fn is_send_forbidden(topic: &str) -> bool {
    SEND_FORBIDDEN_TOPICS.contains(&topic)
}

/// Whether the group belongs to the broker itself.
#[must_use]
pub fn is_system_group(group: &str) -> bool {
    group.starts_with(SYSTEM_GROUP_PREFIX)
}

/// Whether the group is one that every broker knows from the start.
#[must_use]
pub fn is_predefined_group(group: &str) -> bool {
    PREDEFINED_GROUPS.contains(&group)
}

/// Whether the topic holds a group's retries.
#[must_use]
pub fn is_retry_topic(topic: &str) -> bool {
    topic.starts_with(RETRY_PREFIX)
}

/// Whether the topic holds a group's dead letters.
#[must_use]
pub fn is_dlq_topic(topic: &str) -> bool {
    topic.starts_with(DLQ_PREFIX)
}

/// The topic of a group's retries.
#[must_use]
pub fn retry_topic(group: &str) -> String {
    format!("{RETRY_PREFIX}{group}")
}

/// The topic of a group's dead letters.
#[must_use]
pub fn dlq_topic(group: &str) -> String {
    format!("{DLQ_PREFIX}{group}")
}

/// The topic where a group's popped messages of one topic are retried.
#[must_use]
pub fn pop_retry_topic(topic: &str, group: &str) -> String {
    format!("{RETRY_PREFIX}{group}_{topic}")
}

/// The topic that carries the replies within a cluster.
#[must_use]
pub fn reply_topic(cluster: &str) -> String {
    format!("{cluster}_{REPLY_TOPIC_POSTFIX}")
}

/// The topic that carries the checkpoints of popped messages within a cluster.
#[must_use]
pub fn revive_topic(cluster: &str) -> String {
    format!("{REVIVE_TOPIC_PREFIX}{cluster}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legal_names_pass() {
        for name in [
            "T",
            "a-b_c|d%e",
            "0",
            "%RETRY%g",
            "%DLQ%g",
            &"t".repeat(TOPIC_LENGTH_MAX),
        ] {
            assert_eq!(validate_topic(name), Ok(()), "{name}");
        }
        assert_eq!(validate_group(&"g".repeat(GROUP_LENGTH_MAX)), Ok(()));
    }

    #[test]
    fn the_limit_depends_on_what_is_named() {
        let refuses = |result: Result<(), NameError>, limit| {
            assert!(matches!(result, Err(NameError::TooLong { max, .. }) if max == limit));
        };
        refuses(validate_topic(&"t".repeat(128)), 127);
        refuses(validate_group(&"g".repeat(121)), 120);
        let retry = |length: usize| retry_topic(&"g".repeat(length - RETRY_PREFIX.len()));
        assert_eq!(validate_topic(&retry(255)), Ok(()));
        refuses(validate_topic(&retry(256)), 255);
    }

    #[test]
    fn the_error_says_what_is_wrong() {
        assert_eq!(
            validate_topic("").unwrap_err().to_string(),
            "the topic is blank"
        );
        assert_eq!(
            validate_group(" \t").unwrap_err().to_string(),
            "the group is blank"
        );
        for (name, character) in [("a b", ' '), ("a.b", '.'), ("标签", '标'), ("a\n", '\n')] {
            let error = NameError::IllegalCharacter {
                kind: "topic",
                name: name.into(),
                character,
            };
            assert_eq!(validate_topic(name), Err(error));
        }
    }

    #[test]
    fn system_names_are_known() {
        assert!(is_system_topic("TBW102") && is_system_topic("rmq_sys_wheel_timer"));
        assert!(!is_system_topic("orders") && !is_system_topic("%RETRY%g"));
        assert!(is_send_forbidden("SCHEDULE_TOPIC_XXXX") && !is_send_forbidden("TBW102"));
        assert!(is_system_group("CID_RMQ_SYS_TRANS") && !is_system_group("CID"));
        assert!(is_predefined_group("TOOLS_CONSUMER") && !is_predefined_group("g"));
    }

    #[test]
    fn derived_topics_are_javas() {
        assert_eq!(retry_topic("g"), "%RETRY%g");
        assert_eq!(dlq_topic("g"), "%DLQ%g");
        assert_eq!(pop_retry_topic("T", "g"), "%RETRY%g_T");
        assert_eq!(reply_topic("DefaultCluster"), "DefaultCluster_REPLY_TOPIC");
        assert_eq!(
            revive_topic("DefaultCluster"),
            "rmq_sys_REVIVE_LOG_DefaultCluster"
        );
        assert!(is_retry_topic("%RETRY%g") && is_dlq_topic("%DLQ%g"));
    }
}
