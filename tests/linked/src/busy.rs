//! A program whose allocator is ours, linked as small as can be: what std does on its own is done on purpose here.
//! Prints what it did and how many superslabs that took: none, if the allocator was dropped or not used.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::mpsc;
use std::{panic, thread};

#[global_allocator]
static ALLOCATOR: hakmem_alloc::Hakmem = hakmem_alloc::Hakmem;

/// Allocates when its thread ends, after what it is about.
struct Last(Vec<String>);

impl Drop for Last {
    fn drop(&mut self) {
        let all = self.0.concat() + &format!("{:?}", thread::current().id());
        EARLIER.with_borrow_mut(|earlier| earlier.push(all.len()));
    }
}

thread_local! {
    static EARLIER: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
    static LAST: RefCell<Last> = RefCell::new(Last(Vec::new()));
}

fn life(number: usize) -> usize {
    LAST.with_borrow_mut(|last| last.0.extend((0..50).map(|at| "y".repeat(at * number % 700))));
    let caught = panic::catch_unwind(|| if number % 10 == 0 { panic!("number {number}") } else { number });
    caught.unwrap_or(0)
}

fn main() {
    panic::set_hook(Box::new(|_| {}));
    let (to, from) = mpsc::channel::<(usize, Vec<u8>)>();
    for round in 0..50 {
        let to = to.clone();
        let named = thread::Builder::new().name(format!("thread {round}"));
        let thread = named.spawn(move || {
            let sum = (0..20).map(|at| life(round * 20 + at)).sum();
            to.send((sum, vec![round as u8; 1 << (round % 22)])).expect("somebody listens");
        });
        thread.expect("a thread starts").join().expect("and ends well");
    }
    drop(to);
    let mut words: BTreeMap<String, usize> = BTreeMap::new();
    for (sum, bytes) in from {
        *words.entry(format!("{sum:08}")).or_default() += bytes.len();
    }
    let arguments = std::env::args().count() + std::env::vars_os().count().min(1);
    println!("{} words, {} bytes, {arguments}", words.len(), words.values().sum::<usize>());
    println!("{} superslabs", hakmem_alloc::stats().superslabs.min(1));
}
