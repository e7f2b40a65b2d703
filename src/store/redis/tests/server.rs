//! A redis-server of a test's own.

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command as Process, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::Duration;

use redis::{Client, Connection, ConnectionAddr, FromRedisValue, IntoConnectionInfo, Value};

use crate::store::StoreError;
use crate::store::redis::{Command, Dialect, Reply, ServerError, Transport};

/// A server in a folder of its own, reached by a socket in it: no port to collide on. It ends, and
/// the folder with it, when the test does.
pub(super) struct Server {
    process: Child,
    folder: PathBuf,
}

impl Server {
    pub(super) fn start() -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("portcullis-redis-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        let started = Process::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
            .arg(folder.join("socket"))
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(fs::File::create(folder.join("log")).unwrap())
            .spawn();
        let process = started.unwrap_or_else(|error| {
            let _ = fs::remove_dir_all(&folder);
            panic!(
                "these tests run a real redis-server and it could not be started ({error}): \
                 install it (Debian: apt-get install redis-server) so that it is on PATH"
            )
        });
        Self { process, folder }
    }

    /// A connection, waiting for the server to be up.
    pub(super) fn connect(&self) -> Connection {
        let address = ConnectionAddr::Unix(self.folder.join("socket"));
        let client = Client::open(address.into_connection_info().unwrap()).unwrap();
        // A machine with other work may start a hundred of them late.
        for _ in 0..2_000 {
            if let Ok(connection) = client.get_connection() {
                return connection;
            }
            sleep(Duration::from_millis(10));
        }
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        panic!("redis-server did not come up within 20 s:\n{log}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A connection to a server of its own, as a transport.
pub(super) struct Resp {
    connection: RefCell<Connection>,
    _server: Server,
}

impl Resp {
    pub(super) fn start() -> Self {
        let server = Server::start();
        Self { connection: RefCell::new(server.connect()), _server: server }
    }

    /// What an operator, or chance, does to the server.
    pub(super) fn run<T: FromRedisValue>(&self, parts: &[&str]) -> T {
        T::from_redis_value(self.query(parts).unwrap()).unwrap()
    }

    /// Sends a command. An error comes back as its text.
    pub(super) fn query<S: AsRef<str>>(&self, parts: &[S]) -> Result<Value, String> {
        let mut command = redis::Cmd::new();
        for part in parts {
            command.arg(part.as_ref());
        }
        command.query(&mut *self.connection.borrow_mut()).map_err(|error| {
            let (code, detail) = (error.code(), error.detail());
            format!("{} {}", code.unwrap_or("ERR"), detail.unwrap_or_default())
        })
    }

    /// How often the server ran each kind of script command.
    pub(super) fn calls(&self, command: &str) -> u64 {
        let statistics: String = self.run(&["INFO", "commandstats"]);
        let wanted = format!("cmdstat_{command}:calls=");
        let line = statistics.lines().find_map(|line| line.strip_prefix(wanted.as_str()));
        line.map_or(0, |line| line.split(',').next().unwrap().parse().unwrap())
    }
}

impl Transport for Resp {
    fn dialect(&self) -> Dialect {
        Dialect::Redis
    }

    async fn call(&self, command: &Command) -> Result<Reply, StoreError> {
        Ok(match self.query(command.parts()) {
            Ok(value) => reply(value),
            Err(message) => Reply::Error(ServerError::classify(&message)),
        })
    }
}

fn reply(value: Value) -> Reply {
    match value {
        Value::Nil => Reply::Nil,
        Value::Int(value) => Reply::Integer(value),
        Value::BulkString(bytes) => Reply::Text(String::from_utf8(bytes).unwrap()),
        Value::SimpleString(text) => Reply::Text(text),
        Value::Okay => Reply::Text("OK".to_owned()),
        Value::Array(values) => Reply::List(values.into_iter().map(reply).collect()),
        other => panic!("{other:?}"),
    }
}
