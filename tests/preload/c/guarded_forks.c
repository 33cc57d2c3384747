// Forks while threads call a library whose handlers of forks allocate.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

extern void guarded_call(unsigned seed);

enum { THREADS = 3, FORKS = 200 };
static atomic_int stop;

static void *work(void *argument) {
    for (unsigned seed = (unsigned)(size_t)argument; !stop; seed += 3) guarded_call(seed);
    return NULL;
}

int main(void) {
    alarm(60);
    pthread_t threads[THREADS];
    for (size_t t = 0; t < THREADS; t++) pthread_create(&threads[t], NULL, work, (void *)t);
    for (int i = 0; i < FORKS; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            alarm(20);
            for (unsigned seed = 0; seed < 20; seed++) guarded_call(seed);
            _exit(0);
        }
        int status;
        waitpid(pid, &status, 0);
        if (status != 0) return printf("child %d ended with %#x\n", i, status), 1;
    }
    stop = 1;
    for (int t = 0; t < THREADS; t++) pthread_join(threads[t], NULL);
    puts("done");
    return 0;
}
