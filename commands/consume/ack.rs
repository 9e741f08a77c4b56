//! What becomes of a message: acknowledged, or sent back to come again.

/// What `--ack` says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Ack {
    Always,
    Never,
    /// So large a part of the messages fails.
    Fail(f64),
}

impl Ack {
    /// Reads `always`, `never` or `fail:10%`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "always" => return Ok(Self::Always),
            "never" => return Ok(Self::Never),
            _ => {}
        }
        let percent = text
            .strip_prefix("fail:")
            .and_then(|rest| rest.strip_suffix('%'));
        let percent = percent.and_then(|percent| percent.parse::<f64>().ok());
        let percent = percent.filter(|percent| (0.0..=100.0).contains(percent));
        percent
            .map(|percent| Self::Fail(percent / 100.0))
            .ok_or_else(|| "always, never, or fail:10%".to_owned())
    }

    /// Whether this message is acknowledged.
    pub(crate) fn succeeds(self) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Fail(part) => fastrand::f64() >= part,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_fails_is_between_nothing_and_all() {
        assert_eq!(Ack::parse("fail:10%"), Ok(Ack::Fail(0.1)));
        assert_eq!(Ack::parse("never"), Ok(Ack::Never));
        for wrong in ["fail:", "fail:10", "fail:101%", "fail:-1%", "sometimes"] {
            assert!(Ack::parse(wrong).is_err(), "{wrong}");
        }
        assert!(!Ack::Fail(1.0).succeeds());
        assert!(Ack::Fail(0.0).succeeds());
    }
}
