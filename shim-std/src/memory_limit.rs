//! What memory the process may have: the machine's, or less where one of its cgroups says so. Read by system calls
//! alone, onto the stack.

#![allow(unsafe_code, reason = "reads files")]

use core::ffi::{CStr, c_char, c_int, c_void};

const O_CLOEXEC: c_int = 0o2_000_000;

unsafe extern "C" {
    fn open(path: *const c_char, flags: c_int, ...) -> c_int;
    fn read(file: c_int, bytes: *mut c_void, count: usize) -> isize;
    fn close(file: c_int) -> c_int;
}

/// A hierarchy of cgroups: where it is mounted, and the files that hold a limit.
struct Hierarchy {
    root: &'static [u8],
    files: &'static [&'static [u8]],
}

const UNIFIED: Hierarchy = Hierarchy { root: b"/sys/fs/cgroup", files: &[b"/memory.max", b"/memory.high"] };
const MEMORY: Hierarchy = Hierarchy { root: b"/sys/fs/cgroup/memory", files: &[b"/memory.limit_in_bytes"] };

/// Bytes of memory that the process may have.
pub(crate) fn bytes() -> usize {
    let machine = rustix::system::sysinfo();
    let memory = (machine.totalram as usize).saturating_mul(machine.mem_unit as usize);
    let mut text = [0; 2048];
    let groups = contents(c"/proc/self/cgroup", &mut text);
    groups.split(|&byte| byte == b'\n').filter_map(limit).fold(memory, usize::min)
}

/// What a file begins with; nothing if it cannot be read.
fn contents<'a>(path: &CStr, text: &'a mut [u8]) -> &'a [u8] {
    // SAFETY: a plain file, read into a plain buffer; what fails ends it.
    let file = unsafe { open(path.as_ptr(), O_CLOEXEC) };
    if file < 0 {
        return &[];
    }
    let mut length = 0;
    while let Some(room) = text.get_mut(length..).filter(|room| !room.is_empty()) {
        // SAFETY: as above; the room is that long.
        match usize::try_from(unsafe { read(file, room.as_mut_ptr().cast(), room.len()) }) {
            Ok(came) if came > 0 => length += came,
            _ => break,
        }
    }
    // SAFETY: opened above.
    unsafe { close(file) };
    text.get(..length).unwrap_or_default()
}

/// The least limit of a group and all those around it, from a line `number:controllers:path`.
fn limit(line: &[u8]) -> Option<usize> {
    let mut fields = line.splitn(3, |&byte| byte == b':').skip(1);
    let controllers = fields.next()?;
    let mut group = fields.next()?;
    let hierarchy = if controllers.is_empty() {
        UNIFIED
    } else {
        controllers.split(|&byte| byte == b',').any(|name| name == b"memory").then_some(MEMORY)?
    };
    let mut least = None;
    loop {
        group = group.strip_suffix(b"/").unwrap_or(group);
        for file in hierarchy.files {
            let limit = number(&[hierarchy.root, group, file]);
            least = [least, limit].into_iter().flatten().min();
        }
        match group.iter().rposition(|&byte| byte == b'/') {
            Some(end) => group = group.get(..end)?,
            None => return least,
        }
    }
}

/// The number that the file with this name begins with; `None` where it is a word, or there is no such file.
fn number(name: &[&[u8]]) -> Option<usize> {
    let (mut path, mut text) = ([0; 512], [0; 32]);
    let bytes = name.iter().flat_map(|part| part.iter());
    // Longer ones are passed over; the last byte stays 0.
    if bytes.clone().count() >= path.len() {
        return None;
    }
    path.iter_mut().zip(bytes).for_each(|(place, &byte)| *place = byte);
    let text = contents(CStr::from_bytes_until_nul(&path).ok()?, &mut text);
    let mut digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    text.first().filter(|byte| byte.is_ascii_digit())?;
    digits.try_fold(0usize, |number, &digit| number.checked_mul(10)?.checked_add(usize::from(digit - b'0')))
}
