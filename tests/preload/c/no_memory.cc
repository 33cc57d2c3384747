// operator new without memory throws, and its handler is called.
#include <cstdio>
#include <new>

static int calls;

static void handler() {
    if (++calls == 3) std::set_new_handler(nullptr);
}

int main() {
    std::set_new_handler(handler);
    try {
        delete[] new char[1000 << 20];
    } catch (const std::bad_alloc &) {
        printf("bad_alloc after %d calls\n", calls);
    }
}
