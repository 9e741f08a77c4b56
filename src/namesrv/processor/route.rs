//! `GET_ROUTEINFO_BY_TOPIC`: the one request that every client makes.

use super::{Answer, Failure, success};
use crate::kv_config::ORDER_TOPIC_CONFIG;
use crate::node::Node;
use protocol::body::TopicRouteData;
use protocol::header::GetRouteInfoRequestHeader;
use protocol::{CommandView, ResponseCode, version};
use std::collections::BTreeSet;

/// Where RocketMQ sends people who miss a topic; some tools look for the text.
const MORE: &str = "\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.";

/// The fields of a client that wants brokers of its own zone (RocketMQ `ZoneRouteRPCHook`).
const ZONE_MODE: &str = "__ZONE_MODE";
pub(super) const ZONE_NAME: &str = "__ZONE_NAME";

const MASTER_ID: i64 = 0;

pub(super) fn get_route_info_by_topic(node: &Node, request: &CommandView<'_>) -> Answer {
    let header: GetRouteInfoRequestHeader = request.header()?;
    let (acting_masters, with_order) = {
        let config = node.config.read();
        if config.need_wait_for_service && node.uptime() < config.wait_for_service {
            return Err(Failure::system_error("name server not ready"));
        }
        (config.support_acting_master, config.order_message_enable)
    };
    let route = node.routes.read().route(&header.topic, acting_masters);
    let mut route = route.ok_or_else(|| no_route(&header.topic))?;
    if with_order {
        route.order_topic_conf = node.kv.get(ORDER_TOPIC_CONFIG, &header.topic);
    }
    if let Some(zone) = wanted_zone(request) {
        keep_zone(&mut route, zone);
    }
    let standard =
        request.version() >= version::V4_9_4 || header.accept_standard_json_only.unwrap_or(false);
    Ok(success().with_body(route.to_json(standard)))
}

fn no_route(topic: &str) -> Failure {
    let remark = format!("No topic route info in name server for the topic: {topic}{MORE}");
    Failure::new(ResponseCode::TopicNotExist, remark)
}

fn wanted_zone<'a>(request: &CommandView<'a>) -> Option<&'a str> {
    let is_on = request.field(ZONE_MODE)?.eq_ignore_ascii_case("true");
    request
        .field(ZONE_NAME)
        .filter(|zone| is_on && !zone.trim().is_empty())
}

/// Keeps the brokers of a zone, and those without a master: their slaves serve every zone.
fn keep_zone(route: &mut TopicRouteData, zone: &str) {
    let mut removed = BTreeSet::new();
    route.broker_datas.retain(|broker| {
        let is_near = broker
            .zone_name
            .as_deref()
            .is_some_and(|name| name.eq_ignore_ascii_case(zone));
        let keep = is_near || !broker.broker_addrs.contains_key(&MASTER_ID);
        if !keep {
            removed.insert(broker.broker_name.clone());
            for addr in broker.broker_addrs.values() {
                route.filter_server_table.remove(addr);
            }
        }
        keep
    });
    route
        .queue_datas
        .retain(|queue| !removed.contains(&queue.broker_name));
}
