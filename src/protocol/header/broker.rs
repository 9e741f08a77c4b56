//! Brokers about themselves.

use super::headers;

headers! {
    /// RocketMQ `GetBrokerConfigResponseHeader`.
    pub struct GetBrokerConfigResponseHeader {
        version "version": String,
    }

    /// RocketMQ `ViewBrokerStatsDataRequestHeader`: `VIEW_BROKER_STATS_DATA`.
    pub struct ViewBrokerStatsDataRequestHeader {
        stats_name "statsName": String,
        stats_key "statsKey": String,
    }

    /// RocketMQ `ExchangeHAInfoRequestHeader`: `EXCHANGE_BROKER_HA_INFO`.
    pub struct ExchangeHaInfoRequestHeader {
        master_ha_address "masterHaAddress": Option<String>,
        master_flush_offset "masterFlushOffset": Option<i64>,
        master_address "masterAddress": Option<String>,
    }

    /// RocketMQ `ExchangeHAInfoResponseHeader`.
    pub struct ExchangeHaInfoResponseHeader {
        master_ha_address "masterHaAddress": Option<String>,
        master_flush_offset "masterFlushOffset": Option<i64>,
        master_address "masterAddress": Option<String>,
    }

    /// RocketMQ `ResetMasterFlushOffsetHeader`: `RESET_MASTER_FLUSH_OFFSET`.
    pub struct ResetMasterFlushOffsetRequestHeader {
        master_flush_offset "masterFlushOffset": i64,
    }
}
