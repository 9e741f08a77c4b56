//! Stories over real sockets: many frames at once, late answers, slow and hostile peers, the end.

use super::*;
use clock::{ManualClock, SystemClock};
use protocol::header::NoHeader;
use protocol::{CommandView, RemotingCommand, RequestCode, ResponseCode};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const SOON: Duration = Duration::from_secs(10);

/// Answers by what the field `do` asks for.
#[derive(Default)]
struct Obedient {
    held: parking_lot::Mutex<Vec<Deferred>>,
    opened: AtomicUsize,
    closed: AtomicUsize,
}

impl Processor for Obedient {
    fn process(
        &self,
        request: &CommandView<'_>,
        connection: &Arc<Connection>,
        mut reply: Reply<'_>,
    ) {
        match request.field("do") {
            Some("echo") => reply.answer(ResponseCode::Success, None, &NoHeader, request.body()),
            Some("append") => {
                for piece in request.body().chunks(100) {
                    reply.append(piece);
                }
                let remark = request.field("remark");
                reply.answer_appended(ResponseCode::Success, remark, &NoHeader);
            }
            Some("append and forget") => reply.append(request.body()),
            Some("append and hold") => {
                reply.append(request.body());
                self.held.lock().push(reply.defer());
            }
            Some("hold") => self.held.lock().push(reply.defer()),
            Some("release") => {
                for deferred in self.held.lock().drain(..) {
                    deferred.success(&NoHeader);
                }
                reply.success(&NoHeader);
            }
            Some("panic") => panic!("a poisoned request"),
            Some("hang up") => connection.close(),
            Some("ask back") => {
                let (connection, deferred) = (Arc::clone(connection), reply.defer());
                tokio::spawn(async move {
                    let question = RemotingCommand::request(RequestCode::GetConsumerRunningInfo);
                    let answer = connection.invoke(question, SOON).await.unwrap();
                    deferred.command(answer);
                });
            }
            _ => {}
        }
    }

    fn opened(&self, _: &Arc<Connection>) {
        self.opened.fetch_add(1, Ordering::SeqCst);
    }

    fn closed(&self, _: &Arc<Connection>) {
        self.closed.fetch_add(1, Ordering::SeqCst);
    }
}

fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

async fn server_with(limits: Limits) -> (Server, Arc<Obedient>, String) {
    let processor = Arc::new(Obedient::default());
    let config = ServerConfig {
        listen: loopback(),
        limits,
    };
    let server = Server::bind(config, Arc::clone(&processor) as _, SystemClock::shared()).await;
    let server = server.unwrap();
    let addr = server.local_addr().to_string();
    (server, processor, addr)
}

fn client() -> Client {
    Client::new(
        ClientConfig::default(),
        SystemClock::shared(),
        Arc::new(NoRequests),
    )
}

fn please(what: &str) -> RemotingCommand {
    RemotingCommand::request(RequestCode::HeartBeat).with_field("do", what)
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let wait = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, wait)
        .await
        .unwrap_or_else(|_| panic!("never: {what}"));
}

#[tokio::test]
async fn a_request_gets_its_answer_with_its_body() {
    let (_server, _, addr) = server_with(Limits::default()).await;
    let client = client();
    for size in [0, 1, 5_000, 3_000_000] {
        let body = vec![7; size];
        let response = client
            .invoke(&addr, please("echo").with_body(body.clone()), SOON)
            .await
            .unwrap();
        assert!(response.is_success());
        assert_eq!(&response.body[..], body);
    }
}

