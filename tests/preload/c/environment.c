// Loads a library late, when the environment has been moved: nothing of the kernel's stands behind it any more.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int count, char **arguments) {
    enum { PAGE = 4096 };
    char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED || mprotect(pages + PAGE, PAGE, PROT_NONE)) return 2;
    // The last words that can be read.
    environ = (char **)(pages + PAGE) - 2;
    environ[0] = "HAKMEM_VERBOSE=1";
    environ[1] = NULL;
    if (!dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL)) return puts(dlerror()), 1;
    puts("loaded");
    return 0;
}
