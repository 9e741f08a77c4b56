//! The languages that clients say they are written in (RocketMQ `LanguageCode`).

macro_rules! languages {
    ($($variant:ident = $code:literal $name:literal,)+) => {
        /// What a peer is written in, as its header says.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum LanguageCode {
            $(#[doc = $name] $variant = $code,)+
        }

        impl LanguageCode {
            const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name that JSON headers and bodies carry.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

languages! {
    Java = 0 "JAVA", Cpp = 1 "CPP", Dotnet = 2 "DOTNET", Python = 3 "PYTHON", Delphi = 4 "DELPHI",
    Erlang = 5 "ERLANG", Ruby = 6 "RUBY", Other = 7 "OTHER", Http = 8 "HTTP", Go = 9 "GO",
    Php = 10 "PHP", Oms = 11 "OMS", Rust = 12 "RUST", NodeJs = 13 "NODE_JS",
}

/// A peer that does not say, or names a language of tomorrow, is [`LanguageCode::Other`].
impl Default for LanguageCode {
    fn default() -> Self {
        Self::Other
    }
}

impl LanguageCode {
    /// The number that binary headers carry.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The language with this number, if RocketMQ knows one.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// Reads a name or, as some peers write it, a number.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|language| language.name() == text)
            .or_else(|| text.parse().ok().and_then(Self::from_code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_agree() {
        for code in 0..=13 {
            let language = LanguageCode::from_code(code).unwrap();
            assert_eq!(language.code(), code);
            assert_eq!(LanguageCode::from_text(language.name()), Some(language));
        }
        assert_eq!(LanguageCode::from_text("9"), Some(LanguageCode::Go));
        assert_eq!(LanguageCode::from_text("COBOL"), None);
    }
}
