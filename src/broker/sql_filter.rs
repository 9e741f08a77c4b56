//! SQL92 filters: expressions that are compiled once and asked by every pull that brings them.
//!
//! They are kept by their text, which is what a subscription's version stands for: the members of a
//! group, and groups that want the same, share one.

use std::sync::Arc;

use filter::{Dialect, Filter, ParseError, Value, View};
use parking_lot::Mutex;
use protocol::message::RecordView;
use store::MessageFilter;

use crate::map::NameMap;
use crate::tag_filter::TagFilter;

/// Compiled expressions that are kept.
const FILTERS_MAX: usize = 1_024;
/// Bytes of the texts of those that are kept.
const TEXTS_LENGTH_MAX: usize = 4 * 1024 * 1024;

/// What a pull wants of its queue.
#[derive(Debug, Clone)]
pub(crate) enum PullFilter {
    /// Messages with certain tags, or all.
    Tags(TagFilter),
    /// Messages whose properties match.
    Sql(Arc<Filter>),
}

impl MessageFilter for &PullFilter {
    fn matches_tags_code(&mut self, tags_code: i64) -> bool {
        match self {
            PullFilter::Tags(tags) => tags.wants(tags_code),
            PullFilter::Sql(_) => true,
        }
    }

    fn matches_record(&mut self, record: &RecordView<'_>) -> bool {
        match self {
            PullFilter::Tags(_) => true,
            PullFilter::Sql(filter) => filter.matches(&Properties(record)),
        }
    }
}

/// The properties of a record, tags and keys among them, looked up where they stand.
struct Properties<'a>(&'a RecordView<'a>);

impl View for Properties<'_> {
    fn property(&self, name: &str) -> Option<Value<'_>> {
        self.0.property(name).map(Value::Text)
    }
}

/// The expressions that consumers bring along.
#[derive(Debug, Default)]
pub(crate) struct SqlFilters {
    compiled: Mutex<Compiled>,
}

#[derive(Debug, Default)]
struct Compiled {
    filters: NameMap<Arc<Filter>>,
    texts_length: usize,
}

impl SqlFilters {
    /// The filter that an expression stands for.
    ///
    /// # Errors
    /// It is none.
    pub(crate) fn compile(&self, expression: &str) -> Result<Arc<Filter>, ParseError> {
        if let Some(known) = self.compiled.lock().filters.get(expression) {
            return Ok(Arc::clone(known));
        }
        let filter = Arc::new(Filter::parse(expression, Dialect::Broker)?);
        self.compiled.lock().keep(expression, &filter);
        Ok(filter)
    }
}

impl Compiled {
    /// Keeps a filter; where there is no room, those go that no pull waits with.
    fn keep(&mut self, expression: &str, filter: &Arc<Filter>) {
        if !self.has_room(expression) {
            self.filters.retain(|_, known| Arc::strong_count(known) > 1);
            self.texts_length = self.filters.keys().map(|text| text.len()).sum();
        }
        if self.has_room(expression)
            && self
                .filters
                .insert(expression.into(), Arc::clone(filter))
                .is_none()
        {
            self.texts_length += expression.len();
        }
    }

    fn has_room(&self, expression: &str) -> bool {
        self.filters.len() < FILTERS_MAX && self.texts_length + expression.len() <= TEXTS_LENGTH_MAX
    }
}

/// What is wrong with an expression, for the person who wrote it: the line, and a caret below it.
pub(crate) fn explain(error: &ParseError, expression: &str) -> String {
    format!("{error}\n{}", error.caret(expression))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_compiled_once() {
        let filters = SqlFilters::default();
        let first = filters.compile("a > 1").unwrap();
        assert!(Arc::ptr_eq(&first, &filters.compile("a > 1").unwrap()));
        assert!(!Arc::ptr_eq(&first, &filters.compile("a > 2").unwrap()));
        let error = filters.compile("a >").unwrap_err();
        assert!(explain(&error, "a >").ends_with("\na >\n   ^"), "{error}");
    }

    #[test]
    fn what_is_in_use_stays_when_there_is_no_room() {
        let filters = SqlFilters::default();
        let used = filters.compile("used = 1").unwrap();
        for number in 0..2 * FILTERS_MAX {
            filters.compile(&format!("a = {number}")).unwrap();
            let kept = filters.compiled.lock();
            let length: usize = kept.filters.keys().map(|text| text.len()).sum();
            assert!(kept.filters.len() <= FILTERS_MAX && kept.texts_length == length);
        }
        assert!(Arc::ptr_eq(&used, &filters.compile("used = 1").unwrap()));
        // A text so long that few of them are kept.
        let long = |number: usize| format!("a = '{number}{}'", "x".repeat(60_000));
        for number in 0..100 {
            filters.compile(&long(number)).unwrap();
            assert!(filters.compiled.lock().texts_length <= TEXTS_LENGTH_MAX);
        }
    }
}
