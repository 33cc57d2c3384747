// A family: children of a threaded parent, their threads and children of theirs all hammer the allocator and are
// killed by SIGKILL at any moment. What is shared by them and the parent stays whole, and so do those who live.
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 60, FAMILY = 4, SLOTS = 512, SHARED = 1 << 20 };

// Shared by all processes: each writes a part of its own, and only the parent reads.
struct page {
    atomic_ulong steps[1 + FAMILY * 2];
    unsigned char text[SHARED];
};
static struct page *shared;
static atomic_int stop;

static void hammer_on(void *_Atomic *slots, unsigned state, atomic_ulong *steps) {
    for (int i = 0; i < 2000; i++) {
        state = state * 1664525 + 1013904223;
        size_t size = 8 + (state >> 8) % (state % 64 ? 3000 : 400000);
        unsigned char *block = malloc(size);
        if (!block) _exit(3);
        block[0] = block[size - 1] = (unsigned char)size;
        if (state % 7 == 0) block = realloc(block, size * 2);
        unsigned char *old = atomic_exchange(&slots[state >> 16 & (SLOTS - 1)], block);
        free(old);
        ++*steps;
    }
}

static void *_Atomic slots[SLOTS];

static void *hammer(void *number) {
    for (unsigned round = 1; !stop; round++) hammer_on(slots, round * 31 + (size_t)number, &shared->steps[0]);
    return NULL;
}

// What a child does until it is killed: three threads, and half of them a child of its own.
static void *child_thread(void *number) {
    pid_t parent = getppid();
    // Who is left over ends by itself.
    for (unsigned round = 1; round < 20000 && getppid() == parent; round++)
        hammer_on(slots, round * 17 + (size_t)number, &shared->steps[1 + (size_t)number % (FAMILY * 2)]);
    _exit(4);
}

// A parent that was killed before that would leave its child to nobody.
static void die_with(pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(4);
}

static void child(int number, pid_t parent) {
    die_with(parent);
    pthread_t thread;
    pid_t self = getpid();
    if (number % 2 && fork() == 0) die_with(self), number += FAMILY;
    for (size_t t = 0; t < 2; t++) pthread_create(&thread, NULL, child_thread, (void *)(number + t * 100));
    memset(shared->text + (size_t)number % (2 * FAMILY) * 1000, 'a' + number, 1000);
    child_thread((void *)(size_t)number);
}

// A sibling that is not killed: it must end well.
static void sibling(void) {
    for (unsigned round = 1; round < 40; round++) hammer_on(slots, round * 13, &shared->steps[FAMILY * 2]);
    for (int i = 0; i < SLOTS; i++) free(atomic_exchange(&slots[i], NULL));
    _exit(0);
}

int main(void) {
    pid_t self = getpid();
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memset(shared->text, 'p', SHARED);
    pthread_t threads[2];
    for (size_t t = 0; t < 2; t++) pthread_create(&threads[t], NULL, hammer, (void *)t);
    unsigned state = 5;
    int killed = 0;
    for (int round = 0; round < ROUNDS; round++) {
        pid_t family[FAMILY], whole = 0;
        for (int i = 0; i < FAMILY; i++) {
            family[i] = fork();
            if (family[i] == 0) child(i, self);
            if (family[i] < 0) return perror("fork"), 1;
        }
        if (round % 10 == 0 && (whole = fork()) == 0) sibling();
        for (int i = 0; i < FAMILY; i++) {
            state = state * 1664525 + 1013904223;
            struct timespec pause = {0, (state >> 8) % 3000000};
            nanosleep(&pause, NULL);
            kill(family[i], SIGKILL);
        }
        for (int i = 0; i < FAMILY; i++) {
            int status;
            waitpid(family[i], &status, 0);
            if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) return printf("child %d: %#x\n", i, status), 1;
            killed++;
        }
        int status = 0;
        if (whole && (waitpid(whole, &status, 0) != whole || status)) return printf("the sibling: %#x\n", status), 1;
    }
    unsigned long before = shared->steps[0];
    hammer_on(slots, 99, &shared->steps[FAMILY]);
    stop = 1;
    for (int t = 0; t < 2; t++) pthread_join(threads[t], NULL);
    for (int i = 0; i < SLOTS; i++) free(atomic_exchange(&slots[i], NULL));
    for (size_t i = FAMILY * 2 * 1000; i < SHARED; i++)
        if (shared->text[i] != 'p') return printf("shared byte %zu is %#x\n", i, shared->text[i]), 1;
    printf("killed %d, the parent's threads made %s\n", killed, before > 1000 ? "their steps" : "none");
    return 0;
}
