//! Frames and the two serialisations of their headers.

use protocol::codec::{HeaderScratch, SerializeType};
use protocol::frame::{FRAME_LENGTH_MAX, Frame, FrameError, split};
use protocol::{CommandView, RemotingCommand};

/// The frames of a stream, as far as it can be read.
type Frames = (Vec<(SerializeType, Vec<u8>, Vec<u8>)>, Option<FrameError>);

/// Reads a stream that arrives in pieces, whose lengths `cut` gives; 0 is the whole rest.
fn read(stream: &[u8], mut cut: impl FnMut() -> usize) -> Frames {
    let mut frames = Vec::new();
    let (mut arrived, mut taken) = (0, 0);
    loop {
        match split(&stream[taken..arrived]) {
            Ok(Some((frame, length))) => {
                assert!(
                    length <= FRAME_LENGTH_MAX + 4,
                    "no frame is above the limit"
                );
                assert!(
                    length <= arrived - taken,
                    "no frame takes more than there is"
                );
                assert_eq!(frame.header.len() + frame.body.len() + 8, length);
                frames.push((
                    frame.serialize_type,
                    frame.header.to_vec(),
                    frame.body.to_vec(),
                ));
                taken += length;
            }
            Ok(None) if arrived == stream.len() => return (frames, None),
            Ok(None) => {
                let piece = match cut() {
                    0 => stream.len(),
                    piece => piece,
                };
                arrived = stream.len().min(arrived.saturating_add(piece));
            }
            Err(error) => return (frames, Some(error)),
        }
    }
}

/// A stream, which is the same in whatever pieces it arrives: the first byte says in which.
pub fn frame(data: &[u8]) {
    let Some((&pieces, stream)) = data.split_first() else {
        return;
    };
    let whole = read(stream, || 0);
    let mut rng = fastrand::Rng::with_seed(pieces.into());
    assert_eq!(
        whole,
        read(stream, || rng.usize(1..=1 + usize::from(pieces)))
    );
    for (serialize_type, header, body) in &whole.0 {
        command(Frame {
            serialize_type: *serialize_type,
            header,
            body,
        });
    }
}

/// A header: JSON where the first byte is even, else binary. The rest follows as its body's length,
/// one byte, and both.
pub fn header(data: &[u8]) {
    let Some((&kind, header)) = data.split_first() else {
        return;
    };
    let serialize_type = if kind % 2 == 0 {
        SerializeType::Json
    } else {
        SerializeType::RocketMq
    };
    command(Frame {
        serialize_type,
        header,
        body: b"body",
    });
}

/// A command that can be read is written, in either form, so that it reads the same.
fn command(frame: Frame<'_>) {
    let owned = RemotingCommand::decode(frame);
    let mut scratch = HeaderScratch::default();
    let view = CommandView::decode(frame, &mut scratch);
    assert_eq!(owned.is_ok(), view.is_ok(), "both ways to read agree");
    let (Ok(owned), Ok(view)) = (owned, view) else {
        return;
    };
    assert_eq!(view.to_command(), owned);
    for (name, _) in view.fields() {
        // A field that is there twice counts once; an empty one may count as absent.
        assert_eq!(view.field(name), owned.ext_fields.get(name), "{name}");
    }
    assert_eq!((view.code(), view.opaque()), (owned.code, owned.opaque));
    let mut bytes = Vec::new();
    owned.encode_into(&mut bytes);
    let again = decode(&bytes);
    assert_eq!(again, owned, "what is written reads the same");
    // A writer chooses the form; one that does not fit the binary one is written as JSON.
    let other = RemotingCommand {
        serialize_type: match owned.serialize_type {
            SerializeType::Json => SerializeType::RocketMq,
            SerializeType::RocketMq => SerializeType::Json,
        },
        ..owned.clone()
    };
    bytes.clear();
    other.encode_into(&mut bytes);
    let again = decode(&bytes);
    assert_eq!(
        (again.code, again.opaque, again.flag, &again.body),
        (owned.code, owned.opaque, owned.flag, &owned.body)
    );
}

fn decode(bytes: &[u8]) -> RemotingCommand {
    let (frame, length) = split(bytes)
        .expect("a frame of ours is one")
        .expect("and it is whole");
    assert_eq!(length, bytes.len());
    RemotingCommand::decode(frame).expect("a command of ours can be read")
}
