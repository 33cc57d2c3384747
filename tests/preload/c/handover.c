// Producers that only take and consumers that only give back; then a producer that sleeps for ever on what
// others freed. Memory must not grow with what has passed through.
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef BLOCKS
#define BLOCKS 400000
#endif
enum { ROOM = 256, PAIRS = 2 };

struct Queue {
    void *blocks[ROOM];
    sem_t empty, full;
};

static struct Queue queues[PAIRS];

static void *produce(void *argument) {
    struct Queue *queue = argument;
    for (unsigned i = 0; i < BLOCKS; i++) {
        size_t size = 16 + i * 2654435761u % 1000;
        char *block = malloc(size);
        memset(block, i & 127, size);
        sem_wait(&queue->empty);
        queue->blocks[i % ROOM] = block;
        sem_post(&queue->full);
    }
    return NULL;
}

static void *consume(void *argument) {
    struct Queue *queue = argument;
    for (unsigned i = 0; i < BLOCKS; i++) {
        sem_wait(&queue->full);
        char *block = queue->blocks[i % ROOM];
        sem_post(&queue->empty);
        if (block[0] != (i & 127) || block[15 + i * 2654435761u % 1000] != (i & 127)) abort();
        free(block);
    }
    return NULL;
}

static size_t resident_mib(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    fscanf(file, "%*d %ld", &pages);
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE) >> 20;
}

int main(void) {
    pthread_t threads[2 * PAIRS];
    free(malloc(1));
    // Whoever watches the program, valgrind for example, is resident too.
    size_t before = resident_mib();
    for (int i = 0; i < PAIRS; i++) {
        sem_init(&queues[i].empty, 0, ROOM);
        sem_init(&queues[i].full, 0, 0);
        pthread_create(&threads[2 * i], NULL, produce, &queues[i]);
        pthread_create(&threads[2 * i + 1], NULL, consume, &queues[i]);
    }
    for (int i = 0; i < 2 * PAIRS; i++) pthread_join(threads[i], NULL);
    size_t grown = resident_mib() - before;
    printf("%s\n", grown < 48 ? "done" : "memory grew");
    fprintf(stderr, "%zu MiB more are resident after 400 MB passed through\n", grown);
    return grown >= 48;
}
