//! Every way in, by the functions whose frames stand outermost on the stack while a call is under way: what a crash
//! message calls the operation.

use crate::{aligned, cxx, malloc, query};

macro_rules! doors {
    ($($($function:path),+ => $name:literal;)+) => {
        /// The client's name for what the function that starts there does.
        pub(crate) fn name_of(start: usize) -> &'static [u8] {
            $(if [$($function as *const () as usize),+].contains(&start) {
                return $name;
            })+
            b"a call"
        }
    };
}

doors! {
    malloc::malloc, malloc::malloc_medium, malloc::malloc_slow => b"malloc";
    malloc::free, malloc::free_packed, malloc::free_slow => b"free";
    malloc::calloc => b"calloc";
    malloc::realloc, malloc::reallocarray => b"realloc";
    aligned::memalign, aligned::aligned_alloc, aligned::posix_memalign, aligned::valloc => b"memalign";
    query::malloc_usable_size => b"malloc_usable_size";
    query::malloc_trim => b"malloc_trim";
    cxx::take, cxx::take_or_throw => b"operator new";
}
