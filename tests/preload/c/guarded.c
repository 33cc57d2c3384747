// One misuse of a guarded block a run, chosen by the argument. Prints the address that it is about to touch.
// Run with guard_rate=1: every block is guarded while slots are free.
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096

static volatile char sink;

// Takes no block, and leaves no frame between.
static void announce(const volatile void *pointer) {
    char line[32];
    write(1, line, snprintf(line, sizeof line, "%#lx\n", (unsigned long)(uintptr_t)pointer));
}

// A block at its slot's end, or at its start.
static char *block_at(size_t bytes, int end) {
    for (int i = 0; i < 64; i++) {
        char *block = malloc(bytes);
        size_t after = ((uintptr_t)block + ((bytes + 15) & ~(size_t)15)) % PAGE;
        if (end ? after == 0 : (uintptr_t)block % PAGE == 0) return block;
        free(block);
    }
    exit(4);
}

__attribute__((noinline)) static char *make(size_t bytes) { return malloc(bytes); }
__attribute__((noinline)) static void unmake(char *block) { free(block); }

static void *unmake_in_thread(void *block) {
    unmake(block);
    return NULL;
}

static void handler(int signal) {
    write(1, "handled\n", 8);
    _exit(7);
}

static char *volatile of_handler;

static void take_in_handler(int signal) { of_handler = make(48); }

// Its frame is found by an expression: the stack pointer is rounded.
__attribute__((noinline)) static void interrupted(int times) {
    volatile char wide[64] __attribute__((aligned(64)));
    char *volatile some = __builtin_alloca(times);
    for (int i = 0; i < times; i++) wide[i % 64] = some[i] = (char)i;
    raise(SIGUSR1);
    sink = wide[0];
}

int main(int count, char **arguments) {
    const char *which = count > 1 ? arguments[1] : "";
    if (count <= 2) setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    char *block;
#define IS(name) (strcmp(which, name) == 0)
    if (IS("read after free")) {
        unmake(block = make(48));
        announce(block + 12);
        sink = block[12];
    }
    if (IS("use of a handler's")) {
        signal(SIGUSR1, take_in_handler);
        interrupted(count * 10);
        unmake(of_handler);
        announce(of_handler);
        sink = *of_handler;
    }
    if (IS("write after free")) {
        unmake(block = make(48));
        announce(block);
        *(volatile char *)block = 1;
    }
    if (IS("use after free by another thread")) {
        pthread_t thread;
        block = make(3000);
        pthread_create(&thread, NULL, unmake_in_thread, block);
        pthread_join(thread, NULL);
        announce(block + 2999);
        sink = block[2999];
    }
    if (IS("use after realloc")) {
        block = make(48);
        if (realloc(block, 5000) == block) return 3;
        announce(block);
        sink = *(volatile char *)block;
    }
    if (IS("overflow")) {
        block = block_at(48, 1);
        announce(block + 48);
        *(volatile char *)(block + 48) = 1;
    }
    if (IS("overflow far")) {
        block = block_at(10000, 1);
        announce(block + 10001 + 15);
        sink = *(volatile char *)(block + 10016);
    }
    if (IS("underflow")) {
        block = block_at(100, 0);
        announce(block - 1);
        sink = *(volatile char *)(block - 1);
    }
    if (IS("overflow of pages")) {
        block = block_at(20000, 1);
        announce(block + 20000);
        *(volatile char *)(block + 20000) = 1;
    }
    if (IS("overflow of megabytes")) {
        block = block_at(3 << 20, 1);
        announce(block + (3 << 20) + 8);
        sink = *(volatile char *)(block + (3 << 20) + 8);
    }
    if (IS("overflow of aligned pages")) {
        block = aligned_alloc(1 << 16, 1 << 16);
        announce(block + (1 << 16));
        *(volatile char *)(block + (1 << 16)) = 1;
    }
    if (IS("overflow of less")) {
        block = realloc(block_at(96, 1), 64);
        while ((uintptr_t)(block + 64) % PAGE != 0) block = realloc(block_at(96, 1), 64);
        announce(block + 64);
        *(volatile char *)(block + 64) = 1;
    }
    if (IS("underflow of pages")) {
        block = block_at(20000, 0);
        announce(block - 1);
        sink = *(volatile char *)(block - 1);
    }
    if (IS("use of freed pages")) {
        unmake(block = make(1 << 20));
        announce(block + 70000);
        sink = *(volatile char *)(block + 70000);
    }
    if (IS("write to nothing")) {
        announce(block = make(0));
        *(volatile char *)block = 1;
    }
    if (IS("read of nothing")) {
        announce(block = calloc(0, 8));
        sink = *(volatile char *)block;
    }
    if (IS("read before nothing")) {
        block = make(0);
        announce(block - 1);
        sink = *(volatile char *)(block - 1);
    }
    if (IS("margin at exit")) {
        block = block_at(44, 1);
        block[-1] = 0;
        announce(block);
    }
    if (IS("margin behind")) {
        block = block_at(44, 1);
        block[44] = 0;
        announce(block);
        unmake(block);
    }
    if (IS("margin before")) {
        block = block_at(44, 1);
        block[-1] = 0;
        announce(block);
        unmake(block);
    }
    if (IS("double free")) {
        unmake(block = make(48));
        announce(block);
        unmake(block);
    }
    if (IS("inner free")) {
        block = make(48);
        announce(block + 16);
        unmake(block + 16);
    }
    if (IS("in a child")) {
        unmake(block = make(48));
        announce(block);
        int status;
        if (fork() == 0) sink = *(volatile char *)block;
        wait(&status);
        raise(WTERMSIG(status));
    }
    if (IS("own handler")) {
        signal(SIGSEGV, handler);
        unmake(block = make(48));
        sink = *(volatile char *)block;
    }
    if (IS("null")) sink = *(volatile char *)(uintptr_t)(count - 2);
    if (IS("sent")) kill(getpid(), SIGSEGV);
    if (IS("ignored")) {
        signal(SIGSEGV, SIG_IGN);
        raise(SIGSEGV);
    }
    puts("survived");
    return 0;
}
