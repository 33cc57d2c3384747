// What is large: alignments up to 1 GiB, blocks above 2 GiB, growth to 64 GiB of which a page here and there is used.
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"

static const size_t MIB = 1 << 20, GIB = 1 << 30;

static const char *alignments_to_a_gibibyte(void) {
    for (size_t alignment = 2 * MIB; alignment <= GIB; alignment *= 2)
        for (size_t size = 1; size <= 8 * MIB; size = size * 300 + 1) {
            char *one = aligned_alloc(alignment, size), *two = NULL;
            EXPECT(posix_memalign((void **)&two, alignment, size) == 0);
            EXPECT(one && (uintptr_t)one % alignment == 0 && (uintptr_t)two % alignment == 0 && one != two);
            one[0] = one[size - 1] = two[0] = two[size - 1] = 1;
            EXPECT(malloc_usable_size(one) >= size);
            one = realloc(one, size + 100000);
            EXPECT(one && one[0] == 1 && one[size - 1] == 1);
            free(one), free(two);
        }
    return NULL;
}

// Bytes of the first and the last page, and one in each gibibyte.
static void mark(char *block, size_t from, size_t to) {
    for (size_t at = from; at < to; at += GIB) block[at] = (char)(at >> 30) + 1;
    block[to - 1] = 77;
}

static int marked(const char *block, size_t to) {
    for (size_t at = 0; at < to; at += GIB)
        if (block[at] != (char)(at >> 30) + 1) return 0;
    return block[to - 1] == 77;
}

// As far as this machine lets anybody: the system refuses what is beyond its memory.
static const char *growth_to_64_gibibytes(void) {
    size_t size = GIB;
    char *block = malloc(size);
    EXPECT(block);
    mark(block, 0, size);
    while (size < 64 * GIB) {
        char *grown = realloc(block, 2 * size);
        if (!grown) {
            EXPECT(errno == ENOMEM && size >= 4 * GIB);
            break;
        }
        block = grown;
        EXPECT(marked(block, size) && malloc_usable_size(block) >= 2 * size);
        mark(block, size, 2 * size);
        size *= 2;
    }
    fprintf(stderr, "grew to %zu GiB\n", size >> 30);
    block = realloc(block, GIB);
    EXPECT(block[0] == 1);
    free(block);
    return NULL;
}

static const char *blocks_above_2_gibibytes(void) {
    char *zeroed = calloc(3, GIB);
    EXPECT(zeroed);
    for (size_t at = 0; at < 3 * GIB; at += GIB / 4) EXPECT(zeroed[at] == 0);
    zeroed[3 * GIB - 1] = 1;
    char *more = malloc(2 * GIB + 1);
    EXPECT(more && (more + 2 * GIB < zeroed || more >= zeroed + 3 * GIB));
    more[2 * GIB] = 1;
    free(zeroed), free(more);
    return NULL;
}

// Address bits that hardware may use for tags are never ours.
static const char *no_bits_on_top(void) {
    for (size_t size = 1; size < 4 * GIB; size = size * 3 + 1) {
        void *block = malloc(size);
        EXPECT(block && (uintptr_t)block >> 47 == 0);
        free(block);
    }
    return NULL;
}

static const char *thousands_of_mappings(void) {
    enum { BLOCKS = 5000 };
    static char *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(2 * MIB);
        EXPECT(blocks[i]);
        blocks[i][i] = 1;
    }
    for (int i = 0; i < BLOCKS; i++) free(blocks[i]);
    return NULL;
}

int main(int count, char **arguments) {
    // Last words: a tag is a bit that nobody gave out.
    if (count > 1) free((void *)((uintptr_t)malloc(64) | (uintptr_t)0xb4 << 56));
    static const struct Named cases[] = {
        {"alignments to a gibibyte", alignments_to_a_gibibyte}, {"growth to 64 gibibytes", growth_to_64_gibibytes},
        {"blocks above 2 gibibytes", blocks_above_2_gibibytes}, {"no bits on top", no_bits_on_top},
        {"thousands of mappings", thousands_of_mappings},
    };
    return run_cases(cases, sizeof cases / sizeof *cases);
}
