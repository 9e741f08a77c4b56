//! How the broker is doing: `GET_BROKER_RUNTIME_INFO` 28.
//!
//! RocketMQ's tools read every key that its broker tells, most of them as numbers, and fail where one
//! is missing. What this broker has no counterpart of, such as the queues of thread pools, is told as
//! what it amounts to here: nothing waits.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::RemotingCommand;
use protocol::body::KvTable;
use protocol::version::{CURRENT_VERSION, name_of};

use store::storage::{PlainStorage, Storage as _};

use crate::broker::BrokerContext;
use crate::processor::answer::{Answer, Answered};

/// Keys that are 0 because there is nothing here that they could count.
const ALWAYS_ZERO: [&str; 19] = [
    "dispatchMaxBuffer",
    "putMessageEntireTimeMax",
    "getMessageEntireTimeMax",
    "pageCacheLockTimeMills",
    "timerReadBehind",
    "timerOffsetBehind",
    "timerCongestNum",
    "remainTransientStoreBufferNumbs",
    "sendThreadPoolQueueSize",
    "pullThreadPoolQueueSize",
    "litePullThreadPoolQueueSize",
    "queryThreadPoolQueueSize",
    "ackThreadPoolQueueSize",
    "EndTransactionQueueSize",
    "sendThreadPoolQueueHeadWaitTimeMills",
    "pullThreadPoolQueueHeadWaitTimeMills",
    "litePullThreadPoolQueueHeadWaitTimeMills",
    "queryThreadPoolQueueHeadWaitTimeMills",
    "ackThreadPoolQueueHeadWaitTimeMills",
];

/// Capacities of queues that are not there, as RocketMQ has them by default.
const CAPACITIES: [(&str, &str); 6] = [
    ("sendThreadPoolQueueCapacity", "10000"),
    ("pullThreadPoolQueueCapacity", "100000"),
    ("litePullThreadPoolQueueCapacity", "100000"),
    ("queryThreadPoolQueueCapacity", "20000"),
    ("ackThreadPoolQueueCapacity", "100000"),
    ("EndTransactionThreadPoolQueueCapacity", "100000"),
];

/// Keys that are decimal numbers in RocketMQ.
const ALWAYS_ZERO_DECIMAL: [&str; 4] = [
    "timerEnqueueTps",
    "timerDequeueTps",
    "putLatency99",
    "putLatency999",
];

/// Answers with everything that tools want to know.
pub(super) fn info(broker: &Arc<BrokerContext>, _: &RemotingCommand) -> Answered {
    Ok(Answer::body(
        KvTable {
            table: table_of(broker),
        }
        .to_json(),
    ))
}

fn table_of(broker: &BrokerContext) -> BTreeMap<String, String> {
    let mut table = BTreeMap::new();
    let mut tell = |key: &str, value: String| {
        table.insert(key.to_owned(), value);
    };
    for key in ALWAYS_ZERO {
        tell(key, "0".to_owned());
    }
    for key in ALWAYS_ZERO_DECIMAL {
        tell(key, "0.00".to_owned());
    }
    for (key, value) in CAPACITIES {
        tell(key, value.to_owned());
    }
    tell("putMessageDistributeTime", String::new());
    tell("remainHowManyDataToCommit", bytes_text(0));

    let store = broker.store.runtime_info();
    for (key, value) in store.to_table() {
        tell(key, value);
    }
    let unsynced = u64::try_from(store.unsynced_bytes).unwrap_or_default();
    tell("remainHowManyDataToFlush", bytes_text(unsynced));
    if let Ok(disk) = PlainStorage.disk_usage(&broker.config.store_path_root_dir) {
        let (total, free) = (
            bytes_text(disk.used + disk.available),
            bytes_text(disk.available),
        );
        tell(
            "commitLogDirCapacity",
            format!("Total : {total}, Free : {free}."),
        );
    }
    let folder = broker.config.store_path_root_dir.join("commitlog");
    tell(
        &format!("commitLogDiskRatio_{}", folder.display()),
        store.commit_log_disk_ratio.to_string(),
    );
    let earliest = broker.store.earliest_message_time().unwrap_or(-1);
    tell("earliestMessageTimeStamp", earliest.to_string());
    for (level, next, end) in broker.schedule.offsets(broker) {
        tell(
            &format!("scheduleMessageOffset_{level}"),
            format!("{next},{end}"),
        );
    }

    // As in RocketMQ: whether the services of a master run.
    tell("brokerActive", "true".to_owned());
    tell("brokerVersion", CURRENT_VERSION.to_string());
    tell("brokerVersionDesc", name_of(CURRENT_VERSION));
    let start = broker.settings.start_accept_send_request_timestamp();
    tell("startAcceptSendRequestTimeStamp", start.to_string());
    tell_totals(broker, &mut tell);
    table
}

fn tell_totals(broker: &BrokerContext, tell: &mut impl FnMut(&str, String)) {
    let mornings = broker.stats.mornings();
    tell(
        "msgPutTotalYesterdayMorning",
        mornings.put_yesterday.to_string(),
    );
    tell("msgPutTotalTodayMorning", mornings.put_today.to_string());
    tell(
        "msgPutTotalTodayNow",
        broker.stats.user_put_nums.total().to_string(),
    );
    tell(
        "msgGetTotalYesterdayMorning",
        mornings.get_yesterday.to_string(),
    );
    tell("msgGetTotalTodayMorning", mornings.get_today.to_string());
    tell(
        "msgGetTotalTodayNow",
        broker.stats.user_get_nums.total().to_string(),
    );
}

/// A number of bytes as RocketMQ writes it for people (`MixAll.humanReadableByteCount`).
fn bytes_text(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let Some(power) = bytes
        .checked_ilog2()
        .map(|log| log / 10)
        .filter(|power| *power > 0)
    else {
        return format!("{bytes} B");
    };
    let tenths = (u128::from(bytes) * 10) >> (10 * power);
    let unit = UNITS.get(power as usize - 1).copied().unwrap_or_default();
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_java_writes_them() {
        for (bytes, expected) in [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_024, "1.0 KiB"),
            (1_536, "1.5 KiB"),
            (25_769_803_776, "24.0 GiB"),
            (u64::MAX, "15.9 EiB"),
        ] {
            assert_eq!(bytes_text(bytes), expected);
        }
    }
}
