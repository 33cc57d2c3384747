// Memory runs out, by the way that the argument says; every refused request is null or its language's error.
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)

// Takes blocks of a size until there are no more, and says how it ended.
static const char *exhaust(size_t bytes) {
    errno = 0;
    while (malloc(bytes)) errno = 0;
    return errno == ENOMEM ? "refused\n" : "no errno\n";
}

static void *in_thread(void *bytes) {
    write(1, exhaust(*(size_t *)bytes), 8);
    return NULL;
}

static void in_handler(int signal) {
    write(1, malloc(1000 * MIB) ? "granted\n" : "refused\n", 8);
}

static void thread_of(size_t stack, size_t bytes) {
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack);
    if (pthread_create(&thread, &attributes, in_thread, &bytes)) write(1, "no thread\n", 10);
    pthread_join(thread, NULL);
}

int main(int count, char **arguments) {
    const char *which = count > 1 ? arguments[1] : "";
    void *place;
#define IS(name) (strcmp(which, name) == 0)
    if (IS("small")) write(1, exhaust(100), 8);
    if (IS("large")) write(1, exhaust(10 * MIB), 8);
    if (IS("one")) write(1, malloc(1000 * MIB) ? "granted\n" : "refused\n", 8);
    if (IS("calloc")) write(1, calloc(1000, MIB) ? "granted\n" : "refused\n", 8);
    if (IS("realloc")) write(1, realloc(malloc(10), 1000 * MIB) ? "granted\n" : "refused\n", 8);
    if (IS("posix_memalign")) write(1, posix_memalign(&place, 64, 1000 * MIB) ? "refused\n" : "granted\n", 8);
    if (IS("memalign")) write(1, memalign(64, 1000 * MIB) ? "granted\n" : "refused\n", 8);
    if (IS("thread")) thread_of(16384 + sysconf(_SC_THREAD_STACK_MIN), 10 * MIB);
    if (IS("handler")) {
        signal(SIGUSR1, in_handler);
        raise(SIGUSR1);
    }
    if (IS("child")) {
        if (fork() == 0) {
            write(1, exhaust(10 * MIB), 8);
            _exit(0);
        }
        wait(NULL);
    }
    if (IS("nine times"))
        for (int i = 0; i < 9; i++) free(malloc(1000 * MIB));
    return 0;
}
