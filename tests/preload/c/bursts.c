// Bursts of small blocks, of large ones, and of small ones again, each of so many MiB and freed before the next
// begins: what is in use fits a memory limit, and so must what an allocator keeps beside it.
// bursts MIB ROUNDS [KINDS]
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "status.h"

enum { MIB = 1 << 20 };

// Blocks of so many bytes, linked by their first words, until they are `bytes` in all; then all are freed.
static void burst(size_t bytes, size_t each) {
    void **newest = NULL;
    for (size_t taken = 0; taken < bytes; taken += each) {
        void **block = malloc(each);
        if (!block) {
            printf("refused after %zu MiB of %zu bytes\n", taken / MIB, each);
            exit(1);
        }
        memset(block, 1, each);
        *block = newest;
        newest = block;
    }
    while (newest) {
        void **block = newest;
        newest = *block;
        free(block);
    }
}

int main(int count, char **arguments) {
    size_t bytes = atol(arguments[1]) * (size_t)MIB;
    for (int round = 0; round < atoi(arguments[2]); round++) {
        size_t sizes[] = {100, 3 * MIB, 5000, 20 * MIB, 200000, 700000};
        int kinds = count > 3 ? atoi(arguments[3]) : 6;
        for (int i = 0; i < kinds; i++) burst(bytes, sizes[i]);
    }
    printf("peak %ld kB, left %ld kB\n", status("VmHWM:"), status("VmRSS:"));
    return 0;
}
