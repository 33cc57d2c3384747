// A plugin that leaves work for the end of each thread: objects with destructors, and a key.
#include <cstdlib>
#include <pthread.h>
#include <string>
#include <vector>

struct Left {
    std::vector<std::string> words;
    ~Left() {
        words.push_back(std::string(3000, 'z'));
        std::free(std::malloc(words.size()));
    }
};

static thread_local Left left;
static pthread_key_t key;

__attribute__((constructor)) static void start() { pthread_key_create(&key, std::free); }
__attribute__((destructor)) static void end() { pthread_key_delete(key); }

extern "C" void departing_use(int number) {
    for (int i = 0; i < 20; i++) left.words.push_back(std::string(number * 37 % 900, 'q'));
    std::free(pthread_getspecific(key));
    pthread_setspecific(key, std::malloc(100 + number));
}
