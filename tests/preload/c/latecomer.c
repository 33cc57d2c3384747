// Loads twenty libraries that take thread-local storage of the loader's surplus, then plugins that have an allocator
// inside, which work side by side in threads; last a block of one plugin goes to the wrong owner, if that is asked for.
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t (*Work)(uint32_t);
typedef void *(*Take)(size_t);
typedef int (*Give)(void *);

static void *load(const char *path) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        puts(dlerror());
        exit(1);
    }
    return library;
}

static void *work(void *plugin) {
    Work work = (Work)dlsym(plugin, "plugin_work");
    free(memset(malloc(100000), 1, 100000));
    return (void *)(size_t)(work(300) == 44850 && work(3100) == 4498500 + 4950);
}

// plugin_work(3100): lengths 0 to 2999, then 0 to 99.
int main(int count, char **arguments) {
    char name[32];
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "./other%d.so", i);
        *(int *)dlsym(load(name), "other_value") += i;
    }
    void *plugins[2] = {load(arguments[1]), load(arguments[2])};
    pthread_t threads[6];
    for (int t = 0; t < 6; t++) pthread_create(&threads[t], NULL, work, plugins[t % 2]);
    for (int t = 0; t < 6; t++) {
        void *well = NULL;
        pthread_join(threads[t], &well);
        if (!well) return puts("a plugin works badly"), 1;
    }
    for (size_t bytes = 1; bytes < 5000000; bytes = bytes * 3 + 1)
        for (int p = 0; p < 2; p++) {
            void *block = ((Take)dlsym(plugins[p], "plugin_take"))(bytes);
            if (!((Give)dlsym(plugins[p], "plugin_give"))(block)) return puts("a block holds something else"), 1;
        }
    puts("done");
    fflush(stdout);
    if (count > 3) free(((void *(*)(void))dlsym(plugins[0], "plugin_leak"))());
    return 0;
}
