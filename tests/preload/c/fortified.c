// With _FORTIFY_SOURCE=3 the compiler knows how long blocks are, and ends a program that writes further. Who asks how
// much there is may use it all, once the block went through a function that says so.
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((noinline, alloc_size(2))) static void *expand(void *block, size_t usable) { return block; }

int main(int count, char **arguments) {
    for (size_t size = 1; size < 3 << 20; size += size / 7 + 1) {
        char *block = malloc(size * count);
        memset(block, 1, size);
        size_t usable = malloc_usable_size(block);
        if (usable < size) return 1;
        block = expand(block, usable);
        memset(block, 2, usable);
        for (int i = 0; i < 3; i++) free(malloc(size + i));
        if (malloc_usable_size(block) != usable) return 2;
        block = realloc(block, usable + 1);
        if (block[usable - 1] != 2) return 3;
        snprintf(block, usable + 1, "%s", "ab");
        free(block);
    }
    puts("done");
    return 0;
}