#[tokio::test]
async fn frames_that_arrive_together_are_answered_in_order() {
    let (_server, _, addr) = server_with(Limits::default()).await;
    let mut stream = TcpStream::connect(&addr).await.unwrap();
    let mut bytes = Vec::new();
    for opaque in 0..500 {
        let mut request = please("echo");
        request.opaque = opaque;
        request.encode_into(&mut bytes);
    }
    stream.write_all(&bytes).await.unwrap();
    let (mut received, mut next) = (Vec::new(), 0);
    while next < 500 {
        assert!(stream.read_buf(&mut received).await.unwrap() > 0);
        while let Some((frame, used)) = protocol::frame::split(&received).unwrap() {
            assert_eq!(RemotingCommand::decode(frame).unwrap().opaque, next);
            received.drain(..used);
            next += 1;
        }
    }
}

/// Sends requests for `do` with these bodies at once, and reads the answers: opaque and body.
async fn exchange(addr: &str, requests: &[(&str, Vec<u8>)]) -> Vec<(i32, Vec<u8>)> {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let mut bytes = Vec::new();
    for (opaque, (what, body)) in (0..).zip(requests) {
        let mut request = please(what).with_body(body.clone());
        request.opaque = opaque;
        request.encode_into(&mut bytes);
    }
    let (mut reading, mut writing) = stream.split();
    let write = async { writing.write_all(&bytes).await.unwrap() };
    let read = async {
        let (mut received, mut answers) = (Vec::new(), Vec::new());
        while answers.len() < requests.len() {
            assert!(reading.read_buf(&mut received).await.unwrap() > 0);
            while let Some((frame, used)) = protocol::frame::split(&received).unwrap() {
                let answer = RemotingCommand::decode(frame).unwrap();
                answers.push((answer.opaque, answer.body.to_vec()));
                received.drain(..used);
            }
        }
        answers
    };
    tokio::time::timeout(SOON, async { tokio::join!(write, read).1 })
        .await
        .expect("answered in time")
}

#[tokio::test]
async fn a_body_may_come_before_its_header() {
    let (_server, _, addr) = server_with(Limits::default()).await;
    let sizes = [0, 1, 99, 100, 3_000, 300_000, 7];
    let whats = ["append", "echo"].into_iter().cycle();
    let requests: Vec<_> = whats
        .zip(sizes.into_iter().cycle().take(100))
        .map(|(what, size)| (what, vec![b'x'; size]))
        .collect();
    let answers = exchange(&addr, &requests).await;
    let expected = (0..).zip(requests.into_iter().map(|(_, body)| body));
    assert_eq!(answers, expected.collect::<Vec<_>>());

    // A header that needs more room than was left for it.
    let request = please("append")
        .with_body("body")
        .with_field("remark", &"r".repeat(5_000));
    let answer = client().invoke(&addr, request, SOON).await.unwrap();
    assert_eq!(answer.remark.map(|remark| remark.len()), Some(5_000));
    assert_eq!(&answer.body[..], b"body");
}

#[tokio::test]
async fn a_body_that_is_not_wanted_in_the_end_is_forgotten() {
    let (_server, _, addr) = server_with(Limits::default()).await;
    let body = vec![b'x'; 1_000];
    let whats = ["append and forget", "append and hold", "release", "append"];
    let requests = whats.map(|what| (what, body.clone()));
    let mut answers = exchange(&addr, &requests).await;
    answers.sort();
    let empty = Vec::new();
    let expected = [&empty, &empty, &empty, &body];
    assert_eq!(
        answers,
        (0..).zip(expected.map(Clone::clone)).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn frames_are_read_however_they_are_cut() {
    let (_server, _, addr) = server_with(Limits::default()).await;
    let mut stream = TcpStream::connect(&addr).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut bytes = Vec::new();
    for size in [10, 100_000, 0, 40_000] {
        please("echo")
            .with_body(vec![7; size])
            .encode_into(&mut bytes);
    }
    let cuts = [1, 3, 60, 5_000, 20_000, 1, 1, 30_000, 7, 99];
    let (mut rest, mut cuts) = (&bytes[..], cuts.into_iter().cycle());
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.len().min(cuts.next().unwrap()));
        stream.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
        rest = after;
    }
    let (mut received, mut sizes) = (Vec::new(), Vec::new());
    while sizes.len() < 4 {
        assert!(stream.read_buf(&mut received).await.unwrap() > 0);
        while let Some((frame, used)) = protocol::frame::split(&received).unwrap() {
            sizes.push(frame.body.len());
            received.drain(..used);
        }
    }
    assert_eq!(sizes, [10, 100_000, 0, 40_000]);
}

