//! What the list and the page of a group have in common.

use std::collections::BTreeMap;

use protocol::body::ConsumerRunningInfo;
use serde::Serialize;

use super::members::{Member, members};
use super::state::Seen;
use crate::output::{Cell, Column, Role};

/// A group in a line.
#[derive(Debug, Serialize)]
pub(super) struct GroupSummary {
    pub(super) group: String,
    state: &'static str,
    mode: Option<&'static str>,
    consume_type: Option<&'static str>,
    pub(super) members: Vec<Member>,
    topics: Vec<String>,
    lag: Option<i64>,
}

impl GroupSummary {
    pub(super) const GROUP: Column = Column::new("group");
    pub(super) const STATE: Column = Column::new("state");
    pub(super) const MODE: Column = Column::new("mode");
    pub(super) const CONSUME_TYPE: Column = Column::new("consume_type").titled("TYPE");
    pub(super) const MEMBERS: Column = Column::number("members");
    pub(super) const TOPICS: Column = Column::new("topics");
    pub(super) const LAG: Column = Column::number("lag");

    /// The group as the brokers see it; `infos` is what members that were asked say of themselves.
    pub(super) fn of(
        group: &str,
        seen: &Seen,
        infos: &BTreeMap<String, ConsumerRunningInfo>,
    ) -> Self {
        let members = seen
            .connection
            .as_ref()
            .map(|connection| members(connection, infos));
        Self {
            group: group.to_owned(),
            state: seen.state(),
            mode: seen.mode(),
            consume_type: seen.consume_type(),
            members: members.unwrap_or_default(),
            topics: seen.topics(),
            lag: seen.lag(),
        }
    }

    /// One cell for each of its columns.
    pub(super) fn cells(&self) -> Vec<Cell> {
        let is_online = self.state == "online";
        let lag = Cell::from(self.lag);
        vec![
            Cell::from(&self.group).role(Role::Accent),
            Cell::text(self.state).role(if is_online { Role::Ok } else { Role::Dim }),
            self.mode.into(),
            self.consume_type.into(),
            self.members.len().into(),
            Cell::list(&self.topics),
            if self.lag.is_some_and(|lag| lag > 0) {
                lag.role(Role::Warn)
            } else {
                lag
            },
        ]
    }
}
