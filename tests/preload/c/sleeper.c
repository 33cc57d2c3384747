// A thread takes 100 MB and sleeps for ever while others free it; then 100 MB come and go again and again, taken by one
// thread and freed by another. What the sleeper had may wait for it, but nothing is added to that.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCKS = 200000, SIZE = 500, ROUNDS = 8, MOST_MIB = 230 };

static char *blocks[BLOCKS];
static pthread_barrier_t gate;

static void *take(void *argument) {
    for (int i = 0; i < BLOCKS; i++) blocks[i] = memset(malloc(SIZE), 1, SIZE);
    return NULL;
}

static void *take_and_sleep(void *argument) {
    take(NULL);
    pthread_barrier_wait(&gate);
    for (;;) pause();
}

static long resident_mib(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%*d %ld", &pages) != 1) abort();
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE) >> 20;
}

int main(void) {
    pthread_barrier_init(&gate, NULL, 2);
    pthread_t sleeper, other;
    pthread_create(&sleeper, NULL, take_and_sleep, NULL);
    pthread_barrier_wait(&gate);
    for (int i = 0; i < BLOCKS; i++) free(blocks[i]);
    long slept = resident_mib(), most = 0;
    for (int round = 0; round < ROUNDS; round++) {
        pthread_create(&other, NULL, take, NULL);
        pthread_join(other, NULL);
        long now = resident_mib();
        if (now > most) most = now;
        for (int i = 0; i < BLOCKS; i++) free(blocks[i]);
    }
    fprintf(stderr, "%ld MiB for the sleeper, at most %ld MiB\n", slept, most);
    puts(most <= MOST_MIB ? "done" : "memory grew");
    return 0;
}
