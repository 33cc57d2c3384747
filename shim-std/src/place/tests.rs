use super::{Span, ZONE_MOST};

const MIB2: usize = 2 << 20;

/// A stack of processors with so many bits of address, and the program's own place there.
const STACKS: [(u32, usize); 4] =
    [(38, 0x3f_f7ab_1230), (39, 0x7f_e312_3450), (47, 0x7ffc_1234_5670), (48, 0xffff_cafe_1230)];

fn zone(span: Span) -> usize {
    span.zone_bytes() + span.zone_bytes() / 8 + MIB2
}

#[test]
fn places_lie_between_the_program_and_what_the_kernel_maps() {
    for (bits, stack) in STACKS {
        for chance in [0, 1, 0xdead_beef_1234_5678, u64::MAX] {
            let span = Span::new(stack, chance);
            let mut last = 0;
            for _ in 0..100 {
                last = span.place(last, zone(span), MIB2).expect("a zone fits");
                assert!(last.is_multiple_of(MIB2));
                assert!(last >> (bits - 4) >= 13, "{bits} bits: {last:#x} is near the program");
                assert!((last + zone(span) - 1) >> (bits - 4) < 15, "{bits} bits: {last:#x} is near the libraries");
            }
        }
    }
}

#[test]
fn zones_lie_apart_until_the_span_is_used_up() {
    for (_, stack) in STACKS {
        let span = Span::new(stack, 42);
        let first = span.place(0, MIB2, MIB2).expect("a zone fits");
        let second = span.place(first, 3 * MIB2, MIB2).expect("a zone fits");
        let third = span.place(second, MIB2, MIB2).expect("a zone fits");
        assert_eq!((first - second, second - third), (3 * MIB2, MIB2));
        let again = |last| span.place(last, 2 * MIB2, MIB2).expect("it begins anew");
        assert!(again(span.lowest() + MIB2) > span.end() - (span.end() - span.lowest()) / 2 - 3 * MIB2);
        assert_ne!(again(span.lowest() + MIB2), again(span.lowest()), "elsewhere");
    }
}

#[test]
fn what_never_fits_has_no_place() {
    let span = Span::new(0x7f_e312_3450, 7);
    assert_eq!(span.place(0, span.end() - span.lowest() + MIB2, MIB2), None);
    assert_eq!(span.place(0, usize::MAX - MIB2, MIB2), None);
}

#[test]
fn a_zone_is_a_power_of_two_and_no_more_than_a_tebibyte() {
    let bytes = STACKS.map(|(_, stack)| Span::new(stack, 0).zone_bytes());
    assert_eq!(bytes, [16 << 30, 32 << 30, ZONE_MOST, ZONE_MOST]);
}

#[test]
fn places_differ_by_chance_but_not_where_nothing_else_does() {
    let first = |stack, chance| Span::new(stack, chance).place(0, 9 << 37, MIB2);
    assert_ne!(first(0x7ffc_1234_5670, 1), first(0x7ffc_1234_5670, 2));
    assert_eq!(first(0x7fff_ffff_e5a9, 1), first(0x7fff_ffff_e5a9, 2));
}

#[test]
fn the_first_places_of_many_processes_are_many() {
    let places: std::collections::BTreeSet<_> =
        (0..1000u64).map(|chance| Span::new(0x7ffc_1234_5670, chance << 32).place(0, 9 << 37, MIB2)).collect();
    assert!(places.len() > 990, "{} of 1,000", places.len());
}
