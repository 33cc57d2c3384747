// One misuse a run, chosen by the argument. Prints the pointer that it is about to give back wrongly.
#define _GNU_SOURCE
#include <dlfcn.h>
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

static void from_another_thread(size_t bytes, int freed_there_first) {
    pthread_t thread;
    // The C library keeps a thread's own blocks for the next: one of them could come to stand where the freed block stood.
    pthread_create(&thread, NULL, give_in_thread, NULL);
    pthread_join(thread, NULL);
    void *block = malloc(bytes);
    if (!freed_there_first) {
        free(block);
        announce(block);
    }
    pthread_create(&thread, NULL, give_in_thread, block);
    pthread_join(thread, NULL);
    if (freed_there_first) give(block);
}

static void after_realloc(size_t bytes, size_t more) {
    char *block = malloc(bytes), *neighbour = malloc(bytes), *moved = realloc(block, more);
    if (moved == block) exit(3);
    give(block);
}

static void size_of_freed(void *block) {
    free(block);
    malloc_usable_size(announce(block));
}

static void resize_freed(void *block) {
    free(block);
    realloc(announce(block), 100);
}

// From the 65th on such blocks are packed.
static void *packed(void) {
    void *block = NULL;
    for (int i = 0; i < 100; i++) block = malloc(20 << 10);
    return block;
}

static void *aligned(size_t alignment, size_t bytes) {
    void *block = NULL;
    if (posix_memalign(&block, alignment, bytes) != 0) exit(4);
    return block;
}

static void delete_twice(const char *name) {
    void *block = malloc(48);
    void (*delete)(void *) = (void (*)(void *))dlsym(RTLD_DEFAULT, name);
    delete (block);
    delete (announce(block));
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
    if (IS("inner packed")) give((char *)packed() + 4096);
    if (IS("inner run")) give((char *)malloc(300 << 10) + 4096);
    if (IS("misaligned mid")) give((char *)malloc(20 << 10) + 8);
    if (IS("misaligned packed")) give((char *)packed() + 8);
    if (IS("free after realloc")) after_realloc(48, 100000);
    if (IS("free after realloc mid")) after_realloc(20 << 10, 100 << 10);
    if (IS("free after realloc run")) after_realloc(300 << 10, 5 << 20);
    if (IS("free after realloc big")) after_realloc(5 << 20, 500 << 20);
    if (IS("double packed")) twice(packed());
    if (IS("double aligned big")) twice(aligned(1 << 21, 100));
    if (IS("double delete")) delete_twice("_ZdlPv");
    if (IS("double delete[]")) delete_twice("_ZdaPv");
    if (IS("double")) twice(malloc(48));
    if (IS("double tiny")) twice(malloc(1));
    if (IS("double aligned")) twice(memalign(4096, 100));
    if (IS("double mid")) twice(malloc(20 << 10));
    if (IS("double span")) twice(malloc(300 << 10));
    if (IS("double big")) twice(malloc(10 << 20));
    if (IS("double huge")) twice(malloc(200 << 20));
    if (IS("double late")) late();
    if (IS("double from another thread")) from_another_thread(48, 0);
    if (IS("double after another thread")) from_another_thread(48, 1);
    if (IS("double from another thread mid")) from_another_thread(20 << 10, 0);
    if (IS("double from another thread run")) from_another_thread(300 << 10, 0);
    if (IS("double from another thread big")) from_another_thread(10 << 20, 0);
    if (IS("realloc of freed")) resize_freed(malloc(48));
    if (IS("realloc of freed big")) resize_freed(malloc(10 << 20));
    if (IS("realloc inner")) realloc(announce((char *)malloc(64) + 16), 100);
    if (IS("usable size of static")) malloc_usable_size(announce(fixed));
    if (IS("use of a freed block's size")) size_of_freed(malloc(48));
    if (IS("use of a freed block's size, mid")) size_of_freed(malloc(20 << 10));
    if (IS("use of a freed block's size, packed")) size_of_freed(packed());
    if (IS("use of a freed block's size, run")) size_of_freed(malloc(300 << 10));
    if (IS("use of a freed block's size, big")) size_of_freed(malloc(10 << 20));
    puts("survived");
    return 0;
}
