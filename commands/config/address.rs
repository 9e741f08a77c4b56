//! Lists of name servers as RocketMQ writes them: `host:port;host:port`.

/// RocketMQ's own port for name servers.
pub(crate) const DEFAULT_PORT: u16 = 9876;

/// Reads `a:9876;b` (also with commas); a missing port is 9876.
///
/// # Errors
/// Says what is expected, naming the part that is not it.
pub(crate) fn parse_list(text: &str) -> Result<Vec<String>, String> {
    let parts: Vec<_> = text
        .split([';', ','])
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    if parts.is_empty() {
        return Err("expected HOST:PORT, several separated by ;".to_owned());
    }
    parts.into_iter().map(parse).collect()
}

fn parse(part: &str) -> Result<String, String> {
    let wrong = || format!("expected HOST:PORT, several separated by ; (not \"{part}\")");
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_host = |host: &str| match host
        .strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'))
    {
        Some(inner) => inner.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.chars().all(legal),
    };
    if is_host(part) {
        return Ok(format!("{part}:{DEFAULT_PORT}"));
    }
    let (host, port) = part.rsplit_once(':').ok_or_else(wrong)?;
    let port: u16 = port.parse().map_err(|_| wrong())?;
    if !is_host(host) || port == 0 {
        return Err(wrong());
    }
    Ok(format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_rocketmq_writes_them() {
        let cases = [
            ("127.0.0.1:9876", "127.0.0.1:9876"),
            ("a:1;b.example:2;", "a:1 b.example:2"),
            ("a, [::1]:5", "a:9876 [::1]:5"),
            ("[::1]", "[::1]:9876"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_list(text).unwrap().join(" "), expected);
        }
    }

    #[test]
    fn what_is_no_address_is_named() {
        for text in [
            "",
            ";",
            "a:b",
            "a:70000",
            "a:0",
            "http://a:1",
            "a b:1",
            "::1:9876",
        ] {
            let error = parse_list(text).unwrap_err();
            assert!(error.starts_with("expected HOST:PORT"), "{text}: {error}");
        }
    }
}
