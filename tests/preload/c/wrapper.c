// A library that goes before the allocator and wraps the functions of the mask WRAPS: it says each call, and with HEADS
// puts a head before each block, as glibc's memusage does; a block without its head it passes on.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifndef WRAPS
#define WRAPS 0xf
#endif
#define HAS(function) ((WRAPS >> function) & 1)

static struct {
    const char *names[4096];
    int count, on;
} log;

static void say(const char *name) {
    if (log.on && log.count < 4096) log.names[log.count++] = name;
}

void wrapper_begin(void) { log.on = 1, log.count = 0; }
int wrapper_end(const char ***names) { log.on = 0, *names = log.names; return log.count; }

// What is asked for while the loader looks the next one up.
static char early[1 << 16];
static size_t early_end;
static void *at_first(size_t n) {
    void *block = early + early_end;
    early_end += (n + 31) & ~(size_t)15;
    return block;
}
static int was_early(void *p) { return (char *)p >= early && (char *)p < early + sizeof early; }

#define NEXT(result, name, ...)                                                                                        \
    static result (*next)(__VA_ARGS__);                                                                                \
    static int asked;                                                                                                  \
    if (!next && !asked) asked = 1, next = dlsym(RTLD_NEXT, name);

struct head {
    size_t size, magic;
};
enum { MAGIC = 0xfeedbeaf };
#ifdef HEADS
enum { HEAD = sizeof(struct head) };
static void *headed(struct head *head, size_t n) {
    if (!head) return head;
    head->size = n, head->magic = MAGIC;
    return head + 1;
}
static int is_headed(void *p) { return p && ((struct head *)p)[-1].magic == MAGIC; }
static void *start(void *p) {
    if (!is_headed(p)) return p;
    ((struct head *)p)[-1].magic = 0;
    return (struct head *)p - 1;
}
#else
enum { HEAD = 0 };
static void *headed(void *p, size_t n) { return p; }
static int is_headed(void *p) { return 1; }
static void *start(void *p) { return p; }
#endif

#if HAS(0)
void *malloc(size_t n) {
    NEXT(void *, "malloc", size_t)
    say("malloc");
    return next ? headed(next(n + HEAD), n) : at_first(n);
}
#endif
#if HAS(1)
void free(void *p) {
    NEXT(void, "free", void *)
    say("free");
    if (!was_early(p)) next(start(p));
}
#endif
#if HAS(2)
void *calloc(size_t m, size_t n) {
    NEXT(void *, "calloc", size_t, size_t)
    say("calloc");
    if (n && m > PTRDIFF_MAX / n) return next(m, n);
    return next ? headed(next(1, m * n + HEAD), m * n) : at_first(m * n);
}
#endif
#if HAS(3)
void *realloc(void *p, size_t n) {
    NEXT(void *, "realloc", void *, size_t)
    say("realloc");
    if (p && !is_headed(p)) return next(p, n);
    if (p && n == 0) return next(start(p), 0);
    return headed(next(p ? start(p) : p, n + HEAD), n);
}
#endif
#if HAS(4)
void *memalign(size_t a, size_t n) { NEXT(void *, "memalign", size_t, size_t) say("memalign"); return next(a, n); }
#endif
#if HAS(5)
void *aligned_alloc(size_t a, size_t n) {
    NEXT(void *, "aligned_alloc", size_t, size_t)
    say("aligned_alloc");
    return next(a, n);
}
#endif
#if HAS(6)
int posix_memalign(void **p, size_t a, size_t n) {
    NEXT(int, "posix_memalign", void **, size_t, size_t)
    say("posix_memalign");
    return next(p, a, n);
}
#endif
#if HAS(7)
void *valloc(size_t n) { NEXT(void *, "valloc", size_t) say("valloc"); return next(n); }
#endif
#if HAS(8)
void *pvalloc(size_t n) { NEXT(void *, "pvalloc", size_t) say("pvalloc"); return next(n); }
#endif
#if HAS(9)
void *reallocarray(void *p, size_t m, size_t n) {
    NEXT(void *, "reallocarray", void *, size_t, size_t)
    say("reallocarray");
    return next(p, m, n);
}
#endif
#if HAS(10)
size_t malloc_usable_size(void *p) {
    NEXT(size_t, "malloc_usable_size", void *)
    say("malloc_usable_size");
    return HEAD && is_headed(p) ? ((struct head *)p)[-1].size : next(p);
}
#endif
