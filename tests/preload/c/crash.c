// Uses 30 MB of blocks of all sizes, then ends with a core dump.
#include <stdlib.h>
#include <string.h>

int main(void) {
    for (size_t sum = 0, size = 16; sum < 30 << 20; sum += size, size = size * 3 / 2 % 2000000 + 16)
        memset(malloc(size), 'c', size);
    abort();
}
