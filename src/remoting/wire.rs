//! The task of one connection: reads what has arrived, processes every whole frame, writes the
//! answers.

use crate::bell::{CLOSE, DRAIN, OUTBOX};
use crate::budget::{Budget, Share};
use crate::buffers::{self, Buffers};
use crate::connection::Connection;
use crate::input::{Input, OutOfBudget};
use crate::limits::{Limits, OUTPUT_BYTES_FREE, OUTPUT_BYTES_HIGH};
use crate::output::Output;
use crate::processor::Processor;
use crate::reply::Reply;
use protocol::CommandView;
use protocol::codec::{CodecError, HeaderScratch};
use protocol::frame::{self, FrameError};
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use thiserror::Error;
use tokio::io::{AsyncRead as _, AsyncReadExt as _, ReadBuf};
use tokio::net::TcpStream;

/// So much of an unfinished frame is moved to the thread's buffer, where the next read goes; more
/// stays where it is, and reads go there.
const MOVED_MAX: usize = 16 * 1024;

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

impl From<OutOfBudget> for WireError {
    fn from(_: OutOfBudget) -> Self {
        Self::InputBudget
    }
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
        unsent: Vec::new(),
        is_behind: false,
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
    /// The beginning of a frame, or what came behind answers that the peer does not take.
    input: Input,
    /// What the peer has not taken yet; nothing is read until it has.
    unsent: Vec<u8>,
    /// Whether there may be whole frames in `input`.
    is_behind: bool,
    connection: &'a Arc<Connection>,
    shared: &'a Shared,
}

/// What a turn came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Done,
    /// The peer sends nothing any more.
    EndOfStream,
}

