//! Objects that come one after the other.

use super::*;

#[test]
fn a_stream_is_written_line_by_line_and_says_when_it_dies() {
    let captures = Captures::format(Format::Json);
    let mut stream = captures.out.stream::<Topic>();
    stream.push(&topic("a", 1, None)).unwrap();
    stream.push_all(&[topic("b", 2, None)]).unwrap();
    assert_eq!(
        (stream.written(), captures.stdout.text().lines().count()),
        (2, 2)
    );
    captures
        .out
        .report(&CommandError::new(&codes::TIMEOUT, "too late"));
    let last = captures.stdout.text().lines().last().unwrap().to_owned();
    assert_eq!(
        last,
        r#"{"type":"error","code":"timeout","message":"too late"}"#
    );
    assert!(
        captures
            .stderr
            .text()
            .starts_with("a stream is written as jsonl")
    );
    assert!(captures.stderr.text().contains("\"code\":\"timeout\""));

    let ended = Captures::format(Format::Jsonl);
    ended.out.stream::<Topic>().finish();
    ended
        .out
        .report(&CommandError::new(&codes::TIMEOUT, "too late"));
    assert_eq!(ended.stdout.text(), "");
}

#[test]
fn a_stream_in_the_other_formats() {
    let written = |options: OutputOptions| {
        let captures = Captures::new(options);
        let mut stream = captures.out.stream::<Topic>();
        stream
            .push_all(&[topic("a", 1, None), topic("b", 2, Some(1))])
            .unwrap();
        stream.finish();
        captures.stdout.text()
    };
    let format = |format| OutputOptions {
        format,
        ..OutputOptions::default()
    };
    assert_eq!(
        written(format(Format::Table)),
        "a  8  1  3174  -\nb  8  2  3174  1\n"
    );
    assert_eq!(written(format(Format::Name)), "a\nb\n");
    assert_eq!(
        written(OutputOptions {
            limit: Some(1),
            ..format(Format::Name)
        }),
        "a\n"
    );
    let fields = vec!["topic".to_owned(), "queues".to_owned()];
    assert_eq!(
        written(OutputOptions {
            fields: fields.clone(),
            ..format(Format::Tsv)
        }),
        "topic\tqueues\na\t8\nb\t8\n"
    );
    assert_eq!(
        written(OutputOptions {
            fields: fields.clone(),
            ..format(Format::Yaml)
        }),
        "---\ntopic: a\nqueues: 8\n---\ntopic: b\nqueues: 8\n"
    );
    assert_eq!(
        written(OutputOptions {
            fields,
            ..format(Format::Table)
        }),
        "a  8\nb  8\n"
    );
}
