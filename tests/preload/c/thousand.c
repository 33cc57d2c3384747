// 1,000 threads at once: each takes blocks, hands half of them to its neighbour, frees its own and what it
// got. Threads, not time, are what is asked for: memory of each is held against a bound.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef THREADS
#define THREADS 1000
#endif
enum { BLOCKS = 60, ROUNDS = 3, MOST_KB = 25 };

static pthread_barrier_t gate;
static unsigned char *handed[THREADS][BLOCKS / 2];

static size_t size_of(unsigned n) { return 16 + n * 2654435761u % 241; }

static unsigned char *take(unsigned thread, unsigned i) {
    unsigned char *block = malloc(size_of(thread + i));
    if (!block) abort();
    return memset(block, (thread + i) & 255, size_of(thread + i));
}

static void give(unsigned char *block, unsigned thread, unsigned i) {
    if (block[0] != ((thread + i) & 255) || block[size_of(thread + i) - 1] != ((thread + i) & 255)) abort();
    free(block);
}

static void *life(void *argument) {
    unsigned own = (unsigned)(size_t)argument, neighbour = (own + 1) % THREADS;
    unsigned char *kept[BLOCKS / 2];
    pthread_barrier_wait(&gate);
    pthread_barrier_wait(&gate);
    for (int round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < BLOCKS / 2; i++) handed[own][i] = take(own, i), kept[i] = take(own, i + BLOCKS / 2);
        pthread_barrier_wait(&gate);
        if (round == 0) pthread_barrier_wait(&gate);
        for (unsigned i = 0; i < BLOCKS / 2; i++) {
            give(handed[neighbour][i], neighbour, i);
            give(kept[i], own, i + BLOCKS / 2);
        }
        pthread_barrier_wait(&gate);
    }
    return NULL;
}

static long resident_kb(void) {
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%ld %ld", &pages, &resident) != 2) abort();
    fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

int main(void) {
    static pthread_t threads[THREADS];
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 128 << 10);
    pthread_barrier_init(&gate, NULL, THREADS + 1);
    for (size_t t = 0; t < THREADS; t++)
        if (pthread_create(&threads[t], &small, life, (void *)t)) return puts("no thread"), 1;
    pthread_barrier_wait(&gate);
    long before = resident_kb();
    pthread_barrier_wait(&gate);
    pthread_barrier_wait(&gate);
    long each = (resident_kb() - before) / THREADS;
    for (int i = 0; i < 1 + 2 * ROUNDS - 1; i++) pthread_barrier_wait(&gate);
    for (int t = 0; t < THREADS; t++) pthread_join(threads[t], NULL);
    printf("%ld kB a thread\n", each);
    puts(each <= MOST_KB ? "done" : "too much");
    return 0;
}
