// 5,000 short threads: each frees what earlier ones left, and leaves blocks for later ones.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef THREADS
#define THREADS 5000
#endif
enum { AT_ONCE = 8, PER_THREAD = 60, LEFT = 15 };

static void *left[THREADS][LEFT];

static size_t size_of(unsigned n) { return 1 + n * 2654435761u % (n % 50 == 0 ? 200000 : n % 7 ? 300 : 5000); }

static void *life(void *argument) {
    size_t number = (size_t)argument;
    unsigned char *blocks[PER_THREAD];
    for (int i = 0; i < PER_THREAD; i++) {
        size_t size = size_of(number * PER_THREAD + i);
        blocks[i] = malloc(size);
        memset(blocks[i], number & 255, size);
    }
    for (int i = 0; i < PER_THREAD; i++)
        if (blocks[i][size_of(number * PER_THREAD + i) - 1] != (number & 255)) abort();
    for (int i = LEFT; i < PER_THREAD; i++) free(blocks[i]);
    memcpy(left[number], blocks, sizeof left[number]);
    if (number >= AT_ONCE)
        for (int i = 0; i < LEFT / 2; i++) free(left[number - AT_ONCE][i]);
    return NULL;
}

int main(void) {
    for (size_t first = 0; first < THREADS; first += AT_ONCE) {
        pthread_t threads[AT_ONCE];
        for (int i = 0; i < AT_ONCE; i++)
            if (pthread_create(&threads[i], NULL, life, (void *)(first + i))) return puts("no thread"), 1;
        for (int i = 0; i < AT_ONCE; i++) pthread_join(threads[i], NULL);
    }
    for (int number = 0; number < THREADS; number++)
        for (int i = number < THREADS - AT_ONCE ? LEFT / 2 : 0; i < LEFT; i++) free(left[number][i]);
    puts("done");
    return 0;
}
