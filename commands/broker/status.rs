//! One broker as it runs now: a line of `broker list`.

use std::borrow::Cow;

use client::admin::BrokerRuntime;
use client::{Admin, BrokerNode, ClientError, concurrently};
use serde::Serialize;

use crate::output::{Cell, Column, Item, Role};

/// One broker. What it does not say of itself is `null`.
#[derive(Debug, Serialize)]
pub(crate) struct BrokerStatus {
    name: String,
    id: i64,
    role: &'static str,
    addr: String,
    cluster: String,
    /// `running`, or `unreachable` from here.
    state: &'static str,
    version: Option<String>,
    in_tps: Option<f64>,
    out_tps: Option<f64>,
    disk_ratio: Option<f64>,
    started_at_ms: Option<i64>,
}

impl BrokerStatus {
    /// The broker of a route, and what it answered, if it did.
    pub(crate) fn new(node: BrokerNode, runtime: Option<&BrokerRuntime>) -> Self {
        Self {
            role: if node.is_master() { "master" } else { "slave" },
            name: node.name,
            id: node.id,
            addr: node.addr,
            cluster: node.cluster,
            state: if runtime.is_some() {
                "running"
            } else {
                "unreachable"
            },
            version: runtime.and_then(BrokerRuntime::version).map(str::to_owned),
            in_tps: runtime.and_then(BrokerRuntime::put_tps),
            out_tps: runtime.and_then(BrokerRuntime::get_tps),
            disk_ratio: runtime
                .and_then(BrokerRuntime::disk_ratio)
                .filter(|ratio| *ratio >= 0.0),
            started_at_ms: runtime
                .and_then(BrokerRuntime::boot_ms)
                .filter(|ms| *ms > 0),
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        self.state == "running"
    }
}

impl Item for BrokerStatus {
    const SCHEMA: &'static str = "gantry.broker.list/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("name"),
        Column::number("id"),
        Column::new("role"),
        Column::new("addr"),
        Column::new("cluster"),
        Column::new("state"),
        Column::new("version"),
        Column::number("in_tps").titled("IN/s"),
        Column::number("out_tps").titled("OUT/s"),
        Column::number("disk_ratio").titled("DISK"),
        Column::new("started_at_ms").titled("STARTED").wide(),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            Cell::from(&self.name).role(Role::Accent),
            self.id.into(),
            self.role.into(),
            (&self.addr).into(),
            (&self.cluster).into(),
            Cell::text(self.state).role(if self.is_running() {
                Role::Ok
            } else {
                Role::Bad
            }),
            self.version.as_ref().into(),
            self.in_tps.map_or_else(Cell::empty, Cell::decimal),
            self.out_tps.map_or_else(Cell::empty, Cell::decimal),
            self.disk_ratio.map_or_else(Cell::empty, Cell::ratio),
            self.started_at_ms.map_or_else(Cell::empty, Cell::time_ms),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.name.as_str().into()
    }
}

/// Each broker with what it says of itself.
pub(crate) async fn ask_each(
    admin: &Admin,
    nodes: Vec<BrokerNode>,
) -> Vec<(BrokerNode, Result<BrokerRuntime, ClientError>)> {
    let asked = nodes.into_iter().map(|node| {
        let admin = admin.clone();
        async move {
            let runtime = admin.runtime_info(&node.addr).await;
            (node, runtime)
        }
    });
    concurrently::all(asked).await
}
