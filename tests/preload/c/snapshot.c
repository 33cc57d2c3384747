// How many kilobytes a child makes its own, of a parent with 100 MB of small blocks: one that reads them all, one that
// takes and gives back blocks while it does, one that frees half of what it inherited.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BLOCKS = 400000, SIZE = 250 };

static char *blocks[BLOCKS];

static long private_dirty(void) {
    char line[128];
    long sum = 0, kb;
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "Private_Dirty: %ld", &kb) == 1) sum += kb;
    fclose(file);
    return sum;
}

static long child(int how) {
    long before = private_dirty(), sum = 0;
    for (int i = 0; i < BLOCKS; i++) {
        sum += blocks[i][0] + blocks[i][SIZE - 1];
        if (how == 1) free(memset(malloc(50 + i % 900), 1, 50));
        if (how == 2 && i % 2 == 0) free(blocks[i]);
    }
    return sum == 2 * BLOCKS ? private_dirty() - before : -1;
}

int main(void) {
    for (int i = 0; i < BLOCKS; i++) blocks[i] = memset(malloc(SIZE), 1, SIZE);
    for (int how = 0; how < 3; how++) {
        fflush(stdout);
        if (fork() == 0) {
            printf("%ld\n", child(how));
            exit(0);
        }
        int status;
        wait(&status);
        if (status != 0) return 1;
    }
    return 0;
}
