// What glibc does at the edges, case by case: programs have come to rely on it.
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"

enum { UNTOUCHED = 1234, KIB = 1 << 10, MIB = 1 << 20 };

// Volatile: the compiler must not see that the sizes are absurd.
static volatile size_t too_much = (size_t)PTRDIFF_MAX + 1;
static volatile size_t beyond_the_address_space = (size_t)1 << 47;
static volatile size_t half = SIZE_MAX / 2 + 2;

static int multiple(void *block, size_t alignment) { return (uintptr_t)block % alignment == 0; }

// Bytes that depend on the place, so that a wrong copy shows.
static void fill(unsigned char *block, size_t from, size_t to) {
    for (size_t i = from; i < to; i++) block[i] = i * 131 + (i >> 8) * 7 + (i >> 16);
}

static int filled(const unsigned char *block, size_t from, size_t to) {
    for (size_t i = from; i < to; i++)
        if (block[i] != (unsigned char)(i * 131 + (i >> 8) * 7 + (i >> 16))) return 0;
    return 1;
}

static const char *malloc_zero_unique(void) {
    void *blocks[100];
    for (int i = 0; i < 100; i++) {
        blocks[i] = malloc(0);
        EXPECT(blocks[i] != NULL);
        for (int j = 0; j < i; j++) EXPECT(blocks[i] != blocks[j]);
    }
    for (int i = 0; i < 100; i++) free(blocks[i]);
    void *one = calloc(0, 8), *two = calloc(8, 0), *three = memalign(64, 0), *four = aligned_alloc(64, 0);
    EXPECT(one && two && three && four && one != two && three != four);
    free(one), free(two), free(three), free(four);
    return NULL;
}

static const char *realloc_null_is_malloc(void) {
    char *block = realloc(NULL, 100);
    EXPECT(block != NULL && malloc_usable_size(block) >= 100);
    free(block);
    return NULL;
}

static const char *realloc_zero_frees(void) {
    void *block = malloc(100);
    errno = UNTOUCHED;
    EXPECT(realloc(block, 0) == NULL);
    EXPECT(errno == UNTOUCHED);
    // If they were not freed, 40 GB would be gone.
    for (int i = 0; i < 40000; i++) EXPECT(realloc(malloc(MIB), 0) == NULL);
    EXPECT(reallocarray(malloc(10), 0, 8) == NULL);
    return NULL;
}

static const char *free_null(void) { free(NULL); return NULL; }

#define FAILS(call)                                                                                                    \
    do {                                                                                                               \
        errno = UNTOUCHED;                                                                                             \
        EXPECT((call) == NULL);                                                                                        \
        EXPECT(errno == ENOMEM);                                                                                       \
    } while (0)

static const char *more_than_ptrdiff_max(void) {
    FAILS(malloc(too_much));
    FAILS(malloc(SIZE_MAX));
    FAILS(calloc(1, too_much));
    FAILS(memalign(64, too_much));
    FAILS(memalign(64, SIZE_MAX - 10));
    FAILS(aligned_alloc(4096, too_much));
    FAILS(valloc(SIZE_MAX - 10));
    FAILS(pvalloc(SIZE_MAX - 10));
    void *block = &block;
    EXPECT(posix_memalign(&block, 64, too_much) == ENOMEM && block == &block);
    return NULL;
}

static const char *more_than_there_is(void) {
    FAILS(malloc(beyond_the_address_space));
    FAILS(calloc(beyond_the_address_space, 1));
    FAILS(memalign(1 << 20, beyond_the_address_space));
    return NULL;
}

static const char *calloc_overflow(void) {
    FAILS(calloc(half, 2));
    FAILS(calloc(2, half));
    FAILS(calloc(SIZE_MAX, SIZE_MAX));
    return NULL;
}

static const char *reallocarray_overflow(void) {
    unsigned char *block = malloc(300);
    fill(block, 0, 300);
    FAILS(reallocarray(block, half, 2));
    FAILS(reallocarray(NULL, half, 2));
    EXPECT(filled(block, 0, 300));
    free(block);
    return NULL;
}

static const char *failed_realloc_keeps(void) {
    for (size_t size = 1; size <= 4 * MIB; size = size * 5 + 3) {
        unsigned char *block = malloc(size);
        fill(block, 0, size);
        FAILS(realloc(block, too_much));
        FAILS(realloc(block, beyond_the_address_space));
        EXPECT(filled(block, 0, size));
        free(block);
    }
    return NULL;
}

