// A timer's handler leaves by a long jump, but only where the program says that it may: not out of malloc.
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

static sigjmp_buf start;
static volatile sig_atomic_t may, jumps;
static void *volatile kept[256];

static void on_alarm(int number) {
    if (!may) return;
    may = 0;
    jumps++;
    siglongjmp(start, 1);
}

int main(void) {
    signal(SIGALRM, on_alarm);
    struct itimerval often = {{0, 200}, {0, 200}};
    setitimer(ITIMER_REAL, &often, NULL);
    sigsetjmp(start, 1);
    while (jumps < 500) {
        for (unsigned i = 0; i < 256; i++) {
            free(kept[i]);
            kept[i] = memset(malloc(1 + i * 977 % 9000), 1, 1);
        }
        may = 1;
        for (volatile int i = 0; i < 20000; i++) {}
        may = 0;
    }
    struct itimerval never = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &never, NULL);
    puts("done");
    return 0;
}
