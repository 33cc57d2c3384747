//! Start and end of the process: settings are read, forks are made safe, the table is printed.
//!
//! The loader calls malloc before any of this runs; until then the defaults are in force.

#![allow(unsafe_code, reason = "reads the environment, registers with the C library")]

use core::ffi::{CStr, c_char, c_int, c_ulong};
use core::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use hakmem_alloc::seam::line::{self, Line};
use hakmem_alloc::seam::process::{ALLOCATOR, SURVIVE_FAULTS};
use hakmem_alloc::seam::{fork, purge_thread, slow};
use hakmem_core::seam::{TABLE, Unit};
use hakmem_core::{BadSetting, Harden, PageProvider, Settings};

use crate::{crash, cxx, foreign, misuse, pass_through, refused, sized, table, traces};

const AT_SECURE: c_ulong = 23;
const WRITE_ONLY: c_int = 1;
const CREATE: c_int = 0o100;
const APPEND: c_int = 0o2000;
const CLOSE_ON_EXEC: c_int = 0o2_000_000;

static STATS: AtomicBool = AtomicBool::new(false);

unsafe extern "C" {
    /// The C library's own word for it: 1 while there never was another thread.
    static __libc_single_threaded: AtomicU8;

    fn getauxval(kind: c_ulong) -> c_ulong;
    fn open(path: *const c_char, flags: c_int, ...) -> c_int;
    fn close(file: c_int) -> c_int;
}

/// Run by the loader before the program's own constructors.
#[used]
#[unsafe(link_section = ".init_array")]
static START: extern "C" fn(c_int, *const *const c_char, *const *const c_char) = start;

/// Run by the loader after the program's own destructors.
#[used]
#[unsafe(link_section = ".fini_array")]
static END: extern "C" fn() = end;

extern "C" fn start(_: c_int, _: *const *const c_char, environment: *const *const c_char) {
    foreign::prepare();
    // SAFETY: a byte of the C library's, which another thread's start changes.
    purge_thread::watch(unsafe { &__libc_single_threaded });
    if !is_secure() {
        configure(environment);
    }
    fork::arm();
}

/// True if the process has more rights than who started it. The kernel's words to the process stand behind its first
/// environment; a library that is loaded late may be shown another.
fn is_secure() -> bool {
    // SAFETY: getauxval only reads them.
    unsafe { getauxval(AT_SECURE) != 0 }
}

extern "C" fn end() {
    if STATS.load(Ordering::Relaxed) {
        table::print();
    }
    // SAFETY: a byte of the C library's, which another thread's start changes.
    if unsafe { &__libc_single_threaded }.load(Ordering::Relaxed) != 0 {
        // SAFETY: there is no other thread.
        if let Some(fault) = unsafe { ALLOCATOR.find_changed() } {
            misuse::tell(b"exit", fault);
        }
    }
}

/// Calls `each` with name and value of every variable of ours, the prefix taken off.
fn for_each_variable(mut each: impl FnMut(&'static [u8], &'static [u8]), environment: *const *const c_char) {
    let mut at = environment;
    // SAFETY: the environment is an array of pointers that ends with null.
    while let Some(text) = unsafe { at.as_ref() }.filter(|text| !text.is_null()) {
        // SAFETY: each is a C string that stays for the process's life.
        let text = unsafe { CStr::from_ptr(*text) }.to_bytes();
        if let Some(ours) = text.strip_prefix(b"HAKMEM_")
            && let Some(middle) = ours.iter().position(|&byte| byte == b'=')
            && let (Some(name), Some(value)) = (ours.get(..middle), ours.get(middle + 1..))
        {
            each(name, value);
        }
        at = at.wrapping_add(1);
    }
}

