// Crashes of every kind, chosen by the argument: in the allocator, on its memory, elsewhere.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define SUPERSLAB ((uintptr_t)2 << 20)

static volatile char sink;
static char stack[65536];

static void announce(const void *pointer) {
    char line[32];
    write(1, line, snprintf(line, sizeof line, "%#lx\n", (unsigned long)(uintptr_t)pointer));
}

static int deep(int depth) {
    volatile char here[4096];
    here[0] = (char)depth;
    return depth < 0 ? 0 : deep(depth + 1) + here[0];
}

static void on_own_stack(int signal) {
    char here;
    write(1, &here > stack && &here < stack + sizeof stack ? "own\n" : "not\n", 4);
    _exit(7);
}

static void recovers(int signal, siginfo_t *told, void *context) {
    write(1, "recovered\n", 10);
    mprotect((void *)((uintptr_t)told->si_addr & ~(uintptr_t)4095), 4096, PROT_READ | PROT_WRITE);
}

int main(int count, char **arguments) {
    const char *which = count > 1 ? arguments[1] : "";
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    char *block = malloc(100);
#define IS(name) (strcmp(which, name) == 0)
    // The records stand below the first superslab.
    uintptr_t blocks = (uintptr_t)block & ~(SUPERSLAB - 1);
    if (IS("records")) {
        mprotect((void *)(blocks - (4 << 17)), 4 << 17, PROT_NONE);
        for (int i = 0; i < 100000; i++) sink = *(char *)malloc(3000);
    }
    if (IS("copy")) {
        char *large = malloc(900000);
        memset(large, 1, 900000);
        mprotect((void *)((uintptr_t)large & ~(uintptr_t)4095), 4096, PROT_NONE);
        announce(large);
        sink = *(char *)realloc(large, 2000);
    }
    if (IS("far")) {
        char *far = (char *)blocks + ((uintptr_t)1 << 30);
        announce(far);
        sink = *(volatile char *)far;
    }
    if (IS("free")) {
        uintptr_t bytes = sysconf(_SC_PAGESIZE);
        char *run = malloc(500000), *page = (char *)(((uintptr_t)run + 2 * bytes - 1) & ~(bytes - 1));
        free(run);
        mprotect(page, bytes, PROT_NONE);
        announce(page);
        sink = *(volatile char *)page;
    }
    if (IS("null")) sink = *(volatile char *)(uintptr_t)(count - 2);
    if (IS("stack")) return deep(1);
    if (IS("stack with its own")) {
        sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
        return deep(1);
    }
    if (IS("handler on its own stack")) {
        sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
        struct sigaction action = {.sa_handler = on_own_stack, .sa_flags = SA_ONSTACK};
        sigaction(SIGSEGV, &action, NULL);
        return deep(1);
    }
    if (IS("recovers")) {
        struct sigaction action = {.sa_sigaction = recovers, .sa_flags = SA_SIGINFO};
        sigaction(SIGSEGV, &action, NULL);
        char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        *page = 1;
    }
    if (IS("abort")) abort();
    if (IS("bus")) raise(SIGBUS);
    puts("survived");
    return 0;
}
