//! A connection to a server of lines and counted bytes: redis and memcached both speak so.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::program::Program;

/// How long a server may take to listen, to load its file, and to answer.
const PATIENCE: Duration = Duration::from_secs(90);

/// What is sent waits here until an answer is wanted.
pub(crate) struct Client {
    stream: BufReader<UnixStream>,
    unsent: Vec<u8>,
}

/// What redis answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    /// `+…` and `:…`, without the sign.
    Line(String),
    Bytes(Vec<u8>),
    Nothing,
}

impl Client {
    /// Connects as soon as the server listens.
    pub(crate) fn connect(server: &mut Program<'_>, socket: &Path) -> Result<Self, String> {
        let start = Instant::now();
        loop {
            match UnixStream::connect(socket) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(PATIENCE)).map_err(said)?;
                    return Ok(Self { stream: BufReader::new(stream), unsent: Vec::new() });
                }
                Err(error) if start.elapsed() > PATIENCE => return Err(format!("its socket: {error}")),
                Err(_) => sleep(Duration::from_millis(10)),
            }
            server.lives()?;
        }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.unsent.extend_from_slice(bytes);
    }

    pub(crate) fn line(&mut self) -> Result<String, String> {
        self.stream.get_mut().write_all(&self.unsent).map_err(said)?;
        self.unsent.clear();
        let mut line = String::new();
        if self.stream.read_line(&mut line).map_err(said)? == 0 {
            return Err("the connection was closed".into());
        }
        line.truncate(line.trim_end().len());
        Ok(line)
    }

    /// So many bytes, and the end of line behind them.
    pub(crate) fn bytes(&mut self, count: usize) -> Result<Vec<u8>, String> {
        let mut bytes = vec![0; count + 2];
        self.stream.read_exact(&mut bytes).map_err(said)?;
        bytes.truncate(count);
        Ok(bytes)
    }

    /// One command of redis, not waited for.
    pub(crate) fn ask(&mut self, words: &[&[u8]]) {
        self.send(format!("*{}\r\n", words.len()).as_bytes());
        for word in words {
            self.send(format!("${}\r\n", word.len()).as_bytes());
            self.send(word);
            self.send(b"\r\n");
        }
    }

    /// The next answer of redis.
    pub(crate) fn answer(&mut self) -> Result<Answer, String> {
        let line = self.line()?;
        match line.split_at_checked(1) {
            Some(("+" | ":", rest)) => Ok(Answer::Line(rest.into())),
            Some(("$", "-1")) => Ok(Answer::Nothing),
            Some(("$", count)) => {
                let count = count.parse().map_err(|_| format!("it answers {line:?}"))?;
                self.bytes(count).map(Answer::Bytes)
            }
            _ => Err(format!("it answers {line:?}")),
        }
    }

    /// One command of redis and its answer, as text.
    pub(crate) fn redis(&mut self, words: &str) -> Result<String, String> {
        let words: Vec<&[u8]> = words.split(' ').map(str::as_bytes).collect();
        self.ask(&words);
        match self.answer()? {
            Answer::Line(line) => Ok(line),
            Answer::Bytes(bytes) => Ok(String::from_utf8_lossy(&bytes).into()),
            Answer::Nothing => Ok(String::new()),
        }
    }
}

fn said(error: io::Error) -> String {
    format!("the connection: {error}")
}
