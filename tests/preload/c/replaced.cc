// Operators that a program, or a library, replaces: FORMS says which, a bit for each. A replaced one says its name, and
// does what the default does. The program goes through every form. With HEADS the replaced ones keep a head before each
// block, as who counts bytes does: then what they did not make must not reach them, nor what they made escape.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <new>
#include <string>
#include <unistd.h>

using std::align_val_t;
using std::nothrow;
using std::nothrow_t;
using std::size_t;

#ifndef FORMS
#define FORMS 0
#endif
#define HAS(form) ((FORMS >> form) & 1)

static void say(const char *text) { (void)!write(1, text, strlen(text)); }

#ifdef HEADS
enum { HEAD = 64 };
static void *head(char *block) {
    if (!block) return block;
    memcpy(block, "a head of ours", 15);
    return block + HEAD;
}
static void *made(size_t size) { return head((char *)malloc(size + HEAD)); }
static void *made_at(size_t size, size_t at) {
    if (at > HEAD) abort();
    return head((char *)aligned_alloc(HEAD, (size + 2 * HEAD - 1) / HEAD * HEAD));
}
static void gone(void *block) {
    if (!block) return;
    char *start = (char *)block - HEAD;
    if (memcmp(start, "a head of ours", 15)) abort();
    start[0] = 0;
    free(start);
}
#else
static void *made(size_t size) { return malloc(size); }
static void *made_at(size_t size, size_t at) { return aligned_alloc(at, (size + at - 1) / at * at); }
static void gone(void *block) { free(block); }
#endif

static void *or_thrown(void *block) {
    if (!block) throw std::bad_alloc();
    return block;
}

#if HAS(0)
void *operator new(size_t n) { say(" new"); return or_thrown(made(n)); }
#endif
#if HAS(1)
void *operator new[](size_t n) { say(" new[]"); return or_thrown(made(n)); }
#endif
#if HAS(2)
void *operator new(size_t n, const nothrow_t &) noexcept { say(" new-nothrow"); return made(n); }
#endif
#if HAS(3)
void *operator new[](size_t n, const nothrow_t &) noexcept { say(" new[]-nothrow"); return made(n); }
#endif
#if HAS(4)
void *operator new(size_t n, align_val_t at) { say(" new-aligned"); return or_thrown(made_at(n, size_t(at))); }
#endif
#if HAS(5)
void *operator new[](size_t n, align_val_t at) { say(" new[]-aligned"); return or_thrown(made_at(n, size_t(at))); }
#endif
#if HAS(6)
void *operator new(size_t n, align_val_t at, const nothrow_t &) noexcept {
    say(" new-aligned-nothrow");
    return made_at(n, size_t(at));
}
#endif
#if HAS(7)
void *operator new[](size_t n, align_val_t at, const nothrow_t &) noexcept {
    say(" new[]-aligned-nothrow");
    return made_at(n, size_t(at));
}
#endif
#if HAS(8)
void operator delete(void *p) noexcept { say(" delete"); gone(p); }
#endif
#if HAS(9)
void operator delete[](void *p) noexcept { say(" delete[]"); gone(p); }
#endif
#if HAS(10)
void operator delete(void *p, const nothrow_t &) noexcept { say(" delete-nothrow"); gone(p); }
#endif
#if HAS(11)
void operator delete[](void *p, const nothrow_t &) noexcept { say(" delete[]-nothrow"); gone(p); }
#endif
#if HAS(12)
void operator delete(void *p, size_t) noexcept { say(" delete-sized"); gone(p); }
#endif
#if HAS(13)
void operator delete[](void *p, size_t) noexcept { say(" delete[]-sized"); gone(p); }
#endif
#if HAS(14)
void operator delete(void *p, align_val_t) noexcept { say(" delete-aligned"); gone(p); }
#endif
#if HAS(15)
void operator delete[](void *p, align_val_t) noexcept { say(" delete[]-aligned"); gone(p); }
#endif
#if HAS(16)
void operator delete(void *p, size_t, align_val_t) noexcept { say(" delete-sized-aligned"); gone(p); }
#endif
#if HAS(17)
void operator delete[](void *p, size_t, align_val_t) noexcept { say(" delete[]-sized-aligned"); gone(p); }
#endif
#if HAS(18)
void operator delete(void *p, align_val_t, const nothrow_t &) noexcept { say(" delete-aligned-nothrow"); gone(p); }
#endif
#if HAS(19)
void operator delete[](void *p, align_val_t, const nothrow_t &) noexcept { say(" delete[]-aligned-nothrow"); gone(p); }
#endif

