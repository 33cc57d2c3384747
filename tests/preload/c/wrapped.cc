// Goes through every entry point, and says which calls a wrapper before the allocator saw of each.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <malloc.h>
#include <new>
#include <string>
#include <vector>

extern "C" {
extern void *__libc_malloc(size_t);
extern void __libc_free(void *);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void *__libc_valloc(size_t);
extern void *__libc_pvalloc(size_t);
}

using std::align_val_t;
using std::nothrow;

static void (*begin)();
static int (*end)(const char ***);
static void *volatile p;
static char said[1 << 12];

#define STEP(...)                                                                                                      \
    do {                                                                                                               \
        const char **names = nullptr;                                                                                  \
        if (begin) begin();                                                                                            \
        __VA_ARGS__;                                                                                                   \
        int count = end ? end(&names) : 0;                                                                             \
        printf("%s:", #__VA_ARGS__);                                                                                   \
        for (int i = 0; i < count; i++) printf(" %s", names[i]);                                                       \
        puts("");                                                                                                      \
    } while (0)

#define FREED(...)                                                                                                     \
    do {                                                                                                               \
        STEP(__VA_ARGS__);                                                                                             \
        if (!p) abort();                                                                                               \
        memset(p, 1, 1);                                                                                               \
        STEP(free(p));                                                                                                 \
    } while (0)

int main(int count, char **) {
    // A wrapper that keeps heads and does not know all functions: one that asks for sizes gets a pointer that is no
    // block's, and the wrapper looks for heads before large blocks that have none, nor anything before them.
    bool all = count == 1;
    static char buffer[1 << 16];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    *(void **)&begin = dlsym(RTLD_DEFAULT, "wrapper_begin");
    *(void **)&end = dlsym(RTLD_DEFAULT, "wrapper_end");
    static const size_t sizes[] = {1, 20, 500, 3000, 40000, 400000, 3 << 20};
    for (size_t n : sizes) {
        if (!all && n > 300000) continue;
        printf("size %zu\n", n);
        FREED(p = malloc(n));
        FREED(p = calloc(n, 3));
        FREED(p = realloc(nullptr, n));
        FREED(p = realloc(malloc(n), 2 * n));
        FREED(p = realloc(malloc(2 * n), n));
        FREED(p = reallocarray(nullptr, 3, n));
        FREED(p = reallocarray(malloc(n), 3, n));
        FREED(p = memalign(256, n));
        // Blocks of 16 bytes may come to stand behind what was a head, which glibc's have before them in any case.
        bool apart = all || n > 16;
        if (apart) FREED(p = memalign(8, n));
        FREED(p = aligned_alloc(256, n));
        if (apart) FREED(p = aligned_alloc(16, n));
        void *block = nullptr;
        FREED(posix_memalign(&block, 512, n); p = block);
        if (apart) FREED(posix_memalign(&block, 16, n); p = block);
        FREED(p = valloc(n));
        FREED(p = pvalloc(n));
        STEP(p = realloc(malloc(n), 0));
        FREED(p = realloc(memalign(64, n), 2 * n));
        if (all) STEP(p = malloc(n); malloc_usable_size(p); free(p));
        STEP(__libc_free(__libc_malloc(n)));
        STEP(__libc_free(__libc_calloc(n, 2)));
        STEP(__libc_free(__libc_realloc(__libc_malloc(n), 2 * n)));
        STEP(__libc_free(__libc_realloc(nullptr, n)));
        STEP(__libc_free(__libc_memalign(64, n)));
        STEP(__libc_free(__libc_valloc(n)));
        STEP(__libc_free(__libc_pvalloc(n)));
        STEP(p = ::operator new(n); ::operator delete(p));
        STEP(p = ::operator new[](n); ::operator delete[](p, n));
        STEP(p = ::operator new(n, nothrow); ::operator delete(p, nothrow));
        STEP(p = ::operator new[](n, nothrow); ::operator delete[](p, nothrow));
        STEP(p = ::operator new(n, align_val_t(64)); ::operator delete(p, n, align_val_t(64)));
        STEP(p = ::operator new[](n, align_val_t(64)); ::operator delete[](p, align_val_t(64)));
        STEP(p = ::operator new(n, align_val_t(64), nothrow); ::operator delete(p, align_val_t(64), nothrow));
        STEP(p = ::operator new[](n, align_val_t(64), nothrow); ::operator delete[](p, align_val_t(64), nothrow));
    }
    FREED(p = strdup("a string"));
    STEP(free(nullptr));
    STEP(std::vector<std::string> v; for (int i = 0; i < 100; i++) v.push_back(std::string(i, 'x')));
    puts("done");
}
