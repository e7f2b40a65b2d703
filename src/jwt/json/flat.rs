//! The short way through a plain JSON object, which most headers and claims sets are: few members,
//! strings without escapes, whole numbers, lists of strings. It never refuses: whatever is not plain,
//! or not right, is left to the reader for all objects, and both read a plain one alike.

use std::borrow::Cow;

use super::Value;

/// Most members read here: their names are compared one by one.
const MEMBERS_MAX: usize = 12;
/// Digits a double holds exactly, whatever they are.
const DIGITS_MAX: usize = 15;

/// Reads the object `text` into `read`, to which `visit` adds each member; `None` when it is not
/// plain, and `read` is then left with some of it.
pub(super) fn read<'t, T>(
    text: &'t str,
    read: &mut T,
    visit: impl Fn(&mut T, &str, Value<'t>),
) -> Option<()> {
    let mut names = [""; MEMBERS_MAX];
    let mut rest = Rest(text);
    rest.take(b'{')?;
    for count in 0..MEMBERS_MAX {
        let name = rest.string()?;
        // Byte by byte: names are short, and a call that compares memory would cost more.
        let same = |other: &&str| other.len() == name.len() && other.bytes().eq(name.bytes());
        if names.iter().take(count).any(same) {
            return None;
        }
        *names.get_mut(count)? = name;
        rest.take(b':')?;
        visit(read, name, rest.value()?);
        if rest.take(b',').is_none() {
            rest.take(b'}')?;
            rest.skip_space();
            return rest.0.is_empty().then_some(());
        }
    }
    None
}

/// What is not read yet.
struct Rest<'t>(&'t str);

impl<'t> Rest<'t> {
    fn first(&self) -> Option<u8> {
        self.0.as_bytes().first().copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.first()
            && self.skip(1).is_some()
        {}
    }

    /// Steps over `bytes` bytes and returns them.
    fn skip(&mut self, bytes: usize) -> Option<&'t str> {
        let (skipped, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(skipped)
    }

    /// Steps over white space and then `byte`.
    fn take(&mut self, byte: u8) -> Option<()> {
        self.skip_space();
        if self.first()? != byte {
            return None;
        }
        self.skip(1).map(|_| ())
    }

    fn value(&mut self) -> Option<Value<'t>> {
        self.skip_space();
        match self.first()? {
            b'"' => Some(Value::String(Cow::Borrowed(self.string()?))),
            b'0'..=b'9' => self.whole_number().map(Value::Number),
            b'[' => self.strings().map(Value::Strings),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'n' => self.word("null", Value::Other),
            _ => None,
        }
    }

    fn string(&mut self) -> Option<&'t str> {
        self.take(b'"')?;
        let end = end_of_plain(self.0.as_bytes())?;
        let string = self.skip(end)?;
        (self.skip(1)? == "\"").then_some(string)
    }

    /// At least one: none is left to the other reader.
    fn strings(&mut self) -> Option<Vec<Cow<'t, str>>> {
        self.take(b'[')?;
        let mut strings = Vec::new();
        loop {
            strings.push(Cow::Borrowed(self.string()?));
            if self.take(b',').is_none() {
                self.take(b']')?;
                return Some(strings);
            }
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "so few digits fit")]
    fn whole_number(&mut self) -> Option<f64> {
        let count = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let digits = self.skip(count)?;
        // What follows must be a comma or a bracket, so a fraction or an exponent ends the short way.
        if count > DIGITS_MAX || (count > 1 && digits.starts_with('0')) {
            return None;
        }
        let number = digits.bytes().fold(0_u64, |number, digit| {
            number.wrapping_mul(10).wrapping_add(u64::from(digit & 0xf))
        });
        Some(number as f64)
    }

    fn word(&mut self, word: &str, value: Value<'t>) -> Option<Value<'t>> {
        (self.skip(word.len())? == word).then_some(value)
    }
}

/// Where the first byte stands that ends a string or needs another reader: a quote, a backslash, a
/// control character.
fn end_of_plain(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let (words, tail) = bytes.as_chunks::<8>();
    let mut before: usize = 0;
    for word in words {
        // Eight bytes at once. A byte below n, both under 128, borrows when n is taken from it, which
        // shows in its high bit; the lowest one that shows is never a false one.
        let word = u64::from_le_bytes(*word);
        let below = |word: u64, n: u64| word.wrapping_sub(ONES.wrapping_mul(n)) & !word & HIGHS;
        let is = |byte: u8| below(word ^ ONES.wrapping_mul(u64::from(byte)), 1);
        let found = below(word, 0x20) | is(b'"') | is(b'\\');
        if found != 0 {
            return before.checked_add((found.trailing_zeros() >> 3) as usize);
        }
        before = before.saturating_add(8);
    }
    let ends = |byte: &u8| *byte < b' ' || *byte == b'"' || *byte == b'\\';
    tail.iter().position(ends)?.checked_add(before)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn names(text: &str) -> Option<Vec<String>> {
        let mut names = Vec::new();
        read(text, &mut names, |names, name, _| names.push(name.to_owned())).map(|()| names)
    }

    #[test]
    fn the_usual_header_and_claims_set_go_the_short_way() {
        for (text, members) in [
            (r#"{"alg":"HS256","typ":"at+jwt","kid":"k1"}"#, ["alg", "typ", "kid"]),
            (r#"{"aud":["a","b"],"exp":1800000000,"ok":true}"#, ["aud", "exp", "ok"]),
            ("{ \"sub\": \"\u{eb}\",\n\t\"sid\": null, \"n\": 0 }\r\n", ["sub", "sid", "n"]),
        ] {
            assert_eq!(names(text).unwrap(), members, "{text}");
        }
    }

    #[test]
    fn a_string_ends_at_the_first_byte_that_is_not_plain_wherever_it_stands() {
        for end in 0..=40 {
            for plain in ["x", " ", "!", "#", "[", "]", "\u{7f}", "\u{eb}", "\u{a0}"] {
                for special in ["\"", "\\", "\n", "\0", "\u{1f}"] {
                    let before = plain.repeat(end);
                    for after in ["", "\"", "\\\u{1}#!x", "#!x\u{ff}xxxxxxxxxxxxxxxx"] {
                        let text = format!("{before}{special}{after}");
                        assert_eq!(end_of_plain(text.as_bytes()), Some(before.len()), "{text:?}");
                    }
                    assert_eq!(end_of_plain(before.as_bytes()), None);
                }
            }
        }
    }

    #[test]
    fn what_is_not_plain_is_left_to_the_reader_for_all() {
        for value in [
            r#""\n""#,
            "\"\n\"",
            "-1",
            "1.5",
            "1e3",
            "01",
            "1234567890123456",
            "{}",
            "[]",
            "[1]",
            "[\"a\",]",
            "nul",
            "truer",
            "\"",
            "",
        ] {
            assert_eq!(names(&format!("{{\"a\":{value}}}")), None, "{value}");
        }
        for text in ["{}", "{\"a\":1,\"a\":1}", "{\"a\":1,}", "{\"a\":1}x", "{\"a\":1", "[\"a\"]"] {
            assert_eq!(names(text), None, "{text}");
        }
    }

    #[test]
    fn twelve_members_go_the_short_way_and_thirteen_do_not() {
        let object = |count| {
            let members: Vec<_> = (0..count).map(|name| format!("\"{name}\":0")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert_eq!(names(&object(12)).map(|names| names.len()), Some(12));
        assert_eq!(names(&object(13)), None);
    }
}
