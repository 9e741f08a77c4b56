//! Results that are kept, and the comparison of a run with an earlier one.

use std::borrow::Cow;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Value, json};

use crate::context::Context;
use crate::error::{CommandError, codes};
use crate::output::page::Page;
use crate::output::{Cell, Column, Item, Render as _};

/// Where results go, and what they are measured by.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct SavedArgs {
    /// Keep the result in this file
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,

    /// Compare with a saved result, or one of -o json
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,

    /// Fail when a figure is below this part of the earlier one
    #[arg(long, value_name = "RATIO", default_value_t = 0.8, requires = "compare", hide_short_help = true, value_parser = parse_ratio)]
    fail_below: f64,
}

fn parse_ratio(text: &str) -> Result<f64, String> {
    let ratio = text.parse().ok();
    ratio
        .filter(|ratio: &f64| ratio.is_finite() && *ratio >= 0.0)
        .ok_or_else(|| "a ratio such as 0.8".to_owned())
}

/// Which way a figure gets better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Up,
    Down,
}

/// A result that can be compared with another of its kind.
pub(super) trait Measurement: Item {
    /// The figures that are compared, by their path in the JSON form. The first one decides.
    const COMPARED: &'static [(&'static str, Direction)];

    /// What must be the same for a comparison to mean anything.
    const SETUP: &'static [&'static str];
}

/// An earlier result.
#[derive(Debug)]
pub(super) struct Earlier {
    path: PathBuf,
    item: Value,
}

impl SavedArgs {
    /// Reads the result to compare with: before anything is measured, so that a wrong path costs
    /// nothing.
    pub(super) fn earlier<T: Measurement>(&self) -> Result<Option<Earlier>, CommandError> {
        let Some(path) = &self.compare else {
            return Ok(None);
        };
        let text = std::fs::read(path)
            .map_err(|error| CommandError::io("read the earlier result", path, &error))?;
        let mut document: Value = serde_json::from_slice(&text).unwrap_or_default();
        let schema = document["schema"].as_str().unwrap_or_default();
        if schema != T::SCHEMA {
            let text = format!(
                "{} holds no result of this measurement: its schema is \"{schema}\", not \"{}\"",
                path.display(),
                T::SCHEMA
            );
            return Err(CommandError::new(&codes::USAGE, text));
        }
        Ok(Some(Earlier {
            path: path.clone(),
            item: document["item"].take(),
        }))
    }
}

/// One figure beside its earlier self.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Compared {
    figure: &'static str,
    earlier: f64,
    now: f64,
    /// Above 1: better than before, whichever way the figure runs.
    ratio: f64,
}

/// A result, with the comparison if there is one.
#[derive(Debug, Serialize)]
struct Told<T> {
    #[serde(flatten)]
    item: T,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    compared: Vec<Compared>,
}

impl<T: Item> Item for Told<T> {
    const SCHEMA: &'static str = T::SCHEMA;
    const COLUMNS: &'static [Column] = T::COLUMNS;

    fn row(&self) -> Vec<Cell> {
        self.item.row()
    }

    fn name(&self) -> Cow<'_, str> {
        self.item.name()
    }

    fn page(&self, page: &mut Page) {
        self.item.page(page);
        if self.compared.is_empty() {
            return;
        }
        page.heading("Beside the earlier result (above 1 is better)");
        for compared in &self.compared {
            let Compared {
                figure,
                earlier,
                now,
                ratio,
            } = compared;
            page.field(
                figure,
                Cell::text(format!("{ratio:.2}  ({earlier} before, {now} now)")),
            );
        }
    }
}

/// Keeps the result, shows it, and fails if it is too bad beside the earlier one.
pub(super) fn finish<T: Measurement>(
    ctx: &Context,
    args: &SavedArgs,
    earlier: Option<Earlier>,
    item: T,
) -> Result<(), CommandError> {
    let now = serde_json::to_value(&item).unwrap_or_default();
    if let Some(path) = &args.save {
        let document = json!({"schema": T::SCHEMA, "item": &now});
        let text = serde_json::to_string_pretty(&document).unwrap_or_default();
        crate::config::edit::write_atomically(path, format!("{text}\n").as_bytes())
            .map_err(|error| CommandError::io("save the result", path, &error))?;
    }
    let compared = match &earlier {
        Some(earlier) => {
            for name in T::SETUP {
                let (before, now) = (at(&earlier.item, name), at(&now, name));
                if before != now {
                    ctx.out.warn(&format!(
                        "not the same load: {name} was {before} and is {now}"
                    ));
                }
            }
            compare::<T>(&earlier.item, &now)
        }
        None => Vec::new(),
    };
    let first = compared.first().cloned();
    Told { item, compared }.render(&ctx.out)?;
    let Some(earlier) = earlier else {
        return Ok(());
    };
    let Some(first) = first else {
        let text = format!("{} has no figure to compare with", earlier.path.display());
        return Err(CommandError::new(&codes::USAGE, text));
    };
    if first.ratio < args.fail_below {
        let text = format!(
            "{} is {:.3} of the earlier result, below {}",
            first.figure, first.ratio, args.fail_below
        );
        return Err(CommandError::new(&codes::UNHEALTHY, text)
            .looked_at(earlier.path.display().to_string()));
    }
    Ok(())
}

