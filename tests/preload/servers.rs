//! Servers under load over the loopback device: what they answer is compared with and without the library.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::child::{Outcome, Running, command, find_or_skip, run};
use crate::library::library;
use crate::scratch::Scratch;

/// A line-based connection.
pub(crate) struct Client(BufReader<TcpStream>);

impl Client {
    /// Connects as soon as the server listens; panics if it dies or takes too long.
    pub(crate) fn connect(server: &mut Running, port: u16) -> Self {
        let start = Instant::now();
        loop {
            if let Ok(stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
                stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a plain socket");
                stream.set_nodelay(true).expect("a plain socket");
                return Self(BufReader::new(stream));
            }
            assert!(server.lives(), "the server died at start:\n{}", server.stderr());
            assert!(start.elapsed() < Duration::from_secs(20), "the server does not listen:\n{}", server.stderr());
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn send(&mut self, text: &[u8]) {
        self.0.get_mut().write_all(text).expect("the server listens");
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("the server answers");
        line.truncate(line.trim_end().len());
        line
    }

    fn bytes(&mut self, count: usize) -> String {
        let mut bytes = vec![0; count + 2];
        self.0.read_exact(&mut bytes).expect("the server answers");
        bytes.truncate(count);
        String::from_utf8(bytes).expect("the values are text")
    }

    /// Redis: one command, one answer of a line or a bulk string.
    pub(crate) fn redis(&mut self, words: &[&str]) -> String {
        let mut text = format!("*{}\r\n", words.len());
        words.iter().for_each(|word| text.push_str(&format!("${}\r\n{word}\r\n", word.len())));
        self.send(text.as_bytes());
        let line = self.line();
        match line.strip_prefix('$').and_then(|count| count.parse::<usize>().ok()) {
            Some(count) => self.bytes(count),
            None => line,
        }
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("the loopback device is up");
    listener.local_addr().expect("a bound socket").port()
}

/// The arguments of a redis server that keeps to itself.
pub(crate) fn redis_arguments(command: &mut Command, folder: &Path, port: u16) {
    command.args(["--bind", "127.0.0.1", "--save", "", "--loglevel", "warning", "--port", &port.to_string(), "--dir"]);
    command.arg(folder);
}

/// The value of the key `at`: every length up to 5,000.
fn value(at: u32) -> String {
    format!("value-{at}-").chars().cycle().take(at as usize * 7 % 5000).collect()
}

#[test]
fn redis() {
    let Some(program) = find_or_skip("redis-server") else { return };
    let bare = redis_session(&program, false);
    assert_eq!(redis_session(&program, true), bare, "redis answers otherwise with the library");
}

/// What a redis server says after a benchmark, a load of ours and a snapshot taken by its forked child.
fn redis_session(program: &Path, served: bool) -> Vec<String> {
    let (folder, port) = (Scratch::new(), free_port());
    let mut server = command(program);
    redis_arguments(&mut server, folder.path(), port);
    if served {
        library().preload(&mut server).env("HAKMEM_STATS", "1");
    }
    let mut server = Running::start(&mut server);
    let mut client = Client::connect(&mut server, port);
    assert_eq!(client.redis(&["PING"]), "+PONG");
    if let Some(benchmark) = find_or_skip("redis-benchmark") {
        let load = "-q -h 127.0.0.1 -n 20000 -c 20 -d 100 -t set,get,incr,lpush,rpush,lpop,sadd,hset,zadd,mset -p";
        let done = run(command(benchmark).args(load.split(' ')).arg(port.to_string()), 120);
        assert_eq!(done.code(), 0, "redis-benchmark: {}{}\n{}", done.text(), done.stderr, server.stderr());
    }
    for at in 0..5000 {
        assert_eq!(client.redis(&["SET", &format!("k{at}"), &value(at)]), "+OK");
        client.redis(&["APPEND", &format!("k{}", at / 3), "more"]);
        if at % 4 == 0 {
            client.redis(&["DEL", &format!("k{}", at / 2)]);
        }
    }
    assert!(client.redis(&["BGSAVE"]).starts_with('+'));
    let start = Instant::now();
    loop {
        let state = client.redis(&["INFO", "persistence"]);
        if state.contains("rdb_bgsave_in_progress:0") {
            assert!(state.contains("rdb_last_bgsave_status:ok"), "BGSAVE failed:\n{state}");
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "BGSAVE does not end");
        thread::sleep(Duration::from_millis(20));
    }
    let mut answers = vec![client.redis(&["DBSIZE"]), client.redis(&["LLEN", "mylist"])];
    answers.extend((0..5000).step_by(61).map(|at| client.redis(&["GET", &format!("k{at}")])));
    client.send(b"SHUTDOWN NOSAVE\r\n");
    let outcome = server.finish(20);
    assert_eq!(outcome.code(), 0, "redis ends badly:\n{}", outcome.stderr);
    if served {
        library().assert_served(&outcome.stderr);
        assert_share(&outcome);
    }
    answers
}

/// Debian's redis is linked with jemalloc: its calls must come to us all the same.
fn assert_share(outcome: &Outcome) {
    if library().is_ours_or_skip("redis-server's share") {
        let line = outcome.library_lines().into_iter().rfind(|line| line.contains("served here: "));
        let share = line.and_then(|line| line.rsplit(": ").next()?.strip_suffix(" %")?.parse::<f64>().ok());
        assert!(share.is_some_and(|share| share >= 99.0), "the share of redis-server is {share:?} %");
    }
}

#[test]
fn memcached() {
    let Some(program) = find_or_skip("memcached") else { return };
    let bare = memcached_session(&program, false);
    assert_eq!(memcached_session(&program, true), bare, "memcached answers otherwise with the library");
}

/// What memcached still holds after 20,000 keys were set, some deleted, some grown.
fn memcached_session(program: &Path, served: bool) -> Vec<String> {
    let port = free_port();
    let mut server = command(program);
    server.args(["-u", "root", "-l", "127.0.0.1", "-U", "0", "-m", "256", "-t", "2", "-p", &port.to_string()]);
    if served {
        library().preload(&mut server);
    }
    let mut server = Running::start(&mut server);
    let mut clients: Vec<_> = (0..4).map(|_| Client::connect(&mut server, port)).collect();
    for batch in (0..20_000u32).collect::<Vec<_>>().chunks(100) {
        let client = &mut clients[batch[0] as usize / 100 % 4];
        let sets = batch.iter().map(|&at| {
            let value = value(at);
            format!("set k{at} {} 0 {}\r\n{value}\r\n", at % 9, value.len())
        });
        let text: String = sets.collect();
        client.send(text.as_bytes());
        batch.iter().for_each(|_| assert_eq!(client.line(), "STORED"));
        client.send(format!("append k{} 0 0 4\r\nmore\r\ndelete k{}\r\n", batch[3], batch[7]).as_bytes());
        assert_eq!((client.line().as_str(), client.line().as_str()), ("STORED", "DELETED"));
    }
    let mut answers = Vec::new();
    for at in 0..20_000 {
        let client = &mut clients[at % 4];
        client.send(format!("get k{at}\r\n").as_bytes());
        let head = client.line();
        if head != "END" {
            let count = head.rsplit(' ').next().and_then(|count| count.parse().ok()).expect("VALUE key flags bytes");
            answers.push(head + &client.bytes(count));
            assert_eq!(client.line(), "END");
        }
    }
    server.signal("TERM");
    let outcome = server.finish(20);
    if served {
        library().assert_served_quietly(&outcome);
    }
    assert_eq!(outcome.code(), 0, "memcached ends badly:\n{}", outcome.stderr);
    answers
}
