//! Texts that are made anew for every message: `user-{{ rand(1,50) }}`.

use std::fmt::Write as _;

use clock::SharedClock;
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, context};

use crate::error::{CommandError, codes};
use crate::output::units::rfc3339;

/// What there is in templates, for errors.
const KNOWN: &str = "n, uuid(), now(), now_ms(), rand(from, to)";

/// Makes texts from templates.
#[derive(Debug)]
pub(super) struct Templates {
    environment: Environment<'static>,
    is_raw: bool,
}

/// A text, or the name of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Text {
    Plain(String),
    Template(String),
}

impl Templates {
    /// `is_raw` takes every text as it is.
    pub(super) fn new(clock: &SharedClock, is_raw: bool) -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        // A text is sent as it is, with the line end it may have.
        if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
            environment.set_syntax(syntax);
        }
        environment.add_function("uuid", uuid);
        environment.add_function("rand", rand);
        let now = clock.clone();
        environment.add_function("now", move || rfc3339(now.now_ms()));
        let now = clock.clone();
        environment.add_function("now_ms", move || now.now_ms());
        Self {
            environment,
            is_raw,
        }
    }

    /// Takes up a text; `what` names it in errors.
    ///
    /// # Errors
    /// What is wrong with the template.
    pub(super) fn add(&mut self, what: &str, text: &str) -> Result<Text, CommandError> {
        if self.is_raw || !(text.contains("{{") || text.contains("{%")) {
            return Ok(Text::Plain(text.to_owned()));
        }
        self.environment
            .add_template_owned(what.to_owned(), text.to_owned())
            .map_err(|error| invalid(what, &error))?;
        let text = Text::Template(what.to_owned());
        // Names and arguments are checked only when the template is used: once before anything is sent.
        self.make(&text, 1)?;
        Ok(text)
    }

    /// The text for the message with this number.
    pub(super) fn make(&self, text: &Text, n: u64) -> Result<String, CommandError> {
        match text {
            Text::Plain(text) => Ok(text.clone()),
            Text::Template(name) => self
                .environment
                .get_template(name)
                .and_then(|template| template.render(context! { n }))
                .map_err(|error| invalid(name, &error)),
        }
    }
}

fn invalid(what: &str, error: &minijinja::Error) -> CommandError {
    let mut reason = error.kind().to_string();
    if let Some(detail) = error.detail() {
        let _ = write!(reason, ": {detail}");
    }
    CommandError::new(
        &codes::USAGE,
        format!("the template of the {what} is not valid: {reason}"),
    )
    .next(format!(
        "templates have {KNOWN}; --raw takes texts as they are"
    ))
}

/// A random number, both ends included.
fn rand(from: i64, to: i64) -> Result<i64, minijinja::Error> {
    if from > to {
        let kind = minijinja::ErrorKind::InvalidOperation;
        return Err(minijinja::Error::new(
            kind,
            format!("rand({from},{to}): nothing lies between"),
        ));
    }
    Ok(fastrand::i64(from..=to))
}

/// A random UUID (version 4).
fn uuid() -> String {
    let random = fastrand::u128(..);
    // Version and variant have fixed places.
    let bits = random & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{bits:032x}");
    let parts = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ];
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use clock::ManualClock;

    use super::*;

    fn templates(is_raw: bool) -> Templates {
        let clock: SharedClock = ManualClock::at(1_763_812_800_000);
        Templates::new(&clock, is_raw)
    }

    #[test]
    fn templates_are_filled_in_for_each_message() {
        let mut templates = templates(false);
        let mut made = |text: &str, n| {
            let text = templates.add("body", text).unwrap();
            templates.make(&text, n).unwrap()
        };
        assert_eq!(made("{\"n\":{{ n }}}\n", 7), "{\"n\":7}\n");
        assert_eq!(
            made("{{ now() }} {{ now_ms() }}", 1),
            "2025-11-22T12:00:00.000Z 1763812800000"
        );
        assert_eq!(
            made("{% if n > 1 %}more{% else %}first{% endif %}", 2),
            "more"
        );
        let uuid = made("{{ uuid() }}", 1);
        assert_eq!((uuid.len(), &uuid[14..15]), (36, "4"), "{uuid}");
        assert!("89ab".contains(&uuid[19..20]), "{uuid}");
        assert_ne!(made("{{ uuid() }}", 1), uuid);
        for _ in 0..50 {
            let number: i64 = made("{{ rand(-1,1) }}", 1).parse().unwrap();
            assert!((-1..=1).contains(&number));
        }
    }

    #[test]
    fn json_and_raw_texts_are_no_templates() {
        let mut plain = templates(false);
        let json = r#"{"a":{"b":{"c":1}}}"#;
        assert_eq!(
            plain.add("body", json).unwrap(),
            Text::Plain(json.to_owned())
        );
        let mut raw = templates(true);
        assert_eq!(
            raw.add("body", "{{ n }}").unwrap(),
            Text::Plain("{{ n }}".to_owned())
        );
    }

    #[test]
    fn a_template_that_cannot_work_is_refused_before_anything_is_sent() {
        let mut templates = templates(false);
        for text in [
            "{{ n",
            "{{ nope }}",
            "{{ nope() }}",
            "{{ rand(1) }}",
            "{{ rand(2,1) }}",
        ] {
            let refused = templates.add("key", text).unwrap_err();
            assert_eq!(refused.code().name, "usage");
            assert!(
                refused.message().starts_with("the template of the key"),
                "{refused}"
            );
        }
    }
}
