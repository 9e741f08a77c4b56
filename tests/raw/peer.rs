//! A peer that speaks raw frames: what it writes and reads is put together here, byte by byte, so
//! that nothing of Gantry's own says what is right.

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Map, Value, json};

use crate::common::wait::PATIENCE;

/// Serialisations of the header.
pub(crate) const JSON: u8 = 0;
pub(crate) const BINARY: u8 = 1;

const LANGUAGE_JAVA: u8 = 0;

/// Bit of the flag.
const RESPONSE: i64 = 1;

/// One connection.
pub(crate) struct Peer {
    stream: TcpStream,
    opaque: i32,
    /// Requests of the server that came while an answer was waited for.
    pushed: VecDeque<Frame>,
}

/// A frame that has come.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) serialize_type: u8,
    pub(crate) code: i64,
    pub(crate) opaque: i64,
    pub(crate) flag: i64,
    pub(crate) version: i64,
    pub(crate) remark: Option<String>,
    /// The header fields in their order.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Frame {
    /// The text of a header field.
    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> &str {
        let field = self.fields.iter().find(|(key, _)| key == name);
        field.map_or_else(|| panic!("no field {name} in {self:?}"), |(_, value)| value)
    }

    /// The number in a header field.
    #[track_caller]
    pub(crate) fn number(&self, name: &str) -> i64 {
        self.field(name).parse().unwrap()
    }

    pub(crate) fn remark(&self) -> &str {
        self.remark.as_deref().unwrap_or_default()
    }

    /// Itself, if its code is this one.
    #[track_caller]
    pub(crate) fn with_code(self, code: i64) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// A JSON header as a client of today's Java would write it.
pub(crate) fn header(code: i32, fields: &Value) -> Value {
    json!({
        "code": code, "extFields": fields, "flag": 0, "language": "JAVA",
        "serializeTypeCurrentRPC": "JSON", "version": 479,
    })
}

impl Peer {
    pub(crate) fn connect(addr: &str) -> Self {
        let stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self::over(stream)
    }

    /// Speaks over a connection that somebody else has made.
    pub(crate) fn over(stream: TcpStream) -> Self {
        Self {
            stream,
            opaque: 0,
            pushed: VecDeque::new(),
        }
    }

    /// Whether the server answers at all: the answer, or nothing when it has closed the connection.
    pub(crate) fn try_ask_for(&mut self, code: i32, fields: &Value) -> Option<()> {
        let request = header(code, fields).to_string();
        let length = u32::try_from(request.len()).unwrap();
        let mut frame = (length + 4).to_be_bytes().to_vec();
        frame.extend_from_slice(&length.to_be_bytes());
        frame.extend_from_slice(request.as_bytes());
        self.stream.write_all(&frame).ok()?;
        self.stream.read_exact(&mut [0; 8]).ok()
    }

    /// Sends a request and waits for its answer. A number that the header does not have is put in.
    #[track_caller]
    pub(crate) fn ask(&mut self, mut header: Value, body: &[u8]) -> Frame {
        let opaque = self.number(&mut header);
        self.write(JSON, header.to_string().as_bytes(), body);
        self.answer_to(opaque)
    }

    /// The same with a header as a client of today's Java would write it.
    #[track_caller]
    pub(crate) fn ask_for(&mut self, code: i32, fields: &Value) -> Frame {
        self.ask(header(code, fields), &[])
    }

    /// The same in the binary serialisation.
    #[track_caller]
    pub(crate) fn ask_binary(&mut self, code: i16, fields: &[(&str, &str)], body: &[u8]) -> Frame {
        self.opaque += 1;
        let header = binary_header(code, self.opaque, fields);
        self.write(BINARY, &header, body);
        self.answer_to(self.opaque.into())
    }

    /// Sends a request without waiting for an answer.
    pub(crate) fn tell(&mut self, mut header: Value, body: &[u8]) -> i64 {
        let opaque = self.number(&mut header);
        self.write(JSON, header.to_string().as_bytes(), body);
        opaque
    }

    /// Sends a frame.
    pub(crate) fn write(&mut self, serialize_type: u8, header: &[u8], body: &[u8]) {
        let length = u32::try_from(4 + header.len() + body.len()).unwrap();
        let [_, a, b, c] = u32::try_from(header.len()).unwrap().to_be_bytes();
        let mut frame = length.to_be_bytes().to_vec();
        frame.extend_from_slice(&[serialize_type, a, b, c]);
        frame.extend_from_slice(header);
        frame.extend_from_slice(body);
        self.stream.write_all(&frame).unwrap();
    }

