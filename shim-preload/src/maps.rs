//! What the kernel says in files, read by system calls of our own: no block is taken, no point of cancellation passed
//! and errno left alone. Only where a request was refused, and that is to be told.

use core::ffi::CStr;

use hakmem_alloc::seam::kernel::File;

/// Calls `each` with the bytes of a file, piece by piece, until it says false.
#[inline(never)]
fn for_each_piece(path: &CStr, each: &mut dyn FnMut(&[u8]) -> bool) {
    let Some(file) = File::open(path) else { return };
    let mut text = [0u8; 1024];
    loop {
        let came = file.read(&mut text);
        let piece = text.get(..came).unwrap_or(b"");
        if piece.is_empty() || !each(piece) {
            return;
        }
    }
}

/// The process's mappings.
pub(crate) fn count() -> u64 {
    let mut lines = 0;
    for_each_piece(c"/proc/self/maps", &mut |piece| {
        lines += piece.iter().filter(|&&byte| byte == b'\n').count() as u64;
        true
    });
    lines
}

/// The first number in a file.
pub(crate) fn number_in(path: &CStr) -> Option<u64> {
    let mut number = None;
    for_each_piece(path, &mut |piece| {
        let digits = piece.split(|byte| !byte.is_ascii_digit()).next().filter(|digits| !digits.is_empty());
        number = digits.and_then(|digits| {
            let add = |sum: u64, &digit: &u8| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0'));
            digits.iter().try_fold(0, add)
        });
        false
    });
    number
}
