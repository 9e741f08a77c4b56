//! What brokers tell of themselves, and what tools ask and change of them.

use super::{Answer, Failure, route, success};
use crate::kv_config::ORDER_TOPIC_CONFIG;
use crate::node::Node;
use crate::route_info::{BrokerId, BrokerKey, Registration};
use protocol::body::{
    DataVersion, GetBrokerMemberGroupResponseBody, KvTable, RegisterBrokerBody,
    TopicConfigAndMappingSerializeWrapper, TopicConfigSerializeWrapper,
};
use protocol::header::{
    AddWritePermOfBrokerRequestHeader, AddWritePermOfBrokerResponseHeader,
    BrokerHeartbeatRequestHeader, GetBrokerMemberGroupRequestHeader, QueryDataVersionRequestHeader,
    QueryDataVersionResponseHeader, RegisterBrokerRequestHeader, RegisterBrokerResponseHeader,
    UnregisterBrokerRequestHeader, WipeWritePermOfBrokerRequestHeader,
    WipeWritePermOfBrokerResponseHeader,
};
use protocol::message::layout::CRC_MASK;
use protocol::{CommandView, RemotingCommand, version};
use remoting::Connection;
use std::sync::Arc;
use std::time::Duration;

/// What a zlib stream begins with; no JSON does.
const ZLIB_FIRST_BYTE: u8 = 0x78;

pub(super) fn register_broker(
    node: &Node,
    request: &CommandView<'_>,
    connection: &Arc<Connection>,
) -> Answer {
    let header: RegisterBrokerRequestHeader = request.header()?;
    check_crc(request.body(), header.body_crc32.unwrap_or(0))?;
    let (wrapper, filter_servers) = read_body(request, header.compressed.unwrap_or(false))?;
    let (timeout, delete_absent, with_order) = {
        let config = node.config.read();
        (
            header
                .heartbeat_timeout_millis
                .and_then(|millis| u64::try_from(millis).ok())
                .map_or(config.broker_expiry, Duration::from_millis),
            config.delete_topic_with_broker_registration,
            config.return_order_topic_config_to_broker,
        )
    };
    let registration = Registration {
        cluster: header.cluster_name,
        broker: header.broker_name,
        broker_id: header.broker_id,
        addr: header.broker_addr,
        ha_server_addr: header.ha_server_addr,
        zone: request.field(route::ZONE_NAME).map(str::to_owned),
        enable_acting_master: header.enable_acting_master,
        timeout,
        data_version: wrapper.data_version,
        topics: wrapper.topic_config_table,
        mappings: wrapper.topic_queue_mapping_info_map,
        filter_servers,
        connection: connection.id(),
    };
    node.remember(connection);
    let now = node.clock.elapsed();
    let registered = node
        .routes
        .write()
        .register(&registration, delete_absent, now)
        .map_err(|error| Failure::system_error(&error))?;

    let mut response = success().with_header(&RegisterBrokerResponseHeader {
        ha_server_addr: registered.ha_server_addr,
        master_addr: registered.master_addr,
    });
    response.remark = registered.remark;
    let order = with_order
        .then(|| node.kv.list(ORDER_TOPIC_CONFIG))
        .flatten();
    if let Some(table) = order {
        response.body = KvTable { table }.to_json().into();
    }
    Ok(response)
}

pub(super) fn unregister_broker(node: &Node, request: &CommandView<'_>) -> Answer {
    let header: UnregisterBrokerRequestHeader = request.header()?;
    node.routes.write().unregister(BrokerId {
        key: BrokerKey {
            cluster: header.cluster_name,
            addr: header.broker_addr,
        },
        broker: header.broker_name,
    });
    Ok(success())
}

pub(super) fn broker_heartbeat(node: &Node, request: &CommandView<'_>) -> Answer {
    let header: BrokerHeartbeatRequestHeader = request.header()?;
    let key = BrokerKey::new(&header.cluster_name, &header.broker_addr);
    let now = node.clock.elapsed();
    node.routes.write().heartbeat(&key, now);
    Ok(success())
}

