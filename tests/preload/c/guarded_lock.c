// A library whose constructor registers handlers of forks: they hold its lock across the fork, and it allocates under
// that lock. Linked to the program, it is initialised before a preloaded library is.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *kept[64];

// Blocks of all sizes: some of these calls leave the hot path.
static void churn(unsigned seed) {
    for (unsigned i = 0; i < 64; i++) {
        size_t size = 16 + (seed * 977 + i * 7919) % (i % 8 ? 2000 : 90000);
        free(kept[i]);
        kept[i] = memset(malloc(size), 1, 16);
    }
}

void guarded_call(unsigned seed) {
    pthread_mutex_lock(&lock);
    churn(seed);
    pthread_mutex_unlock(&lock);
}

static void prepare(void) {
    pthread_mutex_lock(&lock);
    churn(1);
}

static void after(void) {
    churn(2);
    pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void start(void) { pthread_atfork(prepare, after, after); }
