//! `-F`: percent formats for messages, such as `%d{%H:%M:%S} %q@%o %k %t %v\n`.
//!
//! The table of directives is also what `gantry help format` prints. Invariant: on a terminal
//! nothing from a message is written unescaped; into a pipe the body goes as it is.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::text::escape_controls;
use super::units;
use crate::error::{CommandError, codes};

/// What a format can ask of a message.
pub(crate) trait MessageFields {
    fn topic(&self) -> &str;
    fn broker(&self) -> &str;
    fn queue_id(&self) -> i32;
    fn queue_offset(&self) -> i64;
    fn msg_id(&self) -> Cow<'_, str>;
    fn offset_msg_id(&self) -> Cow<'_, str>;
    /// Keys as they were sent: separated by spaces.
    fn keys(&self) -> Cow<'_, str>;
    fn tags(&self) -> Cow<'_, str>;
    fn property(&self, name: &str) -> Option<Cow<'_, str>>;
    /// Name and value of all properties, in the message's order.
    fn properties(&self) -> Vec<(Cow<'_, str>, Cow<'_, str>)>;
    fn body(&self) -> &[u8];
    fn born_ms(&self) -> i64;
    fn stored_ms(&self) -> i64;
    fn born_host(&self) -> String;
    fn store_host(&self) -> String;
    fn reconsume_times(&self) -> i32;
}

/// What one directive stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Topic,
    Broker,
    Queue,
    QueueId,
    Offset,
    Keys,
    Tags,
    Body,
    Size,
    Stored,
    Born,
    Property,
    Properties,
    MsgId,
    OffsetMsgId,
    BornHost,
    StoreHost,
    ReconsumeTimes,
}

