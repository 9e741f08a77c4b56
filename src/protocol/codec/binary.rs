//! The ROCKETMQ binary header (RocketMQ `RocketMQSerializable`).
//!
//! code i16, language i8, version i16, opaque i32, flag i32, remark (i32 length, text), fields (i32
//! length of all, then i16 key length, key, i32 value length, value each). Zero length is null.

use super::view::Fields;
use super::{CodecError, CommandMeta, CommandView, FieldSink, SerializeType, WriteHeader};
use crate::language::LanguageCode;

/// A header, read from its front to its end.
struct Input<'a> {
    header: &'a [u8],
    at: usize,
    /// A part of the header that is known to be UTF-8, length words and all: most headers are, so
    /// that their texts need not be looked at one by one.
    known: &'a str,
    known_at: usize,
}

impl<'a> Input<'a> {
    fn new(header: &'a [u8]) -> Self {
        Self {
            header,
            at: 0,
            known: "",
            known_at: 0,
        }
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], CodecError> {
        let rest = self.header.get(self.at..).unwrap_or_default();
        let head = rest.first_chunk().ok_or(CodecError::Truncated(what))?;
        self.at += N;
        Ok(*head)
    }

    fn i32(&mut self, what: &'static str) -> Result<i32, CodecError> {
        self.array(what).map(i32::from_be_bytes)
    }

    fn text(&mut self, length: usize, what: &'static str) -> Result<&'a str, CodecError> {
        let from = self.at;
        let to = from
            .checked_add(length)
            .filter(|to| *to <= self.header.len())
            .ok_or(CodecError::Truncated(what))?;
        self.at = to;
        if let Some(text) = self.known_text(from, to) {
            return Ok(text);
        }
        (self.known, self.known_at) = (utf8_front(self.header, from), from);
        self.known_text(from, to).ok_or(CodecError::NotUtf8)
    }

    #[inline]
    fn known_text(&self, from: usize, to: usize) -> Option<&'a str> {
        let from = from.checked_sub(self.known_at)?;
        self.known.get(from..to - self.known_at)
    }

    fn length(&mut self, what: &'static str) -> Result<usize, CodecError> {
        usize::try_from(self.i32(what)?).map_err(|_| CodecError::Truncated(what))
    }
}

/// What of the header from `from` on is UTF-8.
fn utf8_front(header: &[u8], from: usize) -> &str {
    let rest = header.get(from..).unwrap_or_default();
    let valid = |error: std::str::Utf8Error| {
        let front = rest.get(..error.valid_up_to()).unwrap_or_default();
        std::str::from_utf8(front).unwrap_or_default()
    };
    std::str::from_utf8(rest).unwrap_or_else(valid)
}

pub(super) fn read<'a>(header: &'a [u8], body: &'a [u8]) -> Result<CommandView<'a>, CodecError> {
    let mut input = Input::new(header);
    let code = i16::from_be_bytes(input.array("code")?);
    let [language] = input.array("language")?;
    let version = i16::from_be_bytes(input.array("version")?);
    let opaque = input.i32("opaque")?;
    let flag = input.i32("flag")?;
    let remark_length = input.length("remark")?;
    let remark = input.text(remark_length, "remark")?;
    let mut view = CommandView {
        serialize_type: SerializeType::RocketMq,
        code: code.into(),
        language: LanguageCode::from_code(language).unwrap_or_default(),
        version: version.into(),
        opaque,
        flag,
        remark: (!remark.is_empty()).then_some(remark),
        fields: Fields::default(),
        body,
    };
    let fields_length = input.length("fields")?;
    // What follows the fields, if anything, has no meaning.
    let fields = header
        .get(input.at..)
        .and_then(|rest| rest.get(..fields_length))
        .ok_or(CodecError::Truncated("fields"))?;
    read_fields(Input::new(fields), &mut view.fields)?;
    Ok(view)
}

fn read_fields<'a>(mut input: Input<'a>, fields: &mut Fields<'a>) -> Result<(), CodecError> {
    while input.at < input.header.len() {
        let name_length = u16::from_be_bytes(input.array("field name")?);
        let name = input.text(name_length.into(), "field name")?;
        let value_length = input.length("field value")?;
        let value = input.text(value_length, "field value")?;
        if !name.is_empty() && !value.is_empty() && !fields.push(name, value) {
            return Err(CodecError::TooManyFields);
        }
    }
    Ok(())
}

pub(super) fn write(
    out: &mut Vec<u8>,
    code: i16,
    meta: &CommandMeta<'_>,
    header: &impl WriteHeader,
) {
    out.extend_from_slice(&code.to_be_bytes());
    out.push(meta.language.code());
    out.extend_from_slice(
        &i16::try_from(meta.version)
            .unwrap_or(i16::MAX)
            .to_be_bytes(),
    );
    out.extend_from_slice(&meta.opaque.to_be_bytes());
    out.extend_from_slice(&meta.flag.to_be_bytes());
    let remark = meta.remark.unwrap_or_default();
    out.extend_from_slice(&length_word(remark.len()));
    out.extend_from_slice(remark.as_bytes());
    let length_at = out.len();
    out.extend_from_slice(&[0; 4]);
    header.write(&mut BinarySink(out));
    let length = length_word(out.len() - length_at - 4);
    if let Some(word) = out.get_mut(length_at..length_at + 4) {
        word.copy_from_slice(&length);
    }
}

fn length_word(length: usize) -> [u8; 4] {
    i32::try_from(length).unwrap_or(i32::MAX).to_be_bytes()
}

struct BinarySink<'a>(&'a mut Vec<u8>);

impl FieldSink for BinarySink<'_> {
    fn text(&mut self, name: &str, value: &str) {
        let Ok(name_length) = u16::try_from(name.len()) else {
            return;
        };
        self.0.extend_from_slice(&name_length.to_be_bytes());
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(&length_word(value.len()));
        self.0.extend_from_slice(value.as_bytes());
    }
}
