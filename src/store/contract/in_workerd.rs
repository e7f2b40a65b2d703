//! What benches over workerd have in common: where it is, one small exchange with it, and real time.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::UnixMs;

/// Host and port, by the variable that tests/worker/contract.test.mjs sets.
pub(crate) fn address(variable: &str) -> String {
    std::env::var(variable).expect("tests/worker/contract.test.mjs sets it, and runs this")
}

/// Posts a body and returns the status and the one JSON object that comes back, in chunks or not.
pub(crate) fn post(address: &str, body: &str) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address)?;
    let length = body.len();
    let head =
        format!("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}");
    stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap();
    let (from, to) = (body.find('{').unwrap(), body.rfind('}').unwrap());
    Ok((status.parse().unwrap(), body.get(from..=to).unwrap().to_owned()))
}

#[allow(clippy::disallowed_methods, reason = "the store goes by real time, so its caller must")]
pub(crate) fn now() -> UnixMs {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    UnixMs(u64::try_from(since.as_millis()).unwrap())
}

pub(crate) fn pass(ms: u64) {
    sleep(Duration::from_millis(ms));
}
