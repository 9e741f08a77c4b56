//! Where messages come from: the command line, or an input that is divided into them.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

use tokio::sync::mpsc;

use super::record::Record;
use crate::error::{CommandError, codes};

/// A longer piece of the input is refused instead of filling the memory.
const PIECE_MAX: u64 = 64 * 1024 * 1024;

/// How many messages are read ahead.
const AHEAD: usize = 256;

/// How an input is divided into messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Split {
    /// Each line
    Line,
    /// Each piece that ends in a NUL byte
    Nul,
    /// All of it is one message
    Whole,
    /// Each row of a table with headings: body, key, tag, and properties
    Csv,
    /// Each line, which must be JSON
    Jsonl,
    /// Each line as `tail -o jsonl` writes it
    #[value(skip)]
    Records,
}

/// What the reading thread hands over.
type Piece = Result<Record, CommandError>;

/// Messages, one after the other.
#[derive(Debug)]
pub(super) enum Source {
    /// What the command line says, so many times more.
    Repeat {
        left: u64,
    },
    Input(mpsc::Receiver<Piece>),
}

impl Source {
    pub(super) fn repeat(total: u64) -> Self {
        Self::Repeat { left: total }
    }

    pub(super) fn of_file(path: &Path, split: Split) -> Result<Self, CommandError> {
        let file = File::open(path).map_err(|error| CommandError::io("read", path, &error))?;
        Ok(Self::of_reader(BufReader::new(file), split))
    }

    pub(super) fn of_stdin(split: Split) -> Self {
        let (sender, receiver) = mpsc::channel(AHEAD);
        // Reading blocks, and cannot be cut short: it has a thread of its own, not one of the runtime.
        std::thread::spawn(move || read_all(&mut io::stdin().lock(), split, &sender));
        Self::Input(receiver)
    }

    fn of_reader(mut reader: impl BufRead + Send + 'static, split: Split) -> Self {
        let (sender, receiver) = mpsc::channel(AHEAD);
        std::thread::spawn(move || read_all(&mut reader, split, &sender));
        Self::Input(receiver)
    }

    /// The next message; for [`Source::Repeat`] an empty record. Nothing is lost if it is dropped.
    pub(super) async fn next(&mut self) -> Option<Result<Option<Record>, CommandError>> {
        match self {
            Self::Repeat { left: 0 } => None,
            Self::Repeat { left } => {
                *left -= 1;
                Some(Ok(None))
            }
            Self::Input(pieces) => pieces.recv().await.map(|piece| piece.map(Some)),
        }
    }
}

/// Reads until the end, an error, or until nobody listens.
fn read_all(reader: &mut dyn BufRead, split: Split, sender: &mpsc::Sender<Piece>) {
    let ended = match split {
        Split::Whole => read_whole(reader, sender),
        Split::Csv => read_table(reader, sender),
        Split::Line => read_pieces(reader, b'\n', sender, |piece| Ok(Record::of_body(piece))),
        Split::Nul => read_pieces(reader, 0, sender, |piece| Ok(Record::of_body(piece))),
        Split::Jsonl => read_pieces(reader, b'\n', sender, |piece| {
            let checked: Result<serde::de::IgnoredAny, _> = serde_json::from_slice(&piece);
            checked.map_err(|error| format!("it is no JSON: {error}"))?;
            Ok(Record::of_body(piece))
        }),
        Split::Records => read_pieces(reader, b'\n', sender, |piece| Record::of_jsonl(&piece)),
    };
    if let Err(error) = ended {
        // Nobody may be left to hear it.
        drop(sender.blocking_send(Err(error)));
    }
}

fn unreadable(error: &io::Error) -> CommandError {
    CommandError::new(
        &codes::FILE_FAILED,
        format!("cannot read the input: {error}"),
    )
}

fn refused(number: u64, unit: &str, reason: &str) -> CommandError {
    CommandError::new(
        &codes::USAGE,
        format!("{unit} {number} of the input: {reason}"),
    )
    .detail(unit, number)
}

