//! Addresses are taken as they are needed: what a process may have can change while it runs.

use std::process::Command;

use crate::child::{Outcome, command, find_or_skip, run};
use crate::compiled::Compiled;
use crate::interpreters::python;
use crate::library::library;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

fn program() -> Option<Compiled> {
    Compiled::new("addresses.c", &[])
}

/// The same lines with the library and without, and a good end. Without it glibc has one arena: it maps 128 MiB for each
/// further one, for an instant, and what other threads need in that instant may not fit.
fn same_as_without(program: &Compiled, which: &str, bytes: u64) {
    let bytes = bytes.to_string();
    let bare = run(program.command(&[which, &bytes]).env("MALLOC_ARENA_MAX", "1"), 120);
    let served = program.run(&[which, &bytes], true, 120);
    library().assert_served_quietly(&served);
    assert_eq!(served.text(), bare.text(), "{which} {bytes}: {}", served.stderr);
    assert_eq!((served.code(), bare.code()), (0, 0), "{which} {bytes}: {}", served.text());
}

#[test]
fn a_small_program_has_few_addresses() {
    let Some(program) = program() else { return };
    let size = |served| program.run(&["size"], served, 10).text().trim().parse::<u64>().expect("a number");
    let (bare, served) = (size(false), size(true));
    assert!(served <= bare + 16 * MIB, "VmSize {served}, without us {bare}");
}

#[test]
fn a_limit_that_comes_later_leaves_what_it_leaves_to_any_allocator() {
    let Some(program) = program() else { return };
    for bytes in [160 * MIB, 256 * MIB, GIB, 2 * GIB, 4 * GIB] {
        same_as_without(&program, "lowered", bytes);
    }
}

#[test]
fn a_limit_from_outside_does_too() {
    let Some(program) = program() else { return };
    for bytes in [192 * MIB, GIB] {
        same_as_without(&program, "from_outside", bytes);
    }
}

#[test]
fn a_limit_of_data_does_too() {
    let Some(program) = program() else { return };
    for bytes in [128 * MIB, GIB] {
        same_as_without(&program, "data", bytes);
    }
}

#[test]
fn the_first_call_is_served_out_of_little() {
    let Some(program) = program() else { return };
    for left in [2 * MIB, 3 * MIB, 5 * MIB, 9 * MIB, 20 * MIB] {
        let outcome = program.run(&["first_call", &left.to_string()], true, 10);
        assert_eq!((outcome.code(), outcome.text().as_str()), (0, "held: 100\n"), "{left}: {}", outcome.stderr);
    }
}

#[test]
fn what_is_locked_is_little_more_than_what_is_used() {
    let Some(program) = program() else { return };
    for bytes in [64 * MIB, 200 * MIB, 500 * MIB] {
        let outcome = program.succeeds(&["locked", &bytes.to_string()], 60);
        let percent = outcome.text().trim().parse::<u64>().expect("a number");
        assert!(percent <= 120, "{bytes} bytes in use, {percent} % of what was resident is when all is locked");
    }
}

#[test]
fn neighbours_are_let_be() {
    let Some(program) = program() else { return };
    assert_eq!(program.succeeds(&["crowded"], 120).text(), "ok\n");
}

/// The same of a whole program: its output, and its code.
fn same_program(build: impl Fn() -> Option<Command>) {
    let (Some(mut bare), Some(mut served)) = (build(), build()) else { return };
    let bare = run(&mut bare, 120);
    let served: Outcome = run(library().preload(&mut served), 120);
    assert_eq!((served.code(), served.text()), (bare.code(), bare.text()), "{}", served.stderr);
    assert_eq!(bare.code(), 0, "{}", bare.stderr);
}

#[test]
fn python_goes_on_below_a_limit_of_its_own() {
    let source = "
import resource, sys
bytes = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_AS, (bytes, bytes))
import json, sqlite3, threading
said = []
def work(number):
    said.append((number, len(json.dumps([str(i) * 9 for i in range(50000)])), len(bytearray(3_000_000))))
threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(sorted(said))
base = sqlite3.connect(':memory:')
base.execute('create table t (a, b)')
base.executemany('insert into t values (?, ?)', ((i, 'x' * (i % 500)) for i in range(50000)))
print(base.execute('select count(*), sum(length(b)) from t').fetchone())
try:
    bytearray(bytes)
except MemoryError:
    print('refused', len(bytearray(1_000_000)))
";
    for bytes in [GIB, 2 * GIB, 4 * GIB] {
        same_program(|| {
            let mut command = command(find_or_skip(python())?);
            command.args(["-c", source, &bytes.to_string()]);
            Some(command)
        });
    }
}

#[test]
fn bash_goes_on_below_a_limit_of_its_own() {
    for kilobytes in [GIB / KIB, 2 * GIB / KIB, 4 * GIB / KIB] {
        same_program(|| {
            let mut command = command(find_or_skip("bash")?);
            let line = "ulimit -v $0; x=$(seq 400000); echo ${#x}; for i in 1 2 3; do (y=$x$x; echo ${#y}); done; \
                        python3 -c 'print(len(bytearray(3000000)))'";
            command.args(["-c", line, &kilobytes.to_string()]);
            Some(command)
        });
    }
}

#[test]
fn ruby_goes_on_below_a_limit_of_its_own() {
    let source = "
bytes = ARGV[0].to_i
Process.setrlimit(Process::RLIMIT_AS, bytes, bytes)
threads = 4.times.map { |n| Thread.new { (1..100000).map { |i| i.to_s * 5 }.join.length } }
p threads.map(&:value)
p ('x' * 50_000_000).length
p `echo child`.length
";
    for bytes in [GIB, 2 * GIB, 4 * GIB] {
        same_program(|| {
            let mut command = command(find_or_skip("ruby")?);
            command.args(["-e", source, &bytes.to_string()]);
            Some(command)
        });
    }
}

#[test]
fn a_debuggers_dump_is_as_large_as_what_was_used() {
    let (Some(program), Some(gdb)) = (Compiled::new("crash.c", &[]), find_or_skip("gdb")) else { return };
    let core = program.path().with_file_name("dump");
    let mut debugger = command(gdb);
    debugger.args(["-q", "-nx", "-batch", "-ex", "set startup-with-shell off", "-ex"]);
    debugger.arg(format!("set environment LD_PRELOAD {}", library().shared.display()));
    debugger.args(["-ex", "run", "-ex"]).arg(format!("gcore {}", core.display())).arg(program.path());
    let outcome = run(&mut debugger, 120);
    let bytes = core.metadata().unwrap_or_else(|error| panic!("{error}: {}{}", outcome.text(), outcome.stderr)).len();
    assert!((30 * MIB..100 * MIB).contains(&bytes), "a dump of {bytes} bytes");
}
