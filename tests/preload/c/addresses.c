// Addresses: what a process may have is lowered while it runs, locked, or crowded. The first argument says which; a line
// for each step, the same with every allocator.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KIB = 1 << 10, MIB = 1 << 20 };
static const size_t GIB = 1 << 30;

// A field of /proc/self/status in bytes, without a call of malloc.
static size_t status(const char *name) {
    static char text[4096];
    int file = open("/proc/self/status", O_RDONLY);
    ssize_t came = read(file, text, sizeof text - 1);
    close(file);
    text[came > 0 ? came : 0] = 0;
    char *row = strstr(text, name);
    size_t kilobytes = 0;
    for (row += strlen(name); row && (*row < '0' || *row > '9'); row++) {}
    for (; *row >= '0' && *row <= '9'; row++) kilobytes = kilobytes * 10 + (*row - '0');
    return kilobytes * KIB;
}

static void limit(int what, size_t bytes) {
    struct rlimit limit = {bytes, bytes};
    if (setrlimit(what, &limit)) perror("setrlimit"), exit(2);
}

static void *in_a_thread(void *argument) {
    for (size_t bytes = 1; bytes < 3 * MIB; bytes = bytes * 3 + 1) {
        char *block = malloc(bytes);
        if (!block) return "no memory";
        memset(block, 1, bytes);
        free(block);
    }
    return "ok";
}

// What fits with any allocator, step by step.
static void use(size_t most) {
    static const size_t sizes[] = {1, 100, 3000, 10000, 100000, 300000, 1000000, 2000000, 5000000, 30000000};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes && sizes[i] < most / 2; i++) {
        char *block = malloc(sizes[i]), *zeroed = calloc(1, sizes[i]), *aligned = aligned_alloc(4096, sizes[i]);
        printf("%zu bytes: %s %s %s\n", sizes[i], block ? "ok" : "none", zeroed ? "ok" : "none", aligned ? "ok" : "none");
        if (block) memset(block, 1, sizes[i]);
        char *grown = realloc(block, sizes[i] * 5 / 4 + 1);
        printf("grown: %s\n", grown && grown[0] == 1 && grown[sizes[i] - 1] == 1 ? "ok" : "none");
        free(grown), free(zeroed), free(aligned);
    }
    // A third of what there is, in blocks of a middling size.
    size_t count = most / 3 / 100000, held = 0;
    char **blocks = malloc(count * sizeof *blocks);
    for (; held < count && (blocks[held] = malloc(100000)); held++) memset(blocks[held], 1, 100000);
    printf("a third of it: %s\n", held == count ? "ok" : "none");
    while (held > 0) free(blocks[--held]);
    free(blocks);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        int error = pthread_create(&threads[i], NULL, in_a_thread, NULL);
        if (error) printf("thread %d: %s\n", i, strerror(error)), exit(1);
    }
    for (int i = 0; i < 4; i++) {
        void *said;
        pthread_join(threads[i], &said);
        printf("thread %d: %s\n", i, (char *)said);
    }
}

// What does not fit is refused, and all goes on after that.
static void too_much(size_t most) {
    errno = 0;
    printf("more than there is: %s\n", malloc(most) ? "?" : strerror(errno));
    char *block = malloc(1000);
    printf("after that: %s\n", block ? "ok" : "none");
    free(block);
}

static int lowered(size_t bytes) {
    free(malloc(100)), free(malloc(5 * MIB));
    limit(RLIMIT_AS, bytes);
    use(bytes - status("VmSize:"));
    too_much(bytes);
    return 0;
}

// By a process outside, as `prlimit --as` does.
static int from_outside(size_t bytes) {
    int ready[2], go[2];
    char byte;
    if (pipe(ready) || pipe(go)) return 2;
    pid_t child = fork();
    if (child == 0) {
        free(malloc(100)), free(malloc(5 * MIB));
        if (write(ready[1], "r", 1) != 1 || read(go[0], &byte, 1) != 1) _exit(2);
        use(bytes - status("VmSize:"));
        fflush(stdout);
        _exit(0);
    }
    struct rlimit limit = {bytes, bytes};
    if (read(ready[0], &byte, 1) != 1 || prlimit(child, RLIMIT_AS, &limit, NULL)) return 2;
    if (write(go[1], "g", 1) != 1) return 2;
    int ended;
    waitpid(child, &ended, 0);
    return ended != 0;
}

