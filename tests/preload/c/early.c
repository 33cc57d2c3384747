// Calls before main: from the array before all constructors, where the first one frees nothing, and from a constructor.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int before, constructed;
static char *kept;

// Resolvers run while addresses are bound: before us, and before most of what they could call.
static int chosen_well(void) { return 7; }
static void *resolve(void) { return chosen_well; }
int chosen(void) __attribute__((ifunc("resolve")));

static void first(int count, char **arguments, char **environment) {
    free(NULL);
    kept = realloc(strcpy(malloc(10), "kept"), 100000);
    free(calloc(1000, 1000));
    before = 1;
}

__attribute__((section(".preinit_array"), used)) static void (*const start)(int, char **, char **) = first;

__attribute__((constructor(101))) static void construct(void) {
    free(strdup("constructed"));
    constructed = before + 1;
}

int main(void) {
    printf("%s %d %d\n", kept, constructed, chosen());
    free(kept);
    return 0;
}
