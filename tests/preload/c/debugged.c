// What is looked at with a debugger.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((noinline)) int look(const char *name, int number) { return strlen(name) + number; }

int main(void) {
    int sum = 0;
    for (int i = 0; i < 5; i++) {
        char name[16];
        sprintf(name, "name%d", i);
        sum += look(name, i);
    }
    free(malloc(sum));
    return 0;
}
