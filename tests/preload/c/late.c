// Tells what a library that is loaded late is told.
#include <stdio.h>

static void __attribute__((constructor)) start(int count, char **arguments, char **environment) {
    printf("library: %d arguments", count);
    for (int i = 0; i < count; i++) printf(" '%s'", arguments[i]);
    printf(", %s\n", environment && *environment ? *environment : "no environment");
}
