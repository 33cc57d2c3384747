// Memory of a process that rests, in kB beside what it had before: 100 threads take 2.5 MB each in blocks of all sizes up
// to 2 KiB and give all back, then they sleep, or end; or one thread takes 50 MB and gives them back, four times, with a
// pause. The first argument says which, the second the pause in ms.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "status.h"

enum { THREADS = 100, SHARE = 2500000, BURST = 50000000, MEAN = 1000 };

static pthread_barrier_t all_are_through;
static int sleeps;

static void pause_ms(int ms) {
    struct timespec time = {ms / 1000, ms % 1000 * 1000000L};
    while (nanosleep(&time, &time)) {}
}

static void burst(size_t bytes) {
    size_t count = bytes / MEAN;
    unsigned draw = 1;
    char **blocks = malloc(count * sizeof *blocks);
    for (size_t i = 0; i < count; i++) {
        draw = draw * 1664525 + 1013904223;
        size_t size = 16 + (draw >> 8) % (2 * MEAN);
        blocks[i] = memset(malloc(size), 1, size);
    }
    for (size_t i = 0; i < count; i++) free(blocks[i]);
    free(blocks);
}

static void *work(void *argument) {
    burst(SHARE);
    pthread_barrier_wait(&all_are_through);
    while (sleeps) pause();
    return argument;
}

static void in_threads(void) {
    pthread_t threads[THREADS];
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 128 << 10);
    pthread_barrier_init(&all_are_through, NULL, THREADS + 1);
    for (int t = 0; t < THREADS; t++) pthread_create(&threads[t], &small, work, NULL);
    pthread_barrier_wait(&all_are_through);
    for (int t = 0; t < THREADS && !sleeps; t++) pthread_join(threads[t], NULL);
}

int main(int count, char **arguments) {
    sleeps = !strcmp(arguments[1], "asleep");
    free(malloc(100));
    long before = status("VmRSS:");
    if (strcmp(arguments[1], "bursts")) {
        in_threads();
    } else {
        for (int i = 0; i < 4; i++) burst(BURST), pause_ms(atoi(arguments[2]));
    }
    pause_ms(3000);
    printf("%ld\n", status("VmRSS:") - before);
    fflush(stdout);
    _exit(0);
}
