// One mistake each, for a checker to name; the first argument says which. Without one, none.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int *volatile kept;

static void *count(void *number) {
    for (int i = 0; i < 50; i++) ++*(volatile int *)number;
    return NULL;
}

static void two_threads(void) {
    int *number = calloc(1, 64);
    pthread_t threads[2];
    for (int t = 0; t < 2; t++) pthread_create(&threads[t], NULL, count, number);
    for (int t = 0; t < 2; t++) pthread_join(threads[t], NULL);
    free(number);
}

// Not on the stack of main, where a pointer to it could stay.
static void __attribute__((noinline)) lose(void) {
    kept = malloc(100);
    kept[0] = 1;
    kept = NULL;
}

int main(int argc, char **arguments) {
    const char *which = argc > 1 ? arguments[1] : "";
    int *block = malloc(48);
    memset(block, 0, 48);
    if (!strcmp(which, "use after free")) {
        free(block);
        return printf("%d\n", block[1]), 0;
    }
    if (!strcmp(which, "overflow")) ((char *)block)[48] = 1;
    if (!strcmp(which, "underflow")) ((char *)block)[-1] = 1;
    if (!strcmp(which, "uninitialised")) {
        int *fresh = malloc(48);
        if (fresh[3]) puts("chance");
        free(fresh);
    }
    if (!strcmp(which, "old block")) {
        int *moved = realloc(block, 50);
        printf("%d\n", block[1]);
        block = moved;
    }
    if (!strcmp(which, "large")) {
        char *large = calloc(3, 1 << 20);
        large[3 << 20] = 1;
        free(large);
    }
    if (!strcmp(which, "leak")) lose();
    if (!strcmp(which, "race")) two_threads();
    if (!strcmp(which, "double free")) free(block);
    free(block);
    puts("done");
    return 0;
}