#ifndef LIBRARY
static const align_val_t at = align_val_t(64);
static volatile size_t too_much = size_t(1) << 47;
static int helped;

static void handler() {
    say(" handler");
    if (++helped % 3 == 0) std::set_new_handler(nullptr);
}

#define STEP(...)                                                                                                      \
    do {                                                                                                               \
        say(#__VA_ARGS__ ":");                                                                                         \
        __VA_ARGS__;                                                                                                   \
        say("\n");                                                                                                     \
    } while (0)

// Takes a block in one way and gives it back in one that is allowed for it.
#define BOTH(take, ...)                                                                                                \
    for (size_t n : {size_t(1), size_t(40), size_t(3000), size_t(500000), size_t(3 << 20)}) {                          \
        void *volatile p;                                                                                              \
        STEP(p = take);                                                                                                \
        if (!p) abort();                                                                                               \
        memset(p, 7, n);                                                                                               \
        STEP(__VA_ARGS__);                                                                                             \
    }

#define REFUSED(take)                                                                                                  \
    do {                                                                                                               \
        std::set_new_handler(handler);                                                                                 \
        size_t n = too_much;                                                                                           \
        try {                                                                                                          \
            STEP(if (!take) say(" null"));                                                                             \
        } catch (const std::bad_alloc &) {                                                                             \
            say(" thrown\n");                                                                                          \
        }                                                                                                              \
    } while (0)

int main(int count, char **names) {
    if (count > 1 && !dlopen(names[1], RTLD_NOW | RTLD_GLOBAL)) say(dlerror());
    BOTH(::operator new(n), ::operator delete(p));
    BOTH(::operator new(n), ::operator delete(p, n));
    BOTH(::operator new[](n), ::operator delete[](p));
    BOTH(::operator new[](n), ::operator delete[](p, n));
    BOTH(::operator new(n, nothrow), ::operator delete(p, nothrow));
    BOTH(::operator new(n, nothrow), ::operator delete(p));
    BOTH(::operator new[](n, nothrow), ::operator delete[](p, nothrow));
    BOTH(::operator new[](n, nothrow), ::operator delete[](p));
    BOTH(::operator new(n, at), ::operator delete(p, at));
    BOTH(::operator new(n, at), ::operator delete(p, n, at));
    BOTH(::operator new[](n, at), ::operator delete[](p, at));
    BOTH(::operator new[](n, at), ::operator delete[](p, n, at));
    BOTH(::operator new(n, at, nothrow), ::operator delete(p, at, nothrow));
    BOTH(::operator new[](n, at, nothrow), ::operator delete[](p, at, nothrow));
    void *none = nullptr;
    STEP(::operator delete(none));
    STEP(::operator delete[](none, 9));
    STEP(::operator delete(none, at));
    REFUSED(::operator new(n));
    REFUSED(::operator new[](n));
    REFUSED(::operator new(n, nothrow));
    REFUSED(::operator new[](n, nothrow));
    REFUSED(::operator new(n, at));
    REFUSED(::operator new[](n, at));
    REFUSED(::operator new(n, at, nothrow));
    REFUSED(::operator new[](n, at, nothrow));
    // Calls from the C++ library's own code.
    STEP(std::string s; for (int i = 0; i < 2000; i++) s += char('a' + i % 26));
    say("done\n");
}
#endif
