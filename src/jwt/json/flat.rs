//! The short way through a plain JSON object, which most headers and claims sets are: few members,
//! strings without escapes, whole numbers, lists of strings. It never refuses: whatever is not plain,
//! or not right, is left to the reader for all objects, and both read a plain one alike.

use std::borrow::Cow;

use super::Value;

/// Most members read here: their names are compared one by one.
const MEMBERS_MAX: usize = 12;
/// Digits a double holds exactly, whatever they are.
const DIGITS_MAX: usize = 15;

type Member<'t> = (&'t str, Value<'t>);

/// The members of the object `text` in order; `None` when it is not plain.
pub(super) fn read(text: &str) -> Option<impl Iterator<Item = Member<'_>>> {
    let mut members = [const { None }; MEMBERS_MAX];
    let mut rest = Rest(text);
    rest.take(b'{')?;
    for count in 0..MEMBERS_MAX {
        let name = rest.string()?;
        rest.take(b':')?;
        let value = rest.value()?;
        if members.iter().flatten().any(|(other, _)| *other == name) {
            return None;
        }
        *members.get_mut(count)? = Some((name, value));
        if rest.take(b',').is_none() {
            rest.take(b'}')?;
            rest.skip_space();
            return rest.0.is_empty().then(|| members.into_iter().flatten());
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
        let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
        let end = self.0.bytes().position(|byte| !plain(byte))?;
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

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn names(text: &str) -> Option<Vec<&str>> {
        read(text).map(|members| members.map(|(name, _)| name).collect())
    }

    #[test]
    fn the_usual_header_and_claims_set_go_the_short_way() {
        for (text, members) in [
            (r#"{"alg":"HS256","typ":"at+jwt","kid":"k1"}"#, ["alg", "typ", "kid"]),
            (r#"{"aud":["a","b"],"exp":1800000000,"ok":true}"#, ["aud", "exp", "ok"]),
            ("{ \"sub\": \"\u{eb}\",\n\t\"sid\": null, \"n\": 0 }\r\n", ["sub", "sid", "n"]),
        ] {
            assert_eq!(names(text).as_deref(), Some(&members[..]), "{text}");
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
