//! The task of one connection: reads what has arrived, processes every whole frame, writes the
//! answers.

use crate::budget::{Budget, Share};
use crate::connection::Connection;
use crate::input::Input;
use crate::limits::{Limits, OUTPUT_BYTES_FREE, OUTPUT_BYTES_HIGH};
use crate::processor::Processor;
use crate::reply::Reply;
use protocol::CommandView;
use protocol::codec::{CodecError, HeaderScratch};
use protocol::frame::{self, FrameError};
use std::io;
use std::sync::Arc;
use thiserror::Error;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// Output room beyond which an empty buffer is given back.
const OUTPUT_CAPACITY_KEPT: usize = 256 * 1024;

/// Why a connection ended that the peer did not simply close.
#[derive(Debug, Error)]
enum WireError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Codec(#[from] CodecError),
    #[error("the peer closed the connection inside a frame")]
    EndsInsideFrame,
    #[error("unfinished requests hold more memory than allowed")]
    InputBudget,
    #[error("answers that are not read hold more memory than allowed")]
    OutputBudget,
    #[error("the peer accepts no data")]
    WriteTimeout,
    #[error("closed by this node")]
    Closed,
}

/// What the connections of one node share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) processor: Arc<dyn Processor>,
    pub(crate) limits: Limits,
    /// For requests that are not whole yet.
    pub(crate) input_budget: Arc<Budget>,
    /// For answers that wait for their peers.
    pub(crate) output_budget: Arc<Budget>,
    /// Told when connections should give the answers they owe and then end.
    pub(crate) drain: CancellationToken,
}

/// Tells the node that a connection is gone, even if its processor has panicked.
struct Ending<'a> {
    connection: &'a Arc<Connection>,
    processor: &'a dyn Processor,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.connection.set_closed();
        self.processor.closed(self.connection);
    }
}

/// Serves a connection until it ends.
pub(crate) async fn run(stream: TcpStream, connection: Arc<Connection>, shared: Shared) {
    shared.processor.opened(&connection);
    let _ending = Ending {
        connection: &connection,
        processor: &*shared.processor,
    };
    let mut wire = Wire {
        stream,
        input: Input::new(Arc::clone(&shared.input_budget)),
        output: Vec::new(),
        scratch: HeaderScratch::default(),
        connection: &connection,
        shared: &shared,
    };
    match wire.serve().await {
        Ok(()) | Err(WireError::Closed) => {}
        Err(error) => tracing::debug!(peer = %connection.peer(), %error, "connection ended"),
    }
}

struct Wire<'a> {
    stream: TcpStream,
    input: Input,
    output: Vec<u8>,
    scratch: HeaderScratch,
    connection: &'a Arc<Connection>,
    shared: &'a Shared,
}

enum Event {
    Read(usize),
    Outbox,
    Drain,
}

impl Wire<'_> {
    async fn serve(&mut self) -> Result<(), WireError> {
        loop {
            match self.next_event().await? {
                Event::Read(0) if self.input.unprocessed().is_empty() => return Ok(()),
                Event::Read(0) => return Err(WireError::EndsInsideFrame),
                Event::Read(_) => self.process_input().await?,
                Event::Outbox => {}
                Event::Drain => return self.drain().await,
            }
            self.flush().await?;
            // A peer that never pauses would keep the other events waiting for ever.
            if self.shared.drain.is_cancelled() {
                return self.drain().await;
            }
            if self.connection.close.is_cancelled() {
                return Err(WireError::Closed);
            }
        }
    }

    async fn next_event(&mut self) -> Result<Event, WireError> {
        let room = self.input.room().ok_or(WireError::InputBudget)?;
        tokio::select! {
            biased;
            read = self.stream.read_buf(room) => Ok(Event::Read(read?)),
            () = self.connection.outbox_filled.notified() => Ok(Event::Outbox),
            () = self.connection.close.cancelled() => Err(WireError::Closed),
            () = self.shared.drain.cancelled() => Ok(Event::Drain),
        }
    }

    /// Processes every whole frame that has arrived.
    async fn process_input(&mut self) -> Result<(), WireError> {
        self.connection.touch();
        let mut progressed = false;
        while self.process_frame()? {
            progressed = true;
            if self.output.len() >= OUTPUT_BYTES_HIGH {
                self.flush().await?;
            }
        }
        self.input.compact();
        self.scratch.give_back();
        self.connection
            .note_partial(!self.input.unprocessed().is_empty(), progressed);
        Ok(())
    }

    fn process_frame(&mut self) -> Result<bool, WireError> {
        let Some((whole, used)) = frame::split(self.input.unprocessed())? else {
            return Ok(false);
        };
        let command = CommandView::decode(whole, &mut self.scratch)?;
        if command.is_response() {
            self.connection.responses.complete(command.to_command());
        } else {
            let reply = Reply::new(&mut self.output, self.connection, &command);
            self.shared
                .processor
                .process(&command, self.connection, reply);
        }
        drop(command);
        self.input.processed(used);
        Ok(true)
    }

    /// Writes all that waits: the answers of this batch and the outbox.
    async fn flush(&mut self) -> Result<(), WireError> {
        self.connection.take_outbox(&mut self.output);
        let mut written = 0;
        let mut held = None;
        while let Some(rest) = self.output.get(written..).filter(|rest| !rest.is_empty()) {
            match self.stream.try_write(rest) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                Ok(count) => {
                    written += count;
                    self.connection.touch();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if held.is_none() {
                        held = Some(self.hold(self.output.capacity())?);
                    }
                    self.wait_writable().await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        if self.output.capacity() > OUTPUT_CAPACITY_KEPT {
            self.output = Vec::new();
        } else {
            self.output.clear();
        }
        Ok(())
    }

    /// Takes from what all peers together may leave unread.
    fn hold(&self, bytes: usize) -> Result<Share, WireError> {
        let mut share = Share::new(Arc::clone(&self.shared.output_budget));
        let is_held = share.grow_to(bytes.saturating_sub(OUTPUT_BYTES_FREE));
        is_held.then_some(share).ok_or(WireError::OutputBudget)
    }

    async fn wait_writable(&self) -> Result<(), WireError> {
        tokio::select! {
            biased;
            () = self.connection.close.cancelled() => Err(WireError::Closed),
            writable = tokio::time::timeout(self.shared.limits.write_timeout, self.stream.writable()) => {
                writable.map_err(|_| WireError::WriteTimeout)?.map_err(WireError::Io)
            }
        }
    }

    /// Reads nothing more, waits for the answers that are owed, writes them.
    async fn drain(&mut self) -> Result<(), WireError> {
        while self.connection.owes_answers() {
            tokio::select! {
                biased;
                () = self.connection.close.cancelled() => return Err(WireError::Closed),
                () = self.connection.outbox_filled.notified() => self.flush().await?,
            }
        }
        self.flush().await
    }
}
