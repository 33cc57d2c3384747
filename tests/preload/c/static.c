// Linked statically: no loader, no preload.
#include <stdlib.h>

int main(void) { free(malloc(1)); }
