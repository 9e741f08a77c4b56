//! Evaluating a message allocates nothing, whatever the expression: a broker does it a million times
//! a second.

#![expect(unsafe_code, reason = "counting allocations takes an allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use gantry_filter::{Dialect, Filter, TagFilter, Truth, Value};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, counting by thread.
struct Counting;

// SAFETY: every call is passed on unchanged to the system's allocator, which upholds the contract;
// the counter needs no allocation and no destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller upholds the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `pointer` came from `alloc` above, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations_of(action: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    action();
    ALLOCATIONS.get() - before
}

#[test]
fn the_counter_counts() {
    assert_eq!(
        allocations_of(|| drop(std::hint::black_box(Box::new(1)))),
        1
    );
}

/// Every form there is, each of them reached by the messages below.
const EVERYTHING: &str = "
    (NOT (a = 'y') AND b BETWEEN 1 AND 5.5 OR a IN ('p', 'q', 3))
    AND a CONTAINS 'x' AND a STARTSWITH 'x' AND a ENDSWITH 'x' AND c IS NULL AND -b < 0
    AND a ~ '^x+$' AND (yes OR yes <> FALSE) AND b < 5m AND (b <= 4) = FALSE
";

#[test]
fn evaluation_allocates_nothing() {
    let filter = Filter::parse(EVERYTHING, Dialect::Client).unwrap();
    let message = |a| {
        [
            ("a", Value::Text(a)),
            ("b", Value::Integer(5)),
            ("yes", Value::Boolean(true)),
        ]
    };
    // The regular expression makes its scratch space now.
    assert_eq!(filter.evaluate(&message("xx")), Ok(Truth::True));
    let count = allocations_of(|| {
        for text in ["xx", "x", "y", "p", ""] {
            assert!(filter.evaluate(&message(text)).is_ok());
        }
        assert!(filter.evaluate(&[]).is_ok());
    });
    assert_eq!(count, 0);
}

#[test]
fn matching_tags_allocates_nothing() {
    let tags = TagFilter::parse("A || B").unwrap();
    assert_eq!(
        allocations_of(|| assert!(tags.matches(65) && !tags.matches_text(None))),
        0
    );
}
