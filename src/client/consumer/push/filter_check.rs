//! Whether a broker serves a group's filter: asked before the group starts, so that a wrong expression
//! is an error and not silence.

use protocol::body::CheckClientRequestBody;
use protocol::{RemotingCommand, RequestCode, ResponseCode};

use super::member::Member;
use crate::ClientError;
use crate::peer::Peer;
use crate::route::{MASTER_ID, TopicRoute};

/// Has one broker of the topic look at what the member wants of it, unless that is tags. A broker that
/// cannot be reached or does not know the request says nothing against it.
///
/// # Errors
/// [`ClientError::Remote`]: with `SUBSCRIPTION_PARSE_FAILED`, whose remark says what is wrong; with
/// another code if the broker does not filter by such expressions.
pub(super) async fn check(member: &Member, route: &TopicRoute) -> Result<(), ClientError> {
    let Some(wanted) = member.subscription(route.topic()) else {
        return Ok(());
    };
    if wanted.data.is_tag_type() {
        return Ok(());
    }
    let broker = route.subscribe_queues().iter().find_map(|queue| {
        let (addr, _) = route.read_addr(&queue.broker_name, MASTER_ID)?;
        Some((queue.broker_name.as_str(), addr))
    });
    let Some((name, addr)) = broker else {
        return Ok(());
    };
    let body = CheckClientRequestBody {
        client_id: member.shared.client_id.clone(),
        group: member.group().to_owned(),
        namespace: None,
        subscription_data: wanted.data,
    };
    let code = RequestCode::CheckClientConfig;
    let request = RemotingCommand::request(code).with_body(body.to_json());
    let asked = member.shared.ask(Peer::broker(name, addr), code, request);
    match asked.await {
        Err(error @ ClientError::Remote { .. })
            if error.response_code() != Some(ResponseCode::RequestCodeNotSupported) =>
        {
            Err(error)
        }
        _ => Ok(()),
    }
}
