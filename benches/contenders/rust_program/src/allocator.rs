//! Who serves this program: the crate of the feature that it was built with, set up as its own documentation says.

#[cfg(feature = "hakmem")]
mod chosen {
    #[global_allocator]
    static ALLOCATOR: hakmem_alloc::Hakmem = hakmem_alloc::Hakmem;
    pub(crate) const NAME: &str = "hakmem";
}

#[cfg(feature = "mimalloc3")]
mod chosen {
    #[global_allocator]
    static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
    pub(crate) const NAME: &str = "mimalloc3";
}

#[cfg(feature = "mimalloc2")]
mod chosen {
    #[global_allocator]
    static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
    pub(crate) const NAME: &str = "mimalloc2";
}

#[cfg(feature = "snmalloc")]
mod chosen {
    #[global_allocator]
    static ALLOCATOR: snmalloc_rs::SnMalloc = snmalloc_rs::SnMalloc;
    pub(crate) const NAME: &str = "snmalloc";
}

#[cfg(feature = "rpmalloc")]
mod chosen {
    #[global_allocator]
    static ALLOCATOR: rpmalloc::RpMalloc = rpmalloc::RpMalloc;
    pub(crate) const NAME: &str = "rpmalloc";
}

#[cfg(feature = "rusty_alloc")]
mod chosen {
    #[global_allocator]
    static ALLOCATOR: rusty_alloc_api::RustyAlloc = rusty_alloc_api::RustyAlloc;
    pub(crate) const NAME: &str = "rusty_alloc";
}

#[cfg(feature = "jemalloc")]
mod chosen {
    #[global_allocator]
    static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
    pub(crate) const NAME: &str = "jemalloc";
}

#[cfg(not(any(
    feature = "hakmem",
    feature = "mimalloc3",
    feature = "mimalloc2",
    feature = "snmalloc",
    feature = "rpmalloc",
    feature = "rusty_alloc",
    feature = "jemalloc",
)))]
mod chosen {
    pub(crate) const NAME: &str = "system";
}

pub(crate) use chosen::NAME;
