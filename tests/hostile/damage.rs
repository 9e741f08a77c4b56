//! A CommitLog that has lost its end: the broker starts and has all that is whole.

use std::fs::OpenOptions;
use std::path::Path;
use std::rc::Rc;

use crate::common::files_below;
use crate::common::ports::Ports;
use crate::common::sandbox::Sandbox;
use crate::raw::{Peer, header, letters, messages, pull_fields};
use crate::server::Server;

const SENT: usize = 20;

/// The first message that is not whole any more.
const TORN: usize = 14;

/// Of its record, so many bytes are left.
const LEFT: u64 = 30;

fn body(at: usize) -> Vec<u8> {
    format!("message {at}").into_bytes()
}

/// Sends a message; gives its queue offset and its place in the log.
fn send(broker: &mut Peer, body: &[u8]) -> (i64, u64) {
    let sent = broker
        .ask(header(310, &letters("orders", "KEYS\u{1}k\u{2}")), body)
        .with_code(0);
    let place = u64::from_str_radix(&sent.field("msgId")[16..], 16).unwrap();
    (sent.number("queueOffset"), place)
}

/// All messages, read as a consumer does that goes on where it is told.
fn read_all(broker: &mut Peer) -> Vec<Vec<u8>> {
    let (mut read, mut next) = (Vec::new(), 0);
    loop {
        let answer = broker.ask_for(11, &pull_fields("orders", next));
        let found = messages(&answer);
        let after = answer.number("nextBeginOffset");
        if after == next {
            assert_eq!(answer.code, 19, "the end: PULL_NOT_FOUND");
            return read;
        }
        read.extend(found.into_iter().map(|message| message.body.to_vec()));
        next = after;
    }
}

fn cut_off(store: &Path, place: u64) {
    let files = files_below(&store.join("commitlog"));
    let log = OpenOptions::new().write(true).open(&files[0]).unwrap();
    log.set_len(place).unwrap();
}

/// Has a broker take messages, ends it, cuts its log off, and starts it again.
fn a_broker_whose_log_was_cut_off_starts(end: fn(Server)) {
    let (home, ports) = (Rc::new(Sandbox::new()), Ports::take());
    let store = home.home().join("store");
    let text = format!(
        "brokerPort={}\nstorePathRootDir={}\nmappedFileSizeCommitLog=1048576\n",
        ports.at(0),
        store.display()
    );
    let file = home.write("broker.properties", &text);
    let run = ["broker", "run", "-c", file.to_str().unwrap()];

    let server = Server::start(&home, &run);
    let mut broker = Peer::connect(&ports.addr(0));
    let places: Vec<u64> = (0..SENT).map(|at| send(&mut broker, &body(at)).1).collect();
    assert_eq!(read_all(&mut broker).len(), SENT);
    drop(broker);
    end(server);
    cut_off(&store, places[TORN] + LEFT);

    let server = Server::start(&home, &run);
    let mut broker = Peer::connect(&ports.addr(0));
    let whole: Vec<Vec<u8>> = (0..TORN).map(body).collect();
    assert_eq!(read_all(&mut broker), whole);
    // Offsets that consumers may have seen are not used again, if the broker still knows of them.
    let (offset, place) = send(&mut broker, b"and on");
    assert!(offset >= i64::try_from(TORN).unwrap() && place >= places[TORN]);
    assert_eq!(
        read_all(&mut broker),
        [whole, vec![b"and on".to_vec()]].concat()
    );
    server.stop();
}

#[test]
fn a_log_cut_off_after_a_clean_end_keeps_what_is_whole() {
    a_broker_whose_log_was_cut_off_starts(Server::stop);
}

#[test]
fn a_log_cut_off_after_a_kill_keeps_what_is_whole() {
    a_broker_whose_log_was_cut_off_starts(Server::kill);
}
