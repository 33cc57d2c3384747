// Gives back what a plugin with a malloc of its own has taken.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"

static void *(*plugin_malloc)(size_t), *(*plugin_memalign)(size_t, size_t);
static const size_t sizes[] = {1, 24, 100, 1000, 5000, 100000, 1 << 20, 30 << 20};
enum { SIZES = sizeof sizes / sizeof *sizes };

static const char *frees(void) {
    for (int round = 0; round < 20; round++) {
        char *blocks[SIZES];
        for (int i = 0; i < SIZES; i++) blocks[i] = plugin_malloc(sizes[i]);
        for (int i = 0; i < SIZES; i++) free(blocks[i]);
    }
    return NULL;
}

static const char *frees_aligned(void) {
    for (size_t alignment = 32; alignment <= 1 << 20; alignment *= 4)
        for (int i = 0; i < SIZES; i++) free(plugin_memalign(alignment, sizes[i]));
    return NULL;
}

static const char *reallocs(void) {
    for (int i = 0; i < SIZES; i++) {
        char *block = realloc(plugin_malloc(sizes[i]), sizes[i] + 5000);
        EXPECT(block && block[0] == 'p' && block[sizes[i] - 1] == 'p');
        free(block);
    }
    return NULL;
}

static const char *tells_sizes(void) {
    for (int i = 0; i < SIZES; i++) {
        void *block = plugin_malloc(sizes[i]);
        EXPECT(malloc_usable_size(block) >= sizes[i]);
        free(block);
    }
    return NULL;
}

static void *in_thread(void *words) {
    *(const char **)words = frees();
    return NULL;
}

// A thread's arena of the C library's lies outside the heap that grows.
static const char *frees_in_thread(void) {
    const char *words = NULL;
    pthread_t thread;
    pthread_create(&thread, NULL, in_thread, &words);
    pthread_join(thread, NULL);
    return words;
}

int main(int count, char **arguments) {
    void *plugin = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    if (!plugin) return puts(dlerror()), 1;
    plugin_malloc = dlsym(plugin, "plugin_malloc");
    plugin_memalign = dlsym(plugin, "plugin_memalign");
    static const struct Named cases[] = {
        {"free", frees}, {"free of aligned", frees_aligned}, {"realloc", reallocs},
        {"malloc_usable_size", tells_sizes}, {"free in a thread", frees_in_thread},
    };
    return run_cases(cases, sizeof cases / sizeof *cases);
}
