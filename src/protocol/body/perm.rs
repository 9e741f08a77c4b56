//! What may be done with a topic or broker (Java `PermName`).

/// The topic goes before others.
pub const PRIORITY: i32 = 0x8;
/// Consumers may pull.
pub const READ: i32 = 0x4;
/// Producers may send.
pub const WRITE: i32 = 0x2;
/// New topics may take their settings from this one.
pub const INHERIT: i32 = 0x1;

/// Whether consumers may pull.
#[must_use]
pub const fn is_readable(perm: i32) -> bool {
    perm & READ != 0
}

/// Whether producers may send.
#[must_use]
pub const fn is_writeable(perm: i32) -> bool {
    perm & WRITE != 0
}

/// Whether new topics may take their settings from this one.
#[must_use]
pub const fn is_inherited(perm: i32) -> bool {
    perm & INHERIT != 0
}

/// Whether an administrator may set this: any of read, write and inherit, or nothing.
#[must_use]
pub const fn is_valid(perm: i32) -> bool {
    perm >= 0 && perm < PRIORITY
}

/// Three letters or dashes: `RW-`.
#[must_use]
pub fn to_text(perm: i32) -> String {
    let letter = |is_set: bool, letter| if is_set { letter } else { '-' };
    [
        letter(is_readable(perm), 'R'),
        letter(is_writeable(perm), 'W'),
        letter(is_inherited(perm), 'X'),
    ]
    .iter()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_javas() {
        assert_eq!(to_text(READ | WRITE), "RW-");
        assert_eq!(to_text(7), "RWX");
        assert_eq!(to_text(0), "---");
        assert_eq!(to_text(WRITE), "-W-");
    }

    #[test]
    fn priority_cannot_be_set() {
        assert!(is_valid(0) && is_valid(7));
        assert!(!is_valid(8) && !is_valid(-1));
    }
}
