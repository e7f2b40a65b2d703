//! Strict reading of a JSON object: duplicate members refused at any depth, nesting bounded,
//! no tree built.
//!
//! RFC 7519 section 4 leaves duplicates to the parser; parsers that disagree are how a token means
//! one thing to us and another to the service behind us.

#[cfg(all(test, not(target_arch = "wasm32")))]
mod agreement;
#[cfg(feature = "fuzzing")]
mod exposed;
mod flat;

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

#[cfg(feature = "fuzzing")]
pub(super) use exposed::{members_the_long_way, members_the_short_way};

/// Deepest nesting accepted, the outer object counted.
const DEPTH_MAX: u8 = 32;

/// A member's value as far as a claims check needs it.
#[derive(Debug, PartialEq)]
pub(super) enum Value<'de> {
    Bool(bool),
    Number(f64),
    String(Cow<'de, str>),
    /// An array of strings only.
    Strings(Vec<Cow<'de, str>>),
    /// Null, an object, or an array with anything else in it.
    Other,
}

/// Reads `text` as one JSON object into `read`, to which `visit` adds each member. (In place: in
/// WebAssembly each move of a large value is a call.)
///
/// # Errors
/// In fixed words: not JSON, not an object, a duplicate member, nested too deeply.
pub(super) fn read_object<'de, T: Default>(
    text: &'de str,
    read: &mut T,
    visit: impl Fn(&mut T, &str, Value<'de>),
) -> Result<(), &'static str> {
    if flat::read(text, read, &visit).is_some() {
        return Ok(());
    }
    *read = T::default();
    read_any_object(text, |name, value| visit(read, name, value))
}

fn read_any_object<'de>(
    text: &'de str,
    visit: impl FnMut(&str, Value<'de>),
) -> Result<(), &'static str> {
    let fault = Cell::new(None);
    let mut json = serde_json::Deserializer::from_str(text);
    let seed = Object { fault: &fault, visit };
    let outcome = seed.deserialize(&mut json).and_then(|()| json.end());
    match (outcome, fault.get()) {
        (Ok(()), _) => Ok(()),
        (Err(_), Some(reason)) => Err(reason),
        (Err(_), None) => Err("not JSON"),
    }
}

/// Whether `text` is one JSON object without duplicate members and not nested too deeply.
///
/// # Errors
/// In fixed words: what it is instead.
pub fn check_object(text: &str) -> Result<(), &'static str> {
    read_object(text, &mut (), |(), _, _| ())
}

/// The names of the members of the JSON object `text`, in order.
///
/// # Errors
/// As [`check_object`].
pub fn member_names(text: &str) -> Result<Vec<String>, &'static str> {
    let mut names = Vec::new();
    read_object(text, &mut names, |names, name, _| names.push(name.to_owned()))?;
    Ok(names)
}

/// The member `name` of the JSON object `text`, when there is one and it is a string.
pub(super) fn string_member<'t>(text: &'t str, name: &str) -> Option<Cow<'t, str>> {
    let mut found = None;
    read_object(text, &mut found, |found, member, value| {
        if let (true, Value::String(string)) = (member == name, value) {
            *found = Some(string);
        }
    })
    .ok()?;
    found
}

type Fault = Cell<Option<&'static str>>;

struct Object<'f, F> {
    fault: &'f Fault,
    visit: F,
}

impl<'de, F: FnMut(&str, Value<'de>)> DeserializeSeed<'de> for Object<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        self.fault.set(Some("not a JSON object"));
        json.deserialize_map(self)
    }
}

impl<'de, F: FnMut(&str, Value<'de>)> Visitor<'de> for Object<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        self.fault.set(None);
        let mut names = Names::default();
        while let Some(name) = next_name(&mut map, &mut names, self.fault)? {
            let value = map.next_value_seed(Member { fault: self.fault, depth: 1 })?;
            (self.visit)(&name, value);
        }
        Ok(())
    }
}

/// The next member's name, unless it was there before.
fn next_name<'de, A: MapAccess<'de>>(
    map: &mut A,
    names: &mut Names<'de>,
    fault: &Fault,
) -> Result<Option<Cow<'de, str>>, A::Error> {
    let Some(Name(name)) = map.next_key::<Name<'de>>()? else { return Ok(None) };
    if !names.insert(name.clone()) {
        fault.set(Some("duplicate member"));
        return Err(A::Error::custom("duplicate member"));
    }
    Ok(Some(name))
}

