use super::{Place, SuperSlabNumber, ZoneNumber};
use crate::config::geometry::{SUPERSLAB_BYTES, ZONES};

#[test]
fn no_zone_has_a_number_out_of_range() {
    let numbers = (0..ZONES + 9).chain([usize::MAX]).filter_map(ZoneNumber::new);
    assert!(numbers.map(ZoneNumber::index).eq(0..ZONES));
    for count in [0, 1, ZONES, ZONES + 1, usize::MAX] {
        assert!(ZoneNumber::first(count).map(ZoneNumber::index).eq(0..count.min(ZONES)), "the first {count}");
    }
}

#[test]
fn a_place_comes_behind_all_of_the_zones_before() {
    let place = |zone, superslab| Place {
        zone: ZoneNumber::new(zone).expect("in range"),
        superslab: SuperSlabNumber::new(superslab),
    };
    let places = [Place::FIRST, place(0, 7), place(1, 0), place(ZONES - 1, 1 << 20), Place::END];
    assert!(places.is_sorted());
}

#[test]
fn a_superslab_has_its_bytes() {
    for superslab in SuperSlabNumber::first(9) {
        let (start, end) = (superslab.offset(), superslab.behind().offset());
        assert_eq!(end - start, SUPERSLAB_BYTES);
        assert_eq!([start, end - 1].map(SuperSlabNumber::at), [superslab; 2]);
        assert_eq!(SuperSlabNumber::at(end).before(), Some(superslab));
    }
    assert_eq!(SuperSlabNumber::FIRST.before(), None);
}