    /// The next answer, which must be that to this request.
    #[track_caller]
    pub(crate) fn answer_to(&mut self, opaque: i64) -> Frame {
        loop {
            let frame = self.read();
            if frame.flag & RESPONSE != 0 {
                assert_eq!(frame.opaque, opaque, "{frame:?}");
                return frame;
            }
            self.pushed.push_back(frame);
        }
    }

    /// The next request of the server.
    #[track_caller]
    pub(crate) fn push(&mut self) -> Frame {
        let frame = self.pushed.pop_front().unwrap_or_else(|| self.read());
        assert_eq!(frame.flag & RESPONSE, 0, "{frame:?}");
        frame
    }

    #[track_caller]
    fn read(&mut self) -> Frame {
        let mut prefix = [0; 8];
        self.stream.read_exact(&mut prefix).unwrap();
        let [length, header_word] = [&prefix[..4], &prefix[4..]]
            .map(|word| u32::from_be_bytes(word.try_into().unwrap()) as usize);
        let mut header = vec![0; header_word & 0x00FF_FFFF];
        let mut body = vec![0; length - 4 - header.len()];
        self.stream.read_exact(&mut header).unwrap();
        self.stream.read_exact(&mut body).unwrap();
        match prefix[4] {
            JSON => frame_of_json(&header, body),
            _ => frame_of_binary(&header, body),
        }
    }

    fn number(&mut self, header: &mut Value) -> i64 {
        self.opaque += 1;
        let header = header.as_object_mut().unwrap();
        header
            .entry("opaque")
            .or_insert_with(|| self.opaque.into())
            .as_i64()
            .unwrap()
    }
}

fn frame_of_json(header: &[u8], body: Vec<u8>) -> Frame {
    let header: Value = serde_json::from_slice(header).unwrap();
    let number = |name: &str| header[name].as_i64().unwrap();
    let fields = header["extFields"]
        .as_object()
        .cloned()
        .unwrap_or_else(Map::new);
    Frame {
        serialize_type: JSON,
        code: number("code"),
        opaque: number("opaque"),
        flag: number("flag"),
        version: number("version"),
        remark: header["remark"].as_str().map(str::to_owned),
        fields: fields
            .into_iter()
            .map(|(key, value)| (key, value.as_str().unwrap().to_owned()))
            .collect(),
        body,
    }
}

fn binary_header(code: i16, opaque: i32, fields: &[(&str, &str)]) -> Vec<u8> {
    const VERSION: i16 = 479;
    let mut map = Vec::new();
    for (key, value) in fields {
        map.extend_from_slice(&u16::try_from(key.len()).unwrap().to_be_bytes());
        map.extend_from_slice(key.as_bytes());
        map.extend_from_slice(&u32::try_from(value.len()).unwrap().to_be_bytes());
        map.extend_from_slice(value.as_bytes());
    }
    let (flag, remark_length) = (0_i32, 0_u32);
    let mut header = code.to_be_bytes().to_vec();
    header.push(LANGUAGE_JAVA);
    header.extend_from_slice(&VERSION.to_be_bytes());
    header.extend_from_slice(&opaque.to_be_bytes());
    header.extend_from_slice(&flag.to_be_bytes());
    header.extend_from_slice(&remark_length.to_be_bytes());
    header.extend_from_slice(&u32::try_from(map.len()).unwrap().to_be_bytes());
    header.extend_from_slice(&map);
    header
}

fn frame_of_binary(header: &[u8], body: Vec<u8>) -> Frame {
    let mut rest = header;
    let mut take = |count: usize| {
        let (taken, after) = rest.split_at(count);
        rest = after;
        taken
    };
    let long = |word: &[u8]| i64::from(i32::from_be_bytes(word.try_into().unwrap()));
    let short = |word: &[u8]| i64::from(i16::from_be_bytes(word.try_into().unwrap()));
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let size = |number: i64| usize::try_from(number).unwrap();

    let code = short(take(2));
    let _language = take(1);
    let version = short(take(2));
    let (opaque, flag) = (long(take(4)), long(take(4)));
    let remark_length = size(long(take(4)));
    let remark = text(take(remark_length));
    let mut left = size(long(take(4)));
    let mut fields = Vec::new();
    while left > 0 {
        let key_length = size(short(take(2)));
        let key = text(take(key_length));
        let value_length = size(long(take(4)));
        fields.push((key, text(take(value_length))));
        left -= 2 + key_length + 4 + value_length;
    }
    let remark = Some(remark).filter(|remark| !remark.is_empty());
    Frame {
        serialize_type: BINARY,
        code,
        opaque,
        flag,
        version,
        remark,
        fields,
        body,
    }
}
