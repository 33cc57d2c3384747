// So many threads, one short life after another, 8 at once: what is resident must not grow with their number.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { AT_ONCE = 8, MOST_GROWTH_KB = 4096 };

static void *life(void *argument) {
    void *blocks[20];
    for (int i = 0; i < 20; i++) blocks[i] = memset(malloc(16 + i * 50), 1, 16);
    for (int i = 0; i < 20; i++) free(blocks[i]);
    return NULL;
}

static long resident_kb(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%*d %ld", &pages) != 1) abort();
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

int main(int count, char **arguments) {
    int threads = atoi(arguments[1]);
    long early = 0;
    for (int started = 0; started < threads; started += AT_ONCE) {
        pthread_t lives[AT_ONCE];
        for (int t = 0; t < AT_ONCE; t++)
            if (pthread_create(&lives[t], NULL, life, NULL)) return puts("no thread"), 1;
        for (int t = 0; t < AT_ONCE; t++) pthread_join(lives[t], NULL);
        if (started == threads / 20 / AT_ONCE * AT_ONCE) early = resident_kb();
    }
    long grown = resident_kb() - early;
    fprintf(stderr, "%ld kB more than after a twentieth\n", grown);
    puts(grown <= MOST_GROWTH_KB ? "done" : "memory grew");
    return 0;
}
