//! Durations as configured: a number and its unit.

use super::ConfigError;

/// Milliseconds of a duration such as `500ms`, `60s`, `15m`, `24h` or `30d`; `None` when it is not
/// a whole number followed by one of these units.
#[must_use]
pub fn parse_duration_ms(text: &str) -> Option<u64> {
    let digits_end = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits_end)?;
    let unit_ms: u64 = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 60 * 60 * 1000,
        "d" => 24 * 60 * 60 * 1000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit_ms)
}

pub(super) fn at(path: &str, text: &str) -> Result<u64, ConfigError> {
    parse_duration_ms(text).ok_or_else(|| {
        ConfigError::new(path, format!("not a duration such as 60s, 15m or 24h: {text:?}"))
    })
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn every_unit_counts() {
        for (text, ms) in
            [("5ms", 5), ("60s", 60_000), ("15m", 900_000), ("24h", 86_400_000), ("1d", 86_400_000)]
        {
            assert_eq!(parse_duration_ms(text), Some(ms), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "60", "s", "-1s", "1.5s", "1 s", "1h30m", "60S", "99999999999999999999s"] {
            assert_eq!(parse_duration_ms(text), None, "{text}");
        }
        assert_eq!(parse_duration_ms("18446744073709551615d"), None);
    }
}
