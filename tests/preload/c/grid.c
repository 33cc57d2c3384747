// Every entry point over a grid of sizes, alignments and what errno was: a line for each answer, which says what a
// program can know: is it null, where does it stand, is it long enough, is it clear, what is errno.
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const size_t sizes[] = {
    0, 1, 7, 8, 9, 15, 16, 17, 24, 100, 1000, 1024, 1025, 4095, 4096, 4097, 8192, 8193, 40000, 262144, 262145, 1 << 20,
    (1 << 20) + 1, 5 << 20, (size_t)1 << 47, (size_t)1 << 62, PTRDIFF_MAX - 4096, PTRDIFF_MAX - 64, PTRDIFF_MAX - 1,
    PTRDIFF_MAX, (size_t)PTRDIFF_MAX + 1, SIZE_MAX / 2 + 4096, SIZE_MAX - 8192, SIZE_MAX - 4096, SIZE_MAX - 4095,
    SIZE_MAX - 64, SIZE_MAX - 1, SIZE_MAX,
};
static const size_t alignments[] = {
    0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 32, 33, 48, 64, 100, 1024, 4095, 4096, 4097, 1 << 20,
    (size_t)1 << 46, (size_t)1 << 61, ((size_t)1 << 61) + 8, (size_t)1 << 62, ((size_t)1 << 62) + 1, (size_t)1 << 63,
    ((size_t)1 << 63) + 1, SIZE_MAX - 7, SIZE_MAX,
};
static const int befores[] = {0, ENOMEM, EINVAL, 1234};
#define COUNT(array) (sizeof array / sizeof *array)

static char *volatile block;
enum { LOOKED_AT = 64 << 10 };

// Of a long block the first and the last bytes are looked at and written.
static int is_clear(const char *bytes, size_t length) {
    while (length && !*bytes) bytes++, length--;
    return length == 0;
}

static size_t power_above(size_t alignment) {
    size_t power = 1;
    while (power < alignment) power *= 2;
    return power;
}

// What the answer is worth; `least` is what its bytes and its place must be at least.
static void tell(const char *function, size_t a, size_t n, int before, int after, size_t least, size_t multiple) {
    printf("%s a=%zx n=%zx errno=%d: ", function, a, n, before);
    if (!block) {
        printf("null, errno %d\n", after);
        return;
    }
    // What is written here is not clear for who gets it next.
    size_t usable = malloc_usable_size(block);
    printf("block, errno %d%s", after, usable >= least ? "" : ", short");
    printf("%s", (uintptr_t)block % multiple ? ", not aligned" : "");
    if (least <= 8 && multiple <= 8) printf((uintptr_t)block % 16 ? ", at 8" : ", at 16");
    size_t part = usable < LOOKED_AT ? usable : LOOKED_AT;
    if (function[0] == 'c')
        printf(is_clear(block, part) && is_clear(block + usable - part, part) ? ", clear" : ", not clear");
    memset(block, 0xa5, part);
    memset(block + usable - part, 0xa5, part);
    errno = before;
    free(block);
    printf(errno == before ? "\n" : ", free sets errno\n");
}

#define EACH(array, name) for (size_t name##_at = 0; name##_at < COUNT(array); name##_at++)
#define CALL(...)                                                                                                      \
    errno = before;                                                                                                    \
    block = __VA_ARGS__;                                                                                               \
    after = errno

int main(void) {
    int after;
    size_t page = sysconf(_SC_PAGESIZE);
    // The first that goes beyond 64 MiB has the limits of the machine read.
    free(malloc(100 << 20));
    EACH(befores, b) {
        int before = befores[b_at];
        EACH(sizes, s) {
            size_t n = sizes[s_at], small = n > 8 ? 16 : 8;
            CALL(malloc(n));
            tell("malloc", 0, n, before, after, n, small);
            CALL(realloc(NULL, n));
            tell("realloc of null", 0, n, before, after, n, small);
            for (size_t count = 1; count < 100; count = count * 7 + 1) {
                CALL(calloc(count, n));
                tell("calloc", count, n, before, after, count * n, 8);
                CALL(calloc(n, count));
                tell("calloc turned", count, n, before, after, count * n, 8);
                CALL(reallocarray(NULL, count, n));
                tell("reallocarray of null", count, n, before, after, count * n, 8);
                void *old = malloc(50);
                CALL(reallocarray(old, n, count));
                if (!block && n) free(old);
                tell("reallocarray", count, n, before, after, count * n, 8);
            }
            void *old = malloc(300);
            CALL(realloc(old, n));
            if (!block && n) free(old);
            tell("realloc", 0, n, before, after, n, small);
            old = memalign(64, 3 << 20);
            CALL(realloc(old, n));
            if (!block && n) free(old);
            tell("realloc of a large block", 0, n, before, after, n, small);
            CALL(valloc(n));
            tell("valloc", 0, n, before, after, n, page);
            CALL(pvalloc(n));
            tell("pvalloc", 0, n, before, after, n ? (n + page - 1) / page * page : 0, page);
            EACH(alignments, a) {
                size_t a = alignments[a_at], power = power_above(a > (size_t)1 << 63 ? 1 : a);
                if (power < small) power = small;
                CALL(memalign(a, n));
                tell("memalign", a, n, before, after, n, power);
                CALL(aligned_alloc(a, n));
                tell("aligned_alloc", a, n, before, after, n, power);
                void *place = &place;
                errno = before;
                int answer = posix_memalign(&place, a, n);
                after = errno;
                printf("%d%s ", answer, place == &place ? " untouched" : "");
                block = place == &place ? NULL : place;
                tell("posix_memalign", a, n, before, after, n, power);
            }
        }
        errno = before;
        printf("usable of null %zu, errno %d\n", malloc_usable_size(NULL), errno);
    }
    puts("done");
    return 0;
}
