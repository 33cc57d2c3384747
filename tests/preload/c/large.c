// Large blocks: CPU ms, and kB that are resident at the end. The first argument says which: "grow", sizes that grow by 4
// bytes to 8 MB; "frames", twelve of 4 MiB at a time, touched; "mixed", 5 to 25 MiB in a random order, touched.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "status.h"

enum { MIB = 1 << 20, FRAMES = 12, BLOCKS = 20 };

static void touch(char *block, size_t bytes) {
    for (size_t at = 0; at < bytes; at += 4096) block[at] = 1;
}

static void grow(void) {
    for (size_t size = 0; size < 8000000; size += 4) free(malloc(size));
}

static void frames(void) {
    char *block[FRAMES];
    for (int round = 0; round < 3000; round++) {
        for (int i = 0; i < FRAMES; i++) touch(block[i] = malloc(4 * MIB + i * 4096), 4 * MIB);
        for (int i = 0; i < FRAMES; i++) free(block[i]);
    }
}

static void mixed(void) {
    static char *block[BLOCKS];
    unsigned draw = 1;
    for (int i = 0; i < 400; i++) {
        draw = draw * 1664525 + 1013904223;
        int at = (draw >> 8) % BLOCKS;
        size_t size = 5 * MIB + (size_t)(draw >> 4) % (20 * MIB);
        free(block[at]);
        touch(block[at] = malloc(size), size);
    }
}

int main(int count, char **arguments) {
    const char *what = count > 1 ? arguments[1] : "grow";
    *what == 'g' ? grow() : *what == 'f' ? frames() : mixed();
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    long ms = (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000 + (use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1000;
    printf("%ld ms, %ld faults, %ld kB\n", ms, use.ru_minflt, status("VmRSS:"));
    return 0;
}
