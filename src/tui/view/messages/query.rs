//! The query bar's text: `orders from -200 where tag == "paid"`.

use client::WhereExpression;
use protocol::body::MessageQueue;

use crate::source::messages::Begin;
use crate::text;

/// The messages of a query that says nothing of where to begin.
pub(super) const LAST_DEFAULT: usize = 200;

/// What can be written after `from`.
const FROM_FORMS: &str = "-200, -5m, start or b-1/q3@63801";

/// Which messages are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The topic; empty: none is chosen yet.
    pub topic: String,
    /// Where to begin.
    pub begin: Begin,
    /// A condition; empty: all.
    pub condition: String,
}

impl Default for Query {
    fn default() -> Self {
        Self::of_topic("")
    }
}

/// Why a query cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryError {
    /// What is wrong.
    pub message: String,
    /// The columns before the wrong part, in columns of the terminal.
    pub column: usize,
    /// How wide the wrong part is, at least 1.
    pub width: usize,
}

impl Query {
    /// The last messages of a topic.
    #[must_use]
    pub fn of_topic(topic: &str) -> Self {
        Self {
            topic: topic.to_owned(),
            begin: Begin::Last(LAST_DEFAULT),
            condition: String::new(),
        }
    }

    /// Reads a query.
    ///
    /// # Errors
    /// What is wrong and where.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let (topic, mut rest) = word(text, 0);
        if topic.text.is_empty() {
            return Err(topic.error(text, "a topic is missing"));
        }
        let mut query = Self::of_topic(topic.text);
        loop {
            let (keyword, after) = word(text, rest);
            match keyword.text {
                "" => return Ok(query),
                "from" => {
                    let (place, end) = word(text, after);
                    query.begin = begin(place.text, topic.text)
                        .ok_or_else(|| place.error(text, &format!("from takes {FROM_FORMS}")))?;
                    rest = end;
                }
                "where" => {
                    let at = skip_blanks(text, after);
                    let condition = text.get(at..).unwrap_or_default().trim_end();
                    check(text, condition, at)?;
                    condition.clone_into(&mut query.condition);
                    return Ok(query);
                }
                _ => return Err(keyword.error(text, "from or where is expected")),
            }
        }
    }
}

impl std::fmt::Display for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} from {}", self.topic, from(&self.begin))?;
        if self.condition.is_empty() {
            return Ok(());
        }
        write!(f, " where {}", self.condition)
    }
}

/// Where to begin, as it is written after `from`.
fn from(begin: &Begin) -> String {
    match begin {
        Begin::Last(count) => format!("-{count}"),
        Begin::Start => "start".to_owned(),
        Begin::Ago(ms) => {
            let units = [
                ("d", 86_400_000),
                ("h", 3_600_000),
                ("m", 60_000),
                ("s", 1_000),
            ];
            let fitting = units.iter().find(|(_, unit)| ms % unit == 0);
            let (letter, unit) = fitting.copied().unwrap_or(("s", 1_000));
            format!("-{}{letter}", ms / unit)
        }
        Begin::At(queue, offset) => {
            format!("{}/q{}@{offset}", queue.broker_name, queue.queue_id)
        }
    }
}

fn begin(text: &str, topic: &str) -> Option<Begin> {
    if text == "start" {
        return Some(Begin::Start);
    }
    if let Some(back) = text.strip_prefix('-') {
        if let Ok(count) = back.parse() {
            return (count > 0).then_some(Begin::Last(count));
        }
        let unit = back.chars().next_back()?;
        let unit_ms = match unit {
            's' => 1_000,
            'm' => 60_000,
            'h' => 3_600_000,
            'd' => 86_400_000,
            _ => return None,
        };
        let number: i64 = back.strip_suffix(unit)?.parse().ok()?;
        return number
            .checked_mul(unit_ms)
            .filter(|ms| *ms > 0)
            .map(Begin::Ago);
    }
    let (queue, offset) = text.rsplit_once('@')?;
    let (broker, id) = queue.rsplit_once("/q")?;
    let id = id.parse().ok().filter(|id| *id >= 0)?;
    let offset = offset.parse().ok().filter(|offset| *offset >= 0)?;
    (!broker.is_empty()).then(|| Begin::At(MessageQueue::new(topic, broker, id), offset))
}

fn check(text: &str, condition: &str, at: usize) -> Result<(), QueryError> {
    let Err(error) = WhereExpression::parse(condition) else {
        return Ok(());
    };
    let wrong = Word {
        at: at + error.at,
        text: condition
            .get(error.at..error.at + error.length)
            .unwrap_or(""),
    };
    Err(wrong.error(text, &error.message))
}

/// A word and where it begins, in bytes.
struct Word<'a> {
    text: &'a str,
    at: usize,
}

impl Word<'_> {
    fn error(&self, text: &str, message: &str) -> QueryError {
        let shown = |part: &str| text::width_of(&text::escape_controls(part));
        QueryError {
            message: message.to_owned(),
            column: shown(text.get(..self.at).unwrap_or(text)),
            width: shown(self.text).max(1),
        }
    }
}

fn skip_blanks(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + (rest.len() - rest.trim_start().len())
}

/// The next word, and where it ends.
fn word(text: &str, from: usize) -> (Word<'_>, usize) {
    let at = skip_blanks(text, from);
    let rest = text.get(at..).unwrap_or_default();
    let word = rest.split_whitespace().next().unwrap_or_default();
    (Word { text: word, at }, at + word.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_written_the_same() {
        for text in [
            "orders from -200",
            "orders from -5m",
            "orders from -36h",
            "orders from start",
            "订单 from b-1/q3@63801",
            "orders from -20 where tag == \"paid\" && body.total > 100",
        ] {
            assert_eq!(Query::parse(text).unwrap().to_string(), text);
        }
        let short = Query::parse("  orders  where  size > 2kB ").unwrap();
        assert_eq!(short.to_string(), "orders from -200 where size > 2kB");
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        let wrong = |text: &str| {
            let error = Query::parse(text).unwrap_err();
            (error.column, error.width, error.message)
        };
        assert_eq!(wrong(""), (0, 1, "a topic is missing".to_owned()));
        assert_eq!(
            wrong("orders form -2"),
            (7, 4, "from or where is expected".to_owned())
        );
        for text in ["orders from 12", "orders from -0", "orders from b-1/q-3@1"] {
            let (column, _, message) = wrong(text);
            assert_eq!(column, 12, "{text}");
            assert!(message.contains("b-1/q3@63801"), "{message}");
        }
        let (column, width, _) = wrong("订单 where tag > 'x'");
        assert_eq!((column, width), (17, 3));
        let (column, width, _) = wrong("orders where tag ==");
        assert_eq!((column, width), (19, 1));
    }
}
