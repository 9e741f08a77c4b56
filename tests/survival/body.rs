//! Bodies that say by themselves which message they are, so that nobody has to remember them.

use bytes::Bytes;

/// One body in so many is large.
const LARGE_EVERY: usize = 64;
const LARGE_MAX: usize = 64 * 1024;
const SMALL_MAX: usize = 2 * 1024;

/// The body of a message, the same each time.
pub(super) fn body_of(id: u64) -> Bytes {
    let mut random = fastrand::Rng::with_seed(id);
    let mut body = format!("message {id} ").into_bytes();
    let padding = if random.usize(0..LARGE_EVERY) == 0 {
        random.usize(0..LARGE_MAX)
    } else {
        random.usize(0..SMALL_MAX)
    };
    body.resize(body.len() + padding, random.u8(b'a'..=b'z'));
    Bytes::from(body)
}

/// Which message this is the whole and unchanged body of.
pub(super) fn id_of(body: &[u8]) -> Option<u64> {
    let rest = body.strip_prefix(b"message ")?;
    let end = rest.iter().position(|byte| *byte == b' ')?;
    let id = std::str::from_utf8(rest.get(..end)?).ok()?.parse().ok()?;
    (body_of(id) == body).then_some(id)
}

#[test]
fn a_body_is_known_again_and_a_changed_one_is_not() {
    for id in [0, 1, 77, 1_000_000] {
        let body = body_of(id);
        assert_eq!(id_of(&body), Some(id));
        let mut changed = body.to_vec();
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(id_of(&changed), None);
        assert_eq!(id_of(&body[..body.len() - 1]), None);
    }
}
