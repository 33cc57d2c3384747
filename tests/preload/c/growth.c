// Threads take blocks until memory is out, give half of them back, go on, give all back, and take again.
// growth THREADS LIMIT [MIB]; LIMIT: as, data: by setrlimit, then the program starts anew under it; none
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MIB = 1 << 20, KINDS = 6 };

static const size_t sizes[KINDS] = {40, 900, 9000, 100000, 600000, 2500000};
static atomic_long taken, refusals;

struct list { void **newest; };

static void give(struct list *list, int all) {
    void **kept = NULL;
    while (list->newest) {
        void **block = list->newest;
        list->newest = *block;
        if (all || ((size_t)block >> 4) % 2) {
            free(block);
        } else {
            *block = kept;
            kept = block;
        }
    }
    list->newest = kept;
}

static void *work(void *number) {
    struct list lists[KINDS] = {0};
    for (int round = 0; round < 3; round++) {
        int refused = 0;
        for (unsigned step = (size_t)number; refused < 20; step++) {
            int kind = step % 97 == 0 ? 5 : step % 31 == 0 ? 4 : step % 11 == 0 ? 3 : step % 3;
            errno = 0;
            void **block = malloc(sizes[kind]);
            if (!block) {
                if (errno != ENOMEM) printf("null and errno %d\n", errno), exit(1);
                refused++, refusals++;
                continue;
            }
            memset(block, 1, sizes[kind]);
            *block = lists[kind].newest;
            lists[kind].newest = block;
            taken += sizes[kind];
        }
        for (int kind = 0; kind < KINDS; kind++) give(&lists[kind], round != 1);
    }
    for (int kind = 0; kind < KINDS; kind++) give(&lists[kind], 1);
    return NULL;
}

static long rss_kb(void) {
    static char text[256];
    FILE *file = fopen("/proc/self/statm", "r");
    long size, resident = 0;
    setvbuf(file, text, _IOFBF, sizeof text);
    fscanf(file, "%ld %ld", &size, &resident);
    fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

int main(int count, char **arguments) {
    int threads = atoi(arguments[1]);
    if (count > 3) {
        struct rlimit limit = {atol(arguments[3]) << 20, atol(arguments[3]) << 20};
        int kind = strcmp(arguments[2], "as") ? RLIMIT_DATA : RLIMIT_AS;
        if (setrlimit(kind, &limit)) return perror("setrlimit"), 2;
        execl("/proc/self/exe", arguments[0], arguments[1], arguments[2], NULL);
        return perror("exec"), 2;
    }
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 256 << 10);
    pthread_t handles[64];
    for (size_t t = 0; t < threads; t++)
        if (pthread_create(&handles[t], &small, work, (void *)t)) return puts("no thread"), 1;
    for (int t = 0; t < threads; t++) pthread_join(handles[t], NULL);
    malloc_trim(0);
    long left = rss_kb();
    // All of it can be had again, also in another shape.
    void *block = malloc(10 * MIB);
    if (!block) return puts("10 MiB were refused when all was given back"), 1;
    free(block);
    work((void *)1);
    malloc_trim(0);
    printf("took %ld MiB, refused %ld, left %ld kB\n", taken / MIB, refusals, left);
    return 0;
}
