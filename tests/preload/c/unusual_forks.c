// Children made in unusual ways; which one the argument says. Each child works on what it inherited.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KEPT = 512, FORKS = 300 };

static void *kept[KEPT];
static unsigned state = 1;

// Replaces a block: one call in a few leaves the hot path.
static void step(void) {
    state = state * 1664525 + 1013904223;
    size_t size = 1 + (state >> 8) % (state % 16 ? 3000 : 400000);
    free(kept[state >> 20 & (KEPT - 1)]);
    kept[state >> 20 & (KEPT - 1)] = memset(malloc(size), 1, 1);
}

static void steps(int count) {
    while (count-- > 0) step();
}

static int reap(pid_t pid) {
    int status = -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    return status;
}

static volatile sig_atomic_t forks, is_child;

static void fork_here(int number) {
    if (is_child || forks >= FORKS) return;
    forks++;
    if (fork() == 0) is_child = 1;
}

// The handler comes in the middle of malloc and free, too; the child goes on where it came.
static int in_handler(void) {
    signal(SIGALRM, fork_here);
    struct itimerval often = {{0, 300}, {0, 300}};
    setitimer(ITIMER_REAL, &often, NULL);
    while (forks < FORKS && !is_child) steps(10);
    if (is_child) {
        steps(2000);
        _exit(0);
    }
    struct itimerval never = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &never, NULL);
    steps(2000);
    int status, ended = 0;
    for (; waitpid(-1, &status, 0) > 0; ended++)
        if (status != 0) return printf("a child ended with %#x\n", status), 1;
    return ended != FORKS;
}

static volatile sig_atomic_t depth;

// Also within a fork, and within a handler that does so.
static void fork_deep(int number) {
    if (is_child || forks >= 2 * FORKS || depth >= 3) return;
    depth++;
    forks++;
    if (fork() == 0) is_child = 1;
    depth--;
}

// A handler of forks, but of those that a signal handler makes: that may have come amid malloc.
static void allocate(void) {
    if (depth == 0) steps(20);
}

// Forks within forks: in malloc and free, in handlers that run before and after ours, and between them. A child goes on
// where it came, be it in the middle of another fork, and waits for the children that it has by that.
static int nested(void) {
    pthread_atfork(allocate, allocate, allocate);
    struct sigaction deep = {.sa_handler = fork_deep, .sa_flags = SA_NODEFER | SA_RESTART};
    sigaction(SIGALRM, &deep, NULL);
    struct itimerval often = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &often, NULL);
    while (forks < 2 * FORKS && !is_child) {
        steps(10);
        if (fork() == 0) is_child = 1;
    }
    if (!is_child) setitimer(ITIMER_REAL, &never, NULL);
    steps(2000);
    int status, failed = 0;
    while (waitpid(-1, &status, 0) > 0 || errno == EINTR) failed |= status != 0;
    if (is_child) _exit(failed);
    return failed;
}

// A system call that no library sees: the process has one thread.
static int by_system_call(void) {
    for (int i = 0; i < 50; i++) {
        steps(100);
        long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
        if (pid == 0) {
            steps(2000);
            _exit(0);
        }
        if (reap(pid) != 0) return 1;
    }
    return 0;
}

static int without_handlers(void) {
    for (int i = 0; i < 50; i++) {
        steps(100);
        pid_t pid = _Fork();
        if (pid == 0) {
            steps(2000);
            _exit(0);
        }
        if (reap(pid) != 0) return 1;
    }
    return 0;
}

static atomic_int stop;

static void *hammer(void *argument) {
    void *blocks[64] = {0};
    for (unsigned i = 0; !stop; i++) {
        free(blocks[i % 64]);
        blocks[i % 64] = malloc(1 + i * 7919 % 100000);
    }
    for (int i = 0; i < 64; i++) free(blocks[i]);
    return NULL;
}

// Children that only become another program, of a parent with threads.
static int vforks_amid_threads(void) {
    pthread_t threads[3];
    for (int t = 0; t < 3; t++) pthread_create(&threads[t], NULL, hammer, NULL);
    char *arguments[] = {"/bin/true", NULL};
    int failed = 0;
    for (int i = 0; i < 60; i++) {
        pid_t pid = i % 3 == 0 ? vfork() : i % 3 == 1 ? _Fork() : -1;
        if (pid == 0) {
            execv(arguments[0], arguments);
            _exit(1);
        }
        if (pid < 0) posix_spawn(&pid, arguments[0], NULL, NULL, arguments, NULL);
        failed |= reap(pid);
        steps(100);
    }
    failed |= system("true");
    FILE *pipe = popen("echo piped", "r");
    char line[16] = "";
    failed |= !fgets(line, sizeof line, pipe) || strcmp(line, "piped\n") || pclose(pipe);
    stop = 1;
    for (int t = 0; t < 3; t++) pthread_join(threads[t], NULL);
    return failed;
}

int main(int count, char **arguments) {
    const char *how = count > 1 ? arguments[1] : "";
    int failed = !strcmp(how, "handler")  ? in_handler()
                 : !strcmp(how, "nested") ? nested()
                 : !strcmp(how, "clone")  ? by_system_call()
                 : !strcmp(how, "_Fork")  ? without_handlers()
                 : !strcmp(how, "vfork")  ? vforks_amid_threads()
                                          : 1;
    puts(failed ? "failed" : "done");
    return failed;
}
