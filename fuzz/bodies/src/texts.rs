//! Languages that people write: filter expressions and properties files.

use filter::{Dialect, Filter, TagFilter, Value, View};
use protocol::properties_file as file;

/// A message whose values are of every kind, by the first letter of the name.
struct AnyMessage;

impl View for AnyMessage {
    fn property(&self, name: &str) -> Option<Value<'_>> {
        Some(match name.bytes().next()?.to_ascii_lowercase() {
            b'a'..=b'd' => Value::Text("12"),
            b'e'..=b'h' => Value::Text("text with 'quotes'"),
            b'i'..=b'l' => Value::Integer(i64::MIN),
            b'm'..=b'p' => Value::Decimal(-1.5e300),
            b'q' => Value::Text(""),
            b'r' => Value::Decimal(f64::NAN),
            b's'..=b'u' => Value::Boolean(true),
            _ => return None,
        })
    }
}

/// An expression in both dialects: it is evaluated, and what is printed means the same.
pub fn sql(data: &[u8]) {
    let Ok(source) = std::str::from_utf8(data) else {
        return;
    };
    for dialect in [Dialect::Broker, Dialect::Client] {
        match Filter::parse(source, dialect) {
            Ok(filter) => {
                let truth = filter.evaluate(&AnyMessage);
                assert_eq!(filter.matches(&AnyMessage), filter.matches(&AnyMessage));
                let printed = filter.to_string();
                // What is printed is the dialect for people.
                let again = Filter::parse(&printed, Dialect::Client)
                    .unwrap_or_else(|error| unread(source, &printed, &error));
                assert_eq!(again.to_string(), printed, "of {source}");
                assert_eq!(again.evaluate(&AnyMessage), truth, "{source} and {printed}");
            }
            Err(error) => {
                let shown = error.caret(source);
                assert!(!shown.is_empty());
            }
        }
    }
    if let Ok(tags) = TagFilter::parse(source) {
        let _any = (
            tags.is_all(),
            tags.matches(97),
            tags.matches_text(Some("a")),
        );
        for tag in tags.tags() {
            assert!(tags.matches_text(Some(tag)), "a tag that was named");
        }
    }
}

#[expect(
    clippy::panic,
    reason = "a finding, with all that is needed to look at it"
)]
fn unread(source: &str, printed: &str, error: &filter::ParseError) -> Filter {
    panic!("{source} is printed as {printed}, which cannot be read: {error}");
}

/// A properties file: it is written so that it reads the same.
pub fn properties_file(data: &[u8]) {
    let text = file::decode(data);
    let Ok(properties) = file::parse(&text) else {
        return;
    };
    let mut written = String::new();
    for property in &properties {
        assert!(property.line >= 1 && property.line <= text.len() + 1);
        file::write_entry(&mut written, &property.key, &property.value);
    }
    let again = file::parse(&written).expect("a text of ours can be read");
    let pairs = |properties: &[file::Property]| -> Vec<(String, String)> {
        let pair = |it: &file::Property| (it.key.clone(), it.value.clone());
        properties.iter().map(pair).collect()
    };
    assert_eq!(pairs(&again), pairs(&properties), "{written:?}");
}
