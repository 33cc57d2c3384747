//! Every way in, by the functions whose frames stand outermost on the stack while a call is under way: what a crash
//! message calls the operation.

use crate::{aligned, cxx, malloc, new_handler, query, sized};

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
    malloc::malloc, malloc::malloc_here, malloc::malloc_medium, malloc::malloc_slow => b"malloc";
    malloc::free, malloc::free_here, malloc::free_packed, malloc::free_slow => b"free";
    sized::delete, sized::delete_aligned => b"operator delete";
    sized::free_sized, sized::free_aligned_sized => b"free_sized";
    malloc::calloc => b"calloc";
    malloc::realloc, malloc::reallocarray => b"realloc";
    aligned::memalign, aligned::aligned_alloc, aligned::posix_memalign, aligned::valloc => b"memalign";
    query::malloc_usable_size => b"malloc_usable_size";
    query::malloc_trim => b"malloc_trim";
    new_handler::new, new_handler::new_or_null => b"operator new";
    new_handler::new_aligned, new_handler::new_aligned_here => b"operator new";
    new_handler::new_aligned_or_null, new_handler::new_aligned_or_null_here => b"operator new";
    cxx::_Znwm, new_handler::take => b"operator new";
}
