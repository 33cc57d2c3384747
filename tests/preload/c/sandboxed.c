// After its first block the program gets a sandbox that kills whoever makes another system call than an allocator needs.
// Then it works: small, large, aligned and growing blocks, eight threads that were there before, a trim, a fork.
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>

#include "filter.h"

enum { KIB = 1 << 10, MIB = 1 << 20, THREADS = 8, KEPT = 2000 };

static void say(const char *text) { write(1, text, strlen(text)); }

static void *sure(void *block, size_t bytes) {
    if (!block) say("null\n"), _exit(1);
    memset(block, 1, bytes < 64 ? bytes : 64);
    return block;
}

static unsigned roll(unsigned *state) { return (*state = *state * 1664525 + 1013904223) >> 8; }

static void small(unsigned state, int steps) {
    void **kept = calloc(KEPT, sizeof *kept);
    for (int step = 0; step < steps; step++) {
        int slot = roll(&state) % KEPT;
        size_t bytes = 1 + roll(&state) % (step % 16 ? 2 * KIB : 100 * KIB);
        if (kept[slot] && step % 3 == 0) {
            kept[slot] = sure(realloc(kept[slot], bytes), bytes);
            continue;
        }
        free(kept[slot]);
        kept[slot] = sure(step % 7 ? malloc(bytes) : calloc(1, bytes), bytes);
    }
    for (int slot = 0; slot < KEPT; slot++) free(kept[slot]);
    free(kept);
}

static void large(int blocks, size_t bytes) {
    void **kept = malloc(blocks * sizeof *kept);
    for (int i = 0; i < blocks; i++) kept[i] = sure(malloc(bytes), bytes);
    for (int i = 0; i < blocks; i++) free(kept[i]);
    for (int i = 0; i < blocks; i++) free(sure(malloc(bytes + i * 4096), bytes));
    free(kept);
}

static void aligned(void) {
    for (size_t align = 16; align <= 4 * MIB; align *= 2)
        for (size_t bytes = 1; bytes <= 3 * MIB; bytes *= 9) free(sure(memalign(align, bytes), bytes));
}

static void growing(void) {
    char *block = malloc(1);
    for (size_t bytes = 2; bytes <= 128 * MIB; bytes *= 2) block = sure(realloc(block, bytes), bytes);
    for (size_t bytes = 64 * MIB; bytes; bytes /= 4) block = sure(realloc(block, bytes), bytes);
    free(block);
}

static pthread_barrier_t gate;

static void *thread(void *number) {
    free(malloc(10));
    pthread_barrier_wait(&gate);
    pthread_barrier_wait(&gate);
    small((unsigned)(size_t)number, 6000);
    large(4, 2 * MIB);
    return NULL;
}

int main(void) {
    pthread_t threads[THREADS];
    free(malloc(100));
    pthread_barrier_init(&gate, NULL, THREADS + 1);
    for (size_t i = 0; i < THREADS; i++) pthread_create(threads + i, NULL, thread, (void *)i);
    pthread_barrier_wait(&gate);
    filter_on();
    pthread_barrier_wait(&gate);
    small(77, 30000);
    large(400, 200 * KIB);
    large(60, 3 * MIB);
    aligned();
    growing();
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    malloc_trim(0);
    for (int i = 0; i < 3; i++) {
        int status = 0;
        pid_t child = fork();
        if (!child) small(i, 3000), large(10, 2 * MIB), malloc_trim(0), _exit(0);
        waitpid(child, &status, 0);
        if (status) say("a child ended badly\n"), _exit(1);
    }
    small(78, 3000);
    say("done\n");
    _exit(0);
}
