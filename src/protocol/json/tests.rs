//! The forms that peers write, read; and what we write for them.

use std::collections::BTreeMap;

use proptest::prelude::{any, proptest};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    JSON_DEPTH_MAX, JSON_LENGTH_MAX, JsonError, from_slice, parse, to_vec, to_vec_standard,
};

#[track_caller]
fn reads(text: &str, expected: &Value) {
    assert_eq!(parse(text.as_bytes()).as_ref(), Ok(expected), "{text}");
}

#[track_caller]
fn refuses(text: &str, expected: &'static str, at: usize) {
    let error = JsonError::Syntax { expected, at };
    assert_eq!(parse(text.as_bytes()), Err(error), "{text}");
}

#[test]
fn json_is_read() {
    reads(
        r#" {"a":[1,-2.5,1e3,true,false,null,"x"],"b":{}} "#,
        &json!({
            "a": [1, -2.5, 1000.0, true, false, null, "x"], "b": {},
        }),
    );
    reads("0", &json!(0));
    reads("9223372036854775807", &json!(i64::MAX));
    reads("18446744073709551615", &json!(u64::MAX));
    reads("1800000000000000000", &json!(1_800_000_000_000_000_000_i64));
}

#[test]
fn keys_need_no_quotes() {
    reads("{0:\"a\",1:\"b\"}", &json!({"0": "a", "1": "b"}));
    reads("{-1 : 5}", &json!({"-1": 5}));
    reads("{topic:'T'}", &json!({"topic": "T"}));
    reads("{'topic':\"it's\"}", &json!({"topic": "it's"}));
}