#[tokio::test]
async fn a_peer_that_reads_late_gets_every_answer_in_order() {
    let (_server, processor, addr) = server_with(Limits::default()).await;
    let mut stream = TcpStream::connect(&addr).await.unwrap();
    let mut bytes = Vec::new();
    // Small requests for large answers: the server has read them all long before it can answer.
    for opaque in 0..2_000 {
        let what = if opaque == 0 { "hold" } else { "echo" };
        let mut request = please(what).with_body(vec![1; 10_000]);
        request.opaque = opaque;
        request.encode_into(&mut bytes);
    }
    let (mut reading, mut writing) = stream.split();
    let held = || !processor.held.lock().is_empty();
    let write = async { writing.write_all(&bytes).await.unwrap() };
    let read = async {
        until("the first is held", held).await;
        let (mut received, mut next) = (Vec::new(), 1);
        while next < 2_000 {
            assert!(reading.read_buf(&mut received).await.unwrap() > 0);
            let mut done = 0;
            while let Some((frame, used)) = protocol::frame::split(&received[done..]).unwrap() {
                let answer = RemotingCommand::decode(frame).unwrap();
                assert_eq!((answer.opaque, answer.body.len()), (next, 10_000));
                (done, next) = (done + used, next + 1);
            }
            received.drain(..done);
        }
    };
    tokio::time::timeout(SOON, async { tokio::join!(write, read) })
        .await
        .expect("answered in time");
}

#[tokio::test]
async fn what_comes_before_garbage_is_answered() {
    let (_server, _, addr) = server_with(Limits::default()).await;
    let mut stream = TcpStream::connect(&addr).await.unwrap();
    let mut bytes = Vec::new();
    please("echo").with_body("sound").encode_into(&mut bytes);
    bytes.extend_from_slice(&[0, 0, 0, 6, 0, 0, 0, 2, b'?', b'!']);
    stream.write_all(&bytes).await.unwrap();
    let mut received = Vec::new();
    let read = tokio::time::timeout(SOON, stream.read_to_end(&mut received)).await;
    drop(read.expect("closed in time"));
    let (frame, used) = protocol::frame::split(&received).unwrap().unwrap();
    assert_eq!((frame.body, used), (&b"sound"[..], received.len()));
}

#[tokio::test]
async fn an_answer_may_come_later_and_out_of_order() {
    let (_server, _, addr) = server_with(Limits::default()).await;
    let client = client();
    let held = tokio::spawn({
        let (client, addr) = (client.clone(), addr.clone());
        async move { client.invoke(&addr, please("hold"), SOON).await }
    });
    until("the answer is released", || {
        held.is_finished() || {
            let (client, addr) = (client.clone(), addr.clone());
            tokio::spawn(async move { client.invoke(&addr, please("release"), SOON).await });
            false
        }
    })
    .await;
    assert!(held.await.unwrap().unwrap().is_success());
}

#[tokio::test]
async fn a_forgotten_answer_is_an_error_and_a_one_way_request_gets_none() {
    let (_server, _, addr) = server_with(Limits::default()).await;
    let client = client();
    client.oneway(&addr, please("echo")).await.unwrap();
    let response = client.invoke(&addr, please("forget"), SOON).await.unwrap();
    assert_eq!(response.response_code(), Some(ResponseCode::SystemError));
    assert_eq!(
        response.remark.as_deref(),
        Some("not set any response code")
    );
}

#[tokio::test]
async fn a_server_asks_its_client_back() {
    let (_server, _, addr) = server_with(Limits::default()).await;
    let response = client()
        .invoke(&addr, please("ask back"), SOON)
        .await
        .unwrap();
    assert_eq!(
        response.response_code(),
        Some(ResponseCode::RequestCodeNotSupported)
    );
}

