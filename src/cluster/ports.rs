//! Which port each node gets.

use crate::error::ClusterError;
use crate::spec::Ports;
use parking_lot::Mutex;
use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

/// Free ports are looked for in this range: above what systems reserve, below the range of outgoing
/// connections, where a client that polls a closed port can connect to itself.
const FREE_RANGE: std::ops::Range<u16> = 12_000..32_000;

/// From the first name server to the first broker: 10911 - 9876.
const BROKERS_AFTER: u16 = 1035;

/// From one broker to the next; leaves room for RocketMQ's VIP port (-2) and HA port (+1).
const BROKER_STEP: u16 = 10;

/// What this process has handed out: a port may be free again before its node has bound it.
static HANDED_OUT: Mutex<Option<HashSet<u16>>> = Mutex::new(None);

/// A port on loopback that nobody listens on, below the range of outgoing connections, and that this
/// function has not given to anyone else in this process.
///
/// # Errors
/// [`ClusterError::NoFreePort`].
pub fn free_port() -> Result<u16, ClusterError> {
    free_port_on(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

fn free_port_on(ip: IpAddr) -> Result<u16, ClusterError> {
    let length = FREE_RANGE.end - FREE_RANGE.start;
    // Processes that run side by side begin at different places.
    let first = fastrand::u16(0..length);
    let mut handed_out = HANDED_OUT.lock();
    let handed_out = handed_out.get_or_insert_default();
    (0..length)
        .map(|step| FREE_RANGE.start + (first + step) % length)
        .find(|port| {
            !handed_out.contains(port)
                && TcpListener::bind(SocketAddr::new(ip, *port)).is_ok()
                && handed_out.insert(*port)
        })
        .ok_or(ClusterError::NoFreePort {
            ip,
            first: FREE_RANGE.start,
            last: FREE_RANGE.end - 1,
        })
}

impl Ports {
    pub(crate) fn of_namesrv(self, ip: IpAddr, index: u16) -> Result<SocketAddr, ClusterError> {
        self.nth(ip, Some(index), || format!("name server {index}"))
    }

    pub(crate) fn of_broker(self, ip: IpAddr, index: u16) -> Result<SocketAddr, ClusterError> {
        let above = index
            .checked_mul(BROKER_STEP)
            .and_then(|steps| steps.checked_add(BROKERS_AFTER));
        self.nth(ip, above, || format!("broker {index}"))
    }

    fn nth(
        self,
        ip: IpAddr,
        above: Option<u16>,
        what: impl FnOnce() -> String,
    ) -> Result<SocketAddr, ClusterError> {
        let port = match self {
            Self::Auto => free_port_on(ip)?,
            Self::From(base) => above
                .and_then(|above| base.checked_add(above))
                .ok_or_else(|| ClusterError::PortOutOfRange { what: what() })?,
        };
        Ok(SocketAddr::new(ip, port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn the_usual_ports_are_those_of_rocketmq() {
        let ports = Ports::From(9876);
        let port = |addr: Result<SocketAddr, ClusterError>| addr.unwrap().port();
        assert_eq!(port(ports.of_namesrv(LOOPBACK, 1)), 9877);
        assert_eq!(port(ports.of_broker(LOOPBACK, 0)), 10_911);
        assert_eq!(port(ports.of_broker(LOOPBACK, 2)), 10_931);
    }

    #[test]
    fn a_port_beyond_the_last_is_an_error_that_names_its_node() {
        let error = Ports::From(65_000).of_broker(LOOPBACK, 3).unwrap_err();
        assert_eq!(error.to_string(), "broker 3 would need a port above 65535");
    }

    #[test]
    fn no_port_is_handed_out_twice() {
        let ports: Vec<u16> = (0..50).map(|_| free_port().unwrap()).collect();
        let different: HashSet<u16> = ports.iter().copied().collect();
        assert_eq!(different.len(), ports.len());
        assert!(ports.iter().all(|port| FREE_RANGE.contains(port)));
    }
}
