// A use of freed memory, or of memory behind a block, chosen by the argument. Prints the address that it touches.
#define _GNU_SOURCE
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

// Takes no block.
static char *announce(char *pointer) {
    char line[32];
    write(1, line, snprintf(line, sizeof line, "%#lx\n", (unsigned long)(uintptr_t)pointer));
    return pointer;
}

// Writes to a freed block, then takes blocks of its size until somebody complains.
static void write_after_free(size_t bytes, size_t at) {
    char *neighbour = malloc(bytes), *block = malloc(bytes);
    memset(block, 1, bytes);
    free(block);
    *announce(block + at) = 2;
    for (int i = 0; i < 5000; i++) malloc(bytes);
    free(neighbour);
}

// The same, and frees blocks instead.
static void write_in_quarantine(size_t bytes, size_t at) {
    char *block = malloc(bytes);
    free(block);
    *announce(block + at) = 2;
    for (int i = 0; i < 10000; i++) free(malloc(1000));
}

static void twice_in_quarantine(size_t bytes) {
    char *block = malloc(bytes);
    free(block);
    for (int i = 0; i < 100; i++) free(malloc(1000));
    free(announce(block));
}

// Blocks of our own lie between the block and its span's end at most.
static void write_on_and_on(size_t bytes, size_t most) {
    char *block = malloc(bytes);
    memset(announce(block), 1, most);
}

int main(int count, char **arguments) {
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    const char *which = count > 1 ? arguments[1] : "";
#define IS(name) (strcmp(which, name) == 0)
    if (IS("write tiny")) write_after_free(8, 3);
    if (IS("write small")) write_after_free(48, 5);
    if (IS("write last")) write_after_free(1000, 1007);
    if (IS("write mid")) write_after_free(20 << 10, 10000);
    if (IS("write room")) write_after_free(200 << 10, 150000);
    if (IS("write in quarantine")) write_in_quarantine(48, 5);
    if (IS("write in quarantine, run")) write_in_quarantine(300 << 10, 100000);
    if (IS("write in a child")) {
        int status;
        if (fork() == 0) write_after_free(48, 5), _exit(0);
        wait(&status);
        if (WIFSIGNALED(status)) raise(WTERMSIG(status));
    }
    if (IS("read a large one in quarantine")) {
        char *block = malloc(5 << 20);
        free(block);
        return *(volatile char *)announce(block + 4096);
    }
    if (IS("double in quarantine")) twice_in_quarantine(48);
    if (IS("double in quarantine, run")) twice_in_quarantine(300 << 10);
    if (IS("double in quarantine, big")) twice_in_quarantine(5 << 20);
    if (IS("behind a span")) write_on_and_on(64, 33 << 10);
    if (IS("behind a room")) write_on_and_on(100 << 10, 129 << 10);
    if (IS("behind a run")) write_on_and_on(300 << 10, (320 << 10) + 1);
    if (IS("behind a large block")) write_on_and_on(5 << 20, (5 << 20) + 1);
    puts("survived");
    return 0;
}
