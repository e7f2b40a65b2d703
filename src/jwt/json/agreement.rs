//! The short way through an object and the reader for all objects read alike, whatever the text.

use proptest::prelude::*;

use super::{Value, read_any_object, read_object};

/// Members as one reader hands them over, or its refusal.
type Read<'t> = Result<Vec<(String, Value<'t>)>, &'static str>;

fn by_both(text: &str) -> (Read<'_>, Read<'_>) {
    let (mut short, mut long) = (Vec::new(), Vec::new());
    let read = read_object(text, &mut short, |members, name, value| {
        members.push((name.to_owned(), value));
    });
    let read_too = read_any_object(text, |name, value| long.push((name.to_owned(), value)));
    (read.map(|()| short), read_too.map(|()| long))
}

/// Few, so that duplicates come up.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![30 => "\"[a-f\u{eb}]{0,2}\"", 1 => "\"\\\\u0061\"", 1 => "a|\"a|\"\"\""]
}

/// Mostly plain, so that objects of several members are.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        10 => "\"[a-z0-9 /:.\u{eb}\u{20ac}]{0,20}\"",
        10 => "[1-9][0-9]{0,14}|0|true|false|null",
        5 => "\\[\"a\"(, ?\"b\"){0,2}\\]",
        1 => "\"[\u{0}-\u{ff}]{0,10}\"",
        1 => "-?[0-9]{1,17}|0[0-9.eE+-]{0,4}",
        1 => "\\[[a\"1,]{0,4}\\]|\\{(\"a\":1)?\\}|nul|\"",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    /// Made of pieces of JSON, so that plain objects, nearly plain ones and near misses all occur.
    #[test]
    fn the_short_way_and_the_reader_for_all_read_alike(
        members in prop::collection::vec((name(), value()), 0..14),
        space in "[ \n\r\t\u{b}]{0,1}", end in "\\}[ x}]{0,1}",
    ) {
        let members: Vec<_> =
            members.iter().map(|(name, value)| format!("{name}:{space}{value}")).collect();
        let text = format!("{space}{{{}{space}{end}", members.join(&format!("{space},")));
        let (short, long) = by_both(&text);
        prop_assert_eq!(short, long, "{}", text);
    }

    #[test]
    fn they_read_an_object_alike_with_any_piece_changed(
        start in 0..70_usize, length in 0..4_usize, patch in "[\"{}:,0-9a\\[\\] .\\\\\u{eb}\n]{0,3}",
    ) {
        let text = r#"{"iss":"https://a","aud":["b","c"],"exp":1800000000,"x":true,"y":null}"#;
        let (before, rest) = text.split_at(start);
        let text = format!("{}{patch}{}", before, rest.get(length..).unwrap_or(""));
        let (short, long) = by_both(&text);
        prop_assert_eq!(short, long, "{}", text);
    }
}
