// A C program that loads a library of C++ late.
#include <dlfcn.h>
#include <stdio.h>

int main(int count, char **names) {
    void *late = dlopen(names[1], RTLD_NOW);
    if (!late) return puts(dlerror()), 1;
    int (*work)(void) = dlsym(late, "work");
    printf("%d\n", work());
    puts("done");
    return 0;
}
