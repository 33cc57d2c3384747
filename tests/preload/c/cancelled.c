// A thread is cancelled while it cannot know it, and then calls every function of the family with every size: none of
// them ends it, errno stays as it was, and it ends where it asks to.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MIB = 1 << 20, THEIRS = 40 };

static pthread_barrier_t gate;
static void *(*take)(size_t);
static void *theirs[THEIRS];
static volatile long calls;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void give(void *block) {
    errno = 7;
    pthread_mutex_lock(&lock);
    free(block);
    pthread_mutex_unlock(&lock);
    if (errno != 7) puts("free changed errno"), exit(1);
    calls++;
}

static void every_door(size_t bytes) {
    void *block = NULL;
    give(malloc(bytes));
    give(calloc(1, bytes));
    give(memalign(64, bytes));
    give(memalign(2 * MIB, bytes));
    give(aligned_alloc(4096, bytes));
    give(valloc(bytes));
    posix_memalign(&block, 128, bytes);
    give(block);
    give(realloc(malloc(bytes / 2 + 1), bytes));
    give(reallocarray(NULL, 1, bytes));
    block = malloc(bytes);
    malloc_usable_size(block);
    give(block);
}

static void *thread(void *unused) {
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pthread_barrier_wait(&gate);
    pthread_barrier_wait(&gate);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    for (size_t bytes = 1; bytes <= 300 * MIB; bytes = bytes * 5 / 2 + 1) every_door(bytes);
    void *many[30];
    for (int i = 0; i < 30; i++) many[i] = malloc(8 * MIB);
    for (int i = 0; i < 30; i++) give(many[i]);
    for (int i = 0; i < 200000; i++) free(malloc(i % 3000));
    for (int i = 0; i < THEIRS / 2; i++) give(theirs[i]);
    for (int i = THEIRS / 2; i < THEIRS; i++) malloc_usable_size(theirs[i]), give(realloc(theirs[i], 5000));
    // What cannot be had, and what must not be: both may be told.
    if (malloc((size_t)1 << 62) || errno != ENOMEM) puts("no such block"), exit(1);
    malloc_trim(0);
    calls = -1;
    pthread_testcancel();
    return NULL;
}

int main(int count, char **arguments) {
    void *plugin = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND), *result;
    if (!plugin) return puts(dlerror()), 1;
    take = dlsym(plugin, "plugin_malloc");
    for (int i = 0; i < THEIRS; i++) theirs[i] = take(1 + i * i * i * 10);
    pthread_t one;
    pthread_barrier_init(&gate, NULL, 2);
    pthread_create(&one, NULL, thread, NULL);
    pthread_barrier_wait(&gate);
    pthread_cancel(one);
    pthread_barrier_wait(&gate);
    pthread_join(one, &result);
    if (result != PTHREAD_CANCELED || calls != -1) return printf("ended after %ld calls\n", calls), 1;
    puts("done");
    return 0;
}
