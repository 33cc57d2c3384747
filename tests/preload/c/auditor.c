// Watches the loader, from a namespace with a C library of its own.
#include <stdlib.h>

unsigned la_version(unsigned version) {
    free(malloc(1000));
    return version;
}
