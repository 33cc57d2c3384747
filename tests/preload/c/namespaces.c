// The same plugin in three ways: as usual, bound to its own libraries first, and in a namespace of its own with a C
// library of its own. Each takes and gives back in threads, beside us.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *work(void *plugin) {
    void *(*take)(size_t) = dlsym(plugin, "plugin_malloc");
    void (*give)(void *) = dlsym(plugin, "plugin_free");
    void *(*resize)(void *, size_t) = dlsym(plugin, "plugin_realloc");
    char *theirs[50] = {0}, *ours[50] = {0};
    for (int i = 0; i < 20000; i++) {
        size_t size = 1 + i * 7919 % (i % 100 ? 2000 : 300000);
        give(theirs[i % 50]), free(ours[i % 50]);
        theirs[i % 50] = resize(take(size), size + 1000);
        ours[i % 50] = memset(malloc(size), 'o', size);
        if (theirs[i % 50][size - 1] != 'p' || ours[i % 50][0] != 'o') abort();
    }
    for (int i = 0; i < 50; i++) give(theirs[i]), free(ours[i]);
    return NULL;
}

int main(int count, char **arguments) {
    void *plugins[] = {
        dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL),
        dlopen(arguments[2], RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND),
        dlmopen(LM_ID_NEWLM, arguments[3], RTLD_NOW),
    };
    for (int p = 0; p < 3; p++) {
        if (!plugins[p]) return puts(dlerror()), 1;
        // A thread that the other namespace's C library does not know is none of its.
        pthread_t threads[2];
        int started = p < 2 ? 2 : 0;
        for (int t = 0; t < started; t++) pthread_create(&threads[t], NULL, work, plugins[p]);
        work(plugins[p]);
        for (int t = 0; t < started; t++) pthread_join(threads[t], NULL);
    }
    puts("done");
    return 0;
}
