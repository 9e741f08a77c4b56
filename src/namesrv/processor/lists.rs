//! Lists of topics.

use super::{Answer, Failure, success};
use crate::node::Node;
use crate::route_info::UnitTopics;
use protocol::header::GetTopicsByClusterRequestHeader;
use protocol::{CommandView, RemotingCommand, RequestCode};

/// RocketMQ's word for a list that is switched off.
const DISABLED: &str = "disable";

pub(super) fn all_topics(node: &Node) -> Answer {
    if !node.config.read().enable_all_topic_list {
        return Err(Failure::system_error(DISABLED));
    }
    let topics = node.routes.read().all_topics();
    Ok(success().with_body(topics.to_json()))
}

pub(super) fn topics_by_cluster(node: &Node, request: &CommandView<'_>) -> Answer {
    check_enabled(node)?;
    let header: GetTopicsByClusterRequestHeader = request.header()?;
    let topics = node.routes.read().topics_of_cluster(&header.cluster);
    Ok(success().with_body(topics.to_json()))
}

pub(super) fn system_topics(node: &Node) -> RemotingCommand {
    let topics = node.routes.read().system_topics();
    success().with_body(topics.to_json())
}

pub(super) fn unit_topics(node: &Node, code: RequestCode) -> Answer {
    check_enabled(node)?;
    let which = match code {
        RequestCode::GetUnitTopicList => UnitTopics::Unit,
        RequestCode::GetHasUnitSubTopicList => UnitTopics::SubscribedByUnits,
        _ => UnitTopics::SubscribedByUnitsOnly,
    };
    let topics = node.routes.read().unit_topics(which);
    Ok(success().with_body(topics.to_json()))
}

fn check_enabled(node: &Node) -> Result<(), Failure> {
    if node.config.read().enable_topic_list {
        Ok(())
    } else {
        Err(Failure::system_error(DISABLED))
    }
}
