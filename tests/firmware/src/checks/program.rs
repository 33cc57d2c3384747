//! A program as they are written: `alloc`'s types, of which at most 48 blocks are out at a time.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::rc::{Rc, Weak};
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

use hakmem_core::region::Profile;

use super::subject::{Subject, used};

pub(super) fn through<P: Profile>(heap: Subject<P>) {
    let before = used(heap);
    for seed in 0..20 {
        run(seed);
        assert_eq!(used(heap), before, "bytes in use after round {seed}");
    }
}

/// Once through it all; nothing is left.
pub fn run(seed: u32) {
    tree(seed);
    phone_book(seed);
    shapes(seed);
    buffers(seed);
}

struct Node {
    name: String,
    parent: Weak<Node>,
    children: RefCell<Vec<Rc<Node>>>,
}

impl Node {
    fn below(parent: &Rc<Self>, name: String) -> Rc<Self> {
        let node = Rc::new(Self { name, parent: Rc::downgrade(parent), children: RefCell::default() });
        parent.children.borrow_mut().push(Rc::clone(&node));
        node
    }

    fn path(&self) -> String {
        match self.parent.upgrade() {
            Some(parent) => format!("{}/{}", parent.path(), self.name),
            None => self.name.clone(),
        }
    }

    fn count(&self) -> usize {
        1 + self.children.borrow().iter().map(|child| child.count()).sum::<usize>()
    }
}

fn tree(seed: u32) {
    let root = Rc::new(Node { name: String::new(), parent: Weak::new(), children: RefCell::default() });
    let devices = Node::below(&root, "devices".to_owned());
    let leaf = Node::below(&devices, format!("uart{seed}"));
    for number in 0..seed % 7 {
        Node::below(&devices, format!("timer{number}"));
    }
    assert_eq!(leaf.path(), format!("/devices/uart{seed}"));
    assert_eq!(root.count(), 3 + seed as usize % 7);
    assert_eq!((Rc::strong_count(&leaf), Rc::weak_count(&leaf)), (2, 0));
    drop(root);
    assert_eq!(leaf.path(), format!("devices/uart{seed}"), "the root is gone, its child is held");
}

fn phone_book(seed: u32) {
    let mut book = BTreeMap::new();
    let name = |number: u32| format!("subscriber {}", number.wrapping_mul(0x9E37_79B1) >> 20);
    for number in seed..seed + 24 {
        book.insert(name(number), number);
    }
    let entries = book.len();
    assert!(book.keys().zip(book.keys().skip(1)).all(|(one, next)| one < next), "in order");
    for number in (seed..seed + 24).step_by(2) {
        assert!(book.remove(&name(number)).is_some_and(|found| name(found) == name(number)));
    }
    assert_eq!(book.len(), entries - 12);
    book.retain(|_, number| *number % 3 != 0);
    assert!(book.iter().all(|(key, &number)| *key == name(number) && number % 3 != 0));
}

trait Shape {
    fn area(&self) -> u32;
}

struct Square(u32);

struct Polygon(Vec<(i32, i32)>);

impl Shape for Square {
    fn area(&self) -> u32 {
        self.0 * self.0
    }
}

impl Shape for Polygon {
    fn area(&self) -> u32 {
        let next = self.0.iter().cycle().skip(1);
        let doubled: i32 = self.0.iter().zip(next).map(|(one, two)| one.0 * two.1 - two.0 * one.1).sum();
        doubled.unsigned_abs() / 2
    }
}

fn shapes(seed: u32) {
    let side = seed % 100 + 1;
    let corner = side as i32;
    let mut shapes: Vec<Box<dyn Shape>> = Vec::new();
    for _ in 0..6 {
        shapes.push(Box::new(Square(side)));
        shapes.push(Box::new(Polygon([(0, 0), (corner, 0), (corner, corner), (0, corner)].to_vec())));
    }
    shapes.swap_remove(3);
    let area: u32 = shapes.iter().map(|shape| shape.area()).sum();
    assert_eq!(area, 11 * side * side);
}

fn buffers(seed: u32) {
    let mut text = String::new();
    for number in 0..40 {
        text.push_str(&format!("{},", number ^ seed));
    }
    let numbers: Vec<u32> = text.split_terminator(',').filter_map(|word| word.parse().ok()).collect();
    assert!(numbers.len() == 40 && numbers.iter().zip(0..).all(|(&found, number)| found == number ^ seed));

    let mut queue: VecDeque<Box<[u8]>> = VecDeque::new();
    for round in 0..30u32 {
        let length = (seed + round) as usize % 33;
        queue.push_back(alloc::vec![round as u8; length].into_boxed_slice());
        if queue.len() > 8 {
            let old = queue.pop_front().unwrap_or_default();
            assert!(old.iter().all(|&byte| u32::from(byte) == round - 8), "{old:?}");
        }
    }
    let mut all = queue.make_contiguous().concat();
    all.reverse();
    all.shrink_to_fit();
    assert!(all.is_sorted_by(|one, two| one >= two));
}
