//! Buffers that each thread keeps, so that processing a message allocates nothing.
//!
//! They may be lent within each other: a put wakes a pull on the same thread.

use std::cell::RefCell;

/// A buffer that grew beyond this is not kept: one large message must not cost every thread its size
/// for good.
const KEPT_MAX: usize = 1024 * 1024;

thread_local! {
    static BYTES: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// Lends an empty buffer.
pub(crate) fn with_bytes<R>(work: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    let mut buffer = BYTES.with_borrow_mut(Vec::pop).unwrap_or_default();
    let result = work(&mut buffer);
    if buffer.capacity() <= KEPT_MAX {
        buffer.clear();
        BYTES.with_borrow_mut(|kept| kept.push(buffer));
    }
    result
}

/// Lends an empty text.
pub(crate) fn with_text<R>(work: impl FnOnce(&mut String) -> R) -> R {
    with_bytes(|buffer| {
        let mut text = String::from_utf8(std::mem::take(buffer)).unwrap_or_default();
        let result = work(&mut text);
        *buffer = text.into_bytes();
        result
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_empty_even_within_each_other() {
        with_bytes(|outer| {
            outer.extend_from_slice(b"outer");
            with_bytes(|inner| {
                assert!(inner.is_empty());
                inner.extend_from_slice(b"inner");
            });
            assert_eq!(outer, b"outer");
        });
        with_bytes(|again| assert!(again.is_empty() && again.capacity() > 0));
        with_text(|text| {
            assert!(text.is_empty());
            text.push('é');
        });
        with_text(|text| assert!(text.is_empty()));
    }

    #[test]
    fn a_large_buffer_is_given_back() {
        with_bytes(|buffer| buffer.reserve(KEPT_MAX + 1));
        with_bytes(|buffer| assert!(buffer.capacity() <= KEPT_MAX));
    }
}