/// The member names of one object so far. Most have few, which are compared one by one; past that, a
/// set keeps an object of thousands from taking quadratic time.
#[derive(Default)]
struct Names<'de> {
    few: Vec<Cow<'de, str>>,
    many: BTreeSet<Cow<'de, str>>,
}

impl<'de> Names<'de> {
    const FEW_MAX: usize = 12;

    /// Whether `name` was not there before.
    fn insert(&mut self, name: Cow<'de, str>) -> bool {
        if self.few.contains(&name) {
            return false;
        }
        if self.few.len() < Self::FEW_MAX {
            self.few.push(name);
            return true;
        }
        self.many.insert(name)
    }
}

/// A member name, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// One value below the top; `depth` counts the containers around it.
#[derive(Clone, Copy)]
struct Member<'f> {
    fault: &'f Fault,
    depth: u8,
}

impl Member<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= DEPTH_MAX {
            self.fault.set(Some("nested too deeply"));
            return Err(E::custom("nested too deeply"));
        }
        Ok(Self { depth: self.depth.saturating_add(1), ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Member<'_> {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Value<'de>, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Other)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value<'de>, E> {
        Ok(Value::Number(value))
    }

    #[allow(clippy::cast_precision_loss, reason = "far out of any range a claim may have")]
    fn visit_u64<E>(self, value: u64) -> Result<Value<'de>, E> {
        Ok(Value::Number(value as f64))
    }

    #[allow(clippy::cast_precision_loss, reason = "far out of any range a claim may have")]
    fn visit_i64<E>(self, value: i64) -> Result<Value<'de>, E> {
        Ok(Value::Number(value as f64))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::String(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value<'de>, E> {
        Ok(Value::String(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value<'de>, A::Error> {
        let element = self.deeper()?;
        let mut strings = Some(Vec::new());
        while let Some(value) = seq.next_element_seed(element)? {
            match (value, &mut strings) {
                (Value::String(string), Some(strings)) => strings.push(string),
                _ => strings = None,
            }
        }
        Ok(strings.map_or(Value::Other, Value::Strings))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value<'de>, A::Error> {
        let member = self.deeper()?;
        let mut names = Names::default();
        while next_name(&mut map, &mut names, self.fault)?.is_some() {
            map.next_value_seed(member)?;
        }
        Ok(Value::Other)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn read(text: &str) -> Result<Vec<String>, &'static str> {
        member_names(text)
    }

    #[test]
    fn hands_over_every_member_in_order() {
        assert_eq!(read(r#"{"b":1,"a":[{"x":null}]}"#).unwrap(), ["b", "a"]);
    }

    #[test]
    fn refuses_duplicates_at_any_depth_and_however_they_are_spelled() {
        for text in [
            r#"{"exp":1,"exp":2}"#,
            r#"{"exp":1,"\u0065xp":2}"#,
            r#"{"a":{"b":1,"b":1}}"#,
            r#"{"a":[[{"b":1,"b":1}]]}"#,
        ] {
            assert_eq!(read(text), Err("duplicate member"), "{text}");
        }
    }

    #[test]
    fn refuses_a_duplicate_among_many_wherever_it_stands() {
        let members = |names: &[usize]| {
            let members: Vec<_> = names.iter().map(|name| format!("\"{name}\":0")).collect();
            format!("{{{}}}", members.join(","))
        };
        for count in [2, 12, 13, 14, 40] {
            let names: Vec<usize> = (0..count).collect();
            assert_eq!(read(&members(&names)).unwrap().len(), count);
            for again in 0..count {
                let twice = [names.as_slice(), &[again]].concat();
                assert_eq!(read(&members(&twice)), Err("duplicate member"), "{count} {again}");
            }
        }
    }

    #[test]
    fn bounds_the_nesting() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(31)).is_ok());
        assert_eq!(read(&nested(32)), Err("nested too deeply"));
        assert_eq!(read(&nested(8000)), Err("nested too deeply"));
    }

    #[test]
    fn refuses_what_is_not_one_json_object() {
        for text in ["[]", "1", "null", "\"x\""] {
            assert_eq!(read(text), Err("not a JSON object"), "{text}");
        }
        for text in ["", "{", "{}{}", "{} x", "\u{feff}{}", "{'a':1}", "{\"a\":1,}", "{\"a\":NaN}"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn accepts_whitespace_around_the_object() {
        assert!(read(" {} \n").is_ok());
    }
}
