//! The JSON header: one pass over its bytes, no map, no string unless it was escaped.
//!
//! Clients of other makers differ from Java's: numbers and booleans as field values, numbers as text
//! where numbers belong, `null` fields, absent parts, a line feed at the end. All of it is read.

mod scanner;

use super::special::find_escapable;
use super::view::Fields;
use super::{CodecError, CommandMeta, CommandView, FieldSink, SerializeType, WriteHeader};
use crate::language::LanguageCode;
use scanner::Scanner;

pub(super) fn read<'a>(
    header: &'a [u8],
    body: &'a [u8],
    room: &'a mut [u8],
) -> Result<CommandView<'a>, CodecError> {
    let text = std::str::from_utf8(header).map_err(|_| CodecError::NotUtf8)?;
    let mut scanner = Scanner::new(text, room);
    let mut view = CommandView {
        serialize_type: SerializeType::Json,
        code: 0,
        language: LanguageCode::default(),
        version: 0,
        opaque: 0,
        flag: 0,
        remark: None,
        fields: Fields::default(),
        body,
    };
    match read_members(&mut scanner, &mut view) {
        None => Err(scanner.error()),
        Some(false) => Err(CodecError::NoCode),
        Some(true) => Ok(view),
    }
}

/// Fills `view`; says whether there was a code, or `None` for what is no JSON.
fn read_members<'a>(scanner: &mut Scanner<'a>, view: &mut CommandView<'a>) -> Option<bool> {
    let mut code = None;
    scanner.take(b'{', "an object")?;
    let mut more = scanner.has_members();
    while more {
        match scanner.key()? {
            "code" => code = scanner.value()?.integer(),
            "language" => {
                let language = scanner.value()?.text().and_then(LanguageCode::from_text);
                view.language = language.unwrap_or_default();
            }
            "version" => view.version = scanner.value()?.integer().unwrap_or_default(),
            "opaque" => view.opaque = scanner.value()?.integer().unwrap_or_default(),
            "flag" => view.flag = scanner.value()?.integer().unwrap_or_default(),
            "remark" => view.remark = scanner.value()?.text().filter(|remark| !remark.is_empty()),
            "extFields" => scanner.fields(&mut view.fields)?,
            _ => _ = scanner.value()?,
        }
        more = scanner.more_members()?;
    }
    view.code = code.unwrap_or_default();
    Some(code.is_some())
}

pub(super) fn write(out: &mut Vec<u8>, meta: &CommandMeta<'_>, header: &impl WriteHeader) {
    out.extend_from_slice(b"{\"code\":");
    write_integer(out, meta.code);
    // Always an object: Java's client reads the fields of a send response without asking.
    out.extend_from_slice(b",\"extFields\":{");
    let mut sink = JsonSink { out, first: true };
    header.write(&mut sink);
    out.extend_from_slice(b"},\"flag\":");
    write_integer(out, meta.flag);
    out.extend_from_slice(b",\"language\":\"");
    out.extend_from_slice(meta.language.name().as_bytes());
    out.extend_from_slice(b"\",\"opaque\":");
    write_integer(out, meta.opaque);
    if let Some(remark) = meta.remark {
        out.extend_from_slice(b",\"remark\":");
        write_string(out, remark);
    }
    out.extend_from_slice(b",\"serializeTypeCurrentRPC\":\"JSON\",\"version\":");
    write_integer(out, meta.version);
    out.push(b'}');
}

struct JsonSink<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl JsonSink<'_> {
    fn name(&mut self, name: &str) {
        if !std::mem::replace(&mut self.first, false) {
            self.out.push(b',');
        }
        // Field names are ours: letters, digits and underscores.
        write_string(self.out, name);
        self.out.push(b':');
    }
}

impl FieldSink for JsonSink<'_> {
    fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        write_string(self.out, value);
    }

    fn integer(&mut self, name: &str, value: i64) {
        self.name(name);
        write_plain(self.out, itoa::Buffer::new().format(value));
    }

    fn boolean(&mut self, name: &str, value: bool) {
        self.name(name);
        write_plain(self.out, if value { "true" } else { "false" });
    }
}

fn write_integer(out: &mut Vec<u8>, value: i32) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Writes a quoted string that has nothing to be escaped.
fn write_plain(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// Writes a quoted string, escaping what JSON wants escaped.
fn write_string(out: &mut Vec<u8>, text: &str) {
    if find_escapable(text.as_bytes(), 0) == text.len() {
        return write_plain(out, text);
    }
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (plain, tail) = rest.split_at(find_escapable(rest, 0));
        out.extend_from_slice(plain);
        let Some((byte, after)) = tail.split_first() else {
            break;
        };
        write_escape(out, *byte);
        rest = after;
    }
    out.push(b'"');
}

fn write_escape(out: &mut Vec<u8>, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x8 => b'b',
        0xC => b'f',
        _ => {
            let (high, low) = (usize::from(byte >> 4), usize::from(byte & 0xF));
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&[DIGITS[high], DIGITS[low]]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}
