//! One producer whose messages must stay in order though it does not wait for the answers: it writes
//! many requests at once on one connection.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;

use protocol::{RemotingCommand, RequestCode, frame};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::asking::send;
use super::body::body_of;
use super::ledger::{Ledger, ORDERLY};
use super::load::place;

/// Requests that are written at once.
const AT_ONCE: u64 = 16;

/// Sends until it is told to end or the broker is gone.
pub(super) async fn send_in_order(ledger: &Ledger, broker: SocketAddr, stop: &CancellationToken) {
    let Ok(mut stream) = TcpStream::connect(broker).await else {
        return;
    };
    let mut opaque = 0;
    while !stop.is_cancelled() {
        if round(ledger, &mut stream, &mut opaque).await.is_err() {
            return;
        }
    }
}

async fn round(ledger: &Ledger, stream: &mut TcpStream, opaque: &mut i32) -> io::Result<()> {
    let (mut requests, mut sent) = (Vec::new(), HashMap::new());
    for id in ledger.new_ids(AT_ONCE) {
        let code = RequestCode::SendMessageV2;
        let mut request = send(code, (ORDERLY, 0), "", body_of(id));
        *opaque += 1;
        request.opaque = *opaque;
        request.encode_into(&mut requests);
        sent.insert(*opaque, id);
    }
    stream.write_all(&requests).await?;
    let mut bytes = Vec::new();
    while !sent.is_empty() {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        while let Some((whole, used)) = frame::split(&bytes).unwrap() {
            let answer = RemotingCommand::decode(whole).unwrap();
            bytes.drain(..used);
            let id = sent.remove(&answer.opaque).expect("an answer to a request");
            let (queue, offset) = place(&answer);
            ledger.acknowledged((ORDERLY, queue), offset, id);
        }
    }
    Ok(())
}
