//! One kind of object through every format, into a pipe and onto a terminal.

use std::borrow::Cow;
use std::io;

use clock::ManualClock;
use serde::Serialize;

use super::color::Palette;
use super::fields::SortKey;
use super::*;
use crate::context::tests::{Captured, NOW_MS};
use crate::error::{Failure, codes};

mod streams;

#[derive(Debug, Clone, Serialize)]
struct Topic {
    topic: String,
    queues: u32,
    messages: i64,
    size_bytes: u64,
    stored_at_ms: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lag: Option<i64>,
    owners: Vec<Owner>,
}

#[derive(Debug, Clone, Serialize)]
struct Owner {
    name: String,
}

impl Item for Topic {
    const SCHEMA: &'static str = "gantry.topic.list/1";
    const COLUMNS: &'static [Column] = &[
        Column::new("topic"),
        Column::number("queues"),
        Column::number("messages"),
        Column::number("size_bytes").titled("SIZE"),
        Column::new("stored_at_ms").titled("LAST STORED").wide(),
        Column::number("lag"),
    ];

    fn row(&self) -> Vec<Cell> {
        vec![
            (&self.topic).into(),
            self.queues.into(),
            self.messages.into(),
            Cell::bytes(self.size_bytes),
            Cell::time_ms(self.stored_at_ms),
            Cell::from(self.lag).role(Role::Bad),
        ]
    }

    fn name(&self) -> Cow<'_, str> {
        self.topic.as_str().into()
    }
}

fn topic(name: &str, messages: i64, lag: Option<i64>) -> Topic {
    Topic {
        topic: name.to_owned(),
        queues: 8,
        messages,
        size_bytes: 3_174,
        stored_at_ms: NOW_MS - 240_000,
        lag,
        owners: vec![
            Owner {
                name: "web-1".to_owned(),
            },
            Owner {
                name: "web-2".to_owned(),
            },
        ],
    }
}

fn topics() -> Vec<Topic> {
    vec![
        topic("orders", 184_210, Some(3912)),
        topic("订单", 7, None),
        topic("a\tb\x1b[2J\n,\"c\"", -1, Some(0)),
    ]
}

struct Captures {
    out: Output,
    stdout: Captured,
    stderr: Captured,
}

impl Captures {
    fn new(options: OutputOptions) -> Self {
        let (stdout, stderr) = (Captured::default(), Captured::default());
        let writers = (Box::new(stdout.clone()), Box::new(stderr.clone()));
        Self {
            out: Output::to(options, ManualClock::at(NOW_MS), writers.0, writers.1),
            stdout,
            stderr,
        }
    }

    fn format(format: Format) -> Self {
        Self::new(OutputOptions {
            format,
            ..OutputOptions::default()
        })
    }
}

/// A list in a format, with what stood on stderr below it.
fn list(options: OutputOptions) -> String {
    let captures = Captures::new(options);
    Listing::new(topics()).render(&captures.out).unwrap();
    format!("{}{}", captures.stdout.text(), captures.stderr.text())
}

fn terminal(width: usize, palette: Palette) -> OutputOptions {
    let stdout = Terminal {
        is_terminal: true,
        width,
        height: 50,
        palette,
    };
    OutputOptions {
        stdout,
        ..OutputOptions::default()
    }
}

/// The same list in several formats, one below the other.
fn lists(options: &OutputOptions, formats: &[Format]) -> String {
    let part = |&format: &Format| {
        let text = list(OutputOptions {
            format,
            ..options.clone()
        });
        format!("=== {format:?}\n{text}")
    };
    formats.iter().map(part).collect()
}

