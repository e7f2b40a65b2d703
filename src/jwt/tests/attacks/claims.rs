//! Times and parties that a lenient reader takes for others.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn exp_refusal(exp: &str) -> (&'static str, Option<&'static str>, String) {
    claim_refusal(&format!(r#"{{"exp":{exp}}}"#), &Policy::default())
}

#[test]
fn an_exp_that_is_no_number_in_range_never_makes_a_token_last() {
    let invalid = ("ERR_JWT_CLAIM_VALIDATION_FAILED", Some("exp"), "invalid".to_owned());
    for exp in [
        r#""1800000060""#,
        r#""NaN""#,
        r#""never""#,
        r#""""#,
        "null",
        "true",
        "[]",
        "[1800000060]",
        "{}",
        r#"{"exp":1800000060}"#,
        "-1",
        "-0.001",
        "-1800000060",
        "-1e300",
        "1e300",
        "1e18",
        // In milliseconds, and the first second of the year 10000.
        "1800000060000",
        "253402300800",
        "9007199254740993",
        "18446744073709551616",
        "123456789012345678901234567890",
    ] {
        assert_eq!(exp_refusal(exp), invalid, "{exp}");
    }
    for exp in [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "-1e999",
        "0x6b49d200",
        "01800000060",
        "1_800_000_060",
        "+1800000060",
        "1800000060.",
        ".5e10",
        "",
    ] {
        assert_eq!(exp_refusal(exp).0, "ERR_JWT_INVALID", "{exp}");
    }
    for exp in ["0", "-0", "1800000000", "1.8e9", "18e8", "1799999999.999", "1e-300"] {
        assert_eq!(exp_refusal(exp).0, "ERR_JWT_EXPIRED", "{exp}");
    }
    for exp in ["1800000000.001", "1.80000006e9", "1800000060.0", "253402300799"] {
        assert!(accepts(&format!(r#"{{"exp":{exp}}}"#), &Policy::default()), "{exp}");
    }
}

#[test]
fn an_issuer_or_audience_that_only_resembles_the_accepted_one_is_refused() {
    let policy = Policy {
        issuers: vec!["https://issuer.example".into()],
        audiences: vec!["https://api.example".into()],
        ..Policy::default()
    };
    let payload = |iss: &str, aud: &str| format!(r#"{{"exp":1800000060,"iss":{iss},"aud":{aud}}}"#);
    let (iss, aud) = (r#""https://issuer.example""#, r#""https://api.example""#);
    assert!(accepts(&payload(iss, aud), &policy));
    for iss in [
        r#""https://issuer.example/""#,
        r#""https://ISSUER.example""#,
        r#""https://issuer.example.evil""#,
        r#""https://issuer.exampl""#,
        r#"" https://issuer.example""#,
        r#""https://issuer.example\u0000""#,
        r#""http://issuer.example""#,
        r#"["https://issuer.example"]"#,
        r#"{"https://issuer.example":1}"#,
    ] {
        assert_eq!(claim_refusal(&payload(iss, aud), &policy).1, Some("iss"), "{iss}");
    }
    for aud in [
        r#""https://api.example/""#,
        r#""https://api.example https://other""#,
        r#"["https://api.example",1]"#,
        r#"[["https://api.example"]]"#,
        r#"{"https://api.example":true}"#,
        "[]",
        "null",
        r#"["https://API.example"]"#,
    ] {
        assert_eq!(claim_refusal(&payload(iss, aud), &policy).1, Some("aud"), "{aud}");
    }
}
