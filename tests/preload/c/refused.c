// Deep in its work the program gets a sandbox in which some system calls are refused: it goes on, with null where
// memory cannot be had.
// refused CALLS HOW; CALLS: of madvise, mprotect, mremap, munmap with commas between them; HOW: EINVAL, EPERM, ENOMEM,
// ENOSYS: the error; lie: 0, and nothing is done; trap: SIGSYS, whose handler answers EPERM; kill. Then, instead of all
// that, alone: without threads; idle: much is freed, and nobody calls for 2 s; exec PROGRAM ARGUMENTS: that in its place
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <malloc.h>
#include <time.h>
#include <unistd.h>

enum { MIB = 1 << 20, KEPT = 4096 };

static volatile int traps, traps_elsewhere;

static void on_sigsys(int number, siginfo_t *what, void *context) {
#ifdef __x86_64__
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = -EPERM;
#else
    ((ucontext_t *)context)->uc_mcontext.regs[0] = -EPERM;
#endif
    traps++;
    traps_elsewhere += gettid() != getpid();
}

static unsigned action_of(const char *how) {
    if (!strcmp(how, "EINVAL")) return SECCOMP_RET_ERRNO | EINVAL;
    if (!strcmp(how, "EPERM")) return SECCOMP_RET_ERRNO | EPERM;
    if (!strcmp(how, "ENOMEM")) return SECCOMP_RET_ERRNO | ENOMEM;
    if (!strcmp(how, "ENOSYS")) return SECCOMP_RET_ERRNO | ENOSYS;
    if (!strcmp(how, "lie")) return SECCOMP_RET_ERRNO;
    if (!strcmp(how, "trap")) return SECCOMP_RET_TRAP;
    return SECCOMP_RET_KILL_PROCESS;
}

static int refuse(const char *calls, const char *how) {
    static const struct { const char *name; int number; } known[] = {
        {"madvise", SYS_madvise}, {"mprotect", SYS_mprotect}, {"mremap", SYS_mremap}, {"munmap", SYS_munmap},
        {"clone", SYS_clone}, {"clone", SYS_clone3}, {"prctl", SYS_prctl}};
    enum { KNOWN = sizeof known / sizeof *known };
    struct sock_filter filter[2 * KNOWN + 2] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    };
    int length = 1;
    for (int i = 0; i < KNOWN; i++) {
        if (!strstr(calls, known[i].name)) continue;
        filter[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, known[i].number, 0, 1);
        filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action_of(how));
    }
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {length, filter};
    struct sigaction action = {.sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO};
    sigaction(SIGSYS, &action, NULL);
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

// One block in each slot: its first word is its number, so that a block handed out twice shows.
static size_t *blocks[KEPT], bytes[KEPT];
static unsigned state = 1, nulls;

static unsigned roll(void) { return (state = state * 1664525 + 1013904223) >> 8; }

static void drop(int slot) {
    size_t *block = blocks[slot];
    if (block && (block[0] != slot || block[bytes[slot] / 8 - 1] != slot)) printf("slot %d was written\n", slot), exit(1);
    errno = 7;
    free(block);
    if (errno != 7) puts("free changed errno"), exit(1);
    blocks[slot] = NULL;
}

static void keep(int slot, size_t *block, size_t size) {
    if (!block && errno != ENOMEM) printf("null and errno %d\n", errno), exit(1);
    nulls += !block;
    blocks[slot] = block;
    bytes[slot] = size;
    if (block) block[0] = block[size / 8 - 1] = slot;
}

static void work(int steps, unsigned most) {
    for (int step = 0; step < steps; step++) {
        int slot = roll() % KEPT;
        size_t size = 16 + roll() % most / 8 * 8;
        errno = 0;
        if (blocks[slot] && step % 5 == 0) {
            size_t *block = realloc(blocks[slot], size);
            if (block) {
                if (block[0] != slot) printf("slot %d lost its contents\n", slot), exit(1);
                keep(slot, block, size);
            } else nulls++;
        } else if (step % 5 == 1) {
            drop(slot);
            errno = 0;
            size_t *block = calloc(1, size);
            for (size_t i = 0; block && i < size / 8; i += i < 64 ? 1 : 61)
                if (block[i]) printf("calloc of %zu bytes: not zero at %zu\n", size, i * 8), exit(1);
            keep(slot, block, size);
        } else {
            drop(slot);
            errno = 0;
            keep(slot, malloc(size), size);
        }
    }
}

static void drop_all(void) {
    for (int slot = 0; slot < KEPT; slot++) drop(slot);
}

static void grow_and_shrink(void) {
    size_t *block = malloc(64), size = 64;
    if (!block) {
        nulls++;
        return;
    }
    block[0] = 11;
    for (; size < 64 * MIB; size *= 2) {
        size_t *more = realloc(block, 2 * size);
        if (!more) { nulls++; break; }
        block = more;
        block[2 * size / 8 - 1] = 1;
    }
    for (; size > 64; size /= 2) block = realloc(block, size) ?: block;
    if (block[0] != 11) puts("realloc lost the contents"), exit(1);
    free(block);
}

static void *thread(void *unused) {
    void *kept[200];
    for (int i = 0; i < 200; i++) kept[i] = malloc(1 + i * 97);
    for (int i = 0; i < 200; i++) free(kept[i]);
    return NULL;
}

static long rss_kb(void) {
    long size, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    fscanf(file, "%ld %ld", &size, &resident);
    fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void idle(void) {
    enum { BLOCKS = 50000, SIZE = 1052 };
    static void *many[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) many[i] = memset(malloc(SIZE), 1, SIZE);
    for (int i = 0; i < BLOCKS; i++) free(many[i]);
    struct timespec time = {2, 0};
    while (nanosleep(&time, &time)) {}
}

int main(int count, char **arguments) {
    const char *then = count > 3 ? arguments[3] : "";
    // A purge thread that is there already would be refused nothing.
    if (strcmp(then, "idle")) work(20000, 3000);
    if (refuse(arguments[1], arguments[2])) return perror("seccomp"), 2;
    if (!strcmp(then, "exec")) return execv(arguments[4], arguments + 4), perror(arguments[4]), 2;
    if (!strcmp(then, "idle")) {
        idle();
        printf("traps elsewhere %d\n", traps_elsewhere);
        return 0;
    }
    for (int round = 0; round < 3; round++) {
        work(30000, round == 1 ? 40000 : 3000);
        grow_and_shrink();
        void *large[20];
        for (int i = 0; i < 20; i++)
            if ((large[i] = malloc(3 * MIB))) memset(large[i], 1, 3 * MIB);
        for (int i = 0; i < 20; i++) free(large[i]);
        pthread_t threads[4];
        int started = 0;
        for (; strcmp(then, "alone") && started < 4; started++)
            if (pthread_create(&threads[started], NULL, thread, NULL)) break;
        for (int i = 0; i < started; i++) pthread_join(threads[i], NULL);
        drop_all();
        malloc_trim(0);
    }
    printf("nulls %u, traps %d, left %ld kB\n", nulls, traps, rss_kb());
    return 0;
}
