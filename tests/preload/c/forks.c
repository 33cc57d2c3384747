// 200 forks while other threads are deep in malloc and free (or as many as the argument says, and then no threads in
// children): each child must find the allocator whole, use it, start a thread of its own and free what the parent's
// threads had taken.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef FORKS
#define FORKS 200
#endif
enum { HAMMERS = 3, KEPT = 512 };

static atomic_int stop;
static int without_threads;
static void *_Atomic kept[KEPT];

static void *hammer(void *argument) {
    unsigned state = (unsigned)(size_t)argument;
    while (!stop) {
        state = state * 1664525 + 1013904223;
        size_t size = 1 + (state >> 8) % (state % 64 ? 2000 : 300000);
        void *block = malloc(size);
        memset(block, 1, size < 100 ? size : 100);
        free(atomic_exchange(&kept[state >> 20 & (KEPT - 1)], block));
    }
    return NULL;
}

static void *work(void *argument) {
    void *blocks[300];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 300; i++) blocks[i] = memset(malloc(1 + i * i / 4), 2, 1 + i * i / 4);
        for (int i = 0; i < 300; i++) free(blocks[i]);
    }
    return NULL;
}

static void child(void) {
    alarm(30);
    work(NULL);
    for (int i = 0; i < KEPT; i++) free(atomic_exchange(&kept[i], NULL));
    if (without_threads) _exit(0);
    pthread_t thread;
    if (pthread_create(&thread, NULL, work, NULL)) _exit(2);
    pthread_join(thread, NULL);
    _exit(0);
}

int main(int count, char **arguments) {
    without_threads = count > 1;
    int forks = count > 1 ? atoi(arguments[1]) : FORKS;
    pthread_t threads[HAMMERS];
    for (size_t t = 0; t < HAMMERS; t++) pthread_create(&threads[t], NULL, hammer, (void *)(t + 1));
    for (int i = 0; i < forks; i++) {
        pid_t pid = fork();
        if (pid < 0) return perror("fork"), 1;
        if (pid == 0) child();
        int status;
        waitpid(pid, &status, 0);
        if (status != 0) return printf("child %d ended with status %#x\n", i, status), 1;
    }
    stop = 1;
    for (int t = 0; t < HAMMERS; t++) pthread_join(threads[t], NULL);
    // A second generation: a child that forks.
    if (fork() == 0) {
        if (fork() == 0) child();
        int status;
        wait(&status);
        _exit(status != 0);
    }
    int status;
    wait(&status);
    puts(status == 0 ? "done" : "the grandchild failed");
    return status != 0;
}
