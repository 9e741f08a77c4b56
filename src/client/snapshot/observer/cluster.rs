//! Name servers and brokers, from what they said.

use std::collections::BTreeSet;

use super::gathered::{Gathered, Known, Roll};
use super::rates::Rates;
use super::slot::Slot;
use super::{Moment, Reading};
use crate::snapshot::{BrokerState, ClusterState, NamesrvState};

/// Why a broker that nobody routes to is shown with an error, even when it answers.
const FORGOTTEN: &str = "no name server knows it any more";

/// The section of name servers and brokers.
pub(super) fn section(
    gathered: &Gathered,
    rates: &Rates,
    namesrvs: &[String],
    moment: &Moment,
) -> Reading<ClusterState> {
    let mut roll = Roll::default();
    let namesrvs = namesrvs
        .iter()
        .map(|addr| {
            let slot = gathered.cluster_info.get(addr);
            if let Some(slot) = slot {
                roll.note(addr, slot, moment.now, moment.patience);
            }
            NamesrvState {
                addr: addr.clone(),
                error: slot.and_then(|slot| slot.reason(moment.now, moment.patience)),
            }
        })
        .collect();
    let mut brokers = Vec::with_capacity(gathered.brokers.len());
    for known in &gathered.brokers {
        if let Some(slot) = gathered.runtime.get(&known.node) {
            roll.note(&known.node.name, slot, moment.now, moment.patience);
        }
        brokers.push(broker(gathered, rates, known, moment));
    }
    let names: BTreeSet<String> = gathered
        .cluster_info
        .values()
        .filter_map(Slot::value)
        .flat_map(|info| info.cluster_addr_table.keys().cloned())
        .collect();
    let value = ClusterState {
        names: names.into_iter().collect(),
        namesrvs,
        brokers,
    };
    Reading { value, roll }
}

fn broker(gathered: &Gathered, rates: &Rates, known: &Known, moment: &Moment) -> BrokerState {
    let slot = gathered.runtime.get(&known.node);
    let runtime = slot.and_then(Slot::value);
    let mut error = slot.and_then(|slot| slot.reason(moment.now, moment.patience));
    if !known.is_routed && error.is_none() {
        error = Some(FORGOTTEN.to_owned());
    }
    // What a broker did before it fell silent is no rate of now.
    let is_heard = slot.is_some_and(|slot| slot.reason(moment.now, moment.patience).is_none());
    let rate = |measured: Option<f64>, said: Option<f64>| measured.or(said).filter(|_| is_heard);
    let number = |name| runtime?.get(name)?.trim().parse::<i64>().ok();
    let in_today = || Some(number("msgPutTotalTodayNow")? - number("msgPutTotalTodayMorning")?);
    let p99 = runtime.and_then(|runtime| runtime.get("putLatency99")?.trim().parse::<f64>().ok());
    BrokerState {
        node: known.node.clone(),
        is_routed: known.is_routed,
        error,
        version: runtime.and_then(|runtime| runtime.version().map(str::to_owned)),
        boot_ms: runtime.and_then(crate::admin::BrokerRuntime::boot_ms),
        in_per_s: rate(
            rates.put.per_s(&known.node),
            runtime.and_then(crate::admin::BrokerRuntime::put_tps),
        ),
        out_per_s: rate(
            rates.get.per_s(&known.node),
            runtime.and_then(crate::admin::BrokerRuntime::get_tps),
        ),
        in_today: in_today(),
        disk_ratio: runtime.and_then(crate::admin::BrokerRuntime::disk_ratio),
        // A broker that does not measure it says 0.
        put_p99_ms: p99.filter(|p99| *p99 > 0.0),
        runtime: runtime
            .map(|runtime| runtime.table.clone())
            .unwrap_or_default(),
    }
}
