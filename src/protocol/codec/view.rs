//! A command as it lies in the buffer it was received in.

use super::{
    CodecError, FIELDS_MAX, FLAG_ONEWAY, FLAG_RESPONSE, FieldSource, HeaderError, ReadHeader,
    SerializeType, binary, json,
};
use crate::frame::Frame;
use crate::language::LanguageCode;
use crate::remoting_command::{ExtFields, RemotingCommand};
use bytes::Bytes;
use smallvec::SmallVec;

/// Fields kept without a heap allocation; RocketMQ's send header has 13, its pull header 15.
const FIELDS_INLINE: usize = 20;

/// Room of a [`HeaderScratch`] that is kept whatever came; a send with all properties needs less.
const SCRATCH_KEPT: usize = 64 * 1024;

/// Room for text that had to be unescaped; kept by the connection and used again for each frame.
#[derive(Debug, Default)]
pub struct HeaderScratch {
    text: Vec<u8>,
}

impl HeaderScratch {
    /// A slice of at least `length` bytes.
    fn room(&mut self, length: usize) -> &mut [u8] {
        if self.text.len() < length {
            self.text.resize(length, 0);
        }
        &mut self.text
    }

    /// Gives back the room that an unusually large header has needed.
    pub fn give_back(&mut self) {
        if self.text.len() > SCRATCH_KEPT {
            self.text = Vec::new();
        }
    }
}

/// A request or response that borrows all of its text from its frame.
#[derive(Debug, Clone)]
pub struct CommandView<'a> {
    pub(super) serialize_type: SerializeType,
    pub(super) code: i32,
    pub(super) language: LanguageCode,
    pub(super) version: i32,
    pub(super) opaque: i32,
    pub(super) flag: i32,
    pub(super) remark: Option<&'a str>,
    pub(super) fields: Fields<'a>,
    pub(super) body: &'a [u8],
}

/// The header fields, in the order of the wire.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields<'a>(SmallVec<[(&'a str, &'a str); FIELDS_INLINE]>);

impl<'a> Fields<'a> {
    /// Adds a field; `false` when there are as many as there may be.
    #[inline]
    pub(super) fn push(&mut self, name: &'a str, value: &'a str) -> bool {
        let has_room = self.0.len() < FIELDS_MAX;
        if has_room {
            self.0.push((name, value));
        }
        has_room
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl<'a> CommandView<'a> {
    /// Reads the header of a frame.
    ///
    /// # Errors
    /// The header is not what its serialisation says it is; the connection should be closed.
    pub fn decode(frame: Frame<'a>, scratch: &'a mut HeaderScratch) -> Result<Self, CodecError> {
        match frame.serialize_type {
            SerializeType::Json => {
                // Unescaped text is never longer than its escaped form.
                json::read(frame.header, frame.body, scratch.room(frame.header.len()))
            }
            SerializeType::RocketMq => binary::read(frame.header, frame.body),
        }
    }

    /// The serialisation that the peer used, and that an answer should use.
    #[must_use]
    pub fn serialize_type(&self) -> SerializeType {
        self.serialize_type
    }

    /// The request code, or the response code of a response.
    #[must_use]
    pub fn code(&self) -> i32 {
        self.code
    }

    /// The peer's language.
    #[must_use]
    pub fn language(&self) -> LanguageCode {
        self.language
    }

    /// The peer's version, an ordinal of RocketMQ's `MQVersion`.
    #[must_use]
    pub fn version(&self) -> i32 {
        self.version
    }

    /// What correlates a response with its request.
    #[must_use]
    pub fn opaque(&self) -> i32 {
        self.opaque
    }

    /// Whether this answers a request of ours.
    #[must_use]
    pub fn is_response(&self) -> bool {
        self.flag & FLAG_RESPONSE != 0
    }

    /// Whether the peer does not want an answer.
    #[must_use]
    pub fn is_oneway(&self) -> bool {
        self.flag & FLAG_ONEWAY != 0
    }

    /// The text for people.
    #[must_use]
    pub fn remark(&self) -> Option<&'a str> {
        self.remark
    }

    /// The body; empty when there is none.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// The header fields in the order of the wire.
    pub fn fields(&self) -> impl Iterator<Item = (&'a str, &'a str)> + '_ {
        self.fields.0.iter().copied()
    }

    /// The value of a field; the last one when a peer wrote it twice.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'a str> {
        self.fields
            .0
            .iter()
            .rev()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| *value)
    }

    /// Reads the fields into a typed header.
    ///
    /// # Errors
    /// A required field is missing or does not hold what it should.
    pub fn header<H: ReadHeader>(&self) -> Result<H, HeaderError> {
        H::read(self)
    }

    /// An owned copy.
    #[must_use]
    pub fn to_command(&self) -> RemotingCommand {
        RemotingCommand {
            serialize_type: self.serialize_type,
            code: self.code,
            language: self.language,
            version: self.version,
            opaque: self.opaque,
            flag: self.flag,
            remark: self.remark.map(str::to_owned),
            ext_fields: self.fields().collect::<ExtFields>(),
            body: Bytes::copy_from_slice(self.body),
        }
    }
}

impl FieldSource for CommandView<'_> {
    fn field(&self, name: &str) -> Option<&str> {
        CommandView::field(self, name)
    }
}