#[tokio::test]
async fn a_panic_ends_its_own_connection_only() {
    let (server, processor, addr) = server_with(Limits::default()).await;
    let (poor, healthy) = (client(), client());
    healthy.invoke(&addr, please("echo"), SOON).await.unwrap();
    let error = poor.invoke(&addr, please("panic"), SOON).await.unwrap_err();
    assert!(matches!(error, InvokeError::Closed { .. }), "{error}");
    healthy.invoke(&addr, please("echo"), SOON).await.unwrap();
    until("the broken connection is forgotten", || {
        server.connection_count() == 1
    })
    .await;
    assert_eq!(processor.closed.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn bytes_that_are_no_frame_close_the_connection_and_nobody_elses() {
    let (server, _, addr) = server_with(Limits::default()).await;
    let healthy = client();
    healthy.invoke(&addr, please("echo"), SOON).await.unwrap();
    let oversized = (u32::MAX).to_be_bytes();
    let long_header = [0, 0, 0, 4, 0, 0, 0, 9];
    let no_json = [0, 0, 0, 6, 0, 0, 0, 2, b'?', b'!'];
    for garbage in [
        &oversized[..],
        &long_header,
        &no_json,
        b"GET / HTTP/1.1\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(&addr).await.unwrap();
        stream.write_all(garbage).await.unwrap();
        let mut rest = Vec::new();
        let read = tokio::time::timeout(SOON, stream.read_to_end(&mut rest)).await;
        drop(read.expect("closed in time"));
        assert!(rest.is_empty());
    }
    healthy.invoke(&addr, please("echo"), SOON).await.unwrap();
    until("only the healthy one is left", || {
        server.connection_count() == 1
    })
    .await;
}

#[tokio::test]
async fn silent_and_endless_peers_are_closed() {
    let limits = Limits {
        idle_timeout: Duration::from_millis(200),
        partial_frame_timeout: Duration::from_millis(200),
        ..Limits::default()
    };
    let (_server, _, addr) = server_with(limits).await;
    let mut silent = TcpStream::connect(&addr).await.unwrap();
    let mut slow = TcpStream::connect(&addr).await.unwrap();
    slow.write_all(&[0, 0, 1]).await.unwrap();
    for stream in [&mut silent, &mut slow] {
        let read = tokio::time::timeout(SOON, stream.read_u8())
            .await
            .expect("closed in time");
        assert!(read.is_err());
    }
}

#[tokio::test]
async fn a_peer_that_only_listens_is_not_idle() {
    let (processor, clock) = (Arc::new(Obedient::default()), ManualClock::at(0));
    let config = ServerConfig::new(loopback());
    let server = Server::bind(config, Arc::clone(&processor) as _, Arc::clone(&clock) as _).await;
    let addr = server.as_ref().unwrap().local_addr();
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let mut bytes = Vec::new();
    please("hold").encode_into(&mut bytes);
    stream.write_all(&bytes).await.unwrap();
    until("the request is held", || !processor.held.lock().is_empty()).await;
    let connection = Arc::clone(processor.held.lock()[0].connection());
    for _ in 0..4 {
        clock.advance(Limits::default().idle_timeout * 3 / 4);
        connection.push(please("nothing")).unwrap();
        let read = tokio::time::timeout(SOON, stream.read_buf(&mut bytes)).await;
        assert!(read.expect("pushed in time").unwrap() > 0);
        connection.close_if_stale();
        assert!(!connection.is_closed());
    }
}

#[tokio::test]
async fn connections_beyond_the_limit_are_refused() {
    let limits = Limits {
        connections_max: 1,
        ..Limits::default()
    };
    let (_server, _, addr) = server_with(limits).await;
    let first = client();
    first.invoke(&addr, please("echo"), SOON).await.unwrap();
    let error = client()
        .invoke(&addr, please("echo"), SOON)
        .await
        .unwrap_err();
    assert!(matches!(error, InvokeError::Closed { .. }), "{error}");
    first.invoke(&addr, please("echo"), SOON).await.unwrap();
}

#[tokio::test]
async fn a_peer_that_does_not_read_its_answers_is_held_back() {
    let limits = Limits {
        write_timeout: Duration::from_millis(300),
        ..Limits::default()
    };
    let (server, _, addr) = server_with(limits).await;
    let mut stream = TcpStream::connect(&addr).await.unwrap();
    let mut request = Vec::new();
    please("echo")
        .with_body(vec![1; 1_000_000])
        .encode_into(&mut request);
    // It writes until the server, whose answers nobody reads, stops reading and at last hangs up.
    let writing = async { while stream.write_all(&request).await.is_ok() {} };
    tokio::time::timeout(SOON, writing).await.expect("hung up");
    until("it is forgotten", || server.connection_count() == 0).await;
}

#[tokio::test]
async fn peers_that_read_nothing_are_closed_once_there_is_no_room_for_their_answers() {
    let limits = Limits {
        output_bytes_max: 500_000,
        ..Limits::default()
    };
    let (server, _, addr) = server_with(limits).await;
    let mut request = Vec::new();
    // More than the system's buffers hold of an answer, the peer's own being small.
    please("echo")
        .with_body(vec![1; 8_000_000])
        .encode_into(&mut request);
    let deaf = (0..4).map(|_| async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(8_192).unwrap();
        let mut stream = socket.connect(addr.parse().unwrap()).await.unwrap();
        while stream.write_all(&request).await.is_ok() {}
    });
    // Long before any of them would be closed for not reading.
    let closed = async {
        for writing in deaf.map(Box::pin) {
            writing.await;
        }
    };
    tokio::time::timeout(SOON, closed).await.expect("hung up");
    until("they are forgotten", || server.connection_count() == 0).await;
    let healthy = client();
    healthy.invoke(&addr, please("echo"), SOON).await.unwrap();
}

#[tokio::test]
async fn shutdown_gives_the_answers_that_are_owed() {
    let (server, processor, addr) = server_with(Limits::default()).await;
    let client = client();
    let asked = tokio::spawn({
        let addr = addr.clone();
        async move { client.invoke(&addr, please("hold"), SOON).await }
    });
    until("the request is held", || !processor.held.lock().is_empty()).await;
    let releasing = {
        let processor = Arc::clone(&processor);
        async move {
            tokio::task::yield_now().await;
            for deferred in processor.held.lock().drain(..) {
                deferred.success(&NoHeader);
            }
        }
    };
    tokio::join!(server.shutdown(SOON), releasing);
    assert!(asked.await.unwrap().unwrap().is_success());
    assert!(TcpStream::connect(&addr).await.is_err());
}

#[tokio::test]
async fn a_killed_server_frees_its_port_at_once() {
    let (server, _, addr) = server_with(Limits::default()).await;
    let client = client();
    client.invoke(&addr, please("echo"), SOON).await.unwrap();
    server.kill();
    server.closed().await;
    let config = ServerConfig::new(addr.parse().unwrap());
    let again = Server::bind(config, Arc::new(Obedient::default()), SystemClock::shared()).await;
    let _again = again.unwrap();
    // The old connection is gone; the client makes a new one by itself.
    let answered = async {
        while client.invoke(&addr, please("echo"), SOON).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, answered)
        .await
        .expect("answered by the new server");
}

#[tokio::test]
async fn a_request_that_nobody_answers_times_out_by_the_name_that_was_used() {
    let (_server, _processor, addr) = server_with(Limits::default()).await;
    let timeout = Duration::from_millis(50);
    let error = client()
        .invoke(&addr, please("hold"), timeout)
        .await
        .unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(error.addr(), addr);
}
