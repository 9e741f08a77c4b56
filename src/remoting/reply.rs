//! Answers: now, into the connection's output, or later, from anywhere.

use crate::Connection;
use crate::output::Output;
use protocol::codec::{self, CommandMeta, FLAG_RESPONSE, WriteHeader};
use protocol::header::NoHeader;
use protocol::version::CURRENT_VERSION;
use protocol::{CommandView, LanguageCode, RemotingCommand, ResponseCode, SerializeType};
use std::sync::Arc;

/// What a request gets that its processor forgot, in RocketMQ's words.
const NOT_ANSWERED: &str = "not set any response code";

/// What an answer has to repeat of its request.
#[derive(Debug, Clone, Copy)]
struct Address {
    serialize_type: SerializeType,
    opaque: i32,
    oneway: bool,
}

impl Address {
    fn of(request: &CommandView<'_>) -> Self {
        Self {
            serialize_type: request.serialize_type(),
            opaque: request.opaque(),
            oneway: request.is_oneway(),
        }
    }

    fn write(
        self,
        out: &mut Vec<u8>,
        code: ResponseCode,
        remark: Option<&str>,
        header: &impl WriteHeader,
        body: &[u8],
    ) {
        codec::write_frame(out, &self.meta(code, remark), header, body.len());
        out.extend_from_slice(body);
    }

    fn meta(self, code: ResponseCode, remark: Option<&str>) -> CommandMeta<'_> {
        CommandMeta {
            serialize_type: self.serialize_type,
            code: code.code(),
            language: LanguageCode::Rust,
            version: CURRENT_VERSION,
            opaque: self.opaque,
            flag: FLAG_RESPONSE,
            remark,
        }
    }

    fn write_command(self, out: &mut Vec<u8>, mut response: RemotingCommand) {
        response.serialize_type = self.serialize_type;
        response.opaque = self.opaque;
        response.flag |= FLAG_RESPONSE;
        response.encode_into(out);
    }
}

/// The answer to the request at hand. A one-way request gets none, whatever is said here.
///
/// Dropped without a word, it answers `SYSTEM_ERROR`, so that no client waits for nothing.
#[derive(Debug)]
pub struct Reply<'a> {
    out: &'a mut Output,
    connection: &'a Arc<Connection>,
    address: Address,
    /// Where the body begins that was written before its header.
    body_at: Option<usize>,
    settled: bool,
}

impl<'a> Reply<'a> {
    pub(crate) fn new(
        out: &'a mut Output,
        connection: &'a Arc<Connection>,
        request: &CommandView<'_>,
    ) -> Self {
        let address = Address::of(request);
        Self {
            out,
            connection,
            address,
            body_at: None,
            settled: address.oneway,
        }
    }

    /// Whether anyone waits for the answer.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        !self.address.oneway
    }

    /// Answers with everything that an answer can have.
    pub fn answer(
        mut self,
        code: ResponseCode,
        remark: Option<&str>,
        header: &impl WriteHeader,
        body: &[u8],
    ) {
        self.forget_body();
        if !std::mem::replace(&mut self.settled, true) {
            let out = &mut self.out.bytes;
            self.address.write(out, code, remark, header, body);
        }
    }

    /// Adds to a body whose header is not known yet: it is written where it is sent from. Anything
    /// but [`answer_appended`](Self::answer_appended) forgets it.
    pub fn append(&mut self, bytes: &[u8]) {
        if self.body_at.is_none() {
            self.body_at = Some(self.out.begin_body());
        }
        self.out.bytes.extend_from_slice(bytes);
    }

    /// Answers with the body that was [appended](Self::append).
    pub fn answer_appended(
        mut self,
        code: ResponseCode,
        remark: Option<&str>,
        header: &impl WriteHeader,
    ) {
        match self.body_at {
            Some(body_at) if !self.settled => {
                (self.settled, self.body_at) = (true, None);
                let meta = self.address.meta(code, remark);
                self.out.end_body(body_at, |out, body_length| {
                    codec::write_frame(out, &meta, header, body_length);
                });
            }
            Some(_) | None => self.answer(code, remark, header, &[]),
        }
    }

    fn forget_body(&mut self) {
        if let Some(body_at) = self.body_at.take() {
            self.out.drop_body(body_at);
        }
    }

    /// Answers that all went well.
    pub fn success(self, header: &impl WriteHeader) {
        self.answer(ResponseCode::Success, None, header, &[]);
    }

    /// Answers that something did not go well.
    pub fn error(self, code: ResponseCode, remark: &str) {
        self.answer(code, Some(remark), &NoHeader, &[]);
    }

    /// Answers with a command; its `opaque`, flag and serialisation are set here.
    pub fn command(mut self, response: RemotingCommand) {
        self.forget_body();
        if !std::mem::replace(&mut self.settled, true) {
            self.address.write_command(&mut self.out.bytes, response);
        }
    }

    /// Leaves the answer for later.
    #[must_use]
    pub fn defer(mut self) -> Deferred {
        self.settled = true;
        self.connection.deferred_begins();
        Deferred {
            connection: Arc::clone(self.connection),
            address: self.address,
            settled: self.address.oneway,
        }
    }
}

impl Drop for Reply<'_> {
    fn drop(&mut self) {
        self.forget_body();
        if !self.settled {
            let code = ResponseCode::SystemError;
            let out = &mut self.out.bytes;
            self.address
                .write(out, code, Some(NOT_ANSWERED), &NoHeader, &[]);
        }
    }
}

/// An answer that somebody still owes; it may be given from any thread.
///
/// Dropped without a word, it answers `SYSTEM_ERROR`, as [`Reply`] does.
#[derive(Debug)]
pub struct Deferred {
    connection: Arc<Connection>,
    address: Address,
    settled: bool,
}

impl Deferred {
    /// Who asked.
    #[must_use]
    pub fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// Answers with everything that an answer can have.
    pub fn answer(
        mut self,
        code: ResponseCode,
        remark: Option<&str>,
        header: &impl WriteHeader,
        body: &[u8],
    ) {
        if !std::mem::replace(&mut self.settled, true) {
            let address = self.address;
            // A peer that is gone or does not read has nobody to be told.
            _ = self
                .connection
                .append(|out| address.write(out, code, remark, header, body));
        }
    }

    /// Answers that all went well.
    pub fn success(self, header: &impl WriteHeader) {
        self.answer(ResponseCode::Success, None, header, &[]);
    }

    /// Answers that something did not go well.
    pub fn error(self, code: ResponseCode, remark: &str) {
        self.answer(code, Some(remark), &NoHeader, &[]);
    }

    /// Answers with a command; its `opaque`, flag and serialisation are set here.
    pub fn command(mut self, response: RemotingCommand) {
        if !std::mem::replace(&mut self.settled, true) {
            let address = self.address;
            _ = self
                .connection
                .append(|out| address.write_command(out, response));
        }
    }
}

impl Drop for Deferred {
    fn drop(&mut self) {
        if !self.settled {
            let address = self.address;
            let code = ResponseCode::SystemError;
            let write = |out: &mut Vec<u8>| {
                address.write(out, code, Some(NOT_ANSWERED), &NoHeader, &[]);
            };
            _ = self.connection.append(write);
        }
        self.connection.deferred_ends();
    }
}
