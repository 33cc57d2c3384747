//! Redis with eviction: a benchmark's load, values of changing sizes, snapshots, and restarts that must bring back
//! what was there.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::client::{Answer, Client};
use crate::known::Known;
use crate::program::Program;
use crate::stage::{Role, Stage};

/// What redis may hold; it evicts the keys that were not used for longest.
const MOST_MEMORY: &str = "32mb";
const KEYS: usize = 2_000;
/// Rewritten after each run of the benchmark.
const KEYS_A_ROUND: usize = 500;
/// Sizes of the benchmark's values, in turn.
const SIZES: [u32; 6] = [16, 1_000, 100, 4_000, 300, 12_000];
const TESTS: &str = "set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,mset";
/// Keys that a fresh server is filled with, and the bytes of each.
const FILLING: [(u32, u32); 4] = [(30_000, 100), (8_000, 1_000), (3_000, 4_000), (1_000, 12_000)];
/// Of each kind.
const REQUESTS: &str = "1000";
/// A run of the benchmark that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(180);
/// Between two snapshots, at most; in a short run they follow faster.
const SNAPSHOT_EVERY: Duration = Duration::from_secs(20);

/// What must be there again after a restart.
struct Remembered {
    digest: String,
    keys: String,
    present: Vec<bool>,
}

/// One server after another, or one to the end.
pub(crate) fn drive(stage: &Stage, role: Role) -> Result<(), String> {
    let folder = stage.folder.path(role.name.replace(' ', "-"));
    std::fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let (mut known, mut before) = (Known::new(KEYS), None);
    for turn in 0.. {
        if turn > 0 && stage.is_over() {
            break;
        }
        before = Some(Session::start(stage, role, turn, &folder)?.run(&mut known, before)?);
    }
    Ok(())
}

/// One server and our connection to it.
struct Session<'a> {
    stage: &'a Stage,
    role: Role,
    server: Program<'a>,
    client: Client,
    socket: PathBuf,
    end: Instant,
}

impl<'a> Session<'a> {
    fn start(stage: &'a Stage, role: Role, turn: u32, folder: &Path) -> Result<Self, String> {
        let socket = folder.join("socket");
        let mut command = Command::new("redis-server");
        // Saved when it ends, and when we say so. It may hold any amount until the restart was looked at.
        command.args([
            "--port",
            "0",
            "--save",
            "86400 1",
            "--maxmemory-policy",
            "allkeys-lru",
            "--loglevel",
            "warning",
        ]);
        command.args(["--enable-debug-command", "local", "--unixsocket"]).arg(&socket).arg("--dir").arg(folder);
        let end = stage.end_of_turn(role);
        let mut server = Program::start(stage, role, turn, &command)?;
        let mut client = Client::connect(&mut server, &socket)?;
        server.is_served()?;
        let start = Instant::now();
        while client.redis("INFO persistence")?.contains("loading:1") {
            if start.elapsed() > PATIENCE {
                return Err("it does not come to the end of its file".into());
            }
            sleep(Duration::from_millis(20));
        }
        Ok(Self { stage, role, server, client, socket, end })
    }

    /// Loads it until its turn is over, then ends it: what it then held.
    fn run(mut self, known: &mut Known, before: Option<Remembered>) -> Result<Remembered, String> {
        match before {
            Some(before) => self.compare(known, &before)?,
            None => self.fill()?,
        }
        self.client.redis(&format!("CONFIG SET maxmemory {MOST_MEMORY}"))?;
        let every = SNAPSHOT_EVERY.min(self.stage.length / 12);
        let mut last_snapshot = Instant::now();
        for round in 0.. {
            self.load(SIZES[round % SIZES.len()])?;
            self.rewrite(known)?;
            self.read_back(known)?;
            self.server.lives()?;
            if last_snapshot.elapsed() >= every {
                last_snapshot = Instant::now();
                self.await_snapshot()?;
                self.client.redis("BGSAVE")?;
                self.stage.count(self.role, "snapshots", 1);
            }
            if Instant::now() >= self.end {
                break;
            }
        }
        self.await_snapshot()?;
        let present = self.read_back(known)?;
        let keys = self.client.redis("DBSIZE")?;
        let digest = self.client.redis("DEBUG DIGEST")?;
        self.server.end()?;
        Ok(Remembered { digest, keys, present })
    }

