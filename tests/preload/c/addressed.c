// Calls malloc and free by their addresses. Linked to stand where it must, it has entries of its own for both, and their
// addresses are malloc's and free's for the whole process.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
    void *(*volatile take)(size_t) = malloc;
    void (*volatile give)(void *) = free;
    for (size_t bytes = 1; bytes < 3000000; bytes = bytes * 3 + 1) give(memset(take(bytes), 1, bytes));
    puts("done");
    return 0;
}
