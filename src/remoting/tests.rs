//! Stories over real sockets: many frames at once, late answers, slow and hostile peers, the end.

use super::*;
use clock::SystemClock;
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
    fn process(&self, request: &CommandView<'_>, connection: &Arc<Connection>, reply: Reply<'_>) {
        match request.field("do") {
            Some("echo") => reply.answer(ResponseCode::Success, None, &NoHeader, request.body()),
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
    please("echo")
        .with_body(vec![1; 1_000_000])
        .encode_into(&mut request);
    let deaf = (0..4).map(|_| async {
        let mut stream = TcpStream::connect(&addr).await.unwrap();
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
