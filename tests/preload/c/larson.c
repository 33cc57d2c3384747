// Larson's server: 4 threads with 1,024 blocks each, one replaced at a time, the sets handed on to new
// threads for about a second; every block holds what its owner wrote.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef ROUND
#define ROUND 40000
#endif
enum { THREADS = 4, BLOCKS = 1024 };

struct Set {
    unsigned char *blocks[BLOCKS];
    unsigned sizes[BLOCKS];
    unsigned state;
};

static struct Set sets[THREADS];

static unsigned number(struct Set *set) { return (set->state = set->state * 1664525 + 1013904223) >> 8; }

static void take(struct Set *set, int at) {
    unsigned size = number(set) % 100 ? 8 + number(set) % 500 : 8 + number(set) % 60000;
    set->sizes[at] = size;
    set->blocks[at] = malloc(size);
    memset(set->blocks[at], size & 255, size);
}

static void give(struct Set *set, int at) {
    unsigned size = set->sizes[at];
    for (unsigned i = 0; i < size; i += size > 512 ? 97 : 1)
        if (set->blocks[at][i] != (size & 255)) {
            printf("a block of %u bytes holds %u\n", size, set->blocks[at][i]);
            fflush(stdout);
            abort();
        }
    free(set->blocks[at]);
}

static void *serve(void *argument) {
    struct Set *set = argument;
    for (int i = 0; i < ROUND; i++) {
        int at = number(set) % BLOCKS;
        give(set, at);
        take(set, at);
    }
    return NULL;
}

int main(void) {
    for (int t = 0; t < THREADS; t++) {
        sets[t].state = t + 1;
        for (int at = 0; at < BLOCKS; at++) take(&sets[t], at);
    }
    time_t end = time(NULL) + 2;
    while (time(NULL) < end) {
        pthread_t threads[THREADS];
        for (int t = 0; t < THREADS; t++) pthread_create(&threads[t], NULL, serve, &sets[t]);
        for (int t = 0; t < THREADS; t++) pthread_join(threads[t], NULL);
    }
    for (int t = 0; t < THREADS; t++)
        for (int at = 0; at < BLOCKS; at++) give(&sets[t], at);
    puts("done");
    return 0;
}
