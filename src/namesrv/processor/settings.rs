//! The settings of the name server itself, as a properties text.

use super::{Answer, Failure, success};
use crate::error::SettingError;
use crate::node::Node;
use protocol::properties_file::{self, Property};
use protocol::{CommandView, RemotingCommand, ResponseCode};
use remoting::Connection;
use std::sync::Arc;

/// How long a request for changes may be, in bytes.
pub(crate) const CHANGES_LENGTH_MAX: usize = 64 * 1024;

/// What RocketMQ never lets a request change, and what led from an open port to files and processes
/// there (CVE-2023-33246, CVE-2023-37582).
const NEVER_BY_REQUEST: [&str; 4] = [
    "configBlackList",
    "configStorePath",
    "kvConfigPath",
    "rocketmqHome",
];

/// Changes settings until the next start: all that the request names or, when one cannot be, none.
pub(super) fn update(
    node: &Node,
    request: &CommandView<'_>,
    connection: &Arc<Connection>,
) -> Answer {
    let body = request.body();
    if body.len() > CHANGES_LENGTH_MAX {
        let length = body.len();
        return Err(invalid(format!(
            "the settings have {length} bytes, the limit is {CHANGES_LENGTH_MAX}"
        )));
    }
    let text = std::str::from_utf8(body).map_err(|error| invalid(error.to_string()))?;
    let mut config = node.config.write();
    let mut changed = config.clone();
    let entries = properties_file::parse(text).map_err(|error| invalid(error.to_string()))?;
    for Property { key, value, .. } in &entries {
        if NEVER_BY_REQUEST.contains(&key.as_str()) {
            tracing::warn!(key, peer = %connection.peer(), "refused to change a setting");
            let remark = "Can not update config in black list.";
            return Err(Failure::new(ResponseCode::NoPermission, remark));
        }
        changed
            .change(key, value.trim_end())
            .map_err(|error| match error {
                SettingError::Fixed { .. } => {
                    Failure::new(ResponseCode::NoPermission, error.to_string())
                }
                other => invalid(other.to_string()),
            })?;
    }
    *config = changed;
    for Property { key, value, .. } in &entries {
        tracing::info!(key, value, peer = %connection.peer(), "a setting was changed by request");
    }
    Ok(success())
}

pub(super) fn get(node: &Node) -> RemotingCommand {
    let mut text = String::new();
    for (key, value) in node.config.read().entries() {
        properties_file::write_entry(&mut text, key, &value);
    }
    success().with_body(text)
}

fn invalid(remark: String) -> Failure {
    Failure::new(ResponseCode::InvalidParameter, remark)
}