fn configure(environment: *const *const c_char) {
    let mut settings = Settings::new();
    let mut report_file = None;
    let mut set = |name: &'static [u8], value: &'static [u8]| {
        match name {
            b"CONF" => settings.set_all(value, complain),
            // Read by the program `hakmem` and the tests, not by us.
            b"LIBRARY" | b"TEST_LIB" => {}
            b"REPORT_FILE" => report_file = Some(value),
            _ => {
                if let Err(why) = settings.set(name, value) {
                    complain(name, value, why);
                }
            }
        };
    };
    for_each_variable(
        |name, value| {
            if name == b"CONF" {
                set(name, value)
            }
        },
        environment,
    );
    for_each_variable(
        |name, value| {
            if name != b"CONF" {
                set(name, value)
            }
        },
        environment,
    );
    SURVIVE_FAULTS.store(settings.survive_faults, Ordering::Relaxed);
    STATS.store(settings.stats, Ordering::Relaxed);
    let traced = settings.crash_message || settings.guard_rate > 0;
    // Many programs close their stderr before the end.
    if settings.stats || traced || settings.oom_report {
        // SAFETY: stderr.
        unsafe { line::redirect(2) };
    }
    if let Some(path) = report_file {
        report_to(path);
    }
    if settings.oom_report {
        refused::watch();
    }
    // Before anything is guarded: what this takes would be.
    if traced {
        traces::begin();
        crash::watch();
    }
    if settings.pass_through {
        pass_through::begin();
        // All that counts is that the fast paths close.
        slow::apply(&Settings::new().with(|settings| settings.pass_through = true));
    } else if !pass_through::is_on() {
        slow::apply(&settings);
        if settings.harden.contains(Harden::SIZES) {
            sized::watch();
            cxx::go_sized();
        }
    }
    if settings.verbose {
        banner();
    }
}

/// Has every line written to the end of a file from now on; `path` is the end of a C string.
fn report_to(path: &[u8]) {
    // SAFETY: a plain file; the path ends with 0, as the variable does.
    let file = unsafe { open(path.as_ptr().cast(), WRITE_ONLY | CREATE | APPEND | CLOSE_ON_EXEC, 0o644) };
    if file < 0 {
        Line::new().text(b"report_file: '").text(path).text(b"' cannot be written").print();
        return;
    }
    // SAFETY: opened above.
    unsafe { line::redirect(file) };
    // SAFETY: opened above, and nobody has seen it.
    unsafe { close(file) };
}

/// One line about a setting that was not taken.
#[cold]
fn complain(name: &[u8], value: &[u8], why: BadSetting) {
    let mut line = Line::new();
    match why {
        BadSetting::UnknownName { nearest } => {
            line.text(b"unknown setting '").text(name).text(b"' (did you mean ").text(nearest.as_bytes()).text(b"?)");
        }
        BadSetting::BadValue { row } => {
            let Some(row) = TABLE.get(row) else { return };
            line.text(b"setting ").text(name).text(b": '").text(value).text(b"' is not ");
            match row.unit {
                Unit::Switch => line.text(b"0 or 1"),
                Unit::SwitchOrAuto => line.text(b"0, 1 or auto"),
                Unit::Count => line.text(b"a number up to ").number(row.most),
                Unit::Milliseconds => line.text(b"milliseconds up to ").number(row.most),
                Unit::Bytes => line.text(b"bytes (K, M, G may follow) up to ").number(row.most),
                Unit::Words(words) => words.iter().enumerate().fold(&mut line, |line, (at, word)| {
                    line.text(if at == 0 { b"" } else { b" or " }).text(word.as_bytes())
                }),
            };
        }
    }
    line.print();
}

fn banner() {
    let pid = u64::from(rustix::process::getpid().as_raw_nonzero().get().unsigned_abs());
    let mut line = Line::new();
    line.text(env!("CARGO_PKG_VERSION").as_bytes());
    if let Some(reason) = pass_through::reason() {
        return line.text(b" passes on what process ").number(pid).text(b" asks: ").text(reason).print();
    }
    if let Some(malloc) = foreign::goes_before_us(c"malloc") {
        line.text(b" is loaded in process ").number(pid).text(b", but malloc is that of ");
        line.text(traces::path_around(malloc.addr().get()));
        return line.text(b", which goes first").print();
    }
    line.text(b" serves process ")
        .number(pid)
        .text(b": pages of ")
        .number(ALLOCATOR.provider().page_bytes() as u64)
        .text(b" bytes")
        .print();
}
