// Loaded with RTLD_DEEPBIND: its malloc is the C library's own.
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void *plugin_malloc(size_t size) { return memset(malloc(size), 'p', size); }
void *plugin_memalign(size_t alignment, size_t size) { return memset(memalign(alignment, size), 'p', size); }
void plugin_free(void *block) { free(block); }
void *plugin_realloc(void *block, size_t size) { return realloc(block, size); }
