// Every function of the malloc family: it exists, it serves, its block can be written and freed.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"

extern void *__libc_malloc(size_t);
extern void __libc_free(void *);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void *__libc_valloc(size_t);
extern void *__libc_pvalloc(size_t);

static size_t page;

static int multiple(void *block, size_t alignment) { return (uintptr_t)block % alignment == 0; }

// Writes all that may be used and frees it.
static const char *spend(void *block, size_t bytes) {
    EXPECT(block != NULL);
    EXPECT(malloc_usable_size(block) >= bytes);
    memset(block, 0x5a, malloc_usable_size(block));
    free(block);
    return NULL;
}

static const char *malloc_(void) { return spend(malloc(100), 100); }
static const char *free_(void) { free(malloc(1)); free(NULL); return NULL; }

static const char *calloc_(void) {
    char *block = calloc(30, 7);
    for (int i = 0; i < 210; i++) EXPECT(block[i] == 0);
    return spend(block, 210);
}

static const char *realloc_(void) {
    char *block = strcpy(malloc(20), "kept");
    block = realloc(block, 2000);
    EXPECT(strcmp(block, "kept") == 0);
    return spend(block, 2000);
}

static const char *reallocarray_(void) {
    char *block = reallocarray(NULL, 3, 100);
    strcpy(block, "kept");
    block = reallocarray(block, 1000, 30);
    EXPECT(strcmp(block, "kept") == 0);
    return spend(block, 30000);
}

static const char *memalign_(void) {
    void *block = memalign(256, 100);
    EXPECT(multiple(block, 256));
    return spend(block, 100);
}

static const char *posix_memalign_(void) {
    void *block = NULL;
    EXPECT(posix_memalign(&block, 512, 1000) == 0);
    EXPECT(multiple(block, 512));
    return spend(block, 1000);
}

static const char *aligned_alloc_(void) {
    void *block = aligned_alloc(1024, 4096);
    EXPECT(multiple(block, 1024));
    return spend(block, 4096);
}

static const char *valloc_(void) {
    void *block = valloc(10);
    EXPECT(multiple(block, page));
    return spend(block, 10);
}

static const char *pvalloc_(void) {
    void *block = pvalloc(page + 1);
    EXPECT(multiple(block, page));
    return spend(block, 2 * page);
}

static const char *cfree_(void) {
    void (*cfree)(void *) = dlsym(RTLD_DEFAULT, "cfree");
    if (!cfree) return ABSENT;
    cfree(malloc(64));
    cfree(NULL);
    return NULL;
}

static const char *free_sized_(void) {
    void (*free_sized)(void *, size_t) = dlsym(RTLD_DEFAULT, "free_sized");
    if (!free_sized) return ABSENT;
    free_sized(malloc(77), 77);
    free_sized(calloc(9, 1000), 9000);
    free_sized(NULL, 5);
    return NULL;
}

static const char *free_aligned_sized_(void) {
    void (*free_aligned_sized)(void *, size_t, size_t) = dlsym(RTLD_DEFAULT, "free_aligned_sized");
    if (!free_aligned_sized) return ABSENT;
    free_aligned_sized(aligned_alloc(64, 128), 64, 128);
    free_aligned_sized(aligned_alloc(1 << 20, 1 << 20), 1 << 20, 1 << 20);
    free_aligned_sized(NULL, 64, 128);
    return NULL;
}

static const char *malloc_usable_size_(void) {
    EXPECT(malloc_usable_size(NULL) == 0);
    return spend(malloc(1000), 1000);
}

static size_t resident(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    fscanf(file, "%*d %ld", &pages);
    fclose(file);
    return pages * page;
}

static const char *malloc_trim_(void) {
    enum { COUNT = 64 << 10 };
    static void *blocks[COUNT];
    for (int i = 0; i < COUNT; i++) blocks[i] = memset(malloc(1000), 1, 1000);
    size_t full = resident();
    for (int i = 0; i < COUNT; i++) free(blocks[i]);
    int given = malloc_trim(0);
    EXPECT(given == 0 || given == 1);
    EXPECT(resident() + (48 << 20) < full);
    return NULL;
}