#[test]
fn a_list_in_the_formats_for_people() {
    let formats = [Format::Table, Format::Wide, Format::Name, Format::None];
    insta::assert_snapshot!(lists(&OutputOptions::default(), &formats), @r#"
    === Table
    TOPIC              QUEUES  MESSAGES  SIZE   LAG
    orders                  8    184210  3174  3912
    订单                    8         7  3174     -
    a\tb\x1b[2J\n,"c"       8        -1  3174     0
    === Wide
    TOPIC              QUEUES  MESSAGES  SIZE  LAST STORED                LAG
    orders                  8    184210  3174  2025-11-22T11:56:00.000Z  3912
    订单                    8         7  3174  2025-11-22T11:56:00.000Z     -
    a\tb\x1b[2J\n,"c"       8        -1  3174  2025-11-22T11:56:00.000Z     0
    === Name
    orders
    订单
    a\tb\x1b[2J\n,"c"
    === None
    "#);
}

#[test]
fn a_list_in_the_formats_for_programs() {
    let formats = [Format::Jsonl, Format::Yaml, Format::Csv, Format::Tsv];
    insta::assert_snapshot!(lists(&OutputOptions::default(), &formats), @r#"
    === Jsonl
    {"topic":"orders","queues":8,"messages":184210,"size_bytes":3174,"stored_at_ms":1763812560000,"lag":3912,"owners":[{"name":"web-1"},{"name":"web-2"}]}
    {"topic":"订单","queues":8,"messages":7,"size_bytes":3174,"stored_at_ms":1763812560000,"owners":[{"name":"web-1"},{"name":"web-2"}]}
    {"topic":"a\tb\u001b[2J\n,\"c\"","queues":8,"messages":-1,"size_bytes":3174,"stored_at_ms":1763812560000,"lag":0,"owners":[{"name":"web-1"},{"name":"web-2"}]}
    === Yaml
    schema: gantry.topic.list/1
    context: null
    items:
    - topic: orders
      queues: 8
      messages: 184210
      size_bytes: 3174
      stored_at_ms: 1763812560000
      lag: 3912
      owners:
      - name: web-1
      - name: web-2
    - topic: 订单
      queues: 8
      messages: 7
      size_bytes: 3174
      stored_at_ms: 1763812560000
      owners:
      - name: web-1
      - name: web-2
    - topic: "a\tb\e[2J\n,\"c\""
      queues: 8
      messages: -1
      size_bytes: 3174
      stored_at_ms: 1763812560000
      lag: 0
      owners:
      - name: web-1
      - name: web-2
    warnings: []
    partial: false
    === Csv
    topic,queues,messages,size_bytes,stored_at_ms,lag
    orders,8,184210,3174,2025-11-22T11:56:00.000Z,3912
    订单,8,7,3174,2025-11-22T11:56:00.000Z,
    "a	b[2J
    ,""c""",8,-1,3174,2025-11-22T11:56:00.000Z,0
    === Tsv
    topic	queues	messages	size_bytes	stored_at_ms	lag
    orders	8	184210	3174	2025-11-22T11:56:00.000Z	3912
    订单	8	7	3174	2025-11-22T11:56:00.000Z	
    a\tb[2J\n,"c"	8	-1	3174	2025-11-22T11:56:00.000Z	0
    "#);
}

#[test]
fn a_list_as_one_document() {
    let json = list(OutputOptions {
        format: Format::Json,
        limit: Some(1),
        ..OutputOptions::default()
    });
    insta::assert_snapshot!(json, @r#"
    {
      "schema": "gantry.topic.list/1",
      "context": null,
      "items": [
        {
          "topic": "orders",
          "queues": 8,
          "messages": 184210,
          "size_bytes": 3174,
          "stored_at_ms": 1763812560000,
          "lag": 3912,
          "owners": [
            {
              "name": "web-1"
            },
            {
              "name": "web-2"
            }
          ]
        }
      ],
      "warnings": [],
      "partial": false
    }
    1 of 3 shown
    "#);
}

#[test]
fn a_terminal_gets_a_rule_units_colours_and_no_more_than_its_width() {
    insta::assert_snapshot!(list(terminal(80, Palette::PLAIN)), @r#"
    TOPIC              QUEUES  MESSAGES    SIZE    LAG
    ──────────────────────────────────────────────────
    orders                  8   184 210  3.1 kB  3 912
    订单                    8         7  3.1 kB      ·
    a\tb\x1b[2J\n,"c"       8        -1  3.1 kB      0
    "#);
    insta::assert_snapshot!(list(terminal(40, Palette::PLAIN)), @r"
    TOPIC    QUEUES  MESSAGES    SIZE    LAG
    ────────────────────────────────────────
    orders        8   184 210  3.1 kB  3 912
    订单          8         7  3.1 kB      ·
    a\tb\x…       8        -1  3.1 kB      0
    ");
    let narrow = list(terminal(38, Palette::PLAIN));
    assert!(
        narrow.lines().all(|line| text::width_of(line) <= 38),
        "{narrow}"
    );
    let colored = list(terminal(80, Palette::COLORED));
    insta::assert_snapshot!(colored.replace('\u{1b}', "ESC"), @r#"
    ESC[1mTOPICESC[0m              ESC[1mQUEUESESC[0m  ESC[1mMESSAGESESC[0m    ESC[1mSIZEESC[0m    ESC[1mLAGESC[0m
    ──────────────────────────────────────────────────
    orders                  8   184 210  3.1 kB  ESC[38;5;1mESC[1m3 912ESC[0m
    订单                    8         7  3.1 kB      ESC[2m·ESC[0m
    a\tb\x1b[2J\n,"c"       8        -1  3.1 kB      ESC[38;5;1mESC[1m0ESC[0m
    "#);
}

#[test]
fn fields_sort_limit_and_headers_shape_every_format() {
    let options = OutputOptions {
        fields: vec!["owners.name".to_owned(), "messages".to_owned()],
        sort: SortKey::parse_list("-messages"),
        limit: Some(2),
        ..OutputOptions::default()
    };
    insta::assert_snapshot!(lists(&options, &[Format::Table, Format::Jsonl, Format::Csv]), @r#"
    === Table
    OWNERS NAME  MESSAGES
    web-1,web-2    184210
    web-1,web-2         7
    2 of 3 shown
    === Jsonl
    {"owners.name":["web-1","web-2"],"messages":184210}
    {"owners.name":["web-1","web-2"],"messages":7}
    2 of 3 shown
    === Csv
    owners.name,messages
    "web-1,web-2",184210
    "web-1,web-2",7
    2 of 3 shown
    "#);
    let bare = OutputOptions {
        headers: false,
        fields: vec!["topic".to_owned()],
        ..OutputOptions::default()
    };
    assert_eq!(
        list(OutputOptions {
            limit: Some(1),
            quiet: true,
            ..bare
        }),
        "orders\n"
    );
    let captures = Captures::new(OutputOptions {
        fields: vec!["topik".to_owned()],
        ..OutputOptions::default()
    });
    let error = Listing::new(topics()).render(&captures.out).unwrap_err();
    assert_eq!(error.code().name, "field_unknown");
    assert_eq!(captures.stdout.text(), "");
}

#[test]
fn one_object_is_a_page_or_a_document() {
    let page = Captures::format(Format::Table);
    topic("orders", 5, None).render(&page.out).unwrap();
    insta::assert_snapshot!(page.stdout.text(), @r"
    topic       orders
    queues      8
    messages    5
    size bytes  3174
    lag         -
    ");
    let json = Captures::new(OutputOptions {
        format: Format::Json,
        int_strings: true,
        ..OutputOptions::default()
    });
    json.out.set_context(Some("local"));
    json.out.warn("the clock is late");
    topic("orders", 9_007_199_254_740_993, None)
        .render(&json.out)
        .unwrap();
    insta::assert_snapshot!(json.stdout.text(), @r#"
    {
      "schema": "gantry.topic.list/1",
      "context": "local",
      "item": {
        "topic": "orders",
        "queues": "8",
        "messages": "9007199254740993",
        "size_bytes": "3174",
        "stored_at_ms": "1763812560000",
        "owners": [
          {
            "name": "web-1"
          },
          {
            "name": "web-2"
          }
        ]
      },
      "warnings": [
        "the clock is late"
      ]
    }
    "#);
    assert_eq!(json.stderr.text(), "warning: the clock is late\n");
    for (format, expected) in [(Format::Name, "orders\n"), (Format::None, "")] {
        let captures = Captures::format(format);
        topic("orders", 5, None).render(&captures.out).unwrap();
        assert_eq!(captures.stdout.text(), expected);
    }
}

#[test]
fn nothing_to_list_is_a_note_for_people_and_an_empty_list_for_programs() {
    let empty = || Listing::<Topic>::new(Vec::new()).when_empty("no topics yet");
    let people = Captures::format(Format::Table);
    empty().render(&people.out).unwrap();
    assert_eq!(
        (people.stdout.text(), people.stderr.text()),
        (String::new(), "no topics yet\n".to_owned())
    );
    let programs = Captures::format(Format::Json);
    empty().render(&programs.out).unwrap();
    assert!(programs.stdout.text().contains("\"items\": []"));
    assert_eq!(programs.stderr.text(), "");
}

#[test]
fn what_is_missing_from_a_list_is_said_and_changes_the_exit_code() {
    let failure = Failure::new(
        "b-1",
        &CommandError::new(&codes::BROKER_UNREACHABLE, "connection refused"),
    );
    let captures = Captures::format(Format::Json);
    let list = Listing::new(vec![topic("orders", 1, None)])
        .summary("1 topic")
        .failures(vec![failure]);
    let error = list.render(&captures.out).unwrap_err();
    assert_eq!(
        (error.kind().exit_code(), error.message()),
        (8, "1 target failed: b-1: connection refused")
    );
    let document: Value = serde_json::from_str(&captures.stdout.text()).unwrap();
    assert_eq!(
        (&document["partial"], &document["failures"][0]["target"]),
        (&json!(true), &json!("b-1"))
    );
    let people = Captures::format(Format::Table);
    assert!(list.render(&people.out).is_err());
    assert!(people.stdout.text().ends_with("1 topic\n"));
}

#[test]
fn a_percent_format_needs_messages() {
    let format = MessageFormat::parse("%k").unwrap();
    let captures = Captures::new(OutputOptions {
        message_format: Some(format),
        ..OutputOptions::default()
    });
    let error = topic("a", 1, None).render(&captures.out).unwrap_err();
    assert_eq!(
        error.message(),
        "-F formats messages, and this command shows none"
    );
    assert!(Listing::new(topics()).render(&captures.out).is_err());
    assert!(
        captures
            .out
            .stream::<Topic>()
            .push(&topic("a", 1, None))
            .is_err()
    );
}

struct ClosedPipe;

impl Write for ClosedPipe {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_has_enough_is_no_failure() {
    let out = Output::to(
        OutputOptions::default(),
        ManualClock::at(0),
        Box::new(ClosedPipe),
        Box::new(ClosedPipe),
    );
    let error = Listing::new(topics()).render(&out).unwrap_err();
    assert_eq!((error.kind().exit_code(), error.is_silent()), (0, true));
    out.note("nobody reads this");
    out.report(&error);
}

#[test]
fn notes_are_silenced_and_errors_are_not() {
    let captures = Captures::new(OutputOptions {
        quiet: true,
        ..OutputOptions::default()
    });
    captures.out.note("a note");
    captures
        .out
        .report(&CommandError::new(&codes::FAILED, "it broke"));
    insta::assert_snapshot!(captures.stderr.text(), @r"
    error: it broke                                             [failed]
      next: gantry explain failed
    ");
}

#[test]
fn a_page_aligns_neighbours_and_escapes_everything() {
    let captures = Captures::format(Format::Table);
    let mut page = Page::new(captures.out.view());
    page.field("name", "orders\x1b[2J")
        .field("queue count", 8_u32);
    page.heading("queues").table(&topics()[..1]);
    page.gap()
        .line("done\x07\nall")
        .painted(&[(Some(Role::Ok), "up"), (None, " now")]);
    assert!(!page.view().terminal);
    insta::assert_snapshot!(page.finish(), @r"
    name         orders\x1b[2J
    queue count  8

    queues
    TOPIC   QUEUES  MESSAGES  SIZE   LAG
    orders       8    184210  3174  3912

    done\x07
    all
    up now
    ");
}

#[tokio::test]
async fn progress_is_not_for_pipes_but_for_logs_now_and_then() {
    let clock = ManualClock::at(0);
    let stderr = Captured::default();
    let options = OutputOptions {
        ci: true,
        ..OutputOptions::default()
    };
    let out = Output::to(
        options,
        clock.clone(),
        Box::new(Captured::default()),
        Box::new(stderr.clone()),
    );
    let progress = out.progress("sending", Some(100));
    progress.advance(10);
    clock.advance(std::time::Duration::from_secs(11));
    progress.advance(10);
    progress.advance(10);
    progress.finish();
    assert_eq!(stderr.text(), "sending: 20 of 100\n");
    assert_eq!(out.busy("waiting", async { 7 }).await, 7);
}

#[test]
fn cells_are_plain_for_programs() {
    let raw = Captures::format(Format::Table).out.view();
    let shown = |cell: Cell| cell.show(&raw);
    assert_eq!(shown(Cell::duration_ms(1500)), "1500");
    assert_eq!(shown(Cell::decimal(1.25)), "1.25");
    assert_eq!(shown(Cell::ratio(0.125)), "0.125");
    assert_eq!(shown(Cell::list(["a", "b"])), "a,b");
    assert_eq!(shown(Cell::list(Vec::<String>::new())), "-");
    assert_eq!(shown(true.into()), "yes");
    assert_eq!(shown(3_usize.into()), "3");
    assert_eq!(shown(Cell::count(1000_u16)), "1000");
    assert_eq!(shown(Cell::json(&json!([1, "x"]))), "1,x");
    assert_eq!(shown(Cell::json(&json!({"a": 1}))), "{\"a\":1}");
    let people = View {
        units: units::Units::Auto,
        terminal: true,
        ..raw
    };
    assert_eq!(Cell::duration_ms(1500).show(&people), "1.5s");
    assert_eq!(Cell::decimal(1.25).show(&people), "1.2");
    assert_eq!(Cell::ratio(0.125).show(&people), "12%");
    assert_eq!(Cell::empty().show(&people), "·");
}
