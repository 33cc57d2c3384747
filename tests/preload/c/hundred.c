// 100 threads with blocks of all kinds each, all at once; then all is freed, and the threads end.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "status.h"

enum { THREADS = 100, BLOCKS = 300 };
static pthread_barrier_t barrier;

static void *work(void *number) {
    char *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        size_t bytes = 16 + (i * 37 + (size_t)number) % 500 + (i % 50 == 0 ? 20000 : 0);
        blocks[i] = memset(malloc(bytes), 1, bytes);
    }
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < BLOCKS; i++) free(blocks[i]);
    return NULL;
}

int main(void) {
    pthread_t threads[THREADS];
    pthread_attr_t small;
    pthread_attr_init(&small);
    // Stacks of the usual size would come in huge pages, too.
    pthread_attr_setstacksize(&small, 128 << 10);
    pthread_barrier_init(&barrier, NULL, THREADS + 1);
    for (size_t t = 0; t < THREADS; t++)
        if (pthread_create(&threads[t], &small, work, (void *)t)) return puts("no thread"), 1;
    pthread_barrier_wait(&barrier);
    printf("resident %ld kB\n", status("VmRSS:"));
    pthread_barrier_wait(&barrier);
    for (int t = 0; t < THREADS; t++) pthread_join(threads[t], NULL);
    printf("peak %ld kB\n", status("VmHWM:"));
    return 0;
}
