// Takes and gives back in all ways of C++; says how many calls of its own a wrapper saw, if there is one.
#include <cstdlib>
#include <dlfcn.h>
#include <map>
#include <new>
#include <string>

struct alignas(128) Wide {
    char bytes[200];
};

extern "C" int work() {
    auto begin = (void (*)())dlsym(RTLD_DEFAULT, "wrapper_begin");
    auto end = (int (*)(const char ***))dlsym(RTLD_DEFAULT, "wrapper_end");
    if (begin) begin();
    for (int size = 1; size < 100000; size = size * 2 + 1) {
        delete[] new char[size];
        delete[] new (std::nothrow) char[size];
        ::operator delete(::operator new(size), std::size_t(size));
        free(malloc(size));
    }
    std::map<int, std::string> map;
    for (int i = 0; i < 300; i++) map[i] = std::string(i, 'x');
    delete new Wide;
    delete[] new Wide[9];
    delete new (std::nothrow) Wide;
    const char **names;
    return end ? end(&names) : 0;
}
