// Blocks of a plugin whose malloc is the C library's own, given back by the program, among a thousand mappings, some with
// a part that the plugin has shut, locked or advised on, in a sandbox that kills whoever opens a file.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "filter.h"

enum { MIB = 1 << 20, PAGE = 4096, MANY = 2000 };

static void *(*take)(size_t), *(*take_aligned)(size_t, size_t);
static const size_t sizes[] = {1, 24, 100, 1000, 5000, 20000, 100000, MIB, 3 * MIB, 30 * MIB};
enum { SIZES = sizeof sizes / sizeof *sizes, TREATMENTS = 6 };

static void treat(char *block, size_t bytes, int how) {
    char *first = (char *)(((uintptr_t)block + PAGE - 1) & -(uintptr_t)PAGE);
    char *end = (char *)(((uintptr_t)block + bytes) & -(uintptr_t)PAGE);
    if (end <= first + 2 * PAGE) return;
    // Behind the first page: the C library writes there as it frees.
    first += PAGE;
    size_t length = end - first - PAGE;
    if (!length) return;
    if (how == 1) mprotect(first, PAGE, PROT_READ);
    if (how == 2) mprotect(first, length, PROT_NONE);
    if (how == 3) mlock(first, PAGE);
    if (how == 4) madvise(first, length, MADV_DONTDUMP);
    if (how == 5) madvise(first, length, MADV_DONTFORK);
}

static void *blocks[TREATMENTS][SIZES], *more[MANY], *turned[SIZES], *sized[SIZES];

static void *fill(void *unused) {
    for (int how = 0; how < TREATMENTS; how++)
        for (int i = 0; i < SIZES; i++) treat(blocks[how][i] = take(sizes[i]), sizes[i], how);
    for (int i = 0; i < MANY; i++) more[i] = i % 3 ? take(1 + i % 3000) : take_aligned((size_t)16 << i % 18, 1 + i % 3000);
    for (int i = 0; i < SIZES; i++) turned[i] = take(sizes[i]), sized[i] = take(sizes[i]);
    return NULL;
}

static void empty(void) {
    for (int how = 0; how < TREATMENTS; how++)
        for (int i = 0; i < SIZES; i++) {
            errno = 7;
            free(blocks[how][i]);
            if (errno != 7) write(1, "errno\n", 6), _exit(1);
        }
    for (int i = 0; i < MANY; i++) free(more[i]);
    for (int i = 0; i < SIZES; i++) {
        char *block = realloc(turned[i], sizes[i] + 100);
        if (!block || block[0] != 'p' || block[sizes[i] - 1] != 'p') write(1, "lost\n", 5), _exit(1);
        free(block);
        if (malloc_usable_size(sized[i]) < sizes[i]) write(1, "short\n", 6), _exit(1);
        free(sized[i]);
    }
}

int main(int count, char **arguments) {
    for (int i = 0; i < 1000; i++)
        mmap(NULL, PAGE, i & 1 ? PROT_READ : PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *plugin = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    if (!plugin) return puts(dlerror()), 1;
    take = dlsym(plugin, "plugin_malloc");
    take_aligned = dlsym(plugin, "plugin_memalign");
    free(malloc(1));
    // First the main arena's, then those of a thread's, which lie among the mappings.
    fill(NULL);
    empty();
    pthread_t thread;
    pthread_create(&thread, NULL, fill, NULL);
    pthread_join(thread, NULL);
    filter_on();
    empty();
    write(1, "done\n", 5);
    _exit(0);
}