/// Letter, what may stand in braces behind it, what it is, its line in the help.
type Directive = (char, Braces, Field, &'static str);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Braces {
    None,
    Optional(&'static str),
    Required(&'static str),
}

const DIRECTIVES: &[Directive] = &[
    ('T', Braces::None, Field::Topic, "topic"),
    ('b', Braces::None, Field::Broker, "broker"),
    ('q', Braces::None, Field::Queue, "broker and queue: b-1/q3"),
    ('Q', Braces::None, Field::QueueId, "number of the queue"),
    ('o', Braces::None, Field::Offset, "offset in the queue"),
    ('k', Braces::None, Field::Keys, "keys"),
    ('t', Braces::None, Field::Tags, "tag"),
    (
        'v',
        Braces::Optional("hex"),
        Field::Body,
        "body as it is; with {hex} in hexadecimal",
    ),
    ('s', Braces::None, Field::Size, "size of the body in bytes"),
    (
        'd',
        Braces::Optional("PATTERN"),
        Field::Stored,
        "time of storing; PATTERN as in strftime, local time",
    ),
    (
        'D',
        Braces::Optional("PATTERN"),
        Field::Born,
        "time of sending, likewise",
    ),
    (
        'p',
        Braces::Required("NAME"),
        Field::Property,
        "one property",
    ),
    (
        'P',
        Braces::None,
        Field::Properties,
        "all properties as JSON",
    ),
    (
        'i',
        Braces::None,
        Field::MsgId,
        "message id (the unique key set by the sender)",
    ),
    (
        'I',
        Braces::None,
        Field::OffsetMsgId,
        "offset message id (broker address and place in its log)",
    ),
    ('h', Braces::None, Field::BornHost, "address of the sender"),
    ('H', Braces::None, Field::StoreHost, "address of the broker"),
    (
        'r',
        Braces::None,
        Field::ReconsumeTimes,
        "how often it was delivered again",
    ),
];

/// The table of directives for the help.
pub(crate) fn directive_help() -> String {
    let mut text = String::new();
    for (letter, braces, _, about) in DIRECTIVES {
        let form = match braces {
            Braces::None => format!("%{letter}"),
            Braces::Optional(name) => format!("%{letter} %{letter}{{{name}}}"),
            Braces::Required(name) => format!("%{letter}{{{name}}}"),
        };
        let _ = writeln!(text, "  {form:<16}{about}");
    }
    text
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(Vec<u8>),
    Field(Field, Option<String>),
}

/// A format that has been read and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MessageFormat {
    parts: Vec<Part>,
}

impl MessageFormat {
    /// Reads a format.
    ///
    /// # Errors
    /// `format_invalid`, with a mark under the place.
    pub(crate) fn parse(text: &str) -> Result<Self, CommandError> {
        let mut parts = Vec::new();
        let mut literal = Vec::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let at = text.len() - rest.len();
            rest = &rest[c.len_utf8()..];
            match c {
                '%' if rest.starts_with('%') => {
                    literal.push(b'%');
                    rest = &rest[1..];
                }
                '%' => {
                    let (part, after) =
                        directive(rest).map_err(|reason| invalid(text, at, &reason))?;
                    if !literal.is_empty() {
                        parts.push(Part::Literal(std::mem::take(&mut literal)));
                    }
                    parts.push(part);
                    rest = after;
                }
                '\\' => {
                    let (byte, after) = escape(rest).ok_or_else(|| {
                        invalid(text, at, "known escapes are \\n \\r \\t \\0 \\\\ and \\xHH")
                    })?;
                    literal.push(byte);
                    rest = after;
                }
                c => literal.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(Self { parts })
    }

    /// Appends the message in this format; escapes its texts when a terminal shows them.
    pub(crate) fn render(&self, message: &dyn MessageFields, terminal: bool, out: &mut Vec<u8>) {
        for part in &self.parts {
            match part {
                Part::Literal(bytes) => out.extend_from_slice(bytes),
                Part::Field(Field::Body, None) if !terminal => {
                    out.extend_from_slice(message.body());
                }
                Part::Field(field, argument) => {
                    let text = value(*field, argument.as_deref(), message);
                    let text = if terminal {
                        escape_controls(&text)
                    } else {
                        text
                    };
                    out.extend_from_slice(text.as_bytes());
                }
            }
        }
    }
}

/// Reads what follows a `%`; gives the part and the text behind it.
fn directive(rest: &str) -> Result<(Part, &str), String> {
    let Some(letter) = rest.chars().next() else {
        return Err("a % must be followed by a letter; %% stands for a percent sign".to_owned());
    };
    let Some((_, braces, field, _)) = DIRECTIVES.iter().find(|entry| entry.0 == letter) else {
        return Err(format!("%{letter} is not known"));
    };
    let rest = &rest[letter.len_utf8()..];
    let (argument, after) = match rest.strip_prefix('{') {
        Some(inner) if *braces != Braces::None => {
            let end = inner.find('}').ok_or("the brace is not closed")?;
            (Some(inner[..end].to_owned()), &inner[end + 1..])
        }
        _ => (None, rest),
    };
    match (braces, &argument) {
        (Braces::Required(name), None) => {
            return Err(format!(
                "%{letter} needs its {name} in braces: %{letter}{{{name}}}"
            ));
        }
        (Braces::Optional("hex"), Some(form)) if form != "hex" => {
            return Err(format!("%{letter}{{{form}}} is not known; only {{hex}} is"));
        }
        (Braces::Optional("PATTERN"), Some(pattern)) => {
            units::strftime(pattern, 0)
                .map_err(|error| format!("the time pattern is not valid: {error}"))?;
        }
        _ => {}
    }
    Ok((Part::Field(*field, argument), after))
}

/// Reads what follows a backslash.
fn escape(rest: &str) -> Option<(u8, &str)> {
    let plain = |byte| Some((byte, &rest[1..]));
    match rest.as_bytes().first()? {
        b'n' => plain(b'\n'),
        b'r' => plain(b'\r'),
        b't' => plain(b'\t'),
        b'0' => plain(0),
        b'\\' => plain(b'\\'),
        b'x' => Some((u8::from_str_radix(rest.get(1..3)?, 16).ok()?, &rest[3..])),
        _ => None,
    }
}

fn invalid(format: &str, at: usize, reason: &str) -> CommandError {
    let column = format[..at].chars().count();
    CommandError::new(
        &codes::FORMAT_INVALID,
        format!("-F \"{format}\", column {}: {reason}", column + 1),
    )
    .detail("column", column + 1)
    .next("gantry help format")
}

fn value<'a>(field: Field, argument: Option<&str>, message: &'a dyn MessageFields) -> Cow<'a, str> {
    let moment = |ms: i64| match argument {
        // Checked when the format was read; a moment beyond the calendar is shown as its number.
        Some(pattern) => units::strftime(pattern, ms).unwrap_or_else(|_| ms.to_string()),
        None => units::rfc3339(ms),
    };
    match field {
        Field::Topic => message.topic().into(),
        Field::Broker => message.broker().into(),
        Field::Queue => format!("{}/q{}", message.broker(), message.queue_id()).into(),
        Field::QueueId => message.queue_id().to_string().into(),
        Field::Offset => message.queue_offset().to_string().into(),
        Field::Keys => message.keys(),
        Field::Tags => message.tags(),
        Field::Body if argument.is_some() => hex(message.body()).into(),
        Field::Body => String::from_utf8_lossy(message.body()),
        Field::Size => message.body().len().to_string().into(),
        Field::Stored => moment(message.stored_ms()).into(),
        Field::Born => moment(message.born_ms()).into(),
        Field::Property => message
            .property(argument.unwrap_or_default())
            .unwrap_or_default(),
        Field::Properties => {
            let pairs = message.properties().into_iter();
            let object = pairs.map(|(name, value)| (name.into_owned(), value.into_owned().into()));
            serde_json::Value::Object(object.collect())
                .to_string()
                .into()
        }
        Field::MsgId => message.msg_id(),
        Field::OffsetMsgId => message.offset_msg_id(),
        Field::BornHost => message.born_host().into(),
        Field::StoreHost => message.store_host().into(),
        Field::ReconsumeTimes => message.reconsume_times().to_string().into(),
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests;
