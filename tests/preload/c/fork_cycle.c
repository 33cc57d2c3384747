// The cycle: a fork waits for the C library's list of streams, whose holder waits for a stream, whose holder allocates.
// Each round builds it on purpose: while the fork waits, blocks of all sizes come, change their sizes and go, a thread
// begins and ends, and another thread forks too. Parent and child then check every byte and free what they have.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZES = 16, BEFORE = 12, ROUNDS = 6 };
static const size_t sizes[SIZES] = {1,     8,      16,     100,     1000,    3000,    9000,   20000,
                                    40000, 100000, 250000, 300000, 700000, 1100000, 3000000, 9000000};

typedef struct {
    unsigned char *at;
    size_t bytes;
    unsigned char fill;
} block;

static block before[BEFORE * SIZES], amid[3 * SIZES], strangers[SIZES];
static FILE *stream;
static atomic_int held, flushing, preparing, let_go, told;
static atomic_long forker;

static void fail(const char *what, size_t bytes) {
    char line[120];
    int length = snprintf(line, sizeof line, "%s (%zu bytes) in process %d\n", what, bytes, getpid());
    write(1, line, length);
    _exit(1);
}

static void check_fill(const unsigned char *at, unsigned char fill, size_t bytes, const char *what) {
    if (bytes && (at[0] != fill || memcmp(at, at + 1, bytes - 1))) fail(what, bytes);
}

static block make(size_t bytes, int how, unsigned char fill) {
    size_t align = 16 << how % 12;
    block made = {0, bytes, fill};
    made.at = how % 4 == 0 ? calloc(1, bytes) : how % 4 == 1 ? memalign(align, bytes) : malloc(bytes);
    if (!made.at) fail("no memory", bytes);
    if (how % 4 == 1 && (uintptr_t)made.at % align) fail("not aligned", bytes);
    if (malloc_usable_size(made.at) < bytes) fail("too short", bytes);
    if (how % 4 == 0) check_fill(made.at, 0, bytes, "not zero");
    memset(made.at, fill, bytes);
    return made;
}

static void check(block *one) {
    check_fill(one->at, one->fill, one->bytes, "changed");
}

static void change(block *one, size_t bytes) {
    one->at = realloc(one->at, bytes);
    if (!one->at) fail("no memory to grow", bytes);
    size_t kept = one->bytes < bytes ? one->bytes : bytes;
    block old = {one->at, kept, one->fill};
    check(&old);
    memset(one->at, one->fill, bytes);
    one->bytes = bytes;
}

static void drop(block *one) {
    if (!one->at) return;
    check(one);
    free(one->at);
    one->at = NULL;
}

static void drop_all(void) {
    for (int i = 0; i < BEFORE * SIZES; i++) drop(&before[i]);
    for (int i = 0; i < 3 * SIZES; i++) drop(&amid[i]);
    for (int i = 0; i < SIZES; i++) drop(&strangers[i]);
}

// A thread that begins and ends: its blocks outlive it.
static void *stranger(void *argument) {
    for (int i = 0; i < SIZES; i++) {
        void *passing = malloc(sizes[i]);
        strangers[i] = make(sizes[i], i, 0x51 + i);
        free(passing);
        drop(&before[i]);
    }
    return NULL;
}

static void start_stranger(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, stranger, NULL)) fail("no thread", 0);
    pthread_join(thread, NULL);
}

static void child(void) {
    alarm(30);
    block own[SIZES];
    for (int i = 0; i < SIZES; i++) own[i] = make(sizes[i], i, 0x11 + i);
    drop_all();
    start_stranger();
    pid_t pid = fork();
    for (int i = 0; i < SIZES; i++) drop(&own[i]);
    drop_all();
    if (pid == 0) _exit(0);
    int status = -1;
    waitpid(pid, &status, 0);
    _exit(status != 0);
}

static void fork_and_wait(void) {
    pid_t pid = fork();
    if (pid == 0) child();
    int status = -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    if (status != 0) fail("a child failed", status);
}

// True once a thread waits for a lock.
static int waits(long thread) {
    char path[64], text[64] = "";
    snprintf(path, sizeof path, "/proc/self/task/%ld/syscall", thread);
    int file = open(path, O_RDONLY);
    if (file < 0) fail("no word on threads", 0);
    read(file, text, sizeof text - 1);
    close(file);
    return atoi(text) == SYS_futex && text[0] != '-';
}

static void until_waits(long thread) {
    for (int seen = 0; seen < 5; usleep(2000)) seen = waits(thread) ? seen + 1 : 0;
}

static atomic_long flusher, second;

static void *flush(void *argument) {
    while (!held) usleep(100);
    flusher = gettid();
    flushing = 1;
    fflush(NULL);
    return NULL;
}

static void *fork_too(void *argument) {
    void *own = malloc(100);
    while (preparing < 1) usleep(100);
    second = gettid();
    fork_and_wait();
    free(own);
    return NULL;
}

// Holds the stream, and does everything while the fork waits.
static void *hold(void *argument) {
    flockfile(stream);
    held = 1;
    while (!preparing || !second && told) usleep(100);
    until_waits(forker);
    if (told) until_waits(second);
    for (int i = 0; i < SIZES; i++) {
        amid[i] = make(sizes[i], i, 0x21 + i);
        amid[SIZES + i] = make(sizes[SIZES - 1 - i], i + 1, 0x31 + i);
        amid[2 * SIZES + i] = make(sizes[i], i + 2, 0x41 + i);
        change(&amid[i], sizes[(i * 7 + 3) % SIZES]);
        drop(&amid[2 * SIZES + i]);
        // What came before the fork.
        change(&before[SIZES + i], sizes[(i * 5 + 2) % SIZES]);
        drop(&before[2 * SIZES + i]);
    }
    for (int i = 3 * SIZES; i < (BEFORE - 2) * SIZES; i++) drop(&before[i]);
    for (int i = 0; i < 20000; i++) {
        void *many[4] = {malloc(8), malloc(24), malloc(1 + i % 5000), malloc(1 + i % 300000)};
        for (int k = 0; k < 4; k++) free(many[k]);
    }
    malloc_trim(0);
    mallinfo2();
    start_stranger();
    funlockfile(stream);
    return NULL;
}

static void prepare(void) {
    if (!forker) forker = gettid();
    preparing++;
}

int main(int count, char **arguments) {
    alarm(100);
    setvbuf(stdout, NULL, _IONBF, 0);
    pthread_atfork(prepare, NULL, NULL);
    for (int round = 0; round < ROUNDS; round++) {
        stream = fopen("/dev/null", "w");
        held = flushing = preparing = 0;
        forker = flusher = second = 0;
        told = round % 2;
        for (int i = 0; i < BEFORE * SIZES; i++) before[i] = make(sizes[i % SIZES], i / SIZES, 1 + i);
        pthread_t holds, flushes, forks;
        pthread_create(&holds, NULL, hold, NULL);
        pthread_create(&flushes, NULL, flush, NULL);
        while (!flushing) usleep(100);
        until_waits(flusher);
        if (told) pthread_create(&forks, NULL, fork_too, NULL);
        fork_and_wait();
        pthread_join(holds, NULL);
        pthread_join(flushes, NULL);
        if (told) pthread_join(forks, NULL);
        drop_all();
        fclose(stream);
    }
    puts("done");
    return 0;
}
