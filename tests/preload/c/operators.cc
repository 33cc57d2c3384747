// Every operator new and delete, and what the throwing and the nothrow forms do without memory.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <map>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "cases.h"

using std::align_val_t;
using std::nothrow;

static volatile std::size_t too_much = std::size_t(1) << 47;

static bool good(void *block, std::size_t size, std::size_t alignment = 16) {
    if (!block || std::uintptr_t(block) % alignment || malloc_usable_size(block) < size) return false;
    std::memset(block, 0x5a, size);
    return true;
}

// Each form of new, at all sizes from 1 to 1 MiB, taken back by every form of delete that C++ allows for it.
#define FORM(name, make, ...)                                                                                          \
    static const char *name() {                                                                                        \
        for (std::size_t size = 16; size <= 1 << 20; size = size * 3 / 2) {                                            \
            void *block;                                                                                               \
            auto take = [&] { return good(block = make, size); };                                                      \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
        return nullptr;                                                                                                \
    }
#define BACK(...)                                                                                                      \
    EXPECT(take());                                                                                                    \
    __VA_ARGS__;

static const align_val_t at = align_val_t(256);
FORM(new_, ::operator new(size), BACK(::operator delete(block)) BACK(::operator delete(block, size)))
FORM(new_array, ::operator new[](size), BACK(::operator delete[](block)) BACK(::operator delete[](block, size)))
FORM(new_nothrow, ::operator new(size, nothrow), BACK(::operator delete(block, nothrow)) BACK(::operator delete(block)))
FORM(new_array_nothrow, ::operator new[](size, nothrow),
     BACK(::operator delete[](block, nothrow)) BACK(::operator delete[](block)))
FORM(new_aligned, ::operator new(size, at), EXPECT(good(block = ::operator new(size, at), size, 256));
     ::operator delete(block, at); BACK(::operator delete(block, at)) BACK(::operator delete(block, size, at)))
FORM(new_array_aligned, ::operator new[](size, at), EXPECT(good(block = ::operator new[](size, at), size, 256));
     ::operator delete[](block, at); BACK(::operator delete[](block, at)) BACK(::operator delete[](block, size, at)))
FORM(new_aligned_nothrow, ::operator new(size, at, nothrow), BACK(::operator delete(block, at, nothrow)))
FORM(new_array_aligned_nothrow, ::operator new[](size, at, nothrow), BACK(::operator delete[](block, at, nothrow)))

static const char *delete_null() {
    void *none = nullptr;
    ::operator delete(none), ::operator delete[](none);
    ::operator delete(none, 9), ::operator delete[](none, 9);
    ::operator delete(none, nothrow), ::operator delete[](none, nothrow);
    ::operator delete(none, at), ::operator delete[](none, at);
    ::operator delete(none, 9, at), ::operator delete[](none, 9, at);
    ::operator delete(none, at, nothrow), ::operator delete[](none, at, nothrow);
    return nullptr;
}

static const char *new_zero() {
    void *one = ::operator new(0), *two = ::operator new(0), *three = ::operator new[](0, nothrow);
    EXPECT(one && two && three && one != two && two != three);
    ::operator delete(one), ::operator delete(two), ::operator delete[](three);
    return nullptr;
}

static const char *all_alignments() {
    for (std::size_t alignment = 1; alignment <= 16 << 20; alignment *= 2)
        for (std::size_t size : {std::size_t(1), std::size_t(100), std::size_t(5000), std::size_t(300000)}) {
            void *block = ::operator new(size, align_val_t(alignment));
            EXPECT(good(block, size, alignment));
            ::operator delete(block, size, align_val_t(alignment));
        }
    return nullptr;
}

struct alignas(128) Wide {
    char bytes[200];
    ~Wide() {}
};

static const char *expressions() {
    Wide *one = new Wide, *many = new Wide[7], *maybe = new (nothrow) Wide;
    EXPECT(std::uintptr_t(one) % 128 == 0 && std::uintptr_t(maybe) % 128 == 0);
    for (int i = 0; i < 7; i++) EXPECT(std::uintptr_t(&many[i]) % 128 == 0);
    delete one;
    delete[] many;
    delete maybe;
    std::map<int, std::string> map;
    for (int i = 0; i < 20000; i++) map[i * 7919 % 10007] += std::string(i % 100, 'x');
    std::size_t sum = 0;
    for (auto &pair : map) sum += pair.second.size();
    EXPECT(sum == 990000);
    return nullptr;
}

static int calls;

// The usual handler: helps twice in vain, then gives up.
static void handler() {
    if (++calls == 3) std::set_new_handler(nullptr);
}

static bool caught(void *(*make)()) {
    calls = 0;
    std::set_new_handler(handler);
    try {
        make();
    } catch (const std::bad_alloc &) {
        return calls == 3;
    }
    return false;
}

static bool refused(void *(*make)()) {
    calls = 0;
    std::set_new_handler(handler);
    return make() == nullptr && calls == 3;
}

static const char *throwing_forms_throw() {
    std::set_new_handler(nullptr);
    bool thrown = false;
    try {
        ::operator new(too_much);
    } catch (const std::bad_alloc &) {
        thrown = true;
    }
    EXPECT(thrown);
    EXPECT(caught([] { return ::operator new(too_much); }));
    EXPECT(caught([] { return ::operator new[](too_much); }));
    EXPECT(caught([] { return ::operator new(too_much, at); }));
    EXPECT(caught([] { return ::operator new[](too_much, at); }));
    return nullptr;
}

static const char *nothrow_forms_refuse() {
    EXPECT(refused([] { return ::operator new(too_much, nothrow); }));
    EXPECT(refused([] { return ::operator new[](too_much, nothrow); }));
    EXPECT(refused([] { return ::operator new(too_much, at, nothrow); }));
    EXPECT(refused([] { return ::operator new[](too_much, at, nothrow); }));
    return nullptr;
}

struct OwnError : std::bad_alloc {};
static void throwing_handler() { throw OwnError(); }

static const char *handlers_error_passes() {
    std::set_new_handler(throwing_handler);
    bool own = false;
    try {
        ::operator new(too_much);
    } catch (const OwnError &) {
        own = true;
    }
    std::set_new_handler(nullptr);
    EXPECT(own);
    return nullptr;
}

// [new.delete.single]: the nothrow form returns null if the throwing one would have thrown.
static const char *nothrow_keeps_handlers_error() {
    std::set_new_handler(throwing_handler);
    void *block = &block;
    bool thrown = false;
    try {
        block = ::operator new(too_much, nothrow);
    } catch (...) {
        thrown = true;
    }
    std::set_new_handler(nullptr);
    EXPECT(!thrown);
    EXPECT(block == nullptr);
    return nullptr;
}

static const char *exceptions_leave_no_trace() {
    for (int i = 0; i < 2000; i++) {
        bool thrown = false;
        try {
            std::vector<char> kept(100), never(too_much);
        } catch (const std::bad_alloc &) {
            thrown = true;
        }
        EXPECT(thrown);
    }
    bool thrown = false;
    std::thread([&] {
        try {
            ::operator new[](too_much);
        } catch (const std::bad_alloc &) {
            thrown = true;
        }
    }).join();
    EXPECT(thrown);
    return nullptr;
}

int main(int count, char **) {
    static const Named cases[] = {
        {"new", new_}, {"new[]", new_array}, {"new nothrow", new_nothrow}, {"new[] nothrow", new_array_nothrow},
        {"new aligned", new_aligned}, {"new[] aligned", new_array_aligned},
        {"new aligned nothrow", new_aligned_nothrow}, {"new[] aligned nothrow", new_array_aligned_nothrow},
        {"delete of null, 12 forms", delete_null}, {"new of 0 bytes", new_zero},
        {"new of all alignments", all_alignments}, {"expressions and containers", expressions},
        {"throwing forms throw", throwing_forms_throw}, {"nothrow forms refuse", nothrow_forms_refuse},
        {"a handler's error passes", handlers_error_passes},
        {"2,000 exceptions", exceptions_leave_no_trace},
    };
    // Alone, for it ends the process where it goes wrong.
    static const Named last[] = {{"a handler's error ends at nothrow", nothrow_keeps_handlers_error}};
    return count > 1 ? run_cases(last, 1) : run_cases(cases, sizeof cases / sizeof *cases);
}
