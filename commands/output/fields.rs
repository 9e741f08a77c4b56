//! `--fields` and `--sort`: paths into the JSON form of the objects.
//!
//! A path is names joined by dots; a list on the way stands for each of its elements.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::error::{CommandError, codes};

/// One key of `--sort`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SortKey {
    pub(crate) path: String,
    pub(crate) descending: bool,
}

impl SortKey {
    /// Reads `-lag,topic`: a `-` means largest first.
    pub(crate) fn parse_list(text: &str) -> Vec<Self> {
        split_list(text)
            .map(|key| match key.strip_prefix('-') {
                Some(path) => Self {
                    path: path.to_owned(),
                    descending: true,
                },
                None => Self {
                    path: key.strip_prefix('+').unwrap_or(key).to_owned(),
                    descending: false,
                },
            })
            .collect()
    }
}

/// The non-empty parts of a comma-separated list.
pub(crate) fn split_list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

/// The value at `path`; through a list, the list of what its elements have there.
pub(crate) fn at_path(value: &Value, path: &str) -> Option<Value> {
    if let Value::Array(items) = value {
        let found: Vec<Value> = items
            .iter()
            .filter_map(|item| at_path(item, path))
            .collect();
        return (!found.is_empty()).then_some(Value::Array(found));
    }
    // A name may hold dots itself (a property, a topic): the longest name that exists wins.
    let object = value.as_object()?;
    if let Some(found) = object.get(path) {
        return Some(found.clone());
    }
    let dots = path.rmatch_indices('.').map(|(at, _)| at);
    dots.filter_map(|at| {
        object
            .get(&path[..at])
            .map(|inner| (inner, &path[at + 1..]))
    })
    .find_map(|(inner, rest)| at_path(inner, rest))
}

/// An object with only the values at `paths`, at their places.
pub(crate) fn pick(value: &Value, paths: &[String]) -> Value {
    let mut picked = Map::new();
    for path in paths {
        if let Some(found) = at_path(value, path) {
            picked.insert(path.clone(), found);
        }
    }
    Value::Object(picked)
}

/// Sorts by the keys, stably; what lacks a value comes last in either direction.
pub(crate) fn sort_by<T>(items: &mut [T], keys: &[SortKey], json: impl Fn(&T) -> &Value) {
    items.sort_by(|left, right| {
        let (left, right) = (json(left), json(right));
        keys.iter()
            .map(|key| {
                let found = (at_path(left, &key.path), at_path(right, &key.path));
                match found {
                    (Some(left), Some(right)) if key.descending => compare(&right, &left),
                    (Some(left), Some(right)) => compare(&left, &right),
                    (left, right) => right.is_some().cmp(&left.is_some()),
                }
            })
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    });
}

/// Numbers by size, texts by letters; kinds apart.
fn compare(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => match (left.as_i64(), right.as_i64()) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => left
                .as_f64()
                .unwrap_or(0.0)
                .total_cmp(&right.as_f64().unwrap_or(0.0)),
        },
        (Value::String(left), Value::String(right)) => left.cmp(right),
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        _ => rank(left)
            .cmp(&rank(right))
            .then_with(|| left.to_string().cmp(&right.to_string())),
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Bool(_) => 0,
        Value::Number(_) => 1,
        Value::String(_) => 2,
        Value::Array(_) => 3,
        Value::Object(_) => 4,
        Value::Null => 5,
    }
}

/// Checks that each path leads somewhere in at least one object, or is a column's key.
///
/// # Errors
/// `field_unknown`, naming the paths that come close.
pub(crate) fn check<'a>(
    paths: impl IntoIterator<Item = &'a str>,
    objects: &[&Value],
    columns: &[&str],
) -> Result<(), CommandError> {
    if objects.is_empty() {
        return Ok(());
    }
    for path in paths {
        if columns.contains(&path) || objects.iter().any(|object| at_path(object, path).is_some()) {
            continue;
        }
        let mut known: Vec<String> = columns.iter().map(|&key| key.to_owned()).collect();
        for object in objects.iter().filter_map(|object| object.as_object()) {
            known.extend(
                object
                    .keys()
                    .filter(|key| !columns.contains(&key.as_str()))
                    .cloned(),
            );
        }
        known.sort_unstable();
        known.dedup();
        return Err(CommandError::new(
            &codes::FIELD_UNKNOWN,
            format!("there is no field \"{path}\""),
        )
        .looked_at(format!("fields {}", known.join(", ")))
        .did_you_mean(path, known.iter().map(String::as_str)));
    }
    Ok(())
}

/// Turns every integer into a string, for readers whose numbers have 53 bits.
pub(crate) fn integers_to_strings(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_i64() || number.is_u64() => {
            *value = Value::String(number.to_string());
        }
        Value::Array(items) => items.iter_mut().for_each(integers_to_strings),
        Value::Object(fields) => fields.values_mut().for_each(integers_to_strings),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_lead_through_objects_and_lists() {
        let value = json!({"a": {"b": 1, "b.c": 2}, "list": [{"n": 1}, {"m": 0}, {"n": 3}]});
        assert_eq!(at_path(&value, "a.b"), Some(json!(1)));
        assert_eq!(at_path(&value, "a.b.c"), Some(json!(2)));
        assert_eq!(at_path(&value, "list.n"), Some(json!([1, 3])));
        assert_eq!(at_path(&value, "a.x"), None);
        assert_eq!(
            pick(&value, &["list.n".into(), "nope".into()]),
            json!({"list.n": [1, 3]})
        );
    }

    #[test]
    fn sorting_knows_numbers_directions_and_missing_values() {
        let mut items = vec![
            json!({"t": "b", "lag": 9}),
            json!({"t": "c"}),
            json!({"t": "a", "lag": 10}),
            json!({"t": "a", "lag": 9}),
        ];
        sort_by(&mut items, &SortKey::parse_list("-lag, t"), |item| item);
        let order: Vec<_> = items
            .iter()
            .map(|item| format!("{}{}", item["t"], item["lag"]))
            .collect();
        assert_eq!(order, ["\"a\"10", "\"a\"9", "\"b\"9", "\"c\"null"]);
    }

    #[test]
    fn an_unknown_field_is_named_with_its_neighbours() {
        let object = json!({"topic": "orders", "queues": 8});
        let error = check(["topik"], &[&object], &["topic", "perm"]).unwrap_err();
        assert_eq!(error.code().name, "field_unknown");
        assert!(check(["perm", "queues"], &[&object], &["topic", "perm"]).is_ok());
        assert!(check(["anything"], &[], &["topic"]).is_ok());
    }

    #[test]
    fn integers_become_strings_everywhere() {
        let mut value =
            json!({"offset": 9_007_199_254_740_993_i64, "list": [1, 1.5, "x"], "flag": true});
        integers_to_strings(&mut value);
        assert_eq!(
            value,
            json!({"offset": "9007199254740993", "list": ["1", 1.5, "x"], "flag": true})
        );
    }
}
