//! Memcached with eviction: values of changing sizes, read back, by clients that come and go.

use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::known::Known;
use crate::program::Program;
use crate::stage::{Role, Stage};

/// Many more than fit.
const KEYS: usize = 40_000;
const KEYS_A_ROUND: usize = 400;
/// It reads no further requests while its answers are not taken: so many fit what a socket holds.
const KEYS_AT_ONCE: usize = 100;
const CLIENTS: usize = 8;
/// Rounds of one connection.
const ROUNDS: usize = 20;
/// Between two rounds: the others shall run too.
const REST: Duration = Duration::from_millis(60);

/// One server to the end.
pub(crate) fn drive(stage: &Stage, role: Role) -> Result<(), String> {
    let socket = stage.folder.path("memcached");
    let mut command = Command::new("memcached");
    // Told a user only because it runs for no root without.
    command.args(["-u", "root", "-m", "32", "-t", "4", "-s"]).arg(&socket);
    let mut server = Program::start(stage, role, 0, &command)?;
    let mut clients = Vec::new();
    let (mut known, mut round) = (Known::new(KEYS), 0);
    let end = stage.end_of_turn(role);
    while Instant::now() < end {
        if round % ROUNDS == 0 {
            clients.clear();
            clients = connect(&mut server, &socket)?;
            stage.count(role, "connections", clients.len() as u64);
        }
        let Some(client) = clients.get_mut(round % CLIENTS) else { break };
        let pairs = known.write(KEYS_A_ROUND);
        set(client, &pairs)?;
        // What was written by the other connections as well.
        let (newest, _) = pairs[pairs.len() - 1];
        let keys: Vec<usize> = (0..2 * KEYS_A_ROUND).map(|back| (newest + KEYS - back * 7) % KEYS).collect();
        let mut right = 0;
        for keys in keys.chunks(KEYS_AT_ONCE) {
            right += get(client, &known, keys)?;
        }
        if right == 0 {
            return Err("none of the known keys is left".into());
        }
        stage.count(role, "values right", right);
        server.lives()?;
        round += 1;
        sleep(REST);
    }
    server.is_served()?;
    server.end()
}

fn connect(server: &mut Program<'_>, socket: &Path) -> Result<Vec<Client>, String> {
    (0..CLIENTS).map(|_| Client::connect(server, socket)).collect()
}

fn set(client: &mut Client, pairs: &[(usize, Vec<u8>)]) -> Result<(), String> {
    for (key, value) in pairs {
        client.send(format!("set known:{key} 0 0 {}\r\n", value.len()).as_bytes());
        client.send(value);
        client.send(b"\r\n");
    }
    for _ in pairs {
        match client.line()?.as_str() {
            "STORED" => {}
            line => return Err(format!("it answers {line:?}")),
        }
    }
    Ok(())
}

/// How many were there, with the right values.
fn get(client: &mut Client, known: &Known, keys: &[usize]) -> Result<u64, String> {
    for key in keys {
        client.send(format!("get known:{key}\r\n").as_bytes());
    }
    let mut right = 0;
    for &key in keys {
        let head = client.line()?;
        if head == "END" {
            continue;
        }
        let count = head.rsplit(' ').next().and_then(|count| count.parse().ok());
        let value = client.bytes(count.ok_or_else(|| format!("it answers {head:?}"))?)?;
        known.check(key, &value)?;
        if client.line()? != "END" {
            return Err("a value has no end".into());
        }
        right += 1;
    }
    Ok(right)
}