    /// More than it may hold, so that it evicts from the start.
    fn fill(&mut self) -> Result<(), String> {
        for (keys, bytes) in FILLING {
            self.client.redis(&format!("DEBUG POPULATE {keys} of{bytes} {bytes}"))?;
        }
        Ok(())
    }

    /// Holds a server that has just loaded its file to what the one before it held.
    fn compare(&mut self, known: &Known, before: &Remembered) -> Result<(), String> {
        let keys = self.client.redis("DBSIZE")?;
        if keys != before.keys {
            return Err(format!("{keys} keys after a restart, {} before", before.keys));
        }
        let digest = self.client.redis("DEBUG DIGEST")?;
        if digest != before.digest {
            return Err(format!("digest {digest} after a restart, {} before", before.digest));
        }
        if self.read_back(known)? != before.present {
            return Err("not the same keys after a restart".into());
        }
        self.stage.count(self.role, "restarts compared", 1);
        Ok(())
    }

    /// One run of the benchmark, which is not served by the library.
    fn load(&self, bytes: u32) -> Result<(), String> {
        let mut client = Command::new("redis-benchmark");
        client.arg("-s").arg(&self.socket).args(["-t", TESTS, "-n", REQUESTS, "-r", "5000", "-c", "16", "-P", "8"]);
        client.args(["-q", "-d", &bytes.to_string()]);
        client.env_remove("LD_PRELOAD").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = client.spawn().map_err(|error| format!("redis-benchmark: {error}"))?;
        let start = Instant::now();
        loop {
            match child.try_wait().map_err(|error| format!("redis-benchmark: {error}"))? {
                Some(status) if status.success() => break,
                Some(status) => return Err(format!("redis-benchmark: {status}")),
                None if start.elapsed() > PATIENCE => {
                    let _ = child.kill().and_then(|()| child.wait());
                    return Err(format!("it does not serve a benchmark in {} s", PATIENCE.as_secs()));
                }
                None => sleep(Duration::from_millis(5)),
            }
        }
        self.stage.count(self.role, "benchmark runs", 1);
        Ok(())
    }

    fn rewrite(&mut self, known: &mut Known) -> Result<(), String> {
        let pairs = known.write(KEYS_A_ROUND);
        for (key, value) in &pairs {
            self.client.ask(&[b"SET", format!("known:{key}").as_bytes(), value]);
        }
        for _ in &pairs {
            self.client.answer()?;
        }
        Ok(())
    }

    /// Reads all keys that we know: which are there. Others were evicted.
    fn read_back(&mut self, known: &Known) -> Result<Vec<bool>, String> {
        for key in 0..known.len() {
            self.client.ask(&[b"GET", format!("known:{key}").as_bytes()]);
        }
        let mut present = Vec::new();
        for key in 0..known.len() {
            let answer = self.client.answer()?;
            if let Answer::Bytes(read) = &answer {
                known.check(key, read)?;
            }
            present.push(answer != Answer::Nothing);
        }
        let read = present.iter().filter(|&&there| there).count();
        if read == 0 {
            return Err("none of the known keys is left".into());
        }
        self.stage.count(self.role, "values right", read as u64);
        Ok(present)
    }

    /// Waits for the last snapshot, which must have succeeded.
    fn await_snapshot(&mut self) -> Result<(), String> {
        let start = Instant::now();
        loop {
            let state = self.client.redis("INFO persistence")?;
            if state.contains("rdb_bgsave_in_progress:0") {
                let good = state.contains("rdb_last_bgsave_status:ok");
                return if good { Ok(()) } else { Err("a snapshot failed".into()) };
            }
            if start.elapsed() > PATIENCE {
                return Err("a snapshot does not end".into());
            }
            sleep(Duration::from_millis(20));
        }
    }
}