static const char *success_keeps_errno(void) {
    errno = UNTOUCHED;
    for (size_t size = 0; size < 64 * MIB; size = size * 3 + 1) {
        void *block = malloc(size), *zeroed = calloc(1, size), *aligned = memalign(4096, size);
        EXPECT(block && zeroed && aligned);
        block = realloc(block, size + 1);
        EXPECT(block && errno == UNTOUCHED);
        malloc_usable_size(block);
        free(block), free(zeroed), free(aligned);
        EXPECT(errno == UNTOUCHED);
    }
    malloc_trim(0);
    EXPECT(errno == UNTOUCHED);
    return NULL;
}

static const char *free_keeps_errno(void) {
    void *blocks[] = {malloc(10), malloc(30 * KIB), malloc(500 * KIB), malloc(40 * MIB), memalign(8 * MIB, 1)};
    for (int i = 0; i < 5; i++) {
        errno = UNTOUCHED;
        free(blocks[i]);
        EXPECT(errno == UNTOUCHED);
    }
    return NULL;
}

static const char *posix_memalign_einval(void) {
    static const size_t bad[] = {0, 1, 2, 4, 3, 7, 12, 24, 100, 4095, SIZE_MAX};
    for (int i = 0; i < sizeof bad / sizeof *bad; i++) {
        void *block = &block;
        errno = UNTOUCHED;
        EXPECT(posix_memalign(&block, bad[i], 64) == EINVAL);
        EXPECT(block == &block && errno == UNTOUCHED);
    }
    return NULL;
}

static const char *posix_memalign_good(void) {
    for (size_t alignment = sizeof(void *); alignment <= 4 * MIB; alignment *= 2) {
        void *block = NULL;
        EXPECT(posix_memalign(&block, alignment, 0) == 0 && block != NULL && multiple(block, alignment));
        free(block);
    }
    return NULL;
}

static const char *aligned_alloc_any_size(void) {
    static const size_t sizes[] = {1, 17, 63, 65, 100, 1000, 4097, 70000, 3 * MIB + 1};
    for (int i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        void *block = aligned_alloc(64, sizes[i]);
        EXPECT(block && multiple(block, 64) && malloc_usable_size(block) >= sizes[i]);
        memset(block, 1, sizes[i]);
        free(block);
    }
    return NULL;
}

static const char *memalign_rounds_up(void) {
    static const size_t pairs[][2] = {{3, 4}, {24, 32}, {33, 64}, {100, 128}, {3000, 4096}, {5000, 8192}};
    for (int i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        void *block = memalign(pairs[i][0], 100);
        EXPECT(block && multiple(block, pairs[i][1]));
        free(block);
    }
    return NULL;
}

static const char *memalign_absurd(void) {
    errno = UNTOUCHED;
    EXPECT(memalign(half, 64) == NULL && errno == EINVAL);
    return NULL;
}

static const char *small_alignments(void) {
    for (size_t alignment = 1; alignment <= 8; alignment *= 2)
        for (size_t size = 0; size < 200; size++) {
            void *one = memalign(alignment, size), *two = aligned_alloc(alignment, size);
            EXPECT(one && two && multiple(one, alignment) && multiple(two, alignment));
            memset(one, 1, size), memset(two, 2, size);
            free(one), free(two);
        }
    return NULL;
}

static const char *huge_alignments(void) {
    for (size_t alignment = 16; alignment <= 64 * MIB; alignment *= 2)
        for (size_t size = 1; size <= 2 * MIB; size = size * 20 + 1) {
            char *one = memalign(alignment, size), *two = memalign(alignment, size);
            EXPECT(one && two && one != two && multiple(one, alignment) && multiple(two, alignment));
            one[0] = one[size - 1] = two[0] = two[size - 1] = 1;
            EXPECT(malloc_usable_size(one) >= size);
            free(one), free(two);
        }
    return NULL;
}

static const char *aligned_realloc_keeps(void) {
    for (size_t alignment = 32; alignment <= 4 * MIB; alignment *= 8) {
        unsigned char *block = memalign(alignment, 1000);
        fill(block, 0, 1000);
        block = realloc(block, 100000);
        EXPECT(block && filled(block, 0, 1000));
        block = realloc(block, 500);
        EXPECT(block && filled(block, 0, 500));
        free(block);
    }
    return NULL;
}

static const char *sixteen(void) {
    for (size_t size = 16; size < 5000; size++) {
        void *block = malloc(size), *zeroed = calloc(size, 1), *grown = realloc(malloc(1), size);
        EXPECT(multiple(block, 16) && multiple(zeroed, 16) && multiple(grown, 16));
        free(block), free(zeroed), free(grown);
    }
    for (size_t size = 5000; size < 100 * MIB; size = size * 9 / 8) {
        void *block = malloc(size);
        EXPECT(block && multiple(block, 16));
        free(block);
    }
    for (size_t size = 1; size < 16; size++) {
        void *block = malloc(size);
        EXPECT(multiple(block, size > 8 ? 16 : 8));
        free(block);
    }
    return NULL;
}

