//! Settings as atomics: read by every request, written when somebody changes them.

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// A type of setting that requests read without a lock.
pub(super) trait Shared: Sized {
    /// Where it is kept.
    type Cell;

    fn cell(&self) -> Self::Cell;
    fn load(cell: &Self::Cell) -> Self;
    fn store(&self, cell: &Self::Cell);
}

macro_rules! plain {
    ($($kind:ty: $cell:ty;)+) => {$(
        impl Shared for $kind {
            type Cell = $cell;

            fn cell(&self) -> $cell {
                <$cell>::new(*self)
            }

            fn load(cell: &$cell) -> Self {
                cell.load(Ordering::Relaxed)
            }

            fn store(&self, cell: &$cell) {
                cell.store(*self, Ordering::Relaxed);
            }
        }
    )+};
}

plain! {
    bool: AtomicBool;
    i32: AtomicI32;
    i64: AtomicI64;
}

/// In milliseconds.
impl Shared for Duration {
    type Cell = AtomicU64;

    fn cell(&self) -> AtomicU64 {
        AtomicU64::new(in_ms(self))
    }

    fn load(cell: &AtomicU64) -> Self {
        Self::from_millis(cell.load(Ordering::Relaxed))
    }

    fn store(&self, cell: &AtomicU64) {
        cell.store(in_ms(self), Ordering::Relaxed);
    }
}

fn in_ms(duration: &Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Declares the settings that can change: the name on the wire, the field of the config, the type.
macro_rules! changeable {
    ($($key:literal $field:ident: $kind:ty;)+) => {
        /// The settings that a request may change.
        const CHANGEABLE: &[&str] = &[$($key,)+];

        /// The present values.
        #[derive(Debug)]
        struct Values {
            $($field: <$kind as Shared>::Cell,)+
        }

        impl Values {
            fn new(config: &BrokerConfig) -> Self {
                Self { $($field: config.$field.cell(),)+ }
            }

            fn set(&self, config: &BrokerConfig) {
                $(config.$field.store(&self.$field);)+
            }
        }

        impl Settings {
            $(
                #[doc = concat!("`", $key, "`, as it is now.")]
                pub(crate) fn $field(&self) -> $kind {
                    <$kind as Shared>::load(&self.values.$field)
                }
            )+
        }
    };
}
pub(super) use changeable;
