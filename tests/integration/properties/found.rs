//! Programs that were found once, as bytes of the vocabulary, with what their provider refused.

use hakmem_core::Allocator;
use hakmem_tests::action::decode;
use hakmem_tests::driver::Driver;
use hakmem_tests::providers::{Faulty, Narrow, Region};

use super::ZONE;

/// What was wrong, the provider's first call that is refused, and the program, in hexadecimal digits.
const FOUND: [(&str, u64, &str); 1] = [(
    "the audit took the mark of a room for a block, where a starter came to lie",
    31,
    "000000100000020c0200010010310008180b81010d00100241040d02041c000e130b0120000200000b210510081c001023811914125b1809\
     100e3202002311000576141249020c00a4280c030c02102635020521080b0b0c012012b19e02109e00080c0300100b109ed3020d0310a400\
     0810a547031045000810300002000c6400267c00d231009b9200246810ffe802104e29041052000210d300020d010a05000e310d03000f08\
     0c01",
)];

fn bytes(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2).map(|pair| core::str::from_utf8(pair).expect("digits"));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("digits")).collect()
}

#[test]
fn what_was_found_once_stays_mended() {
    for (wrong, refused, digits) in FOUND {
        println!("{wrong}");
        let actions = decode(&bytes(digits));
        let allocator = Allocator::new(Narrow::new(Faulty::new(Region::new(48, ZONE)), ZONE, usize::MAX));
        let faulty = allocator.provider().below();
        faulty.keep(false);
        faulty.refuse_from(refused);
        let mut driver = Driver::new(&allocator);
        driver.may_refuse = true;
        driver.run(&actions);
        faulty.serve();
        for &action in &actions {
            driver.step(action);
            driver.audit();
        }
        driver.finish();
    }
}
