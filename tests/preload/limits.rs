//! Programs under `ulimit -v` from the start.

use std::process::Command;

use crate::child::{Running, command, find_or_skip, run};
use crate::interpreters::python;
use crate::library::library;
use crate::scratch::Scratch;
use crate::servers::{Client, free_port, redis_arguments};

/// Kilobytes of addresses: a quarter of a gigabyte, and one.
const LIMITS: [u32; 2] = [262_144, 1_048_576];

/// The program with the library under the limit; bash itself runs without.
fn limited(program: &str, kilobytes: u32) -> Option<Command> {
    let (bash, program) = (find_or_skip("bash")?, find_or_skip(program)?);
    let mut command = command(bash);
    library().preload(&mut command);
    let library = command.get_envs().find(|(name, _)| *name == "LD_PRELOAD").and_then(|(_, value)| value);
    let library = library.expect("set above").to_owned();
    let limit = format!("ulimit -v {kilobytes} && LD_PRELOAD=$0 exec \"$@\"");
    command.env_remove("LD_PRELOAD").args(["-c", &limit]).arg(library).arg(program);
    Some(command)
}

#[test]
fn echo() {
    for kilobytes in LIMITS {
        let Some(mut echo) = limited("/bin/echo", kilobytes) else { return };
        let outcome = run(echo.arg("small"), 10);
        assert_eq!(outcome.text(), "small\n", "under {kilobytes} kB: {}", outcome.stderr);
        library().assert_served_quietly(&outcome);
    }
}

#[test]
fn warming_up_does_what_fits() {
    for bytes in ["8M", "64M", "1G"] {
        let Some(mut echo) = limited("/bin/echo", LIMITS[0]) else { return };
        echo.arg("warm").env("HAKMEM_PREWARM_BYTES", bytes).env("HAKMEM_PREWARM_BLOCKS", "100");
        let outcome = run(&mut echo, 10);
        assert_eq!(outcome.text(), "warm\n", "with {bytes}: {}", outcome.stderr);
        library().assert_served_quietly(&outcome);
    }
}

#[test]
fn python_builds_lists() {
    for kilobytes in LIMITS {
        let Some(mut python) = limited(python(), kilobytes) else { return };
        let program = "import json; print(len(json.dumps([str(i) * 9 for i in range(200000)])))";
        let outcome = run(python.args(["-c", program]), 60);
        assert_eq!(outcome.code(), 0, "under {kilobytes} kB: {}", outcome.stderr);
        assert_eq!(outcome.text(), "10600010\n");
        library().assert_served_quietly(&outcome);
    }
}

#[test]
fn what_does_not_fit_fails_and_the_rest_goes_on() {
    let Some(mut python) = limited(python(), LIMITS[0]) else { return };
    let program = "
try:
    bytearray(1 << 30)
except MemoryError:
    print(len([bytearray(1000) for i in range(20000)]))";
    let outcome = run(python.args(["-c", program]), 60);
    assert_eq!((outcome.code(), outcome.text().as_str()), (0, "20000\n"), "{}", outcome.stderr);
}

#[test]
fn redis() {
    for kilobytes in LIMITS {
        let (folder, port) = (Scratch::new(), free_port());
        let Some(mut server) = limited("redis-server", kilobytes) else { return };
        redis_arguments(&mut server, folder.path(), port);
        let mut server = Running::start(&mut server);
        let mut client = Client::connect(&mut server, port);
        assert_eq!(client.redis(&["PING"]), "+PONG");
        for at in 0..2000 {
            assert_eq!(client.redis(&["SET", &format!("k{at}"), &"v".repeat(at)]), "+OK");
        }
        assert_eq!(client.redis(&["GET", "k1234"]), "v".repeat(1234));
        server.signal("TERM");
        let outcome = server.finish(20);
        assert_eq!(outcome.code(), 0, "under {kilobytes} kB: {}", outcome.stderr);
        library().assert_served_quietly(&outcome);
    }
}
