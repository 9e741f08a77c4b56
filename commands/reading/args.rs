//! The flags of `tail` and `peek`.

use jiff::tz::TimeZone;
use regex::bytes::Regex;

use client::FilterExpression;

use super::filter::{Filter, PropertyTest};
use super::moment::Reference;
use super::range::{Point, Range};
use super::selection::{QueuePart, Selection};
use crate::condition;
use crate::context::Context;
use crate::error::{CommandError, codes};

/// How many messages are shown where nothing is said.
const LAST_DEFAULT: usize = 10;

/// What is read and what of it is shown.
#[derive(Debug, clap::Args)]
pub(crate) struct ReadArgs {
    /// Topics, or patterns such as 'order*'
    #[arg(value_name = "TOPIC", required = true)]
    topics: Vec<String>,

    /// Which part of each queue: 47:99, -10, @-1h: …
    ///
    /// start, an offset, two of them, the last so many, or times: start, 47:99, -10, @-1h:, @yesterday.
    #[arg(short, long, value_name = "RANGE", allow_hyphen_values = true)]
    range: Option<String>,

    /// Begin with the last N messages over all queues [default: 10]
    #[arg(long, value_name = "N", conflicts_with = "range")]
    last: Option<usize>,

    /// Only these queues: b-0,b-1:3,b-2:0-3
    #[arg(long, value_name = "QUEUES", value_delimiter = ',', value_parser = QueuePart::parse)]
    queue: Vec<QueuePart>,

    /// Only these tags: 'a || b'
    #[arg(long, value_name = "TAGS")]
    tag: Option<String>,

    /// Only where body or keys match
    #[arg(long, value_name = "REGEX", value_parser = parse_regex)]
    grep: Option<Regex>,

    /// Only with this property (can be repeated)
    #[arg(long = "prop", value_name = "NAME=VALUE", value_parser = PropertyTest::parse)]
    properties: Vec<PropertyTest>,

    /// Only where this holds: 'body.total > 100'
    #[arg(long = "where", value_name = "EXPR")]
    condition: Option<String>,

    /// Only messages whose properties match an SQL92 expression; brokers filter
    #[arg(
        long,
        value_name = "EXPR",
        conflicts_with = "tag",
        hide_short_help = true
    )]
    sql: Option<String>,

    /// Show whole bodies, however long
    #[arg(long)]
    pub(super) full: bool,
}

fn parse_regex(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| error.to_string())
}

impl ReadArgs {
    /// Everything of one topic within a range that matches a condition, where there is one.
    pub(crate) fn of_range(
        topic: &str,
        range: String,
        condition: Option<String>,
        full: bool,
    ) -> Self {
        Self {
            topics: vec![topic.to_owned()],
            range: Some(range),
            last: None,
            queue: Vec::new(),
            tag: None,
            grep: None,
            properties: Vec::new(),
            condition,
            sql: None,
            full,
        }
    }

    pub(super) fn selection(&self) -> Selection {
        Selection::new(&self.topics, &self.queue)
    }

    /// Whether messages of several topics may come.
    pub(super) fn has_several_topics(&self) -> bool {
        self.topics.len() > 1 || self.topics.iter().any(|topic| topic.contains(['*', '?']))
    }

    pub(super) fn filter(&self, ctx: &Context) -> Result<Filter, CommandError> {
        let by_brokers = match (&self.tag, &self.sql) {
            (_, Some(sql)) => condition::parse_sql(&ctx.out, sql)?,
            (Some(tags), None) => FilterExpression::tags(tags),
            (None, None) => FilterExpression::All,
        };
        let condition = self.condition.as_deref().map(condition::parse_where);
        Ok(Filter {
            by_brokers,
            condition: condition.transpose()?,
            grep: self.grep.clone(),
            properties: self.properties.clone(),
        })
    }

    /// The part of each queue, and how many of its last messages are shown where no range is given.
    pub(super) fn range(&self, ctx: &Context) -> Result<(Range, Option<usize>), CommandError> {
        let Some(range) = &self.range else {
            let last = self.last.unwrap_or(LAST_DEFAULT);
            let each = i64::try_from(last).unwrap_or(i64::MAX);
            return Ok((
                Range {
                    begin: Point::BeforeEnd(each),
                    until: None,
                },
                Some(last),
            ));
        };
        let zone = TimeZone::system();
        let reference = Reference {
            now_ms: ctx.clock.now_ms(),
            zone: &zone,
        };
        let range = Range::parse(range, reference)
            .map_err(|reason| CommandError::new(&codes::USAGE, format!("--range: {reason}")))?;
        Ok((range, None))
    }
}
