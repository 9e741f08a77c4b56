//! The broker's settings: `UPDATE_BROKER_CONFIG` 25 and `GET_BROKER_CONFIG` 26.

use std::sync::Arc;

use protocol::RemotingCommand;
use protocol::header::GetBrokerConfigResponseHeader;

use crate::broker::BrokerContext;
use crate::processor::answer::{Answer, Answered, Refusal};

/// Changes settings, all that are named or none; [`Settings`](crate::broker_settings::Settings) says
/// which may be.
pub(super) fn update(broker: &Arc<BrokerContext>, request: &RemotingCommand) -> Answered {
    let changed = broker.settings.change(&request.body, broker.clock.now_ms());
    let change = changed.map_err(|error| Refusal::new(error.response_code(), error.to_string()))?;
    if change.permission_changed {
        broker.topics.announce_all();
        return Ok(Answer::done().after_registration());
    }
    Ok(Answer::done())
}

/// All settings, but for what is secret.
pub(super) fn get(broker: &Arc<BrokerContext>, _: &RemotingCommand) -> Answered {
    let (text, version) = broker.settings.describe();
    let version = String::from_utf8(version.to_json()).unwrap_or_default();
    let header = GetBrokerConfigResponseHeader { version };
    Ok(Answer::body(text.into_bytes()).with_header(&header))
}
