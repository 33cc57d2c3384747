// A program that locks its memory: locked future|current|limited. With `limited` it may lock 64 MB and is nobody.
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "status.h"

enum { MIB = 1 << 20, BLOCKS = 20000 };

// Blocks of 16 bytes to 4 KB, and large ones, until there are so many MiB; returns how many were refused.
static int work(long most) {
    static char *blocks[BLOCKS];
    long taken = 0;
    int refused = 0;
    for (int i = 0; i < BLOCKS && taken < most * MIB; i++) {
        size_t bytes = i % 1000 == 0 ? 2 * MIB : 16 + i * 37 % 4000;
        blocks[i] = calloc(1, bytes);
        if (!blocks[i]) {
            if (errno != ENOMEM && errno != EAGAIN) printf("null and errno %d\n", errno), exit(1);
            refused++;
            continue;
        }
        for (size_t at = 0; at < bytes; at++)
            if (blocks[i][at]) puts("calloc: not zero"), exit(1);
        memset(blocks[i], 1, bytes);
        taken += bytes;
    }
    for (int i = 0; i < BLOCKS; i++) free(blocks[i]), blocks[i] = NULL;
    malloc_trim(0);
    return refused;
}

int main(int count, char **arguments) {
    free(malloc(100));
    int flags = strcmp(arguments[1], "current") ? MCL_CURRENT | MCL_FUTURE : MCL_CURRENT;
    if (!strcmp(arguments[1], "limited")) {
        struct rlimit limit = {64 * MIB, 64 * MIB};
        // As nobody, or as root in a machine of its own.
        if (setrlimit(RLIMIT_MEMLOCK, &limit) || (getuid() == 0 && setuid(65534))) return perror("setrlimit"), 2;
        if (mlockall(MCL_CURRENT)) return perror("of all that is there"), 1;
        flags = MCL_FUTURE;
    }
    int error = mlockall(flags);
    printf("locked: %s, resident %ld kB\n", error ? strerror(errno) : "yes", status("VmRSS:"));
    if (error) return 1;
    int refused = 0;
    for (int round = 0; round < 3; round++) refused += work(50);
    printf("peak %ld kB, refused %d, resident %ld kB\n", status("VmHWM:"), refused, status("VmRSS:"));
    // What is not used must not become memory.
    return status("VmHWM:") > 200 * 1024;
}
