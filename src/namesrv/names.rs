//! Which names and addresses may enter the tables.
//!
//! RocketMQ takes anything here. What a broker says of itself ends up on the screens of operators
//! and in the addresses that clients connect to, so what cannot be a name or an address is refused.

use protocol::name::{self, NameError};

/// How long the name of a cluster or broker, or an address, may be, in bytes.
pub(crate) const NAME_LENGTH_MAX: usize = 255;

/// How much of a refused name an error repeats, in characters.
const NAME_SHOWN_MAX: usize = 64;

/// Why a name or address is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadName {
    #[error("{field} is empty")]
    Empty { field: &'static str },
    #[error("{field} has {length} bytes, the limit is {NAME_LENGTH_MAX}")]
    TooLong { field: &'static str, length: usize },
    #[error("{field} {shown:?} holds {character:?}")]
    IllegalCharacter {
        field: &'static str,
        shown: String,
        character: char,
    },
    #[error("{field} {shown:?} is not an address of the form host:port")]
    NotAnAddress { field: &'static str, shown: String },
}

fn shown(text: &str) -> String {
    text.chars().take(NAME_SHOWN_MAX).collect()
}

/// Checks the name of a cluster or broker: anything printable without blanks.
pub(crate) fn check_name(field: &'static str, name: &str) -> Result<(), BadName> {
    if name.is_empty() {
        return Err(BadName::Empty { field });
    }
    if name.len() > NAME_LENGTH_MAX {
        return Err(BadName::TooLong {
            field,
            length: name.len(),
        });
    }
    match name.chars().find(|character| !is_harmless(*character)) {
        None => Ok(()),
        Some(character) => Err(BadName::IllegalCharacter {
            field,
            shown: shown(name),
            character,
        }),
    }
}

/// Checks an address that others are to connect to.
pub(crate) fn check_addr(field: &'static str, addr: &str) -> Result<(), BadName> {
    check_name(field, addr)?;
    let is_addr = addr.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port != 0)
    });
    if is_addr {
        Ok(())
    } else {
        Err(BadName::NotAnAddress {
            field,
            shown: shown(addr),
        })
    }
}

/// Checks the name of a topic that a broker offers. Each broker offers a topic with the name of its
/// cluster and one with its own name, which need not be legal as topics: host names have dots.
pub(crate) fn check_topic(topic: &str, cluster: &str, broker: &str) -> Result<(), NameError> {
    if topic == cluster || topic == broker {
        return Ok(());
    }
    name::validate_topic(topic)
}

/// Neither blank nor able to change how a line of text is shown: no control characters, and none of
/// those that reverse the direction of writing.
fn is_harmless(character: char) -> bool {
    let turns_text = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !(character.is_control() || character.is_whitespace() || turns_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_clusters_and_brokers() {
        for name in [
            "DefaultCluster",
            "broker-a",
            "node1.example.com",
            "集群",
            "a/b",
        ] {
            assert_eq!(check_name("brokerName", name), Ok(()), "{name}");
        }
        for name in ["a b", "a\nb", "\u{1b}[31m", "a\u{202e}b", "a\u{0}"] {
            let refused = check_name("brokerName", name);
            assert!(
                matches!(refused, Err(BadName::IllegalCharacter { .. })),
                "{name:?}"
            );
        }
        assert_eq!(
            check_name("clusterName", "").unwrap_err().to_string(),
            "clusterName is empty"
        );
    }

    #[test]
    fn the_longest_name_and_one_beyond() {
        assert_eq!(
            check_name("brokerName", &"b".repeat(NAME_LENGTH_MAX)),
            Ok(())
        );
        assert_eq!(
            check_name("brokerName", &"b".repeat(NAME_LENGTH_MAX + 1))
                .unwrap_err()
                .to_string(),
            "brokerName has 256 bytes, the limit is 255"
        );
    }

    #[test]
    fn addresses_have_a_host_and_a_port() {
        for addr in [
            "127.0.0.1:10911",
            "broker-a.mq:1",
            "[::1]:65535",
            "fe80::1:10911",
        ] {
            assert_eq!(check_addr("brokerAddr", addr), Ok(()), "{addr}");
        }
        for addr in [
            "127.0.0.1",
            ":10911",
            "host:0",
            "host:65536",
            "host:http",
            "host:",
        ] {
            let refused = check_addr("brokerAddr", addr);
            assert!(
                matches!(refused, Err(BadName::NotAnAddress { .. })),
                "{addr}"
            );
        }
    }

    #[test]
    fn a_broker_may_offer_topics_with_its_own_names() {
        assert_eq!(
            check_topic("node1.example.com", "c", "node1.example.com"),
            Ok(())
        );
        assert_eq!(check_topic("my cluster", "my cluster", "b"), Ok(()));
        assert_eq!(check_topic("%RETRY%group", "c", "b"), Ok(()));
        assert!(check_topic("../../etc", "c", "b").is_err());
    }
}
