//! What a client is told when it is made: where the name servers are, who it is, how long it waits.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use crate::ClientError;

/// The port of a name server that is given without one.
const NAMESRV_PORT: &str = "9876";

/// The settings of a [`Client`](crate::Client).
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// The name servers, as `host:port`.
    pub namesrvs: Vec<String>,
    /// How long a request waits for its answer (RocketMQ `mqClientApiTimeout`).
    pub request_timeout: Duration,
    /// The address that goes into the client id and into message ids; worked out when absent.
    pub client_ip: Option<IpAddr>,
    /// The second part of the client id; absent makes each client its own instance.
    pub instance_name: Option<String>,
    /// The third part of the client id (RocketMQ `unitName`).
    pub unit_name: Option<String>,
    /// How old a route may be (RocketMQ `pollNameServerInterval`).
    pub route_refresh_interval: Duration,
    /// How often brokers hear from producers and consumers (RocketMQ `heartbeatBrokerInterval`).
    pub heartbeat_interval: Duration,
}

impl ClientConfig {
    /// RocketMQ's settings with these name servers.
    #[must_use]
    pub fn new(namesrvs: Vec<String>) -> Self {
        Self {
            namesrvs,
            request_timeout: Duration::from_secs(3),
            client_ip: None,
            instance_name: None,
            unit_name: None,
            route_refresh_interval: Duration::from_secs(30),
            heartbeat_interval: Duration::from_secs(30),
        }
    }

    /// The address that this client names itself by.
    pub(crate) fn ip(&self) -> IpAddr {
        self.client_ip
            .unwrap_or_else(|| local_ip(self.namesrvs.first().map(String::as_str)))
    }
}

/// Reads a list of name servers as RocketMQ writes it: `a:9876;b:9876`. Commas separate too, and a
/// missing port is 9876.
///
/// # Errors
/// [`ClientError::InvalidArgument`] when there is none, or one that is no `host:port`.
pub fn parse_namesrvs(text: &str) -> Result<Vec<String>, ClientError> {
    let mut namesrvs = Vec::new();
    for part in text
        .split([';', ','])
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let namesrv = with_port(part).ok_or_else(|| ClientError::InvalidArgument {
            reason: format!("name server {part} is not host:port"),
        })?;
        if !namesrvs.contains(&namesrv) {
            namesrvs.push(namesrv);
        }
    }
    if namesrvs.is_empty() {
        return Err(ClientError::InvalidArgument {
            reason: "no name server is given".to_owned(),
        });
    }
    Ok(namesrvs)
}

/// The address with a port, if it is one.
fn with_port(address: &str) -> Option<String> {
    if address.parse::<Ipv6Addr>().is_ok() {
        return Some(format!("[{address}]:{NAMESRV_PORT}"));
    }
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !address.ends_with(']') => (host, port),
        _ => (address, NAMESRV_PORT),
    };
    let port: u16 = port.parse().ok().filter(|port| *port != 0)?;
    let is_host = match host.strip_prefix('[') {
        Some(v6) => v6.strip_suffix(']')?.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && !host.contains([':', '/', '@', ' ', '\t']),
    };
    is_host.then(|| format!("{host}:{port}"))
}

/// The address of this machine on the way to a server.
///
/// Connecting a datagram socket sends nothing: it only asks the routing table which of the machine's
/// addresses would be used.
fn local_ip(toward: Option<&str>) -> IpAddr {
    // An address of TEST-NET-1, which is never on the local network: it stands for "the outside".
    const OUTSIDE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 9);
    let toward = toward.and_then(|addr| addr.parse().ok()).unwrap_or(OUTSIDE);
    let own = |toward: SocketAddr| {
        let any: IpAddr = match toward {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = UdpSocket::bind((any, 0)).ok()?;
        socket.connect(toward).ok()?;
        socket.local_addr().ok().map(|addr| addr.ip())
    };
    own(toward).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_name_servers_are_read_leniently() {
        let check = |text, expected: &[&str]| assert_eq!(parse_namesrvs(text).unwrap(), expected);
        check(
            "127.0.0.1:9876;127.0.0.1:9877",
            &["127.0.0.1:9876", "127.0.0.1:9877"],
        );
        check(" a , b:1;;a:9876", &["a:9876", "b:1"]);
        check(
            "::1;[::1]:5;[fe80::2]",
            &["[::1]:9876", "[::1]:5", "[fe80::2]:9876"],
        );
    }

    #[test]
    fn what_is_no_address_is_named() {
        let check = |text, expected: &str| {
            assert_eq!(parse_namesrvs(text).unwrap_err().to_string(), expected);
        };
        check("", "no name server is given");
        check(" ; ", "no name server is given");
        check("a:b", "name server a:b is not host:port");
        check("a:0", "name server a:0 is not host:port");
        check("a;:1", "name server :1 is not host:port");
        check(
            "http://a:9876",
            "name server http://a:9876 is not host:port",
        );
    }

    #[test]
    fn a_client_of_a_local_name_server_is_local() {
        let config = ClientConfig::new(vec!["127.0.0.1:9876".to_owned()]);
        assert_eq!(config.ip(), IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
}