static const char *mallopt_(void) {
    EXPECT(mallopt(M_ARENA_MAX, 1) == 1);
    EXPECT(mallopt(0x48414B, 64) == 1);
    EXPECT(mallopt(M_TRIM_THRESHOLD, 128 << 10) == 1);
    EXPECT(mallopt(M_MMAP_THRESHOLD, 128 << 10) == 1);
    return NULL;
}

static const char *mallinfo_(void) {
    static void *blocks[1000];
    for (int i = 0; i < 1000; i++) blocks[i] = malloc(2000);
    struct mallinfo all = mallinfo();
    for (int i = 0; i < 1000; i++) free(blocks[i]);
    EXPECT(all.uordblks >= 2000000);
    return NULL;
}

static const char *mallinfo2_(void) {
    void *large = malloc(100 << 20);
    struct mallinfo2 all = mallinfo2();
    free(large);
    EXPECT(all.uordblks + all.hblkhd >= 100 << 20);
    EXPECT(mallinfo2().uordblks + mallinfo2().hblkhd < 100 << 20);
    return NULL;
}

static const char *malloc_stats_(void) { malloc_stats(); return NULL; }

static const char *malloc_info_(void) {
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    EXPECT(malloc_info(0, stream) == 0);
    fclose(stream);
    EXPECT(strncmp(text, "<malloc version=\"", 17) == 0);
    EXPECT(strstr(text, "</malloc>\n") == text + length - 10);
    free(text);
    EXPECT(malloc_info(1, stdout) == EINVAL);
    return NULL;
}

static const char *libc_malloc(void) { return spend(__libc_malloc(50), 50); }
static const char *libc_free(void) { __libc_free(malloc(50)); __libc_free(NULL); return NULL; }
static const char *libc_calloc(void) { return spend(__libc_calloc(50, 2), 100); }
static const char *libc_realloc(void) { return spend(__libc_realloc(malloc(5), 5000), 5000); }
static const char *libc_memalign(void) { return spend(__libc_memalign(4096, 50), 50); }
static const char *libc_valloc(void) { return spend(__libc_valloc(50), 50); }
static const char *libc_pvalloc(void) { return spend(__libc_pvalloc(50), page); }

// Functions of the C library that hand out blocks.
static const char *strdup_and_kin(void) {
    char *line = NULL, *printed = NULL;
    size_t room = 0;
    FILE *file = fopen("/proc/self/maps", "r");
    EXPECT(getline(&line, &room, file) > 10);
    fclose(file);
    EXPECT(asprintf(&printed, "%0500d", 7) == 500);
    free(line);
    free(printed);
    free(strdup("a"));
    free(realpath("/proc/..", NULL));
    free(getcwd(NULL, 0));
    return NULL;
}

int main(void) {
    page = sysconf(_SC_PAGESIZE);
    static const struct Named cases[] = {
        {"malloc", malloc_}, {"free", free_}, {"calloc", calloc_}, {"realloc", realloc_},
        {"reallocarray", reallocarray_}, {"memalign", memalign_}, {"posix_memalign", posix_memalign_},
        {"aligned_alloc", aligned_alloc_}, {"valloc", valloc_}, {"pvalloc", pvalloc_}, {"cfree", cfree_},
        {"free_sized", free_sized_}, {"free_aligned_sized", free_aligned_sized_},
        {"malloc_usable_size", malloc_usable_size_}, {"malloc_trim", malloc_trim_}, {"mallopt", mallopt_},
        {"mallinfo", mallinfo_}, {"mallinfo2", mallinfo2_}, {"malloc_stats", malloc_stats_},
        {"malloc_info", malloc_info_}, {"__libc_malloc", libc_malloc}, {"__libc_free", libc_free},
        {"__libc_calloc", libc_calloc}, {"__libc_realloc", libc_realloc}, {"__libc_memalign", libc_memalign},
        {"__libc_valloc", libc_valloc}, {"__libc_pvalloc", libc_pvalloc}, {"strdup and kin", strdup_and_kin},
    };
    return run_cases(cases, sizeof cases / sizeof *cases);
}