/// The figures that both results have.
fn compare<T: Measurement>(earlier: &Value, now: &Value) -> Vec<Compared> {
    let one = |(figure, direction): &(&'static str, Direction)| {
        let (earlier, now) = (at(earlier, figure).as_f64()?, at(now, figure).as_f64()?);
        let (better, worse) = match direction {
            Direction::Up => (now, earlier),
            Direction::Down => (earlier, now),
        };
        let ratio = super::usage::rounded(better / worse);
        ratio.is_finite().then_some(Compared {
            figure,
            earlier,
            now,
            ratio,
        })
    };
    T::COMPARED.iter().filter_map(one).collect()
}

/// The value at a path such as `latency.p50_us`.
fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    path.split('.').fold(value, |value, name| &value[name])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::tests::TestContext;

    #[derive(Debug, Serialize)]
    struct Rate {
        msgs_per_s: f64,
        latency: Value,
        size_bytes: u32,
    }

    impl Item for Rate {
        const SCHEMA: &'static str = "gantry.bench.test/1";
        const COLUMNS: &'static [Column] = &[Column::number("msgs_per_s")];
        fn row(&self) -> Vec<Cell> {
            vec![Cell::decimal(self.msgs_per_s)]
        }
        fn name(&self) -> Cow<'_, str> {
            "test".into()
        }
    }

    impl Measurement for Rate {
        const COMPARED: &'static [(&'static str, Direction)] = &[
            ("msgs_per_s", Direction::Up),
            ("latency.p50_us", Direction::Down),
        ];
        const SETUP: &'static [&'static str] = &["size_bytes"];
    }

    fn rate(msgs_per_s: f64, p50_us: f64) -> Rate {
        Rate {
            msgs_per_s,
            latency: json!({"p50_us": p50_us}),
            size_bytes: 128,
        }
    }

    #[test]
    fn a_saved_result_is_compared_with_the_next_one() {
        let test = TestContext::new(&[], &["-o", "json"]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("before.json");
        let saving = SavedArgs {
            save: Some(path.clone()),
            compare: None,
            fail_below: 0.8,
        };
        finish(&test.ctx, &saving, None, rate(1000.0, 10.0)).unwrap();
        let comparing = SavedArgs {
            save: None,
            compare: Some(path.clone()),
            fail_below: 0.8,
        };
        let earlier = || comparing.earlier::<Rate>().unwrap();
        finish(&test.ctx, &comparing, earlier(), rate(900.0, 40.0)).unwrap();
        let error = finish(&test.ctx, &comparing, earlier(), rate(799.0, 5.0)).unwrap_err();
        assert_eq!(error.code().name, "unhealthy");
        assert!(
            error.message().contains("msgs_per_s is 0.799"),
            "{}",
            error.message()
        );
        let shown = test.stdout();
        assert!(shown.contains("\"ratio\": 0.9"), "{shown}");
        assert!(shown.contains("\"ratio\": 0.25"), "{shown}");
    }

    #[test]
    fn a_file_of_another_measurement_is_refused_before_anything_runs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.json");
        std::fs::write(&path, r#"{"schema":"gantry.bench.other/1","item":{}}"#).unwrap();
        let args = |path: PathBuf| SavedArgs {
            save: None,
            compare: Some(path),
            fail_below: 0.8,
        };
        let error = args(path).earlier::<Rate>().unwrap_err();
        assert_eq!(error.code().name, "usage");
        let missing = folder.path().join("missing.json");
        assert_eq!(
            args(missing).earlier::<Rate>().unwrap_err().code().name,
            "file_not_found"
        );
        assert!(parse_ratio("0.8").is_ok() && parse_ratio("-1").is_err());
    }
}
