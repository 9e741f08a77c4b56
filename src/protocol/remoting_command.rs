//! An owned request or response, for everything that is not on the hot path.

use crate::codec::{
    self, CodecError, CommandMeta, CommandView, FLAG_ONEWAY, FLAG_RESPONSE, FieldSink, FieldSource,
    HeaderError, HeaderScratch, ReadHeader, SerializeType, WriteHeader,
};
use crate::frame::Frame;
use crate::language::LanguageCode;
use crate::request_code::RequestCode;
use crate::response_code::ResponseCode;
use crate::version::CURRENT_VERSION;
use bytes::Bytes;

/// A request or response with everything it carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemotingCommand {
    /// How the header is, or will be, serialised.
    pub serialize_type: SerializeType,
    /// Request or response code.
    pub code: i32,
    /// What the writer is written in.
    pub language: LanguageCode,
    /// The writer's version, an ordinal of RocketMQ's `MQVersion`.
    pub version: i32,
    /// Correlates a response with its request; the connection sets it.
    pub opaque: i32,
    /// [`FLAG_RESPONSE`] and [`FLAG_ONEWAY`].
    pub flag: i32,
    /// Text for people, usually of an error.
    pub remark: Option<String>,
    /// The header fields.
    pub ext_fields: ExtFields,
    /// The body; empty when there is none.
    pub body: Bytes,
}

impl RemotingCommand {
    /// A request without fields or body.
    #[must_use]
    pub fn request(code: RequestCode) -> Self {
        Self::new(code.code(), 0)
    }

    /// A response without fields or body.
    #[must_use]
    pub fn response(code: ResponseCode) -> Self {
        Self::new(code.code(), FLAG_RESPONSE)
    }

    fn new(code: i32, flag: i32) -> Self {
        Self {
            serialize_type: SerializeType::Json,
            code,
            language: LanguageCode::Rust,
            version: CURRENT_VERSION,
            opaque: 0,
            flag,
            remark: None,
            ext_fields: ExtFields::default(),
            body: Bytes::new(),
        }
    }

    /// Adds the fields of a typed header.
    #[must_use]
    pub fn with_header(mut self, header: &impl WriteHeader) -> Self {
        header.write(&mut self.ext_fields);
        self
    }

    /// Adds one field.
    #[must_use]
    pub fn with_field(mut self, name: &str, value: &str) -> Self {
        self.ext_fields.insert(name, value);
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets the text for people.
    #[must_use]
    pub fn with_remark(mut self, remark: impl Into<String>) -> Self {
        self.remark = Some(remark.into());
        self
    }

    /// Marks a request as one that nobody waits for.
    #[must_use]
    pub fn oneway(mut self) -> Self {
        self.flag |= FLAG_ONEWAY;
        self
    }

    /// Whether this answers a request.
    #[must_use]
    pub fn is_response(&self) -> bool {
        self.flag & FLAG_RESPONSE != 0
    }

    /// Whether nobody waits for an answer.
    #[must_use]
    pub fn is_oneway(&self) -> bool {
        self.flag & FLAG_ONEWAY != 0
    }

    /// The response code by name, if RocketMQ defines it.
    #[must_use]
    pub fn response_code(&self) -> Option<ResponseCode> {
        ResponseCode::from_code(self.code)
    }

    /// Whether this is a response that says all went well.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.code == ResponseCode::Success.code()
    }

    /// Reads the fields into a typed header.
    ///
    /// # Errors
    /// A required field is missing or does not hold what it should.
    pub fn header<H: ReadHeader>(&self) -> Result<H, HeaderError> {
        H::read(&self.ext_fields)
    }

    /// Appends the whole frame.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        let meta = CommandMeta {
            serialize_type: self.serialize_type,
            code: self.code,
            language: self.language,
            version: self.version,
            opaque: self.opaque,
            flag: self.flag,
            remark: self.remark.as_deref(),
        };
        codec::write_frame(out, &meta, &self.ext_fields, self.body.len());
        out.extend_from_slice(&self.body);
    }

    /// Reads a frame into an owned command.
    ///
    /// # Errors
    /// The header is not what its serialisation says it is.
    pub fn decode(frame: Frame<'_>) -> Result<Self, CodecError> {
        let mut scratch = HeaderScratch::default();
        CommandView::decode(frame, &mut scratch).map(|view| view.to_command())
    }
}

/// Header fields in the order in which they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExtFields(Vec<(String, String)>);

impl ExtFields {
    /// The value of a field; the last one when a peer wrote it twice.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Adds a field, in the place of one of the same name.
    pub fn insert(&mut self, name: &str, value: &str) {
        match self.0.iter_mut().find(|(key, _)| key == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.0.push((name.to_owned(), value.to_owned())),
        }
    }

    /// All fields.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for ExtFields {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(fields: I) -> Self {
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self(fields.into_iter().map(own).collect())
    }
}

impl FieldSink for ExtFields {
    fn text(&mut self, name: &str, value: &str) {
        self.insert(name, value);
    }
}

impl FieldSource for ExtFields {
    fn field(&self, name: &str) -> Option<&str> {
        self.get(name)
    }
}

impl WriteHeader for ExtFields {
    fn write(&self, sink: &mut impl FieldSink) {
        for (name, value) in self.iter() {
            sink.text(name, value);
        }
    }
}
