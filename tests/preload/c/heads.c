// Frees what is nobody's block, behind every kind of word that another allocator keeps there: with nothing around it, and
// in 64 MiB that hold zeros. It may be named, by whom it belongs to as well, or be taken; nobody reads where nothing is.
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

static int ends_by(void *block) {
    pid_t child = fork();
    if (child == 0) {
        // What is said of it is known.
        close(2);
        free(block);
        _exit(0);
    }
    int ended;
    waitpid(child, &ended, 0);
    return WIFSIGNALED(ended) ? WTERMSIG(ended) : 0;
}

static int wrong(char *place) {
    static const uint64_t sizes[] = {0, 16, 32, 48, 112, 1040, 4096, 16384, 65536, 1 << 19, 1 << 20, (uint64_t)1 << 46};
    int found = 0, named = 0;
    for (unsigned size = 0; size < sizeof sizes / sizeof *sizes; size++)
        for (uint64_t flags = 0; flags < 8; flags++)
            for (uint64_t before = 0; before < 2; before++) {
                uint64_t *block = (uint64_t *)(place + 4096 * 3 + 512);
                // Before it, as if it and that filled pages.
                block[-2] = before ? 4096 * 3 + 496 : 0;
                block[-1] = (sizes[size] + (before ? 3600 : 0)) | flags;
                int signal = ends_by(block);
                named += signal == SIGABRT;
                if (signal && signal != SIGABRT) printf("%zx: signal %d\n", (size_t)block[-1], signal), found++;
            }
    // Most of them are no head at all.
    if (named < 100) printf("%d named\n", named), found++;
    return found;
}

int main(void) {
    char *alone = mmap(NULL, 65 * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    mprotect(alone + 33 * MIB, MIB, PROT_READ | PROT_WRITE);
    // Never the 64 MiB's start.
    char *within = (char *)(((uintptr_t)alone + 33 * MIB) % (64 * MIB) < MIB ? alone + 33 * MIB + MIB / 2 : alone + 33 * MIB);
    int found = wrong(within);
    char *zeros = mmap(NULL, 192 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    found += wrong((char *)(((uintptr_t)zeros + 64 * MIB) & ~(uintptr_t)(64 * MIB - 1)) + 32 * MIB);
    if (!found) puts("done");
    return found != 0;
}
