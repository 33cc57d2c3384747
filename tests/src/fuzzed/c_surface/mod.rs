//! Calls of the C and C++ functions of `libhakmem.so`, in this process, whose own malloc is another.
//!
//! ```text
//! 10xxxxxx   a call of its own, by the lower nibble: see `Table::call`
//! else       an action; of the functions that do such a thing, each has its turn
//! ```
//! The library's state goes on from one input to the next, as it does in a program.

mod library_words;
mod misuse;
mod odd;
mod offspring;
mod table;

use hakmem_replay::Actions;

use super::Input;
use super::folding::Folding;
use super::library::surface;
use table::Table;

/// Bytes that one input may ask for.
const WORK_BYTES: u64 = 128 << 20;
/// The upper bits of a call of its own.
const CALL: u8 = 0b10;

/// How deep threads and forks may be nested, and what is left of them.
#[derive(Clone, Copy)]
struct Budget {
    depth: u8,
    threads: u8,
    forks: u8,
}

impl Table {
    /// Plays a program.
    fn play(&mut self, program: &[u8], folding: &mut Folding, mut budget: Budget) {
        let mut input = Input::new(program);
        while let Some(&head) = input.rest().first() {
            if head >> 6 == CALL {
                self.call(&mut input, folding, &mut budget);
                continue;
            }
            let mut actions = Actions::new(input.rest());
            let Some(action) = actions.next() else { break };
            input.go_on(actions.rest());
            if let Some(action) = folding.fold(action) {
                self.step(action);
            }
        }
    }

    /// A call that the vocabulary has no word for.
    fn call(&mut self, input: &mut Input<'_>, folding: &mut Folding, budget: &mut Budget) {
        let (kind, value) = (input.byte() & 15, input.byte());
        match kind {
            0 | 1 => self.ask_too_much(value, input.byte()),
            2 => self.ask_oddly_aligned(value, input.byte()),
            3 => self.ask_nothing(value),
            4 => self.overflow(value, input.byte()),
            5 | 6 => self.take_pages(value, input.word(), kind == 5),
            7 => self.tune(value, input.word()),
            8 => self.look(value),
            9 => self.resize_to_nothing(value),
            10 | 11 if budget.threads > 0 && budget.depth > 0 => {
                budget.threads -= 1;
                self.in_a_thread(input.take(value.into()), folding, *budget);
            }
            12 | 13 if budget.threads > 1 && budget.depth > 0 => {
                budget.threads -= 2;
                let (one, two) = (input.take(value.into()), input.take(value.into()));
                self.beside_each_other([one, two], folding);
            }
            14 | 15 if budget.forks > 0 && budget.depth > 0 => {
                budget.forks -= 1;
                self.in_a_child(input.take(value.into()), folding, *budget);
            }
            _ => {}
        }
    }
}

/// How large requests are, then the program.
pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let most_bytes = input.one_of([600, 40_000, 2 << 20, 6 << 20]);
    // On no stack: where a thread forks, the child gives the stacks of all others to new threads.
    let mut folding = Box::new(Folding { most_bytes, most_align_shift: 21, left_bytes: WORK_BYTES });
    let mut table = Box::new(Table::new(surface()));
    table.play(input.rest(), &mut folding, Budget { depth: 2, threads: 6, forks: 2 });
    table.finish();
}