/// Pieces that end in `end`; empty ones are left out, since RocketMQ takes no empty body.
fn read_pieces(
    reader: &mut dyn BufRead,
    end: u8,
    sender: &mpsc::Sender<Piece>,
    record: impl Fn(Vec<u8>) -> Result<Record, String>,
) -> Result<(), CommandError> {
    let unit = if end == 0 { "piece" } else { "line" };
    let mut number = 0;
    loop {
        let mut piece = Vec::new();
        let count = io::Read::take(&mut *reader, PIECE_MAX)
            .read_until(end, &mut piece)
            .map_err(|error| unreadable(&error))?;
        if count == 0 {
            return Ok(());
        }
        number += 1;
        if piece.last() == Some(&end) {
            piece.pop();
        } else if u64::try_from(count).is_ok_and(|count| count >= PIECE_MAX) {
            return Err(refused(number, unit, "it is longer than 64 MiB"));
        }
        if end == b'\n' && piece.last() == Some(&b'\r') {
            piece.pop();
        }
        if piece.is_empty() {
            continue;
        }
        let record = record(piece).map_err(|reason| refused(number, unit, &reason))?;
        if sender.blocking_send(Ok(record)).is_err() {
            return Ok(());
        }
    }
}

fn read_whole(reader: &mut dyn BufRead, sender: &mpsc::Sender<Piece>) -> Result<(), CommandError> {
    let mut body = Vec::new();
    let count = io::Read::take(&mut *reader, PIECE_MAX)
        .read_to_end(&mut body)
        .map_err(|error| unreadable(&error))?;
    if u64::try_from(count).is_ok_and(|count| count >= PIECE_MAX) {
        return Err(refused(1, "piece", "it is longer than 64 MiB"));
    }
    if !body.is_empty() {
        drop(sender.blocking_send(Ok(Record::of_body(body))));
    }
    Ok(())
}

fn read_table(reader: &mut dyn BufRead, sender: &mpsc::Sender<Piece>) -> Result<(), CommandError> {
    let mut table = csv::Reader::from_reader(reader);
    let invalid = |error: &csv::Error| {
        CommandError::new(&codes::USAGE, format!("the input is no table: {error}"))
    };
    let names = table
        .byte_headers()
        .map_err(|error| invalid(&error))?
        .clone();
    if !names.is_empty() && names.iter().all(|name| name != b"body") {
        let text = "the table has no column \"body\"; its first line must name the columns";
        return Err(CommandError::new(&codes::USAGE, text));
    }
    for row in table.byte_records() {
        let record = Record::of_row(&names, &row.map_err(|error| invalid(&error))?);
        if sender.blocking_send(Ok(record)).is_err() {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn bodies(input: &str, split: Split) -> Result<Vec<String>, CommandError> {
        let mut source = Source::of_reader(io::Cursor::new(input.to_owned().into_bytes()), split);
        let mut bodies = Vec::new();
        while let Some(record) = source.next().await {
            let body = record?.unwrap_or_default().body;
            bodies.push(String::from_utf8(body.to_vec()).unwrap());
        }
        Ok(bodies)
    }

    #[tokio::test]
    async fn inputs_are_divided() {
        let check = async |input: &str, split, expected: &[&str]| {
            assert_eq!(bodies(input, split).await.unwrap(), expected, "{split:?}");
        };
        check("a\r\n\nb c\nlast", Split::Line, &["a", "b c", "last"]).await;
        check("a\nb\0\0c", Split::Nul, &["a\nb", "c"]).await;
        check("a\nb\n", Split::Whole, &["a\nb\n"]).await;
        check("", Split::Whole, &[]).await;
        check("body,key\n\"x\ny\",k\nz,\n", Split::Csv, &["x\ny", "z"]).await;
        check("{\"a\":1}\n[2]\n", Split::Jsonl, &["{\"a\":1}", "[2]"]).await;
        check("{\"body\":\"x\"}\n", Split::Records, &["x"]).await;
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_named_by_its_line() {
        let refused = bodies("{}\n\nx\n", Split::Jsonl).await.unwrap_err();
        assert!(
            refused
                .message()
                .starts_with("line 3 of the input: it is no JSON"),
            "{refused}"
        );
        let refused = bodies("key,tag\na,b\n", Split::Csv).await.unwrap_err();
        assert!(
            refused.message().contains("no column \"body\""),
            "{refused}"
        );
    }
}
