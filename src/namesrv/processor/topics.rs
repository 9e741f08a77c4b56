//! Topics that come and go without their brokers.

use super::{Answer, Failure, success};
use crate::node::Node;
use protocol::CommandView;
use protocol::body::TopicRouteData;
use protocol::header::{DeleteTopicFromNamesrvRequestHeader, RegisterTopicRequestHeader};
use protocol::name;

/// Enters a topic for brokers that are known. As in RocketMQ it is no failure when one is not, but
/// then nothing is entered; the answer says so.
pub(super) fn register_topic(node: &Node, request: &CommandView<'_>) -> Answer {
    let header: RegisterTopicRequestHeader = request.header()?;
    name::validate_topic(&header.topic).map_err(|error| Failure::system_error(&error))?;
    let route = TopicRouteData::from_json(request.body())?;
    let registered = node
        .routes
        .write()
        .register_topic(&header.topic, route.queue_datas);
    Ok(match registered {
        Ok(()) => success(),
        Err(refusal) => {
            let topic = header.topic;
            tracing::warn!(topic, %refusal, "a topic was not entered");
            success().with_remark(format!("topic {topic} was not entered: {refusal}"))
        }
    })
}

pub(super) fn delete_topic(node: &Node, request: &CommandView<'_>) -> Answer {
    let header: DeleteTopicFromNamesrvRequestHeader = request.header()?;
    let cluster = header.cluster_name.filter(|cluster| !cluster.is_empty());
    node.routes
        .write()
        .delete_topic(&header.topic, cluster.as_deref());
    Ok(success())
}
