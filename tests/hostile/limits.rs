//! Everything that peers can make a server spend has a limit, and the limit holds in a real process.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::rc::Rc;

use clock::{Clock as _, SystemClock};
use rustix::process::{Resource, Rlimit, getrlimit, prlimit};
use serde_json::{Value, json};

use crate::common::ports::Ports;
use crate::common::sandbox::Sandbox;
use crate::common::wait::{PATIENCE, wait_until};
use crate::raw::{Peer, header, letters, pull_fields, stored, with};
use crate::server::{Server, say};

const MIB: u64 = 1024 * 1024;

/// Idle connections in a run of the suite; `GANTRY_IDLE_CONNECTIONS` asks for more.
const IDLE_CONNECTIONS: u64 = 1_000;

/// A broker with a topic, its port, and someone who was there before the trouble.
struct Broker {
    server: Server,
    addr: String,
    witness: Peer,
    _ports: Ports,
}

impl Broker {
    fn start(settings: &[&str]) -> Self {
        let (home, ports) = (Rc::new(Sandbox::new()), Ports::take());
        let listen = format!("listenPort={}", ports.at(0));
        let root = format!("storePathRootDir={}", home.home().join("store").display());
        let mut arguments = vec!["broker", "run", "--set", &listen, "--set", &root];
        let sets = settings.iter().flat_map(|setting| ["--set", *setting]);
        arguments.extend(sets);
        let server = Server::start(&home, &arguments);
        let addr = ports.addr(0);
        let mut broker = Self {
            server,
            witness: Peer::connect(&addr),
            addr,
            _ports: ports,
        };
        broker.goes_on();
        broker
    }

    #[track_caller]
    fn goes_on(&mut self) {
        self.witness
            .ask(header(310, &letters("orders", "KEYS\u{1}k\u{2}")), b"on")
            .with_code(0);
        stored(&mut self.witness, "orders");
    }

    fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_raw(i32::try_from(self.server.number("/item/pid")).unwrap())
            .unwrap()
    }

    /// Memory that is the process's own, in bytes.
    fn memory(&self) -> u64 {
        let pid = self.pid().as_raw_nonzero();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("RssAnon:"));
        let kib = line.and_then(|line| line.split_whitespace().nth(1));
        kib.unwrap().parse::<u64>().unwrap() * 1024
    }

    /// What `trouble` makes the process grow by.
    fn growth(&mut self, trouble: impl FnOnce(&mut Self)) -> u64 {
        let before = self.memory();
        trouble(self);
        self.memory().saturating_sub(before)
    }
}

