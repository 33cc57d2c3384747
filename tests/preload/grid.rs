//! Every entry point over a grid of sizes, alignments and earlier errno: answer for answer as the GNU C library's.

use crate::compiled::Compiled;

/// What we keep of our own; README's table has it.
const OURS: [(&str, &str); 1] = [
    // Blocks of up to 8 bytes stand at multiples of 8.
    (", at 8", ", at 16"),
];

#[test]
fn every_answer_is_glibcs() {
    let Some(program) = Compiled::new("grid.c", &[]) else { return };
    let bare = program.run(&[], false, 60).text();
    let outcome = program.succeeds(&[], 60);
    let served = OURS.iter().fold(outcome.text(), |text, (ours, glibcs)| text.replace(ours, glibcs));
    let different: Vec<_> = bare.lines().zip(served.lines()).filter(|(bare, served)| bare != served).collect();
    assert_eq!(different, [], "{} of {} answers", different.len(), bare.lines().count());
    assert!(bare.ends_with("done\n") && bare.lines().count() > 10_000 && bare.len() == served.len());
}

/// What was freed is full of bytes that are not 0: calloc clears them to the last that may be used.
#[test]
fn every_answer_is_glibcs_under_the_measures() {
    let Some(program) = Compiled::new("grid.c", &[]) else { return };
    let bare = program.run(&[], false, 60).text();
    for setting in ["harden:double_free", "harden:zero", "harden:junk", "harden:quarantine", "purge_delay_ms:0"] {
        let mut served = crate::child::command(program.path());
        let outcome = crate::child::run(crate::library::library().preload(&mut served).env("HAKMEM_CONF", setting), 60);
        let served = OURS.iter().fold(outcome.text(), |text, (ours, glibcs)| text.replace(ours, glibcs));
        let different = bare.lines().zip(served.lines()).find(|(bare, served)| bare != served);
        assert_eq!((different, outcome.code()), (None, 0), "{setting}: {}", outcome.stderr);
    }
}
