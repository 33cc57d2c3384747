// 200 MiB of small blocks and some large ones are freed, then nobody calls for 3 s: how much is resident, how many
// threads are there at first and at last, and does one of ours take signals? The first argument says who does it.
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SMALL = 200 << 20, MEAN = 500, BLOCKS = SMALL / MEAN, LARGE = 12, WORKERS = 4 };

// A thread's magazine keeps up to 64 kB of a class, whoever gives back what: so few classes.
static const size_t sizes[] = {48, 200, 700, 1052};
static void *blocks[BLOCKS + LARGE];
static int handled_elsewhere;
static pthread_t first;

// Reads a file of the system's without a block of ours.
static const char *peek(const char *path) {
    static char text[4096];
    int file = open(path, O_RDONLY);
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    text[length < 0 ? 0 : length] = 0;
    return text;
}

static long resident_kb(void) {
    const char *resident = strchr(peek("/proc/self/statm"), ' ');
    return resident ? strtol(resident, NULL, 10) * (sysconf(_SC_PAGESIZE) / 1024) : -1;
}

static long field(const char *path, const char *name) {
    const char *row = strstr(peek(path), name);
    return row ? strtol(row + strlen(name), NULL, 10) : -1;
}

static void fill(size_t from, size_t to) {
    for (size_t i = from; i < to; i++) {
        size_t size = i < BLOCKS ? sizes[i % 4] : (2 + i % 3) << 20;
        blocks[i] = memset(malloc(size), 1, size);
    }
}

static void *work(void *argument) {
    size_t worker = (size_t)argument;
    fill(worker * (BLOCKS / WORKERS), (worker + 1) * (BLOCKS / WORKERS));
    return NULL;
}

static void pause_ms(int ms) {
    struct timespec time = {ms / 1000, ms % 1000 * 1000000L};
    while (nanosleep(&time, &time)) {}
}

static void on_signal(int number) {
    if (!pthread_equal(pthread_self(), first)) handled_elsewhere = 1;
}

static void idle(int by_workers) {
    memset(blocks, 0, sizeof blocks);
    long before = resident_kb();
    if (by_workers) {
        pthread_t workers[WORKERS];
        for (size_t w = 0; w < WORKERS; w++) pthread_create(&workers[w], NULL, work, (void *)w);
        for (size_t w = 0; w < WORKERS; w++) pthread_join(workers[w], NULL);
    } else {
        fill(0, BLOCKS + LARGE);
    }
    long full = resident_kb();
    for (size_t i = 0; i < BLOCKS + LARGE; i++) free(blocks[i]);
    pause_ms(300);
    long threads = field("/proc/self/status", "Threads:");
    for (int i = 0; i < 5; i++) kill(getpid(), SIGUSR1), pause_ms(40);
    pause_ms(2500);
    long after = resident_kb() - before;
    printf("full %d, left %ld kB, threads %ld, ", full - before > SMALL / 1024, after, threads);
    printf("then %ld, signals elsewhere %d\n", field("/proc/self/status", "Threads:"), handled_elsewhere);
}

static void *guest(void *argument) {
    pause();
    return argument;
}

static void *outlive(void *argument) {
    pthread_join(first, NULL);
    free(malloc(300000));
    return NULL;
}

int main(int count, char **arguments) {
    setvbuf(stdout, NULL, _IONBF, 0);
    first = pthread_self();
    signal(SIGUSR1, on_signal);
    alarm(60);
    const char *who = count > 1 ? arguments[1] : "";
    if (!strcmp(who, "workers")) {
        idle(1);
    } else if (!strcmp(who, "child")) {
        idle(0);
        if (fork() == 0) {
            printf("a child with %ld threads\n", field("/proc/self/status", "Threads:"));
            idle(0);
            exit(0);
        }
        wait(NULL);
    } else if (!strcmp(who, "last")) {
        // The first thread ends before another one, and the process with that.
        fill(0, BLOCKS / 10);
        for (size_t i = 0; i < BLOCKS / 10; i++) free(blocks[i]);
        printf("threads %ld\n", field("/proc/self/status", "Threads:"));
        pthread_t thread;
        pthread_create(&thread, NULL, outlive, NULL);
        pthread_exit(NULL);
    } else {
        // One that never allocates, and takes no signal.
        if (!strcmp(who, "guest")) {
            sigset_t every, before;
            sigfillset(&every);
            pthread_sigmask(SIG_SETMASK, &every, &before);
            pthread_t thread;
            pthread_create(&thread, NULL, guest, NULL);
            pthread_sigmask(SIG_SETMASK, &before, NULL);
        }
        idle(0);
    }
    return 0;
}