#[track_caller]
fn is_closed(mut stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    match stream.read(&mut [0; 64]) {
        Ok(0) => true,
        Ok(_) => panic!("nobody has asked for anything"),
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

#[test]
fn a_peer_that_writes_a_byte_now_and_then_has_its_time_and_no_more() {
    let mut broker = Broker::start(&["serverUnfinishedFrameTimeoutMillis=400"]);
    let slow: Vec<TcpStream> = (0..20)
        .map(|_| TcpStream::connect(&broker.addr).unwrap())
        .collect();
    // A frame of a million bytes that would take weeks.
    let mut bytes = 1_000_000_u32.to_be_bytes().into_iter().chain([0, 0, 1]);
    wait_until("the slow ones to be closed", || {
        let byte = bytes.next().unwrap_or(b'{');
        for mut stream in &slow {
            drop(stream.write_all(&[byte]));
        }
        broker.goes_on();
        slow.iter().all(is_closed)
    });
}

#[test]
fn a_silent_peer_is_closed_and_a_busy_one_is_not() {
    let mut broker = Broker::start(&["serverChannelMaxIdleTimeSeconds=1"]);
    let silent: Vec<TcpStream> = (0..20)
        .map(|_| TcpStream::connect(&broker.addr).unwrap())
        .collect();
    wait_until("the silent ones to be closed", || {
        broker.goes_on();
        silent.iter().all(is_closed)
    });
}

#[test]
fn one_connection_too_many_is_closed_and_finds_room_later() {
    let mut broker = Broker::start(&["serverMaxConnections=3"]);
    let others: Vec<TcpStream> = (0..2)
        .map(|_| TcpStream::connect(&broker.addr).unwrap())
        .collect();
    broker.goes_on();
    let refused = TcpStream::connect(&broker.addr).unwrap();
    wait_until("the fourth to be closed", || is_closed(&refused));
    assert!(others.iter().all(|other| !is_closed(other)));
    broker.goes_on();
    drop(others);
    wait_until("room for another", || {
        let stream = TcpStream::connect(&broker.addr).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut newcomer = Peer::over(stream);
        newcomer.try_ask_for(206, &json!({})).is_some()
    });
}

#[test]
fn a_promise_of_many_bytes_costs_none_of_them() {
    const CONNECTIONS: usize = 500;
    let mut broker = Broker::start(&[]);
    let growth = broker.growth(|broker| {
        let promises: [&[u8]; 3] = [
            // Too long a frame, the longest frame, and one that is nothing but header.
            &[0x01, 0, 0, 1, 0, 0, 0, 2],
            &[0x01, 0, 0, 0, 0, 0, 0, 2],
            &[0x01, 0, 0, 0, 0, 0xFF, 0xFF, 0xFC],
        ];
        let crowd: Vec<TcpStream> = (0..CONNECTIONS)
            .map(|at| {
                let mut stream = TcpStream::connect(&broker.addr).unwrap();
                stream.write_all(promises[at % promises.len()]).unwrap();
                stream
            })
            .collect();
        wait_until("the oversized ones to be closed", || {
            crowd.iter().step_by(promises.len()).all(is_closed)
        });
        broker.goes_on();
    });
    assert!(growth < 32 * MIB, "{growth} bytes for nothing");
}

/// The requests with a number that says how much of something is wanted.
fn greedy_requests(number: &str) -> Vec<(i32, Value)> {
    let pull = |changes| with(pull_fields("orders", 0), changes);
    let of_queue = json!({ "topic": "orders", "queueId": "0" });
    vec![
        (11, pull(json!({ "maxMsgNums": number }))),
        (11, pull(json!({ "maxMsgBytes": number }))),
        (11, pull(json!({ "queueOffset": number }))),
        (11, pull(json!({ "queueId": number }))),
        (361, pull(json!({ "maxMsgNums": number }))),
        (
            12,
            json!({ "topic": "orders", "key": "k", "maxNum": number,
                    "beginTimestamp": "0", "endTimestamp": i64::MAX.to_string() }),
        ),
        (33, json!({ "offset": number })),
        (
            321,
            with(of_queue.clone(), json!({ "index": "0", "count": number })),
        ),
        (
            321,
            with(of_queue.clone(), json!({ "index": number, "count": "10" })),
        ),
        (29, with(of_queue.clone(), json!({ "timestamp": number }))),
        (21, json!({ "topicSeq": number, "maxTopicNum": "10" })),
        (21, json!({ "topicSeq": "0", "maxTopicNum": number })),
        (201, json!({ "groupSeq": "0", "maxGroupNum": number })),
        (
            17,
            json!({ "topic": "wide", "defaultTopic": "TBW102", "readQueueNums": number,
                    "writeQueueNums": number, "perm": "6", "topicFilterType": "SINGLE_TAG",
                    "topicSysFlag": "0", "order": "false" }),
        ),
        (310, with(letters("greedy", ""), json!({ "d": number }))),
        (310, with(letters("orders", ""), json!({ "e": number }))),
        (310, with(letters("orders", ""), json!({ "j": number }))),
        (
            36,
            json!({ "offset": "0", "group": "readers", "delayLevel": number,
                    "originMsgId": "x", "originTopic": "orders", "maxReconsumeTimes": number }),
        ),
        (
            15,
            with(
                of_queue,
                json!({ "consumerGroup": "readers", "commitOffset": number }),
            ),
        ),
    ]
}

#[test]
fn a_wish_for_any_number_is_answered_and_costs_little() {
    let mut broker = Broker::start(&[]);
    for _ in 0..200 {
        broker.goes_on();
    }
    let numbers = [
        "0",
        "-1",
        "2147483647",
        "-2147483648",
        "9223372036854775807",
        "99999999999999999999",
    ];
    let growth = broker.growth(|broker| {
        for number in numbers {
            for (code, fields) in greedy_requests(number) {
                let answer = broker.witness.ask(header(code, &fields), b"b");
                assert!(answer.body.len() < 9 * 1024 * 1024, "{code} {number}");
            }
            broker.goes_on();
        }
    });
    assert!(growth < 64 * MIB, "{growth} bytes");
}

#[test]
fn fields_and_properties_have_a_limit() {
    let mut broker = Broker::start(&[]);
    let long = format!("KEYS\u{1}{}\u{2}", "k".repeat(32_768));
    let refused = broker
        .witness
        .ask(header(310, &letters("orders", &long)), b"b");
    assert_eq!(refused.code, 13, "{refused:?}");
    let name = "n".repeat(128);
    let refused = broker.witness.ask(header(310, &letters(&name, "")), b"b");
    assert_ne!(refused.code, 0, "{refused:?}");
    let large = vec![b'b'; 4 * 1024 * 1024 + 1];
    let refused = broker
        .witness
        .ask(header(310, &letters("orders", "")), &large);
    assert_eq!(refused.code, 13, "{refused:?}");
    broker.goes_on();

    let fields: serde_json::Map<String, Value> = (0..513)
        .map(|at| (format!("field{at}"), Value::from("v")))
        .collect();
    let mut stream = TcpStream::connect(&broker.addr).unwrap();
    let request = header(206, &Value::Object(fields)).to_string();
    let length = u32::try_from(request.len()).unwrap();
    stream.write_all(&(length + 4).to_be_bytes()).unwrap();
    stream.write_all(&length.to_be_bytes()).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    wait_until("513 fields to end their connection", || is_closed(&stream));
    broker.goes_on();
}

/// Many clients that only send heartbeats. Each is two file descriptors on this machine: one here, one
/// at the broker.
#[test]
fn idle_clients_cost_little() {
    const PER_CONNECTION_MAX: u64 = 20 * 1024;
    /// Of one source address: there are some 28,000 ports.
    const PER_ADDRESS: u64 = 20_000;
    let wanted = std::env::var("GANTRY_IDLE_CONNECTIONS");
    let wanted = wanted.map_or(IDLE_CONNECTIONS, |text| text.parse().expect("a number"));
    let limit = Rlimit {
        current: Some(wanted + 500),
        maximum: Some((wanted + 500).max(getrlimit(Resource::Nofile).maximum.unwrap_or(0))),
    };
    let mut broker = Broker::start(&["serverMaxConnections=1000000"]);
    for pid in [None, Some(broker.pid())] {
        if let Err(error) = prlimit(pid, Resource::Nofile, limit) {
            say(format_args!(
                "skipped: {wanted} files may not be open: {error}"
            ));
            return;
        }
    }
    let broker_addr: SocketAddr = broker.addr.parse().unwrap();
    let before = broker.memory();
    let clock = SystemClock::new();
    let mut crowd = Vec::new();
    for at in 0..wanted {
        let from = Ipv4Addr::new(127, 0, 1, u8::try_from(1 + at / PER_ADDRESS).unwrap());
        let mut client = Peer::over(connect_from(from, broker_addr));
        let heartbeat = json!({
            "clientID": format!("127.0.0.1@{at}"),
            "producerDataSet": [{ "groupName": "idle-producers" }],
            "consumerDataSet": [],
        });
        let heartbeat = heartbeat.to_string();
        client
            .ask(header(34, &json!({})), heartbeat.as_bytes())
            .with_code(0);
        crowd.push(client);
    }
    let connected_in = clock.elapsed();
    let growth = broker.memory().saturating_sub(before);
    say(format_args!(
        "{wanted} idle clients connected in {connected_in:?}: {} KiB more, {} bytes each",
        growth / 1024,
        growth / wanted,
    ));
    assert!(growth < wanted * PER_CONNECTION_MAX, "{growth} bytes");
    broker.goes_on();
    let last = crowd.last_mut().unwrap();
    last.ask_for(206, &json!({}));
}

/// Connects from an address of one's own.
fn connect_from(from: Ipv4Addr, to: SocketAddr) -> TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind((from, 0).into()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .unwrap();
    let stream = runtime.block_on(socket.connect(to)).unwrap();
    let stream = stream.into_std().unwrap();
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}
