//! Redis as a server: how it is started, loaded by redis-benchmark, held to right answers, and ended.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::program::process::Process;

/// How long the server may take to listen, and to answer.
const PATIENCE: Duration = Duration::from_secs(20);
const TESTS: &str = "set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,mset";
/// Asked when the client is done, whose keys are other ones at every run: what the list is left with, and values
/// of every length that are written and read back.
const QUESTION: &str = "EVAL \"\
    local total = 0 \
    for i = 1, 1000 do \
        redis.call('SET', 'own:' .. i, string.rep('x', i)) \
        redis.call('HSET', 'own', i, i * i) \
        total = total + redis.call('STRLEN', 'own:' .. i) + redis.call('HGET', 'own', i) \
    end \
    return {redis.call('LLEN', 'mylist'), total, redis.sha1hex(redis.call('GET', 'own:999'))}\" 0";
/// Two numbers in a list, and a string behind its length.
const ANSWER_LINES: usize = 5;

/// A benchmark against a server on a socket.
pub(super) struct Load {
    pub(super) client: PathBuf,
    pub(super) socket: PathBuf,
    /// Of each kind.
    pub(super) requests: u64,
}

impl Load {
    /// What redis-server is started with: no file, no port.
    pub(super) fn server_arguments(&self) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = ["--port", "0", "--save", "", "--unixsocket"].map(Into::into).into();
        arguments.push(self.socket.clone().into());
        arguments
    }

    /// Runs the client to its end: how long it took. Then the server answers, and is told to end.
    pub(super) fn run(&self, answers: &Path) -> Result<Duration, String> {
        let server = self.connect().map_err(|error| format!("the server's socket: {error}"))?;
        let requests = self.requests.to_string();
        let mut client = Command::new(&self.client);
        client.arg("-s").arg(&self.socket).args(["-t", TESTS, "-n", &requests, "-r", &requests]);
        client.args(["-d", "200", "-c", "16", "-P", "16", "-q"]);
        client.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let (wall, usage) = Process::start(&mut client)?.wait()?;
        if !usage.status.success() {
            return Err(format!("redis-benchmark: {}", usage.status));
        }
        ask(server, answers).map_err(|error| format!("the server's answers: {error}"))?;
        Ok(wall)
    }

    fn connect(&self) -> io::Result<UnixStream> {
        let start = Instant::now();
        loop {
            match UnixStream::connect(&self.socket) {
                Err(_) if start.elapsed() < PATIENCE => sleep(Duration::from_millis(2)),
                outcome => return outcome,
            }
        }
    }
}

fn ask(mut server: UnixStream, answers: &Path) -> io::Result<()> {
    server.set_read_timeout(Some(PATIENCE))?;
    write!(server, "{QUESTION}\r\n")?;
    let mut into = File::create(answers)?;
    for line in BufReader::new(&server).lines().take(ANSWER_LINES) {
        writeln!(into, "{}", line?)?;
    }
    // What is answered in the same breath as the end is never sent.
    write!(server, "SHUTDOWN NOSAVE\r\n")
}
