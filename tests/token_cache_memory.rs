//! Measures what a full token cache takes: less than it says it may.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    unsafe_code,
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    reason = "an allocator can only be counted by being one; the rest fails the test, as it should"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use portcullis::UnixMs;
use portcullis::jwt::{
    CacheBounds, JwkSet, KeySet, NewToken, Policy, Signed, TokenCache, mint, select,
};

const NOW: UnixMs = UnixMs(1_700_000_000_000);

struct Counting;

thread_local! {
    /// Of this thread alone: the test runner's own allocates beside it.
    static LIVE: Cell<usize> = const { Cell::new(0) };
}

fn live() -> usize {
    LIVE.get()
}

// SAFETY: every call goes to the system's allocator unchanged; only sizes are counted beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.set(LIVE.get().wrapping_add(layout.size()));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // What another thread took wraps around, and back when it is compared.
        LIVE.set(LIVE.get().wrapping_sub(layout.size()));
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn keys() -> KeySet {
    let set: JwkSet = serde_json::from_str(
        r#"{"keys":[{"kty":"oct","kid":"k1","alg":"HS256","k":"c2VjcmV0LWNhbmFyeS1vZi0zMi1ieXRlcy1sZW5ndGg"}]}"#,
    )
    .unwrap();
    KeySet::from_jwks(&set).unwrap()
}

fn token(keys: &KeySet, number: usize) -> String {
    let new = NewToken {
        issuer: "https://auth.example.com",
        subject: "user_001",
        audience: &["https://api.example.com".to_owned()],
        client_id: "web",
        scope: "read write",
        token_id: &format!("{number:022}"),
        session_id: Some(&format!("{number:022}")),
        lifetime_s: 900,
        claims: "{}",
    };
    mint(&new, keys, NOW).unwrap()
}

fn checked<'t>(token: &'t str, keys: &KeySet) -> Signed<'t> {
    select(token, keys, &Policy::default(), NOW).unwrap().check_signature().unwrap()
}

#[test]
fn a_full_cache_takes_less_memory_than_its_bounds_say_and_not_much_less() {
    let keys = keys();
    // Bound by bytes, and by entries; the latter are 7/8 of a power of two and just above one, where
    // a hash map is best filled and worst.
    for (entries, bytes) in [(1 << 20, 4 << 20), (3_584, 1 << 30), (4_097, 1 << 30)] {
        let before = live();
        let cache = TokenCache::new(CacheBounds { entries, bytes }, [7; 16]);
        let mut text_bytes = 0;
        // Each twice, so that both parts of the cache fill.
        for number in 0..20_000 {
            let token = token(&keys, number);
            let signed = checked(&token, &keys);
            text_bytes = token.len() + signed.payload().len();
            cache.keep(&signed);
            let selected = select(&token, &keys, &Policy::default(), NOW).unwrap();
            assert!(cache.recall(selected).is_ok());
        }
        let ((len, said), taken) = (cache.size(), live().wrapping_sub(before));
        let per_entry = taken / len;
        assert!(len == entries || said > bytes - bytes / 100, "it is full");
        let what = format!("{len} entries, {per_entry} bytes each, {text_bytes} of them text");
        assert!(taken <= said, "{taken} bytes taken, {said} said: {what}");
        assert!(taken > said / 2, "{taken} bytes taken, {said} said, a loose bound: {what}");
        drop((cache, what));
        assert!(live().wrapping_sub(before) <= 64);
    }
}