// The first call of all, with so much left.
static int first_call_with(size_t left) {
    limit(RLIMIT_AS, status("VmSize:") + left);
    static char *blocks[100];
    int held = 0;
    for (int i = 0; i < 100; i++) held += (blocks[i] = malloc(100)) != NULL;
    for (int i = 0; i < 100; i++) free(blocks[i]);
    char text[] = "held: 000\n";
    text[6] += held / 100, text[7] += held / 10 % 10, text[8] += held % 10;
    return write(1, text, sizeof text - 1) != sizeof text - 1;
}

// Prints what is resident when all is locked, in percent of what was before.
static int locked(size_t bytes) {
    size_t count = bytes / 5000;
    char **blocks = malloc(count * sizeof *blocks);
    for (size_t i = 0; i < count; i++) {
        size_t size = 1 + i * 7919 % 10000;
        memset(blocks[i] = malloc(size), 1, size);
    }
    size_t before = status("VmRSS:");
    if (mlockall(MCL_CURRENT)) return perror("mlockall"), 2;
    printf("%zu\n", status("VmRSS:") * 100 / before);
    for (size_t i = 0; i < count; i++) free(blocks[i]);
    munlockall();
    return 0;
}

// Bytes of data: what is mapped for writing counts.
static int data(size_t bytes) {
    free(malloc(100));
    limit(RLIMIT_DATA, bytes);
    use(bytes - status("VmData:"));
    too_much(bytes);
    return 0;
}

// Others map gibibytes wherever they like, all the time; nothing that is theirs is touched.
static int crowded(void) {
    enum { OTHERS = 400, BLOCKS = 4000 };
    static char *others[OTHERS], *blocks[BLOCKS];
    unsigned long long state = 88172645463325252ull;
    char *near = malloc(1000);
    for (int i = 0; i < OTHERS; i++) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        // Anywhere, or not far behind what we have.
        uintptr_t at = i % 2 ? state >> 17 << 12 : ((uintptr_t)near + state % (1 << 30)) >> 12 << 12;
        size_t bytes = i % 2 ? (1 + state % 16) * GIB : 4 * KIB;
        others[i] = mmap((void *)at, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (others[i] == MAP_FAILED) others[i] = NULL;
        else *others[i] = 42;
        for (int j = 0; j < BLOCKS / OTHERS; j++) {
            size_t size = 1 + state % 150000;
            char *block = blocks[i * (BLOCKS / OTHERS) + j] = malloc(size);
            if (!block) return puts("no memory"), 1;
            memset(block, 7, size);
        }
    }
    for (int i = 0; i < OTHERS; i++)
        if (others[i] && *others[i] != 42) return puts("touched"), 1;
    for (int i = 0; i < BLOCKS; i++)
        if (*blocks[i] != 7) return puts("lost"), 1;
    for (int i = 0; i < BLOCKS; i++) free(blocks[i]);
    puts("ok");
    return 0;
}

int main(int count, char **arguments) {
    const char *which = arguments[1];
    size_t bytes = count > 2 ? strtoull(arguments[2], NULL, 10) : 0;
    if (!strcmp(which, "size")) return free(malloc(100)), printf("%zu\n", status("VmSize:")) < 0;
    if (!strcmp(which, "lowered")) return lowered(bytes);
    if (!strcmp(which, "from_outside")) return from_outside(bytes);
    if (!strcmp(which, "first_call")) return first_call_with(bytes);
    if (!strcmp(which, "locked")) return locked(bytes);
    if (!strcmp(which, "data")) return data(bytes);
    return crowded();
}