/// A broker asks whether it has to register again, which is a sign of life as well.
pub(super) fn query_data_version(node: &Node, request: &CommandView<'_>) -> Answer {
    let header: QueryDataVersionRequestHeader = request.header()?;
    let theirs = DataVersion::from_json(request.body())?;
    let key = BrokerKey::new(&header.cluster_name, &header.broker_addr);
    let now = node.clock.elapsed();
    let ours = {
        let mut routes = node.routes.write();
        routes.heartbeat(&key, now);
        routes.data_version(&key)
    };
    let response = success().with_header(&QueryDataVersionResponseHeader {
        changed: ours != Some(theirs),
    });
    Ok(match ours {
        Some(ours) => response.with_body(ours.to_json()),
        None => response,
    })
}

pub(super) fn get_broker_member_group(node: &Node, request: &CommandView<'_>) -> Answer {
    let header: GetBrokerMemberGroupRequestHeader = request.header()?;
    let group = node
        .routes
        .read()
        .member_group(&header.cluster_name, &header.broker_name);
    let body = GetBrokerMemberGroupResponseBody {
        broker_member_group: Some(group),
    };
    Ok(success().with_body(body.to_json()))
}

pub(super) fn get_broker_cluster_info(node: &Node) -> RemotingCommand {
    let info = node.routes.read().cluster_info();
    success().with_body(info.to_json())
}

pub(super) fn wipe_write_perm(node: &Node, request: &CommandView<'_>) -> Answer {
    let header: WipeWritePermOfBrokerRequestHeader = request.header()?;
    let count = node.routes.write().wipe_write_perm(&header.broker_name);
    let broker = header.broker_name;
    tracing::info!(broker, count, "took the permission to write from a broker");
    Ok(success().with_header(&WipeWritePermOfBrokerResponseHeader {
        wipe_topic_count: i32::try_from(count).unwrap_or(i32::MAX),
    }))
}

pub(super) fn add_write_perm(node: &Node, request: &CommandView<'_>) -> Answer {
    let header: AddWritePermOfBrokerRequestHeader = request.header()?;
    let count = node.routes.write().add_write_perm(&header.broker_name);
    let broker = header.broker_name;
    tracing::info!(broker, count, "gave a broker the permission to write");
    Ok(success().with_header(&AddWritePermOfBrokerResponseHeader {
        add_topic_count: i32::try_from(count).unwrap_or(i32::MAX),
    }))
}

/// The topics and the filter servers of a registration; brokers before 3.0.11 send topics alone.
///
/// Whether the body is compressed shows in its first byte: brokers since 5.0 compress it and say
/// that they did not.
fn read_body(
    request: &CommandView<'_>,
    compressed: bool,
) -> Result<(TopicConfigAndMappingSerializeWrapper, Option<Vec<String>>), Failure> {
    let body = request.body();
    if body.is_empty() {
        return Ok(Default::default());
    }
    if request.version() < version::V3_0_11 {
        let wrapper = TopicConfigSerializeWrapper::from_json(body)?;
        let wrapper = TopicConfigAndMappingSerializeWrapper {
            data_version: wrapper.data_version,
            topic_config_table: wrapper.topic_config_table,
            ..Default::default()
        };
        return Ok((wrapper, None));
    }
    let body = if compressed || body.first() == Some(&ZLIB_FIRST_BYTE) {
        let has_mappings = request.version() >= version::V5_0_0;
        RegisterBrokerBody::from_compressed(body, has_mappings)
            .map_err(|error| Failure::system_error(&format!("the body cannot be read: {error}")))?
    } else {
        RegisterBrokerBody::from_json(body)?
    };
    Ok((
        body.topic_config_serialize_wrapper,
        Some(body.filter_server_list),
    ))
}

/// 0 stands for "not computed"; the sign bit is never set.
fn check_crc(body: &[u8], expected: i32) -> Result<(), Failure> {
    let actual = crc32fast::hash(body) & CRC_MASK;
    if expected == 0 || i64::from(expected) == i64::from(actual) {
        Ok(())
    } else {
        Err(Failure::system_error("crc32 not match"))
    }
}
