// Blocks taken and given back by the last code of a thread: key destructors, run again and again while they
// set their key again, and destructors of thread_local objects; then those of the process.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <string>
#include <thread>
#include <vector>

#ifndef ROUNDS
#define ROUNDS 200
#endif

static pthread_key_t early, late;
static std::vector<void *> *handed_on;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct Rounds {
    int left;
    void *blocks[50];
};

static void fill(Rounds *rounds) {
    for (int i = 0; i < 50; i++) rounds->blocks[i] = std::memset(std::malloc(20 + i * i * 20), 3, 20 + i * i * 20);
}

static void destroy(void *argument) {
    Rounds *rounds = static_cast<Rounds *>(argument);
    for (void *block : rounds->blocks) std::free(block);
    if (rounds->left-- == 0) {
        delete rounds;
        return;
    }
    fill(rounds);
    pthread_setspecific(late, rounds);
}

struct Local {
    std::vector<std::string> words;
    void *block = nullptr;
    ~Local() {
        std::string all;
        for (auto &word : words) all += word + std::to_string(all.size());
        words.assign(30, all);
        std::free(block);
        void *mine = std::malloc(100);
        pthread_mutex_lock(&lock);
        handed_on->push_back(mine);
        pthread_mutex_unlock(&lock);
    }
};

static thread_local Local local;

static void life() {
    local.words.assign(20, "a word that is too long to be short");
    local.block = std::malloc(5000);
    Rounds *rounds = new Rounds{2, {}};
    fill(rounds);
    pthread_setspecific(late, rounds);
    pthread_setspecific(early, std::malloc(77));
}

struct Last {
    std::string *text = new std::string(1000, 'x');
    ~Last() { delete text; }
};
static Last last;

int main() {
    handed_on = new std::vector<void *>;
    pthread_key_create(&early, std::free);
    pthread_key_create(&late, destroy);
    for (int round = 0; round < ROUNDS; round++) {
        std::vector<std::thread> threads;
        for (int i = 0; i < 5; i++) threads.emplace_back(life);
        for (auto &thread : threads) thread.join();
    }
    std::size_t count = handed_on->size();
    for (void *block : *handed_on) std::free(block);
    std::atexit([] { std::free(std::malloc(10)); });
    std::printf("%zu handed on\n", count);
    life();
}
