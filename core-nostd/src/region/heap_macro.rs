//! The one-line set-up.

/// Gives a static [`Heap`](crate::region::Heap) a region of its own in `.bss`, of so many bytes:
/// `heap!(HEAP, 16 * 1024)`. An expression of type `Result<(), RegionError>`; the second time it is refused.
///
/// The heap is named, not computed, so that the region never has two:
///
/// ```compile_fail
/// use hakmem_core::region::{Heap, Spin, Tiny};
///
/// fn set_up(heap: &Heap<Tiny, Spin>) {
///     hakmem_core::heap!(heap, 1024).unwrap();
/// }
/// ```
#[macro_export]
macro_rules! heap {
    ($heap:ident, $bytes:expr) => {{
        #[repr(C, align(16))]
        struct Region(::core::cell::UnsafeCell<::core::mem::MaybeUninit<[u8; $bytes]>>);
        #[allow(unsafe_code, reason = "the heap's lock is the region's")]
        // SAFETY: only the heap below reaches it.
        unsafe impl ::core::marker::Sync for Region {}
        static REGION: Region = Region(::core::cell::UnsafeCell::new(::core::mem::MaybeUninit::uninit()));
        // A static, or this does not compile: so whoever comes here a second time comes with the same heap.
        const _: () = {
            let _ = &raw const $heap;
        };
        #[allow(unsafe_code, reason = "the region is the heap's own")]
        // SAFETY: a static that has no name outside of this block; a heap takes one region.
        let taken = unsafe { $heap.init(REGION.0.get().cast::<u8>(), $bytes) };
        taken
    }};
}
