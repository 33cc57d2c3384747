// Forks from several threads while others use streams and the allocator: lines from pipes whose writers take their
// time, streams that open and close, all streams flushed, and blocks of every size that wander between threads. Who
// makes no step for long says so, and the program fails. Every child works, starts a thread, forks, and frees all that
// wandered.
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SHARED = 256, FORKERS = 2, READERS = 2, WRITERS = 2, HAMMERS = 3, FLUSHERS = 1, OPENERS = 1, STILL_SECONDS = 20 };

static void *_Atomic shared[SHARED], *_Atomic tiny[SHARED];
static atomic_int stop, forking = FORKERS;
static atomic_long steps;
static int pipes[READERS][2], forks;

static unsigned next(unsigned *state) {
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

// Any size from 16 bytes on: small, rooms, runs, mappings.
static size_t size(unsigned *state) {
    static const unsigned most[] = {16, 100, 1000, 3000, 30000, 200000, 900000, 4000000};
    unsigned kind = next(state) % 40;
    return 16 + next(state) % most[kind < 32 ? kind % 5 : kind - 32];
}

// The first 8 bytes say how long it is, the last one what the first of these is.
static void *mark(void *made, size_t bytes) {
    if (!made) abort();
    memcpy(made, &bytes, 8);
    ((unsigned char *)made)[bytes - 1] = bytes;
    return made;
}

static void *make(unsigned *state) {
    size_t bytes = size(state), align = 32 << next(state) % 8;
    void *made;
    switch (next(state) % 4) {
    case 0: return mark(calloc(1, bytes), bytes);
    case 1: return posix_memalign(&made, align, bytes) ? NULL : mark(made, bytes);
    default: return mark(malloc(bytes), bytes);
    }
}

static void check(const void *made) {
    size_t bytes, usable = malloc_usable_size((void *)made);
    memcpy(&bytes, made, 8);
    if (bytes > usable || ((unsigned char *)made)[bytes - 1] != (unsigned char)bytes) {
        printf("a block of %zu bytes changed\n", bytes);
        abort();
    }
}

static void drop(void *made) {
    if (!made) return;
    check(made);
    free(made);
}

static void drop_all(void) {
    for (int i = 0; i < SHARED; i++) {
        drop(atomic_exchange(&shared[i], NULL));
        free(atomic_exchange(&tiny[i], NULL));
    }
}

static void step(unsigned *state) {
    void *_Atomic *place = &shared[next(state) % SHARED];
    free(atomic_exchange(&tiny[next(state) % SHARED], malloc(next(state) % 9)));
    if (next(state) % 8) {
        drop(atomic_exchange(place, make(state)));
    } else {
        void *old = atomic_exchange(place, NULL);
        size_t bytes = size(state);
        if (old) check(old);
        drop(atomic_exchange(place, mark(realloc(old, bytes), bytes)));
    }
    steps++;
}

static void *hammer(void *argument) {
    for (unsigned state = (uintptr_t)argument; !stop;) step(&state);
    return NULL;
}

static void *read_lines(void *argument) {
    FILE *from = fdopen(pipes[(uintptr_t)argument][0], "r");
    char *line = NULL;
    size_t room = 0;
    // The stream is held while the line grows.
    while (getline(&line, &room, from) > 0) {
        steps++;
        if (room > 100000) free(line), line = NULL, room = 0;
    }
    free(line);
    fclose(from);
    return NULL;
}

static void *write_lines(void *argument) {
    int to = pipes[(uintptr_t)argument][1];
    unsigned state = 7 + (uintptr_t)argument;
    while (!stop) {
        size_t bytes = 1 + next(&state) % 200000;
        char *text = memset(malloc(bytes), 'x', bytes);
        text[bytes - 1] = '\n';
        for (size_t at = 0; at < bytes;) {
            size_t part = bytes - at < 20000 ? bytes - at : 20000;
            ssize_t written = write(to, text + at, part);
            if (written < 0) abort();
            at += written;
            step(&state);
            usleep(next(&state) % 500);
        }
        free(text);
    }
    close(to);
    return NULL;
}

static void *flush(void *argument) {
    while (!stop) {
        fflush(NULL);
        steps++;
        usleep(200);
    }
    return NULL;
}

static void *open_and_close(void *argument) {
    while (!stop) {
        FILE *to = fopen("/dev/null", "w");
        if (!to) abort();
        fprintf(to, "%.*f %1000d\n", 300, 1e300, 5);
        fclose(to);
        char *text;
        size_t bytes;
        to = open_memstream(&text, &bytes);
        for (int i = 0; i < 200; i++) fprintf(to, "%100d", i);
        fclose(to);
        free(text);
        steps++;
    }
    return NULL;
}

static void *work(void *argument) {
    unsigned state = (uintptr_t)argument;
    for (int i = 0; i < 300; i++) step(&state);
    return NULL;
}

static void child(int generation) {
    alarm(40);
    work((void *)3);
    pthread_t thread;
    if (pthread_create(&thread, NULL, work, (void *)5)) _exit(2);
    pthread_join(thread, NULL);
    char *line = NULL;
    if (asprintf(&line, "%100d", generation) != 100) _exit(3);
    free(line);
    if (generation < 2) {
        pid_t pid = fork();
        if (pid == 0) child(generation + 1);
        int status = -1;
        waitpid(pid, &status, 0);
        if (status != 0) _exit(4);
    }
    drop_all();
    malloc_trim(0);
    _exit(0);
}

static void *fork_often(void *argument) {
    unsigned state = 11 + (uintptr_t)argument;
    for (int i = 0; i < forks; i++) {
        pid_t pid = fork();
        if (pid == 0) child(1);
        int status = -1;
        waitpid(pid, &status, 0);
        if (status != 0) {
            printf("child %d ended with %#x\n", i, status);
            _exit(1);
        }
        for (int k = 0; k < 20; k++) step(&state);
        steps++;
    }
    forking--;
    return NULL;
}

// Threads that come and go the whole time.
static void come_and_go(void) {
    while (forking) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, work, (void *)13)) abort();
        pthread_join(thread, NULL);
        usleep(10000);
    }
}

static void *watch(void *argument) {
    for (long before = -1; !stop; sleep(STILL_SECONDS)) {
        if (steps == before) {
            static const char words[] = "stuck\n";
            write(1, words, sizeof words - 1);
            _exit(3);
        }
        before = steps;
    }
    return NULL;
}

int main(int count, char **arguments) {
    setvbuf(stdout, NULL, _IONBF, 0);
    forks = count > 1 ? atoi(arguments[1]) : 20;
    pthread_t threads[32], watcher;
    int started = 0;
    void *(*bodies[])(void *) = {read_lines, write_lines, hammer, flush, open_and_close, fork_often};
    int counts[] = {READERS, WRITERS, HAMMERS, FLUSHERS, OPENERS, FORKERS};
    for (int i = 0; i < READERS; i++)
        if (pipe(pipes[i])) return 1;
    pthread_create(&watcher, NULL, watch, NULL);
    pthread_detach(watcher);
    for (int kind = 0; kind < 6; kind++)
        for (uintptr_t i = 0; i < counts[kind]; i++) pthread_create(&threads[started++], NULL, bodies[kind], (void *)i);
    come_and_go();
    stop = 1;
    for (int i = 0; i < started; i++) pthread_join(threads[i], NULL);
    drop_all();
    puts("done");
    return 0;
}
