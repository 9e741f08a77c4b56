//! The ROCKETMQ binary header (RocketMQ `RocketMQSerializable`).
//!
//! code i16, language i8, version i16, opaque i32, flag i32, remark (i32 length, text), fields (i32
//! length of all, then i16 key length, key, i32 value length, value each). Zero length is null.

use super::view::Fields;
use super::{CodecError, CommandMeta, CommandView, FieldSink, SerializeType, WriteHeader};
use crate::language::LanguageCode;

/// What is left of a header to be read.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], CodecError> {
        let (head, rest) = self
            .0
            .split_first_chunk()
            .ok_or(CodecError::Truncated(what))?;
        self.0 = rest;
        Ok(*head)
    }

    fn i32(&mut self, what: &'static str) -> Result<i32, CodecError> {
        self.array(what).map(i32::from_be_bytes)
    }

    fn bytes(&mut self, length: usize, what: &'static str) -> Result<&'a [u8], CodecError> {
        let (head, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(CodecError::Truncated(what))?;
        self.0 = rest;
        Ok(head)
    }

    fn text(&mut self, length: usize, what: &'static str) -> Result<&'a str, CodecError> {
        std::str::from_utf8(self.bytes(length, what)?).map_err(|_| CodecError::NotUtf8)
    }

    fn length(&mut self, what: &'static str) -> Result<usize, CodecError> {
        usize::try_from(self.i32(what)?).map_err(|_| CodecError::Truncated(what))
    }
}

pub(super) fn read<'a>(header: &'a [u8], body: &'a [u8]) -> Result<CommandView<'a>, CodecError> {
    let mut input = Input(header);
    let code = i16::from_be_bytes(input.array("code")?);
    let [language] = input.array("language")?;
    let version = i16::from_be_bytes(input.array("version")?);
    let opaque = input.i32("opaque")?;
    let flag = input.i32("flag")?;
    let remark_length = input.length("remark")?;
    let remark = input.text(remark_length, "remark")?;
    let fields_length = input.length("fields")?;
    let fields = read_fields(Input(input.bytes(fields_length, "fields")?))?;
    Ok(CommandView {
        serialize_type: SerializeType::RocketMq,
        code: code.into(),
        language: LanguageCode::from_code(language).unwrap_or_default(),
        version: version.into(),
        opaque,
        flag,
        remark: (!remark.is_empty()).then_some(remark),
        fields,
        body,
    })
}

fn read_fields(mut input: Input<'_>) -> Result<Fields<'_>, CodecError> {
    let mut fields = Fields::default();
    while !input.0.is_empty() {
        let name_length = u16::from_be_bytes(input.array("field name")?);
        let name = input.text(name_length.into(), "field name")?;
        let value_length = input.length("field value")?;
        let value = input.text(value_length, "field value")?;
        if !name.is_empty() && !value.is_empty() {
            fields.push(name, value)?;
        }
    }
    Ok(fields)
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
