//! The requests to a peer that wait for its answer, by `opaque`.

use parking_lot::Mutex;
use protocol::RemotingCommand;
use std::collections::HashMap;
use tokio::sync::oneshot;

#[derive(Debug, Default)]
pub(crate) struct ResponseTable {
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    next_opaque: i32,
    by_opaque: HashMap<i32, oneshot::Sender<RemotingCommand>>,
    closed: bool,
}

/// Why nothing can be expected.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotExpected {
    Closed,
    Full,
}

/// A place in the table; given up when it is dropped.
#[derive(Debug)]
pub(crate) struct Expected<'a> {
    table: &'a ResponseTable,
    pub(crate) opaque: i32,
    pub(crate) answer: oneshot::Receiver<RemotingCommand>,
}

impl ResponseTable {
    /// Takes a place for an answer under a fresh `opaque`.
    pub(crate) fn expect(&self, max: usize) -> Result<Expected<'_>, NotExpected> {
        let (sender, answer) = oneshot::channel();
        let mut waiting = self.waiting.lock();
        if waiting.closed {
            return Err(NotExpected::Closed);
        }
        if waiting.by_opaque.len() >= max {
            return Err(NotExpected::Full);
        }
        // After four billion requests the counter wraps; one that still waits keeps its number.
        while waiting.by_opaque.contains_key(&waiting.next_opaque) {
            waiting.next_opaque = waiting.next_opaque.wrapping_add(1);
        }
        let opaque = waiting.next_opaque;
        waiting.next_opaque = opaque.wrapping_add(1);
        waiting.by_opaque.insert(opaque, sender);
        Ok(Expected {
            table: self,
            opaque,
            answer,
        })
    }

    /// A number for a one-way request, which nobody answers.
    pub(crate) fn next_opaque(&self) -> i32 {
        let mut waiting = self.waiting.lock();
        waiting.next_opaque = waiting.next_opaque.wrapping_add(1);
        waiting.next_opaque
    }

    /// Hands an answer to whoever waits for it; one that comes too late is dropped.
    pub(crate) fn complete(&self, response: RemotingCommand) {
        let sender = self.waiting.lock().by_opaque.remove(&response.opaque);
        if let Some(sender) = sender {
            drop(sender.send(response));
        }
    }

    /// Ends every wait: the connection is gone.
    pub(crate) fn close(&self) {
        let mut waiting = self.waiting.lock();
        waiting.closed = true;
        let ended = std::mem::take(&mut waiting.by_opaque);
        drop(waiting);
        drop(ended);
    }
}

impl Drop for Expected<'_> {
    fn drop(&mut self) {
        let sender = self.table.waiting.lock().by_opaque.remove(&self.opaque);
        drop(sender);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::ResponseCode;

    #[test]
    fn an_answer_reaches_the_request_of_its_number() {
        let table = ResponseTable::default();
        let (mut first, mut second) = (table.expect(2).unwrap(), table.expect(2).unwrap());
        assert_eq!(table.expect(2).unwrap_err(), NotExpected::Full);
        let mut response = RemotingCommand::response(ResponseCode::Success);
        response.opaque = second.opaque;
        table.complete(response);
        assert_eq!(second.answer.try_recv().unwrap().opaque, second.opaque);
        assert!(first.answer.try_recv().is_err());
    }

    #[test]
    fn closing_ends_every_wait_and_takes_no_new_one() {
        let table = ResponseTable::default();
        let mut expected = table.expect(8).unwrap();
        table.close();
        assert_eq!(
            expected.answer.try_recv(),
            Err(oneshot::error::TryRecvError::Closed)
        );
        assert_eq!(table.expect(8).unwrap_err(), NotExpected::Closed);
    }
}
