//! What a broker says of a message that it has stored.

use std::borrow::Cow;
use std::time::Duration;

use client::SendResult;
use protocol::body::MessageQueue;
use serde::Serialize;

use crate::output::text::escape_controls;
use crate::output::{Cell, Column, Item, Page, Role, View};

/// The status of a message that nobody acknowledged.
const ONEWAY: &str = "ONEWAY";

/// A longer id is shortened on a terminal.
const ID_SHOWN_MAX: usize = 16;

/// One message that was sent. Of a one-way send there is nothing to know but the queue.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Receipt {
    status: &'static str,
    topic: String,
    broker: String,
    queue: i32,
    offset: Option<i64>,
    msg_id: Option<String>,
    offset_msg_id: Option<String>,
    rt_ms: Option<f64>,
}

impl Receipt {
    /// The receipts of `count` messages that were sent in one request.
    pub(super) fn of_result(result: &SendResult, count: usize) -> Vec<Self> {
        let rt_ms = millis(result.rt);
        let mut ids = result.msg_id.split(',');
        let mut offset_ids = result.offset_msg_id.split(',');
        let receipt = |at: usize| Self {
            status: result.status.name(),
            topic: result.queue.topic.clone(),
            broker: result.queue.broker_name.clone(),
            queue: result.queue.queue_id,
            offset: i64::try_from(at)
                .ok()
                .map(|at| result.queue_offset.saturating_add(at)),
            msg_id: ids.next().map(str::to_owned),
            offset_msg_id: offset_ids.next().map(str::to_owned),
            rt_ms: Some(rt_ms),
        };
        (0..count).map(receipt).collect()
    }

    /// What is known of a message that was sent one way.
    pub(super) fn oneway(queue: &MessageQueue) -> Self {
        Self {
            status: ONEWAY,
            topic: queue.topic.clone(),
            broker: queue.broker_name.clone(),
            queue: queue.queue_id,
            offset: None,
            msg_id: None,
            offset_msg_id: None,
            rt_ms: None,
        }
    }

    /// `sent orders b-1/q3 @1042  7F000001…6789A1B2  1.8ms`
    fn parts(&self, for_terminal: bool) -> Vec<(Option<Role>, String)> {
        let mut parts = vec![
            (None, format!("sent {} ", self.topic)),
            (
                Some(Role::Accent),
                format!("{}/q{}", self.broker, self.queue),
            ),
        ];
        if let Some(offset) = self.offset {
            parts.push((None, format!(" @{offset}")));
        }
        if let Some(id) = &self.msg_id {
            let id = if for_terminal {
                shortened(id)
            } else {
                id.as_str().into()
            };
            parts.push((Some(Role::Dim), format!("  {id}")));
        }
        if let Some(rt_ms) = self.rt_ms {
            parts.push((None, format!("  {rt_ms:.1}ms")));
        }
        if self.status != "SEND_OK" {
            parts.push((Some(Role::Warn), format!("  {}", self.status)));
        }
        parts
    }

    pub(super) fn status(&self) -> &'static str {
        self.status
    }

    pub(super) fn broker(&self) -> &str {
        &self.broker
    }
}

/// Milliseconds to the microsecond.
fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

impl Item for Receipt {
    const SCHEMA: &'static str = "gantry.send.receipt/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("status"),
        Column::new("topic"),
        Column::new("broker"),
        Column::number("queue"),
        Column::number("offset"),
        Column::new("msg_id"),
        Column::new("offset_msg_id").wide(),
        Column::number("rt_ms"),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            self.status.into(),
            (&self.topic).into(),
            (&self.broker).into(),
            self.queue.into(),
            self.offset.into(),
            self.msg_id.as_ref().into(),
            self.offset_msg_id.as_ref().into(),
            self.rt_ms.map_or_else(Cell::empty, Cell::decimal),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.msg_id.as_deref().unwrap_or_default().into()
    }

    fn page(&self, page: &mut Page) {
        let parts = self.parts(page.view().terminal);
        let parts: Vec<_> = parts
            .iter()
            .map(|(role, text)| (*role, text.as_str()))
            .collect();
        page.painted(&parts);
    }

    fn line(&self, view: &View) -> String {
        let painted = self.parts(view.terminal).into_iter().map(|(role, text)| {
            let text = escape_controls(&text);
            role.map_or_else(|| text.to_string(), |role| view.palette.paint(role, &text))
        });
        painted.collect()
    }
}

/// `7F000001…00A1`: the beginning says which host, the end which message.
fn shortened(id: &str) -> Cow<'_, str> {
    if id.len() <= ID_SHOWN_MAX || !id.is_ascii() {
        return id.into();
    }
    let half = ID_SHOWN_MAX / 2;
    format!("{}…{}", &id[..half], &id[id.len() - half..]).into()
}

#[cfg(test)]
mod tests {
    use client::SendStatus;

    use super::*;

    fn result(ids: &str) -> SendResult {
        SendResult {
            status: SendStatus::SendOk,
            msg_id: ids.to_owned(),
            offset_msg_id: ids.to_lowercase(),
            queue: MessageQueue::new("orders", "b-1", 3),
            queue_offset: 1042,
            transaction_id: None,
            rt: Duration::from_micros(1844),
            addr: "x:1".to_owned(),
        }
    }

    #[test]
    fn a_batch_has_a_receipt_for_each_message() {
        let receipts = Receipt::of_result(&result("A,B"), 2);
        let value = serde_json::to_value(&receipts[1]).unwrap();
        let expected = serde_json::json!({
            "status": "SEND_OK", "topic": "orders", "broker": "b-1", "queue": 3, "offset": 1043,
            "msg_id": "B", "offset_msg_id": "b", "rt_ms": 1.844
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn ids_are_shortened_for_people() {
        assert_eq!(
            shortened("7F0000010001ABCDEF0123456789A1B2"),
            "7F000001…6789A1B2"
        );
        assert_eq!(shortened("7F00000100"), "7F00000100");
    }
}
