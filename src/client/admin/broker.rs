//! One broker: how it runs and how it is set up.

use std::collections::BTreeMap;

use protocol::body::{BrokerStatsData, ConsumeStatsList, KvTable};
use protocol::header::{GetConsumeStatsInBrokerRequestHeader, ViewBrokerStatsDataRequestHeader};
use protocol::{RemotingCommand, RequestCode};

use super::{Admin, properties_text};
use crate::ClientError;

/// How a broker runs, as it says itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BrokerRuntime {
    /// Everything it said, by RocketMQ's names.
    pub table: BTreeMap<String, String>,
}

impl BrokerRuntime {
    /// One of the values.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.table.get(name).map(String::as_str)
    }

    /// Its version: `V5_3_3`.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.get("brokerVersionDesc")
    }

    /// Messages stored a second, over the last ten seconds.
    #[must_use]
    pub fn put_tps(&self) -> Option<f64> {
        self.first_number("putTps")
    }

    /// Messages given out a second, over the last ten seconds.
    #[must_use]
    pub fn get_tps(&self) -> Option<f64> {
        self.first_number("getTransferredTps")
    }

    /// How full the disk of the commit log is, from 0 to 1.
    #[must_use]
    pub fn disk_ratio(&self) -> Option<f64> {
        self.first_number("commitLogDiskRatio")
    }

    /// When the broker was started, in ms since the epoch.
    #[must_use]
    pub fn boot_ms(&self) -> Option<i64> {
        self.get("bootTimestamp")?.trim().parse().ok()
    }

    /// Whether the broker takes part in the cluster; older ones do not say.
    #[must_use]
    pub fn is_active(&self) -> Option<bool> {
        self.get("brokerActive")?.trim().parse().ok()
    }

    /// Rates come as three numbers: of the last 10 s, minute and 10 minutes.
    fn first_number(&self, name: &str) -> Option<f64> {
        self.get(name)?.split_whitespace().next()?.parse().ok()
    }
}

impl Admin {
    /// How a broker runs.
    ///
    /// # Errors
    /// The broker does not answer.
    pub async fn runtime_info(&self, addr: &str) -> Result<BrokerRuntime, ClientError> {
        let code = RequestCode::GetBrokerRuntimeInfo;
        let answer = self.ask(addr, code, RemotingCommand::request(code)).await?;
        Ok(BrokerRuntime {
            table: answer.body(KvTable::from_json)?.table,
        })
    }

    /// How a broker is set up, by RocketMQ's names.
    ///
    /// # Errors
    /// The broker does not answer.
    pub async fn broker_config(&self, addr: &str) -> Result<BTreeMap<String, String>, ClientError> {
        let code = RequestCode::GetBrokerConfig;
        let answer = self.ask(addr, code, RemotingCommand::request(code)).await?;
        Ok(properties_text::read(&answer.response.body))
    }

    /// Changes settings of a running broker.
    ///
    /// # Errors
    /// A name that is none, or a broker's no.
    pub async fn update_broker_config(
        &self,
        addr: &str,
        settings: &[(&str, &str)],
    ) -> Result<(), ClientError> {
        let code = RequestCode::UpdateBrokerConfig;
        let request = RemotingCommand::request(code).with_body(properties_text::write(settings)?);
        self.ask(addr, code, request).await.map(drop)
    }

    /// What one of a broker's counters counted: `TOPIC_PUT_NUMS` of a topic, `GROUP_GET_NUMS` of
    /// `topic@group`, and so on.
    ///
    /// # Errors
    /// The broker has no such counter, or does not answer.
    pub async fn broker_stats(
        &self,
        addr: &str,
        name: &str,
        key: &str,
    ) -> Result<BrokerStatsData, ClientError> {
        let code = RequestCode::ViewBrokerStatsData;
        let header = ViewBrokerStatsDataRequestHeader {
            stats_name: name.to_owned(),
            stats_key: key.to_owned(),
        };
        let request = RemotingCommand::request(code).with_header(&header);
        self.ask(addr, code, request)
            .await?
            .body(BrokerStatsData::from_json)
    }

    /// How far all groups of a broker have come; `is_order` asks for the ordered topics alone.
    ///
    /// # Errors
    /// The broker does not answer.
    pub async fn broker_consume_stats(
        &self,
        addr: &str,
        is_order: bool,
    ) -> Result<ConsumeStatsList, ClientError> {
        let code = RequestCode::GetBrokerConsumeStats;
        let header = GetConsumeStatsInBrokerRequestHeader { is_order };
        let request = RemotingCommand::request(code).with_header(&header);
        self.ask(addr, code, request)
            .await?
            .body(ConsumeStatsList::from_json)
    }

    /// Has a broker delete consume queue files of which every message is gone.
    ///
    /// # Errors
    /// A broker's no.
    pub async fn clean_expired_consume_queues(&self, addr: &str) -> Result<(), ClientError> {
        let code = RequestCode::CleanExpiredConsumequeue;
        self.ask(addr, code, RemotingCommand::request(code))
            .await
            .map(drop)
    }

    /// Has a broker delete the consume queues of topics that it no longer has.
    ///
    /// # Errors
    /// A broker's no.
    pub async fn clean_unused_topics(&self, addr: &str) -> Result<(), ClientError> {
        let code = RequestCode::CleanUnusedTopic;
        self.ask(addr, code, RemotingCommand::request(code))
            .await
            .map(drop)
    }

    /// Has a broker delete commit log files that are past their time.
    ///
    /// # Errors
    /// A broker's no.
    pub async fn delete_expired_commit_logs(&self, addr: &str) -> Result<(), ClientError> {
        let code = RequestCode::DeleteExpiredCommitlog;
        self.ask(addr, code, RemotingCommand::request(code))
            .await
            .map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_mqadmin_reads_them() {
        let table = [
            ("putTps", "1.5 2.0 3.0"),
            ("getTransferredTps", "7.25 1 1"),
            ("commitLogDiskRatio", "0.42"),
            ("bootTimestamp", "1700000000000"),
            ("brokerVersionDesc", "V5_3_3"),
        ];
        let table = table
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let runtime = BrokerRuntime { table };
        assert_eq!(
            (runtime.put_tps(), runtime.get_tps()),
            (Some(1.5), Some(7.25))
        );
        assert_eq!(runtime.disk_ratio(), Some(0.42));
        assert_eq!(runtime.boot_ms(), Some(1_700_000_000_000));
        assert_eq!(
            (runtime.version(), runtime.is_active()),
            (Some("V5_3_3"), None)
        );
    }
}
