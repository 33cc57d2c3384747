// Uses a plugin in threads and closes it, again and again, while the threads still have to destroy what it left.
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static pthread_barrier_t gate;
static void (*use)(int);

static void *life(void *argument) {
    use((int)(size_t)argument);
    pthread_barrier_wait(&gate);
    pthread_barrier_wait(&gate);
    free(malloc(500));
    return NULL;
}

int main(int count, char **arguments) {
    for (int round = 0; round < 50; round++) {
        void *plugin = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
        if (!plugin) return puts(dlerror()), 1;
        use = dlsym(plugin, "departing_use");
        pthread_t threads[4];
        pthread_barrier_init(&gate, NULL, 5);
        for (size_t t = 0; t < 4; t++) pthread_create(&threads[t], NULL, life, (void *)(t + 1));
        pthread_barrier_wait(&gate);
        // The key's destructors are ours to run before: its code may go.
        dlclose(plugin);
        pthread_barrier_wait(&gate);
        for (int t = 0; t < 4; t++) pthread_join(threads[t], NULL);
        pthread_barrier_destroy(&gate);
    }
    puts("done");
    return 0;
}
