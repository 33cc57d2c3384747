//! Label: what the built library says of itself, in a section of its file that no process ever loads.
//!
//! Lines of words between tabs, zeros behind. `hakmem check libhakmem.so` reads it from the file. The settings
//! are those of the core's table, so the two cannot disagree.
//!
//! ```text
//! hakmem label 1
//! version  0.1.0
//! setting  NAME  UNIT  MOST  ABOUT      one for each row; MOST is empty where the unit has none
//! ```

#![allow(unsafe_code, reason = "a section that is not loaded can only be written as assembly")]

use core::arch::global_asm;

use hakmem_core::seam::{EXTENT_MAX, META_SHIFT, SLAB_BYTES, SUPERSLAB_BYTES, TABLE, Unit};

const WORDS_MOST: usize = 512;
const BYTES_MOST: usize = WORDS_MOST * 8;

/// Text that grows while the compiler runs; too much of it is a compile error.
struct Text {
    bytes: [u8; BYTES_MOST],
    length: usize,
}

impl Text {
    const fn byte(mut self, byte: u8) -> Self {
        self.bytes[self.length] = byte;
        self.length += 1;
        self
    }

    const fn text(mut self, text: &str) -> Self {
        let (text, mut at) = (text.as_bytes(), 0);
        while at < text.len() {
            self = self.byte(text[at]);
            at += 1;
        }
        self
    }

    const fn number(mut self, number: u64) -> Self {
        if number >= 10 {
            self = self.number(number / 10);
        }
        self.byte(b'0' + (number % 10) as u8)
    }

    const fn line(self, name: &str, value: &str) -> Self {
        self.text(name).byte(b'\t').text(value).byte(b'\n')
    }

    const fn count(self, name: &str, count: u64) -> Self {
        self.text(name).byte(b'\t').number(count).byte(b'\n')
    }

    const fn unit(mut self, unit: Unit) -> Self {
        match unit {
            Unit::Switch => self.text("switch"),
            Unit::SwitchOrAuto => self.text("switch|auto"),
            Unit::Count => self.text("number"),
            Unit::Milliseconds => self.text("milliseconds"),
            Unit::Bytes => self.text("bytes"),
            Unit::Words(words) => {
                let mut at = 0;
                while at < words.len() {
                    if at > 0 {
                        self = self.byte(b'|');
                    }
                    self = self.text(words[at]);
                    at += 1;
                }
                self
            }
        }
    }

    const fn settings(mut self) -> Self {
        let mut at = 0;
        while at < TABLE.len() {
            let row = &TABLE[at];
            self = self.text("setting\t").text(row.name).byte(b'\t').unit(row.unit).byte(b'\t');
            if !matches!(row.unit, Unit::Words(_)) {
                self = self.number(row.most);
            }
            self = self.byte(b'\t').text(row.about).byte(b'\n');
            at += 1;
        }
        self
    }
}

const TARGET: &str = if cfg!(not(target_env = "gnu")) {
    "linux, another C library than glibc"
} else if cfg!(target_arch = "x86_64") {
    "x86_64-linux-gnu"
} else {
    "aarch64-linux-gnu"
};
const FEATURES: &str = if cfg!(feature = "dlopen") { "dlopen" } else { "" };
const CHECKS: &str = if cfg!(debug_assertions) { "on" } else { "off" };
/// As in the page provider: x86-64 has one size, elsewhere the kernel is asked.
const PAGES: &str = if cfg!(target_arch = "x86_64") { "4096" } else { "the kernel's, asked at start" };

const LABEL: [u8; BYTES_MOST] = Text { bytes: [0; BYTES_MOST], length: 0 }
    .text("hakmem label 1\n")
    .line("version", env!("CARGO_PKG_VERSION"))
    .line("target", TARGET)
    .line("features", FEATURES)
    .line("debug assertions", CHECKS)
    .line("page", PAGES)
    .count("slab", SLAB_BYTES as u64)
    .count("superslab", SUPERSLAB_BYTES as u64)
    .count("metadata of a superslab", 1 << META_SHIFT)
    .count("largest block in a superslab", EXTENT_MAX as u64)
    .settings()
    .bytes;

/// The label's bytes as the assembler takes them.
const WORDS: [u64; WORDS_MOST] = {
    let (mut words, mut at) = ([0; WORDS_MOST], 0);
    while at < BYTES_MOST {
        words[at / 8] |= (LABEL[at] as u64) << (at % 8 * 8);
        at += 1;
    }
    words
};

/// A section without flags: it stands in the file alone, and linkers that collect unused sections let it be.
macro_rules! section {
    ($($row:literal)*) => {
        global_asm!(
            ".pushsection .hakmem.label, \"\", %progbits",
            $(concat!(".quad {}, {}, {}, {}, {}, {}, {}, {} /* row ", $row, " */"),)*
            ".popsection",
            $(
                const WORDS[$row * 8],
                const WORDS[$row * 8 + 1],
                const WORDS[$row * 8 + 2],
                const WORDS[$row * 8 + 3],
                const WORDS[$row * 8 + 4],
                const WORDS[$row * 8 + 5],
                const WORDS[$row * 8 + 6],
                const WORDS[$row * 8 + 7],
            )*
        );
    };
}

section!(
    0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
    32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63
);