#[test]
fn objects_may_be_keys() {
    let text = r#"{{"brokerName":"b","queueId":0,"topic":"T"}:{"offset":1}}"#;
    reads(
        text,
        &json!({r#"{"brokerName":"b","queueId":0,"topic":"T"}"#: {"offset": 1}}),
    );
    reads("{ { 'a' : 1 } : 2 }", &json!({r#"{"a":1}"#: 2}));
}

#[test]
fn references_stay_as_they_are() {
    reads(r#"[{"$ref":"$.a"}]"#, &json!([{"$ref": "$.a"}]));
}

#[test]
fn what_follows_may_be_white_or_zero() {
    reads("{}\n", &json!({}));
    reads("{}\r\n\0", &json!({}));
    reads("\u{feff}[1,2,]", &json!([1, 2]));
}

#[test]
fn escapes_are_undone() {
    reads(
        r#""\"\\\/\b\f\n\r\t\u0041\x41\0""#,
        &json!("\"\\/\u{8}\u{c}\n\r\tAA\0"),
    );
    reads(r#""\uD83D\uDE00\u6807""#, &json!("😀标"));
    reads(
        r#""\uD83D\uD83Dx\uDE00""#,
        &json!("\u{fffd}\u{fffd}x\u{fffd}"),
    );
    reads("\"tab\tand\nline\"", &json!("tab\tand\nline"));
}

#[test]
fn bytes_that_are_not_utf8_are_replaced() {
    assert_eq!(parse(b"\"a\xff\""), Ok(json!("a\u{fffd}")));
}

#[test]
fn what_is_missing_is_said() {
    refuses("", "a value", 0);
    refuses("{", "a key", 1);
    refuses("{\"a\"", "a colon", 4);
    refuses("{\"a\":1", "a comma or closing brace", 6);
    refuses("[1 2]", "a comma or closing bracket", 3);
    refuses("\"abc", "a closing quote", 1);
    refuses("{} x", "the end", 3);
    refuses("hello", "a value", 0);
    refuses("\"\\q\"", "a known escape", 3);
    refuses("\"\\u12\"", "four digits", 3);
    refuses("-", "a value", 0);
    refuses("1e999", "a value", 0);
}

#[test]
fn depth_has_a_limit() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(parse(nested(JSON_DEPTH_MAX).as_bytes()).is_ok());
    let too_deep = Err(JsonError::TooDeep {
        max: JSON_DEPTH_MAX,
    });
    assert_eq!(parse(nested(JSON_DEPTH_MAX + 1).as_bytes()), too_deep);
    assert_eq!(parse("{".repeat(1_000_000).as_bytes()), too_deep);
}

#[test]
fn length_has_a_limit() {
    let mut text = vec![b' '; JSON_LENGTH_MAX];
    text[0] = b'1';
    assert_eq!(parse(&text), Ok(json!(1)));
    text.push(b' ');
    let length = JSON_LENGTH_MAX + 1;
    assert_eq!(
        parse(&text),
        Err(JsonError::TooLong {
            length,
            max: JSON_LENGTH_MAX
        })
    );
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Colour {
    #[serde(rename = "RED")]
    Red,
    #[serde(rename = "GREEN")]
    Green,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Key {
    name: String,
    number: i32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Everything {
    big: i64,
    by_key: BTreeMap<Key, i64>,
    by_number: BTreeMap<i64, String>,
    colour: Colour,
    double: f64,
    flag: bool,
    items: Vec<i32>,
    maybe: Option<i32>,
    text: String,
}

impl Default for Everything {
    fn default() -> Self {
        Self {
            big: 0,
            by_key: BTreeMap::new(),
            by_number: BTreeMap::new(),
            colour: Colour::Green,
            double: 0.0,
            flag: true,
            items: Vec::new(),
            maybe: None,
            text: String::new(),
        }
    }
}

fn example() -> Everything {
    Everything {
        big: 9_007_199_254_740_993,
        by_key: [(
            Key {
                name: "b".into(),
                number: 1,
            },
            5,
        )]
        .into(),
        by_number: [(0, "标".into()), (-1, String::new())].into(),
        colour: Colour::Red,
        double: 2.0,
        flag: false,
        items: vec![1, 2],
        maybe: Some(3),
        text: "a\"\u{1}".into(),
    }
}

#[test]
fn keys_are_written_as_they_are() {
    let text = String::from_utf8(to_vec(&example()).unwrap()).unwrap();
    assert_eq!(
        text,
        r#"{"big":9007199254740993,"byKey":{{"name":"b","number":1}:5},"byNumber":{-1:"",0:"标"},"colour":"RED","double":2.0,"flag":false,"items":[1,2],"maybe":3,"text":"a\"\u0001"}"#
    );
    assert_eq!(from_slice(text.as_bytes()), Ok(example()));
}

#[test]
fn the_standard_form_is_json_for_any_reader() {
    let text = String::from_utf8(to_vec_standard(&example()).unwrap()).unwrap();
    assert_eq!(
        text,
        r#"{"big":"9007199254740993","byKey":{"{\"name\":\"b\",\"number\":1}":5},"byNumber":{"-1":"","0":"\u6807"},"colour":"RED","double":2.0,"flag":false,"items":[1,2],"maybe":3,"text":"a\"\u0001"}"#
    );
    assert!(serde_json::from_str::<Value>(&text).is_ok());
    assert_eq!(from_slice(text.as_bytes()), Ok(example()));
}

#[test]
fn nothing_is_left_out() {
    let text = to_vec(&json!({"a": null, "b": 1, "c": null, "d": [null]})).unwrap();
    assert_eq!(text, br#"{"b":1,"d":[null]}"#);
    assert_eq!(to_vec(&f64::NAN).unwrap(), b"null");
}

#[test]
fn missing_null_and_unknown_fields_are_the_default() {
    let text = r#"{"flag":null,"text":null,"colour":null,"byKey":null,"maybe":null,"new":[1]}"#;
    assert_eq!(from_slice(text.as_bytes()), Ok(Everything::default()));
}

#[test]
fn numbers_booleans_and_texts_stand_in_for_each_other() {
    let text = r#"{"big":"1800000000000000000","colour":0,"double":"2.5","flag":"0","items":["1",true,3.0],"maybe":"7","text":5}"#;
    let expected = Everything {
        big: 1_800_000_000_000_000_000,
        colour: Colour::Red,
        double: 2.5,
        flag: false,
        items: vec![1, 1, 3],
        maybe: Some(7),
        text: "5".into(),
        ..Everything::default()
    };
    assert_eq!(from_slice(text.as_bytes()), Ok(expected));
    for (text, expected) in [
        ("\"1\"", true),
        ("\"True\"", true),
        ("1", true),
        ("\"no\"", false),
    ] {
        assert_eq!(from_slice(text.as_bytes()), Ok(expected), "{text}");
    }
    assert_eq!(from_slice::<Colour>(b"\"1\""), Ok(Colour::Green));
}

#[test]
fn an_error_says_where_it_is() {
    let message = |text: &str| {
        from_slice::<Everything>(text.as_bytes())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        message(r#"{"items":[1,{}]}"#),
        "items.1: expected an integer, found an object"
    );
    assert_eq!(
        message(r#"{"byNumber":{x:"y"}}"#),
        "byNumber.x: expected an integer, found a text"
    );
    assert_eq!(
        message(r#"{"colour":"BLUE"}"#),
        r#"colour: "BLUE" is none of ["RED", "GREEN"]"#
    );
    assert_eq!(message("[]"), "$: expected an object, found an array");
}

proptest! {
    #[test]
    fn no_bytes_panic(text: Vec<u8>) {
        let _value = parse(&text);
        let _everything = from_slice::<Everything>(&text);
    }

    #[test]
    fn no_marks_panic(text in "[\\[\\]{}:,'\"\\\\u0-9a-f \n-]{0,40}") {
        let _value = from_slice::<Everything>(text.as_bytes());
    }

    #[test]
    fn there_and_back(
        big: i64,
        keys: BTreeMap<i64, String>,
        by_key: BTreeMap<String, i64>,
        double in any::<f64>(),
        text: String,
    ) {
        let by_key = by_key.into_iter().map(|(name, n)| (Key { name, number: 7 }, n)).collect();
        let value = Everything { big, by_number: keys, by_key, double, text, ..example() };
        assert_eq!(from_slice(&to_vec(&value).unwrap()).as_ref(), Ok(&value));
        assert_eq!(from_slice(&to_vec_standard(&value).unwrap()).as_ref(), Ok(&value));
    }
}