static const char *usable_size(void) {
    EXPECT(malloc_usable_size(NULL) == 0);
    for (size_t size = 0; size < 3 * MIB; size = size * 21 / 20 + 1) {
        unsigned char *block = malloc(size);
        size_t usable = malloc_usable_size(block);
        EXPECT(usable >= size);
        fill(block, 0, usable);
        void *other = malloc(size);
        memset(other, 0xff, malloc_usable_size(other));
        free(other);
        EXPECT(malloc_usable_size(block) == usable && filled(block, 0, usable));
        // What may be used moves along.
        block = realloc(block, usable + 1000);
        EXPECT(filled(block, 0, usable));
        free(block);
    }
    return NULL;
}

static const char *calloc_zeroes_used(void) {
    for (size_t size = 1; size <= 4 * MIB; size = size * 5 / 3 + 1) {
        void *dirty[16];
        for (int i = 0; i < 16; i++) dirty[i] = memset(malloc(size), 0xee, size);
        for (int i = 0; i < 16; i++) free(dirty[i]);
        for (int i = 0; i < 16; i++) {
            unsigned char *block = dirty[i] = calloc(1, size);
            for (size_t at = 0; at < size; at++) EXPECT(block[at] == 0);
            memset(block, 0xdd, malloc_usable_size(block));
        }
        for (int i = 0; i < 16; i++) free(dirty[i]);
    }
    return NULL;
}

static const char *realloc_grows(void) {
    unsigned char *block = malloc(1);
    size_t size = 1;
    fill(block, 0, 1);
    while (size < 64 * MIB) {
        size_t next = size * 3 / 2 + 1;
        if (next > 64 * MIB) next = 64 * MIB;
        block = realloc(block, next);
        EXPECT(block != NULL && filled(block, 0, size));
        fill(block, size, next);
        size = next;
    }
    free(block);
    return NULL;
}

static const char *realloc_shrinks(void) {
    size_t size = 64 * MIB;
    unsigned char *block = malloc(size);
    fill(block, 0, size);
    while (size > 1) {
        size = size * 2 / 5;
        block = realloc(block, size ? size : 1);
        EXPECT(block != NULL && filled(block, 0, size));
    }
    free(block);
    return NULL;
}

static const char *valloc_pages(void) {
    size_t page = sysconf(_SC_PAGESIZE);
    for (size_t size = 0; size < 20 * page; size += 777) {
        void *one = valloc(size), *two = pvalloc(size);
        EXPECT(one && two && multiple(one, page) && multiple(two, page));
        size_t whole = (size + page - 1) / page * page;
        EXPECT(malloc_usable_size(one) >= size && malloc_usable_size(two) >= whole);
        memset(two, 1, whole);
        free(one), free(two);
    }
    return NULL;
}

int main(void) {
    static const struct Named cases[] = {
        {"malloc(0) is unique", malloc_zero_unique}, {"realloc(NULL, n) is malloc", realloc_null_is_malloc},
        {"realloc(p, 0) frees", realloc_zero_frees}, {"free(NULL)", free_null},
        {"more than PTRDIFF_MAX", more_than_ptrdiff_max}, {"more than there is", more_than_there_is},
        {"calloc overflow", calloc_overflow}, {"reallocarray overflow", reallocarray_overflow},
        {"failed realloc keeps the block", failed_realloc_keeps}, {"success keeps errno", success_keeps_errno},
        {"free keeps errno", free_keeps_errno}, {"posix_memalign EINVAL", posix_memalign_einval},
        {"posix_memalign", posix_memalign_good}, {"aligned_alloc of any size", aligned_alloc_any_size},
        {"memalign rounds up", memalign_rounds_up}, {"memalign of absurd alignment", memalign_absurd},
        {"alignments 1 to 8", small_alignments}, {"alignments to 64 MiB", huge_alignments},
        {"realloc of aligned blocks", aligned_realloc_keeps}, {"16 from 16 bytes on", sixteen},
        {"usable size", usable_size}, {"calloc zeroes used memory", calloc_zeroes_used},
        {"realloc grows to 64 MiB", realloc_grows}, {"realloc shrinks", realloc_shrinks},
        {"valloc and pvalloc", valloc_pages},
    };
    return run_cases(cases, sizeof cases / sizeof *cases);
}
