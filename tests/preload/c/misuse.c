// One misuse a run, chosen by the argument. Prints the pointer that it is about to give back wrongly.
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static char fixed[256] __attribute__((aligned(64)));

// Takes no block: that could be the very one that was freed.
static void *announce(void *pointer) {
    char line[32];
    write(1, line, snprintf(line, sizeof line, "%#lx\n", (unsigned long)(uintptr_t)pointer));
    return pointer;
}

static void give(void *pointer) { free(announce(pointer)); }

static void *give_in_thread(void *pointer) {
    free(pointer);
    return NULL;
}

static void twice(void *block) {
    free(block);
    give(block);
}

static void late(void) {
    static void *others[1000];
    void *block = malloc(48);
    for (int i = 0; i < 1000; i++) others[i] = malloc(1 + i % 2000);
    free(block);
    for (int i = 0; i < 1000; i++) free(others[i]);
    give(block);
}

static void from_another_thread(int freed_there_first) {
    pthread_t thread;
    void *block = malloc(48);
    if (!freed_there_first) {
        free(block);
        announce(block);
    }
    pthread_create(&thread, NULL, give_in_thread, block);
    pthread_join(thread, NULL);
    if (freed_there_first) give(block);
}

static void stale(void) {
    char *block = malloc(48), *neighbour = malloc(48), *moved = realloc(block, 100000);
    if (moved == block) exit(3);
    give(block);
}

static void *stack_of_another(void *place) {
    char here[64];
    *(char *_Atomic *)place = here;
    for (;;) sched_yield();
}

static void another_threads_stack(void) {
    static char *_Atomic place;
    pthread_t thread;
    pthread_create(&thread, NULL, stack_of_another, &place);
    while (!place) sched_yield();
    give((void *)((uintptr_t)place & ~(uintptr_t)15));
}

int main(int count, char **arguments) {
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    const char *which = count > 1 ? arguments[1] : "";
    char local[64] __attribute__((aligned(16)));
#define IS(name) (strcmp(which, name) == 0)
    if (IS("stack")) give(local);
    if (IS("another thread's stack")) another_threads_stack();
    if (IS("static")) give(fixed);
    if (IS("literal")) give((void *)((uintptr_t)"a literal of some length, in read-only memory" & ~(uintptr_t)15));
    if (IS("code")) give((void *)((uintptr_t)main & ~(uintptr_t)15));
    if (IS("wild low")) give((void *)0x1234560);
    if (IS("wild high")) give((void *)0xdeadbeefdeadbee0);
    if (IS("wild odd")) give((void *)0x1234561);
    if (IS("mapped")) give(mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (IS("inner")) give((char *)malloc(64) + 16);
    if (IS("inner mid")) give((char *)malloc(20 << 10) + 4096);
    if (IS("inner big")) give((char *)malloc(10 << 20) + 4096);
    if (IS("misaligned")) give((char *)malloc(64) + 1);
    if (IS("misaligned big")) give((char *)malloc(10 << 20) + 1);
    if (IS("stale")) stale();
    if (IS("double")) twice(malloc(48));
    if (IS("double tiny")) twice(malloc(1));
    if (IS("double aligned")) twice(memalign(4096, 100));
    if (IS("double mid")) twice(malloc(20 << 10));
    if (IS("double span")) twice(malloc(300 << 10));
    if (IS("double big")) twice(malloc(10 << 20));
    if (IS("double huge")) twice(malloc(200 << 20));
    if (IS("double late")) late();
    if (IS("double from another thread")) from_another_thread(0);
    if (IS("double after another thread")) from_another_thread(1);
    if (IS("realloc of freed")) {
        void *block = malloc(48);
        free(block);
        realloc(announce(block), 100);
    }
    if (IS("realloc inner")) realloc(announce((char *)malloc(64) + 16), 100);
    if (IS("usable size of static")) malloc_usable_size(announce(fixed));
    if (IS("usable size of freed")) {
        void *block = malloc(48);
        free(block);
        malloc_usable_size(announce(block));
    }
    puts("survived");
    return 0;
}
