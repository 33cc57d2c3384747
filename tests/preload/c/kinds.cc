// One misuse a run, of the kinds that test suites of hardened allocators know, chosen by the argument. Without an
// argument it names all of them.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <new>
#include <sys/resource.h>
#include <unistd.h>

// C23, which the C library may not have.
extern "C" {
void free_sized(void *, size_t) __attribute__((weak));
void free_aligned_sized(void *, size_t, size_t) __attribute__((weak));
}

namespace {

constexpr size_t small = 48, odd = 44, medium = 3000, large = 128 << 10, huge = (3 << 20) + 44;

volatile char sink;

char *block(size_t bytes) {
    char *made = static_cast<char *>(malloc(bytes));
    if (made == nullptr) _exit(4);
    return made;
}

void put(volatile char *place) { *place = 1; }
void get(volatile char *place) { sink = *place; }

// Other blocks come and go, as many as leave the block alone under every setting.
void pass_time() {
    static char *others[150];
    for (size_t i = 0; i < 150; i++) others[i] = block(200 + i * 37);
    for (char *other : others) free(other);
}

// Blocks of the size, many times: the one that was freed among them.
void use_again(size_t bytes) {
    for (int i = 0; i < 20000; i++) free(block(bytes));
}

// Writes behind or before a block, at an offset from its end or start, and frees it.
void write_behind(size_t bytes, size_t at) {
    char *made = block(bytes);
    put(made + bytes + at);
    free(made);
}

// Not the first of its kind, before which a guard may lie.
char *second(size_t bytes) { return block(bytes), block(bytes); }

void write_before(size_t bytes, size_t at) {
    char *made = second(bytes);
    put(made - at);
    free(made);
}

void read_behind(size_t bytes, size_t at) { get(block(bytes) + bytes + at); }
void read_before(size_t bytes, size_t at) { get(second(bytes) - at); }

void copy_string_behind(size_t bytes, size_t more) {
    static char text[1 << 20];
    memset(text, 'a', bytes + more);
    char *made = block(bytes);
    strcpy(made, text);
    free(made);
}

void read_string_behind(size_t bytes) {
    char *made = block(bytes);
    memset(made, 'a', bytes);
    sink = strlen(made) > bytes;
}

char *freed(size_t bytes) {
    char *made = block(bytes);
    memset(made, 'a', bytes);
    free(made);
    return made;
}

void write_freed(size_t bytes, size_t at) {
    put(freed(bytes) + at);
    use_again(bytes);
}

void write_freed_late(size_t bytes, size_t at) {
    char *gone = freed(bytes);
    pass_time();
    put(gone + at);
}

// Somebody else may have the block by then.
void write_freed_owned(size_t bytes, size_t at) {
    char *gone = freed(bytes), *next = block(bytes);
    put(gone + at);
    free(next);
}

void read_freed(size_t bytes, size_t at) { get(freed(bytes) + at); }

void read_freed_late(size_t bytes, size_t at) {
    char *gone = freed(bytes);
    pass_time();
    get(gone + at);
}

void use_after_realloc(size_t bytes, size_t more) {
    char *made = block(bytes), *neighbour = block(bytes), *moved = static_cast<char *>(realloc(made, more));
    if (moved == made) _exit(0);
    get(made);
    free(neighbour);
}

// The block is to be shorter; what is behind it now is nobody's.
void write_behind_shrunk(size_t bytes, size_t less) {
    char *made = static_cast<char *>(realloc(block(bytes), less));
    put(made + less);
    free(made);
}

void free_twice(size_t bytes) { free(freed(bytes)); }

void free_twice_with_one_between(size_t bytes) {
    char *first = block(bytes), *second = block(bytes);
    free(first);
    free(second);
    free(first);
}

void free_twice_late(size_t bytes) {
    char *gone = freed(bytes);
    pass_time();
    free(gone);
}

struct Base {
    char room[24];
};
struct Derived : Base {
    char more[1000];
};
struct Destroyed {
    ~Destroyed() { sink = 1; }
    char room[56];
};
struct Wide {
    char room[160];
};

// The compiler may drop an object that it sees made and deleted.
template <class T> T *hidden(T *object) {
    asm volatile("" : "+r"(object));
    return object;
}

void delete_as_wider() { delete reinterpret_cast<Wide *>(hidden(new char)); }
void delete_as_narrower() { delete reinterpret_cast<char *>(hidden(new Wide)); }
void delete_through_base() {
    Base *made = hidden<Base>(new Derived);
    delete made;
}
void delete_array_as_one() { delete reinterpret_cast<Destroyed *>(hidden(new Destroyed[4])); }
void delete_plain_array_as_one() { operator delete(hidden(new char[small])); }
void delete_malloced() { operator delete(malloc(small)); }
void free_new() { free(operator new(small)); }
void delete_twice() {
    Wide *made = hidden(new Wide);
    delete made;
    delete hidden(made);
}
void delete_rightly() {
    for (size_t i = 0; i < 100; i++) {
        delete hidden(new Wide);
        delete[] hidden(new Destroyed[i]);
        ::operator delete(hidden(::operator new(i)), i);
        free_sized(block(i), i);
        free_aligned_sized(aligned_alloc(64, i * 1000), 64, i * 1000);
        free_sized(realloc(block(i * 100 + 100), i * 60 + 1), i * 60 + 1);
        ::operator delete(hidden(::operator new(i * 1000, std::align_val_t{64})), i * 1000, std::align_val_t{64});
    }
}

void free_sized_as(size_t bytes, size_t said) { free_sized(block(bytes), said); }
void free_aligned_sized_as(size_t bytes, size_t said) { free_aligned_sized(aligned_alloc(64, bytes), 64, said); }

char *zero_aligned() {
    void *made = nullptr;
    if (posix_memalign(&made, 256, 0) != 0) _exit(4);
    return static_cast<char *>(made);
}

char global[256] __attribute__((aligned(64)));

const struct Kind {
    const char *name;
    void (*run)();
} kinds[] = {
    {"write 1 byte behind a small block", [] { write_behind(small, 0); }},
    {"write 1 byte behind 44 bytes", [] { write_behind(odd, 0); }},
    {"write 8 bytes behind a small block", [] { write_behind(small, 7); }},
    {"write 1 byte behind 8 bytes", [] { write_behind(8, 0); }},
    {"write 1 byte behind a medium block", [] { write_behind(medium, 0); }},
    {"write 8 bytes behind a medium block", [] { write_behind(medium, 15); }},
    {"write 1 byte behind a large block", [] { write_behind(large, 0); }},
    {"write 8 bytes behind a large block", [] { write_behind(large, 7); }},
    {"write 1 byte behind a huge block", [] { write_behind(huge, 0); }},
    {"write 1 byte behind an odd large block", [] { write_behind(large + 44, 0); }},
    {"write a page behind a large block", [] { write_behind(large + 44, 4096); }},
    {"a string too long for a small block", [] { copy_string_behind(small, 100); }},
    {"a string too long for a large block", [] { copy_string_behind(large, 5000); }},
    {"write behind a block made shorter", [] { write_behind_shrunk(small + 16, small); }},
    {"write behind a large block made shorter", [] { write_behind_shrunk(large, large - 4096); }},
    {"read 1 byte behind a small block", [] { read_behind(small, 0); }},
    {"read 1 byte behind 44 bytes", [] { read_behind(odd, 0); }},
    {"read 8 bytes behind a medium block", [] { read_behind(medium, 15); }},
    {"read 1 byte behind a large block", [] { read_behind(large, 0); }},
    {"read a string that does not end", [] { read_string_behind(odd); }},
    {"write 1 byte before a small block", [] { write_before(small, 1); }},
    {"write 8 bytes before a small block", [] { write_before(small, 8); }},
    {"write 8 bytes before a medium block", [] { write_before(medium, 8); }},
    {"write 1 byte before a large block", [] { write_before(large, 1); }},
    {"write 1 byte before a small block that stays", [] { put(second(small) - 1); }},
    {"write 1 byte behind 44 bytes that stay", [] { put(block(odd) + odd); }},
    {"read 1 byte before a small block", [] { read_before(small, 1); }},
    {"read 1 byte before a large block", [] { read_before(large, 1); }},
    {"write to a freed small block", [] { write_freed(small, 20); }},
    {"write to a freed medium block", [] { write_freed(medium, 1500); }},
    {"write to a freed large block", [] { write_freed(large, 70000); }},
    {"write to a freed huge block", [] { write_freed_late(huge, 2 << 20); }},
    {"write to a freed block that is used again", [] { write_freed_owned(small, 20); }},
    {"write to a freed large block that is used again", [] { write_freed_owned(large, 70000); }},
    {"read of a freed small block", [] { read_freed(small, 20); }},
    {"read of a freed large block", [] { read_freed(large, 70000); }},
    {"read of a freed huge block", [] { read_freed(huge, 2 << 20); }},
    {"read of a small block freed long ago", [] { read_freed_late(small, 20); }},
    {"read of a large block freed long ago", [] { read_freed_late(large, 70000); }},
    {"read of a block that realloc moved", [] { use_after_realloc(small, 20000); }},
    {"free of a freed small block", [] { free_twice(small); }},
    {"free of a freed small block, another between", [] { free_twice_with_one_between(small); }},
    {"free of a small block freed long ago", [] { free_twice_late(small); }},
    {"free of a freed large block", [] { free_twice(large); }},
    {"free of a large block freed long ago", [] { free_twice_late(large); }},
    {"free of a freed huge block", [] { free_twice(huge); }},
    {"delete of a deleted object", delete_twice},
    {"free inside a small block", [] { free(block(small) + 16); }},
    {"free inside a large block", [] { free(block(large) + 4096); }},
    {"free of a small block, not aligned", [] { free(block(small) + 1); }},
    {"free of a large block, not aligned", [] { free(block(large) + 1); }},
    {"free of a pointer never set", [] { free(reinterpret_cast<void *>(1)); }},
    {"free of the stack", [] { char here[64] __attribute__((aligned(16))); free(here); }},
    {"free of static memory", [] { free(global); }},
    {"realloc of a freed block", [] { realloc(freed(small), 100); }},
    {"realloc of a pointer never set", [] { realloc(reinterpret_cast<void *>(1), 16); }},
    {"size of a freed small block", [] { malloc_usable_size(freed(small)); }},
    {"size of a freed large block", [] { malloc_usable_size(freed(large)); }},
    {"size of a block, not aligned", [] { malloc_usable_size(block(small) + 1); }},
    {"size of a pointer never set", [] { malloc_usable_size(reinterpret_cast<void *>(1)); }},
    {"write to malloc(0)", [] { put(block(0)); }},
    {"read of malloc(0)", [] { get(block(0)); }},
    {"read of calloc(0, 8)", [] { get(static_cast<char *>(calloc(0, 8))); }},
    {"write to realloc(null, 0)", [] { put(static_cast<char *>(realloc(nullptr, 0))); }},
    {"write to new char[0]", [] { put(new char[0]); }},
    {"read of aligned_alloc(64, 0)", [] { get(static_cast<char *>(aligned_alloc(64, 0))); }},
    {"write to posix_memalign(256, 0)", [] { put(zero_aligned()); }},
    {"delete as a wider object", delete_as_wider},
    {"delete as a narrower object", delete_as_narrower},
    {"delete through a base without a virtual destructor", delete_through_base},
    {"free_sized of a small block as a large one", [] { free_sized_as(small, large); }},
    {"free_aligned_sized of a large block as a small one", [] { free_aligned_sized_as(large, small); }},
    {"delete of what new[] made, with destructors", delete_array_as_one},
    {"delete of what new[] made, plain", delete_plain_array_as_one},
    {"delete of what malloc made", delete_malloced},
    {"free of what new made", free_new},
    {"no misuse: new and delete of every kind", delete_rightly},
};

} // namespace

int main(int count, char **arguments) {
    rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    for (const Kind &kind : kinds) {
        if (count < 2) puts(kind.name);
        if (count > 1 && strcmp(kind.name, arguments[1]) == 0) {
            kind.run();
            puts("survived");
            return 0;
        }
    }
    return count < 2 ? 0 : 2;
}
