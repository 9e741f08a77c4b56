//! Bytes on the port that are no requests, and peers that never finish theirs.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use crate::common::wait::{PATIENCE, wait_until};
use crate::raw::{JSON, Peer, header, letters, stored};
use crate::server::Server;

/// Servers, and a client from before the trouble that must never notice any of it.
struct Witnessed {
    server: Server,
    namesrv: Peer,
    broker: Peer,
}

impl Witnessed {
    fn start() -> Self {
        let server = Server::up(&["--topic", "orders:1"]);
        let namesrv = Peer::connect(server.said("/item/namesrv/0"));
        let broker = Peer::connect(server.said("/item/brokers/0/addr"));
        let mut witnessed = Self {
            server,
            namesrv,
            broker,
        };
        witnessed.goes_on();
        witnessed
    }

    fn ports(&self) -> [&str; 2] {
        ["/item/namesrv/0", "/item/brokers/0/addr"].map(|pointer| self.server.said(pointer))
    }

    #[track_caller]
    fn goes_on(&mut self) {
        let topic = serde_json::json!({ "topic": "orders" });
        self.namesrv.ask_for(105, &topic).with_code(0);
        self.broker
            .ask(header(310, &letters("orders", "")), b"on")
            .with_code(0);
        stored(&mut self.broker, "orders");
    }
}

fn connect(addr: &str) -> TcpStream {
    let stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Reads until the server has closed the connection; gives what came before.
#[track_caller]
fn until_closed(mut stream: &TcpStream) -> Vec<u8> {
    let mut came = Vec::new();
    match stream.read_to_end(&mut came) {
        Ok(_) => {}
        // Closed with bytes of ours unread.
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("the server keeps the connection open: {error}"),
    }
    came
}

/// A frame with a header word of one's own.
fn frame(length: u32, serialize_type: u8, header_length: u32, content: &[u8]) -> Vec<u8> {
    let mut frame = length.to_be_bytes().to_vec();
    let [_, a, b, c] = header_length.to_be_bytes();
    frame.extend_from_slice(&[serialize_type, a, b, c]);
    frame.extend_from_slice(content);
    frame
}

/// A frame whose lengths fit its header.
fn whole_frame(serialize_type: u8, header: &[u8]) -> Vec<u8> {
    let length = u32::try_from(header.len()).unwrap();
    frame(4 + length, serialize_type, length, header)
}

#[test]
fn random_bytes_close_their_own_connection() {
    const CONNECTIONS: usize = 60;
    let mut witnessed = Witnessed::start();
    let mut random = fastrand::Rng::with_seed(1_876);
    for addr in witnessed.ports().map(str::to_owned) {
        for _ in 0..CONNECTIONS {
            let mut stream = connect(&addr);
            let noise: Vec<u8> = (0..random.usize(1..5_000)).map(|_| random.u8(..)).collect();
            // It may be closed before all of it has been written.
            drop(stream.write_all(&noise));
            drop(stream.shutdown(Shutdown::Write));
            assert_eq!(until_closed(&stream), b"", "noise gets no answer");
        }
        witnessed.goes_on();
    }
}

#[test]
fn frames_that_cannot_be_read_close_their_connection() {
    const TOO_LONG: u32 = 16 * 1024 * 1024 + 1;
    let nested = [b"{\"code\":".as_slice(), &[b'['; 100_000]].concat();
    let mut witnessed = Witnessed::start();
    let frames = [
        ("an oversized frame", frame(TOO_LONG, JSON, 2, b"{}")),
        ("a negative length", frame(u32::MAX, JSON, 2, b"{}")),
        (
            "a frame without room for its header length",
            3_u32.to_be_bytes().to_vec(),
        ),
        (
            "a header longer than its frame",
            frame(100, JSON, 1_000, &[b' '; 96]),
        ),
        ("an unknown serialisation", whole_frame(7, b"{}")),
        (
            "a header that is not JSON",
            whole_frame(JSON, b"GET / HTTP/1.1\r\n\r\n"),
        ),
        (
            "JSON that is nested without end",
            whole_frame(JSON, &nested),
        ),
        ("a header that is no object", whole_frame(JSON, b"[1,2,3]")),
        (
            "a binary header that ends too early",
            whole_frame(1, &[0, 10, 0, 1]),
        ),
        (
            "a binary header of impossible lengths",
            whole_frame(1, &[0xFF; 40]),
        ),
    ];
    for addr in witnessed.ports().map(str::to_owned) {
        for (what, bytes) in &frames {
            let mut stream = connect(&addr);
            drop(stream.write_all(bytes));
            assert_eq!(until_closed(&stream), b"", "{what}");
        }
        witnessed.goes_on();
    }
}

#[test]
fn a_body_that_cannot_be_read_is_an_error_and_the_connection_goes_on() {
    let mut witnessed = Witnessed::start();
    for (code, body) in [
        (34, "{\"clientID\":"),
        (34, "[[[["),
        (41, "no JSON"),
        (18, "{}{}"),
    ] {
        let refused = witnessed
            .broker
            .ask(header(code, &serde_json::json!({})), body.as_bytes());
        assert_ne!(refused.code, 0, "{code} {body}: {refused:?}");
        assert!(!refused.remark().is_empty(), "{refused:?}");
    }
    let missing = witnessed
        .broker
        .ask_for(310, &serde_json::json!({ "a": "producers" }));
    assert_ne!(missing.code, 0);
    assert!(
        missing.remark().contains("the request has no field b"),
        "{missing:?}"
    );
    witnessed.goes_on();
}

#[test]
fn slow_peers_hold_up_nobody_and_are_served_in_the_end() {
    const PEERS: usize = 50;
    let mut witnessed = Witnessed::start();
    let request =
        br#"{"code":30,"extFields":{"topic":"orders","queueId":"0"},"flag":0,"opaque":5}"#;
    let request = whole_frame(JSON, request);
    let addr = witnessed.ports()[1].to_owned();
    let mut slow: Vec<TcpStream> = (0..PEERS).map(|_| connect(&addr)).collect();
    // A byte from each, then a whole round for everyone else.
    for byte in &request {
        for stream in &mut slow {
            stream.write_all(&[*byte]).unwrap();
        }
        witnessed.goes_on();
    }
    for stream in &mut slow {
        let mut length = [0; 4];
        stream.read_exact(&mut length).unwrap();
        let mut answer = vec![0; u32::from_be_bytes(length) as usize];
        stream.read_exact(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.contains("\"opaque\":5"), "{answer}");
    }
}

#[test]
fn a_peer_that_falls_silent_inside_a_frame_is_closed() {
    let ports = crate::common::ports::Ports::take();
    let home = std::rc::Rc::new(crate::common::sandbox::Sandbox::new());
    let port = format!("listenPort={}", ports.at(0));
    let limit = "serverChannelMaxIdleTimeSeconds=1";
    let _server = Server::start(&home, &["namesrv", "run", "--set", &port, "--set", limit]);
    let silent = connect(&ports.addr(0));
    (&silent).write_all(&[0, 0]).unwrap();
    silent.set_nonblocking(true).unwrap();

    let mut witness = Peer::connect(&ports.addr(0));
    wait_until("the silent peer to be closed", || {
        witness.ask_for(206, &serde_json::json!({})).with_code(0);
        matches!((&silent).read(&mut [0; 1]), Ok(0))
    });
}
