//! One connection of the load side: frames written together, answers read together.
//!
//! Not the client of [`client`]: that one serves programs, with a task, a route and a retry for each
//! send, and its cost would be measured along with the server's. Here a thread owns its connections,
//! and a system call moves as many frames as there are.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use protocol::codec::{CommandView, HeaderScratch};
use protocol::{RemotingCommand, frame};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How long a connection may take to be accepted.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// How much is asked of the socket at least in one read.
const READ_SIZE: usize = 64 * 1024;

/// Where the incoming buffer begins; it grows with the frames that come.
const BUFFER_SIZE: usize = 4 * READ_SIZE;

/// A connection that never blocks.
#[derive(Debug)]
pub(super) struct Peer {
    stream: TcpStream,
    incoming: Vec<u8>,
    /// The part of `incoming` that has arrived and is not looked at yet.
    unread: std::ops::Range<usize>,
    outgoing: Vec<u8>,
    /// How much of `outgoing` the socket has taken.
    written: usize,
    scratch: HeaderScratch,
}

impl Peer {
    /// Connects to `host:port`.
    pub(super) fn connect(addr: &str) -> io::Result<Self> {
        let resolved = addr
            .to_socket_addrs()?
            .next()
            .ok_or(io::ErrorKind::AddrNotAvailable)?;
        let stream = TcpStream::connect_timeout(&resolved, CONNECT_WITHIN)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            incoming: vec![0; BUFFER_SIZE],
            unread: 0..0,
            outgoing: Vec::with_capacity(READ_SIZE),
            written: 0,
            scratch: HeaderScratch::default(),
        })
    }

    /// Where requests are written; they leave with the next [`flush`](Self::flush).
    pub(super) fn outgoing(&mut self) -> &mut Vec<u8> {
        &mut self.outgoing
    }

    /// Whether the socket has not taken everything yet.
    fn is_behind(&self) -> bool {
        self.written < self.outgoing.len()
    }

    fn poll_fd(&self) -> PollFd<'_> {
        let behind = if self.is_behind() {
            PollFlags::OUT
        } else {
            PollFlags::empty()
        };
        PollFd::new(&self.stream, PollFlags::IN | behind)
    }

    /// Gives the socket as much as it takes.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        while let Some(rest) = self
            .outgoing
            .get(self.written..)
            .filter(|rest| !rest.is_empty())
        {
            match self.stream.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(taken) => self.written += taken,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.outgoing.clear();
        self.written = 0;
        Ok(())
    }

    /// Reads what has arrived and gives each answer to `each`, with the buffer for further requests.
    ///
    /// # Errors
    /// The connection is closed or broken, or the peer speaks something else.
    pub(super) fn receive(
        &mut self,
        mut each: impl FnMut(&CommandView<'_>, &mut Vec<u8>),
    ) -> io::Result<()> {
        self.make_room();
        let free = self.incoming.get_mut(self.unread.end..).unwrap_or_default();
        match self.stream.read(free) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => self.unread.end += count,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) =>
            {
                return Ok(());
            }
            Err(error) => return Err(error),
        }
        loop {
            let arrived = self.incoming.get(self.unread.clone()).unwrap_or_default();
            let Some((whole, length)) = frame::split(arrived).map_err(io::Error::other)? else {
                return Ok(());
            };
            let view = CommandView::decode(whole, &mut self.scratch).map_err(io::Error::other)?;
            // A broker may ask its clients things; a load does not answer.
            if view.is_response() {
                each(&view, &mut self.outgoing);
            }
            self.unread.start += length;
        }
    }

    /// Moves a begun frame to the front, and makes the buffer larger when that is not enough.
    fn make_room(&mut self) {
        if self.unread.is_empty() {
            self.unread = 0..0;
        }
        if self.incoming.len() - self.unread.end >= READ_SIZE {
            return;
        }
        self.incoming.copy_within(self.unread.clone(), 0);
        self.unread = 0..self.unread.len();
        if self.incoming.len() - self.unread.end < READ_SIZE {
            let length = self.incoming.len() * 2;
            self.incoming.resize(length, 0);
        }
    }

    /// One request and its answer: for what comes before and after the load.
    ///
    /// # Errors
    /// The connection breaks, or no answer comes within `timeout`.
    pub(super) fn call(
        &mut self,
        request: &RemotingCommand,
        timeout: Duration,
    ) -> io::Result<RemotingCommand> {
        request.encode_into(&mut self.outgoing);
        let mut ready = Ready::default();
        loop {
            self.flush()?;
            if ready.wait(std::iter::once(&*self), timeout)? == 0 {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let mut answer = None;
            self.receive(|view, _| {
                if view.opaque() == request.opaque {
                    answer = Some(view.to_command());
                }
            })?;
            if let Some(answer) = answer {
                return Ok(answer);
            }
        }
    }
}

/// Which of several peers have something to read, or take more of what waits to be written.
#[derive(Debug, Default)]
pub(super) struct Ready(Vec<bool>);

impl Ready {
    /// Waits until there is one. Gives how many there are; 0 after `timeout`, which is kept to the
    /// microsecond.
    ///
    /// # Errors
    /// The operating system's.
    pub(super) fn wait<'a>(
        &mut self,
        peers: impl Iterator<Item = &'a Peer>,
        timeout: Duration,
    ) -> io::Result<usize> {
        let mut polled: Vec<PollFd<'_>> = peers.map(Peer::poll_fd).collect();
        let timeout = Timespec::try_from(timeout).map_err(|_| io::ErrorKind::InvalidInput)?;
        let ready = match poll(&mut polled, Some(&timeout)) {
            Err(rustix::io::Errno::INTR) => 0,
            ready => ready?,
        };
        self.0.clear();
        let is_ready = |fd: &PollFd<'_>| ready > 0 && !fd.revents().is_empty();
        self.0.extend(polled.iter().map(is_ready));
        Ok(ready)
    }

    /// Whether the peer at this place was ready.
    pub(super) fn has(&self, place: usize) -> bool {
        self.0.get(place).copied().unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use protocol::{RequestCode, ResponseCode};

    use super::*;

    #[test]
    fn answers_that_come_in_pieces_and_together_are_read_whole() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap().to_string();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut bytes = Vec::new();
            for (opaque, size) in [(1, 10), (2, 3 * BUFFER_SIZE), (3, 0)] {
                let mut answer =
                    RemotingCommand::response(ResponseCode::Success).with_body(vec![b'x'; size]);
                answer.opaque = opaque;
                answer.encode_into(&mut bytes);
            }
            for part in bytes.chunks(100_003) {
                stream.write_all(part).unwrap();
            }
        });
        let mut peer = Peer::connect(&addr).unwrap();
        let mut seen = Vec::new();
        while seen.len() < 3 {
            let mut ready = Ready::default();
            let patience = Duration::from_secs(10);
            assert_eq!(ready.wait([&peer].into_iter(), patience).unwrap(), 1);
            assert!(ready.has(0) && !ready.has(1));
            peer.receive(|view, _| seen.push((view.opaque(), view.body().len())))
                .unwrap();
        }
        assert_eq!(seen, [(1, 10), (2, 3 * BUFFER_SIZE), (3, 0)]);
        server.join().unwrap();
        let request = RemotingCommand::request(RequestCode::GetBrokerConfig);
        let error = peer.call(&request, Duration::from_secs(10)).unwrap_err();
        assert_ne!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn silence_ends_with_the_timeout() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap().to_string();
        let mut peer = Peer::connect(&addr).unwrap();
        let request = RemotingCommand::request(RequestCode::GetBrokerConfig);
        let error = peer.call(&request, Duration::from_millis(1)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
