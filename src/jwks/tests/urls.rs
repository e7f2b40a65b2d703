//! Where a key set may be.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn https_anywhere_and_http_on_this_machine() {
    for url in [
        "https://issuer.test/jwks.json",
        "https://issuer.test:8443/a?b=c",
        "https://issuer.test",
        "http://localhost:8080/jwks",
        "http://127.0.0.1/jwks",
        "http://[::1]:1/jwks",
    ] {
        assert!(JwksUrl::new(url).is_ok(), "{url}");
    }
}

#[test]
fn anything_else_is_refused_without_a_word_of_it() {
    let long = format!("https://issuer.test/{}", "a".repeat(2_048));
    for url in [
        "",
        "issuer.test",
        "/jwks.json",
        "https://",
        "http://issuer.test/s3cret",
        "http://localhost.issuer.test/s3cret",
        "http://127.0.0.1.issuer.test/s3cret",
        "http://127.0.0.1@issuer.test/s3cret",
        "https://user:s3cret@issuer.test/",
        "https://issuer.test/#s3cret",
        "ftp://issuer.test/",
        "file:///etc/s3cret",
        "data:application/json,{}",
        "https://issuer.test/a b",
        long.as_str(),
    ] {
        let reason = JwksUrl::new(url).expect_err(url);
        assert!(!reason.contains("s3cret"), "{reason}");
    }
}
