// Mappings of a process, which may have only so many. mappings full: the program takes all there can be; small blocks
// may then be refused, as by any allocator, and when some mappings are free again all goes on. mappings few: a large heap whose free slabs lie scattered; the allocator's own stay few.
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MIB = 1 << 20, SMALL = 400000, RUNS = 1500 };

static int mappings(void) {
    int lines = 0;
    char text[4096];
    FILE *file = fopen("/proc/self/maps", "r");
    for (size_t came; (came = fread(text, 1, sizeof text, file));)
        for (size_t i = 0; i < came; i++) lines += text[i] == '\n';
    fclose(file);
    return lines;
}

static int full(void) {
    char *page = NULL, *next;
    int taken = 0;
    free(malloc(100));
    // Neighbours differ in what may be done to them, so that none is joined to another.
    while ((next = mmap(NULL, 4096, taken % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) != MAP_FAILED)
        page = next, taken++;
    static char *blocks[SMALL];
    int refused[2] = {0, 0};
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < SMALL; i++) {
            size_t bytes = 16 + i * 7 % 200;
            if ((blocks[i] = malloc(bytes))) memset(blocks[i], 1, bytes);
            else refused[round]++;
        }
        for (int i = 0; i < SMALL; i++) free(blocks[i]);
        // Sixteen of them: a heap that grows needs a few, and only for a moment.
        for (int i = 0; round == 0 && i < 16; i++) munmap(page - i * 4096, 4096), munmap(page + i * 4096, 4096);
    }
    printf("%d taken, %d of %d small blocks refused, then %d\n", taken, refused[0], SMALL, refused[1]);
    return refused[0] == SMALL || refused[1] > 0;
}

static int few(void) {
    int before = mappings();
    static char *small[RUNS * 8], *large[64];
    // Superslabs of 2 MiB, each full of runs: every other one is then freed in part, in whole, or not.
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < RUNS * 8; i++)
            if (!small[i] && (small[i] = malloc(250000))) small[i][0] = 1;
        for (int i = 0; i < RUNS * 8; i++)
            if (i / 8 % 2 == round % 2 && (i / 16 % 3 == round % 3 || i % 3)) free(small[i]), small[i] = NULL;
        for (int i = 0; i < 64; i++) large[i] = realloc(large[i], (1 + (i + round) % 7) * MIB + 1);
        malloc_trim(0);
    }
    int peak = mappings();
    for (int i = 0; i < RUNS * 8; i++) free(small[i]);
    for (int i = 0; i < 64; i++) free(large[i]);
    malloc_trim(0);
    printf("%d mappings at start, %d in between, %d in the end\n", before, peak, mappings());
    return peak > 900;
}

int main(int count, char **arguments) {
    return strcmp(arguments[1], "full") ? few() : full();
}
