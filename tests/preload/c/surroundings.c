// What a program sees of its surroundings: arguments, environment by each way to it, names, what the kernel said, and
// the same in a constructor and in a library that is loaded late. Addresses are left out, they differ.
// surroundings LIBRARY ARGUMENT...
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

extern char **environ;

static void tell(const char *who, int count, char **arguments, char **environment) {
    printf("%s: %d arguments", who, count);
    for (int i = 0; i < count; i++) printf(" '%s'", arguments[i]);
    printf(", ends %d\n", arguments ? arguments[count] == NULL : -1);
    for (char **at = environment; at && *at; at++)
        if (strncmp(*at, "LD_PRELOAD=", 11)) printf("  %s\n", *at);
    printf("  same %d\n", environment == environ);
}

static void __attribute__((constructor)) start(int count, char **arguments, char **environment) {
    tell("constructor", count, arguments, environment);
}

int main(int count, char **arguments, char **environment) {
    tell("main", count, arguments, environment);
    printf("%s, %s, '%s'\n", program_invocation_name, program_invocation_short_name, getenv("PATH"));
    printf("secure %lu, page %lu, uid %lu, started as %s\n", getauxval(AT_SECURE), getauxval(AT_PAGESZ),
           getauxval(AT_UID), (char *)getauxval(AT_EXECFN));
    setenv("LATE", "1", 1);
    printf("late %s, errno %d\n", getenv("LATE"), errno);
    if (!dlopen(arguments[1], RTLD_NOW)) puts(dlerror());
    return 0;
}
