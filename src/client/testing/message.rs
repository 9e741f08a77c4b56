//! A stored message.

use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use protocol::message::{MessageExt, Properties};

/// A message as a broker would have stored it.
pub(crate) fn message(topic: &str, queue_offset: i64) -> MessageExt {
    let host = SocketAddr::from((Ipv4Addr::LOCALHOST, 10911));
    MessageExt {
        broker_name: "broker-a".to_owned(),
        topic: topic.to_owned(),
        body: Bytes::from_static(b"hello"),
        properties: Properties::new(),
        flag: 0,
        queue_id: 0,
        queue_offset,
        physical_offset: queue_offset * 100,
        sys_flag: 0,
        born_timestamp: 1,
        born_host: host,
        store_timestamp: 2,
        store_host: host,
        reconsume_times: 0,
        prepared_transaction_offset: 0,
        store_size: 100,
        body_crc: 0,
    }
}
