//! libhakmem.so as its users meet it: built, preloaded into real programs, and held against what the same
//! programs do without it.
//!
//! | file | what it asks |
//! |---|---|
//! | [`library`] | is the library under test the one that serves? |
//! | [`interpreters`], [`tools`], [`servers`] | does a real program do the same with it as without it? |
//! | [`entry_points`] | does every function of the family behave as the GNU C library's? |
//! | [`threads`] | churn, handover, forks, late frees, a thousand at once |
//! | [`forking`] | children made in unusual ways |
//! | [`plugins`] | what is loaded late |
//! | [`linking`] | programs with the allocator inside, optimised ones |
//! | [`extents`] | the large and the many |
//! | [`idle`] | does memory go back where nobody calls? |
//! | [`hardened`] | what each measure of `harden` is for |
//! | [`misuse`] | does every fault die with its exact last words, and does a foreign block find its owner? |
//! | [`kinds`] | how does each kind of misuse end under each setting? |
//! | [`guarded`] | does a misuse of a guarded block die at once, with its traces? |
//! | [`crashes`] | is a crash told if it is ours, and does it end as without us? |
//! | [`replaced`] | are the C++ operators that a program replaces reached by all others? |
//! | [`wrapped`] | does who wraps malloc before us see the calls that he would see without us? |
//! | [`grid`] | does every entry point answer as the GNU C library's, argument by argument? |
//! | [`debugger`] | can a debugger call malloc, and does it see through us? |
//! | [`refused`] | is it told where memory runs out? |
//! | [`loader`] | does it survive what the loader can do to it? |
//! | [`limits`] | does it start where addresses are scarce? |
//! | [`addresses`] | does it go on where they become scarce, and among neighbours? |
//! | [`refusals`] | system calls refused, processes killed, memory limited |
//! | [`sandbox`] | does it ask the system for nothing but memory, and is no call a point of cancellation? |
//! | [`settings`] | is a program with a setting the same program, with the same surroundings? |
//! | [`smoke`] | does whatever is installed do the same with it? |
//! | [`symbols`] | what it exports and imports, and how much of each thread it takes |
//! | [`run_program`] | the program `hakmem` |
//! | [`check_library`] | what it tells of a library's file |
//! | [`health_check`] | its verdict on a library at work |
//! | [`checkers`] | valgrind, sanitizers, profilers: do they see through us, and find nothing? |
//!
//! [`child`], [`scratch`], [`comparison`] and [`compiled`] carry them. `HAKMEM_TEST_LIB=/path/lib.so` tests
//! another build; with another allocator, what only ours can answer is skipped by name. Settings in the
//! environment (`HAKMEM_HARDEN=double_free`) reach every child, so the suite can be run under each.

mod addresses;
mod check_library;
mod checkers;
mod child;
mod comparison;
mod compiled;
mod crashes;
mod debugger;
mod entry_points;
mod extents;
mod forking;
mod grid;
mod guarded;
mod hardened;
mod health_check;
mod idle;
mod interpreters;
mod kinds;
mod library;
mod limits;
mod linking;
mod loader;
mod misuse;
mod plugins;
mod refusals;
mod refused;
mod replaced;
mod run_program;
mod sandbox;
mod scratch;
mod servers;
mod settings;
mod smoke;
mod symbols;
mod threads;
mod tools;
mod wrapped;