impl Wire<'_> {
    async fn serve(&mut self) -> Result<(), WireError> {
        loop {
            let turn = if self.is_behind {
                buffers::with(|buffers| self.process_waiting(buffers))?;
                Turn::Done
            } else {
                poll_fn(|context| self.poll_turn(context)).await?
            };
            self.write_unsent().await?;
            match turn {
                Turn::EndOfStream if self.input.bytes().is_empty() => return Ok(()),
                Turn::EndOfStream => return Err(WireError::EndsInsideFrame),
                Turn::Done => {}
            }
            // A peer that never pauses would keep the bell unheard for ever.
            if self.connection.bell.has(CLOSE) {
                return Err(WireError::Closed);
            }
            if self.connection.bell.has(DRAIN) {
                return self.drain().await;
            }
        }
    }

    /// One turn: reads what has arrived, processes it and writes the answers, without a pause.
    fn poll_turn(&mut self, context: &mut Context<'_>) -> Poll<Result<Turn, WireError>> {
        let may_read = self.input.bytes().is_empty()
            || match self.stream.poll_read_ready(context) {
                Poll::Ready(readable) => {
                    readable?;
                    true
                }
                Poll::Pending => false,
            };
        if may_read
            && let Poll::Ready(turn) = buffers::with(|buffers| self.poll_read(context, buffers))
        {
            return Poll::Ready(turn);
        }
        let bell = &self.connection.bell;
        ready!(bell.poll(OUTBOX | CLOSE | DRAIN, context));
        if !bell.has(CLOSE) {
            // A peer that only listens is not idle.
            self.connection.touch();
            buffers::with(|buffers| self.write(&mut buffers.output))?;
        }
        Poll::Ready(Ok(Turn::Done))
    }

    fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        buffers: &mut Buffers,
    ) -> Poll<Result<Turn, WireError>> {
        let waiting = self.input.bytes();
        let moved = waiting.len();
        if moved > MOVED_MAX {
            return self.poll_read_more(context, buffers);
        }
        let Buffers {
            input,
            output,
            scratch,
        } = buffers;
        let (front, free) = input.split_at_mut(moved);
        front.copy_from_slice(waiting);
        let mut free = ReadBuf::new(free);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut free))?;
        let count = free.filled().len();
        if count == 0 {
            return Poll::Ready(Ok(Turn::EndOfStream));
        }
        let arrived = input.get(..moved + count).unwrap_or_default();
        let used = self.process(arrived, output, scratch)?;
        self.input
            .replace(arrived.get(used..).unwrap_or_default())?;
        self.note_partial(used > 0);
        Poll::Ready(Ok(Turn::Done))
    }

    /// Reads on in a long frame.
    fn poll_read_more(
        &mut self,
        context: &mut Context<'_>,
        buffers: &mut Buffers,
    ) -> Poll<Result<Turn, WireError>> {
        let room = self.input.room()?;
        let count = ready!(pin!(self.stream.read_buf(room)).poll(context))?;
        if count == 0 {
            return Poll::Ready(Ok(Turn::EndOfStream));
        }
        Poll::Ready(self.process_waiting(buffers).map(|()| Turn::Done))
    }

    /// Processes the whole frames of what waits.
    fn process_waiting(&mut self, buffers: &mut Buffers) -> Result<(), WireError> {
        let waiting = self.input.take();
        let used = self.process(&waiting, &mut buffers.output, &mut buffers.scratch)?;
        self.input.put_back(waiting, used);
        self.note_partial(used > 0);
        Ok(())
    }

    fn note_partial(&self, progressed: bool) {
        let partial = !self.input.bytes().is_empty() && !self.is_behind;
        self.connection.note_partial(partial, progressed);
    }

    /// Processes every whole frame of what has arrived, unless the peer does not take the answers;
    /// says how many bytes that were.
    fn process(
        &mut self,
        arrived: &[u8],
        output: &mut Output,
        scratch: &mut HeaderScratch,
    ) -> Result<usize, WireError> {
        self.connection.touch();
        self.is_behind = false;
        let mut used = 0;
        loop {
            let rest = arrived.get(used..).unwrap_or_default();
            match self.process_frame(rest, output, scratch) {
                Ok(0) => break,
                Ok(length) => used += length,
                Err(error) => {
                    // What came before it was in order, and is answered.
                    self.write(output)?;
                    return Err(error);
                }
            }
            if output.len() >= OUTPUT_BYTES_HIGH {
                self.write(output)?;
                if !self.unsent.is_empty() {
                    self.is_behind = true;
                    return Ok(used);
                }
            }
        }
        scratch.give_back();
        self.write(output)?;
        Ok(used)
    }

    /// Processes one frame and says how long it was; 0 when it is not whole.
    fn process_frame(
        &self,
        bytes: &[u8],
        output: &mut Output,
        scratch: &mut HeaderScratch,
    ) -> Result<usize, WireError> {
        let Some((whole, length)) = frame::split(bytes)? else {
            return Ok(0);
        };
        let command = CommandView::decode(whole, scratch)?;
        if command.is_response() {
            self.connection.responses.complete(command.to_command());
        } else {
            let reply = Reply::new(output, self.connection, &command);
            self.shared
                .processor
                .process(&command, self.connection, reply);
        }
        Ok(length)
    }

    /// Writes the answers of a turn and the outbox; what the peer does not take now is kept.
    fn write(&mut self, output: &mut Output) -> Result<(), WireError> {
        self.connection.take_outbox(&mut output.bytes);
        let (length, mut sent) = (output.len(), 0);
        while sent < length {
            match output.write(sent, |pieces| self.stream.try_write_vectored(pieces)) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                Ok(count) => sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.unsent.reserve_exact(length - sent);
                    for piece in output.pieces(sent) {
                        self.unsent.extend_from_slice(piece);
                    }
                    break;
                }
                Err(error) => return Err(error.into()),
            }
        }
        output.clear();
        Ok(())
    }

    /// Waits until the peer has taken what was kept for it.
    async fn write_unsent(&mut self) -> Result<(), WireError> {
        if self.unsent.is_empty() {
            return Ok(());
        }
        let mut sent = 0;
        // What all peers together may leave unread is limited.
        let mut share = Share::new(Arc::clone(&self.shared.output_budget));
        if !share.grow_to(self.unsent.len().saturating_sub(OUTPUT_BYTES_FREE)) {
            return Err(WireError::OutputBudget);
        }
        while let Some(rest) = self.unsent.get(sent..).filter(|rest| !rest.is_empty()) {
            match self.stream.try_write(rest) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                Ok(count) => {
                    sent += count;
                    self.connection.touch();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.wait_writable().await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.unsent = Vec::new();
        Ok(())
    }

    async fn wait_writable(&self) -> Result<(), WireError> {
        let bell = &self.connection.bell;
        tokio::select! {
            biased;
            () = poll_fn(|context| bell.poll(CLOSE, context)) => Err(WireError::Closed),
            writable = tokio::time::timeout(self.shared.limits.write_timeout, self.stream.writable()) => {
                writable.map_err(|_| WireError::WriteTimeout)?.map_err(WireError::Io)
            }
        }
    }

    /// Reads nothing more, waits for the answers that are owed, writes them.
    async fn drain(&mut self) -> Result<(), WireError> {
        let bell = &self.connection.bell;
        while self.connection.owes_answers() {
            poll_fn(|context| bell.poll(OUTBOX | CLOSE, context)).await;
            if bell.has(CLOSE) {
                return Err(WireError::Closed);
            }
            buffers::with(|buffers| self.write(&mut buffers.output))?;
            self.write_unsent().await?;
        }
        buffers::with(|buffers| self.write(&mut buffers.output))?;
        self.write_unsent().await
    }
}
