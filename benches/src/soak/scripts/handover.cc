// 64 threads that build maps, strings and vectors, hand them to one another, end, and are replaced. Every object carries
// a sum of its contents, which whoever has it last compares. Runs until SIGTERM; a line of output is a second.
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr int THREADS = 64;
constexpr size_t MOST_KEPT = 16, MOST_QUEUED = 12;
constexpr int STEPS_OF_A_THREAD = 4000;

std::atomic<bool> ends{false};
std::atomic<uint64_t> steps{0}, handed{0}, replaced{0};
std::string flaw;

[[noreturn]] void wrong(const char *what, uint64_t number) {
    std::fprintf(stderr, "wrong: %s of object %llu\n", what, static_cast<unsigned long long>(number));
    std::_Exit(1);
}

struct Random {
    uint64_t state;
    explicit Random(uint64_t seed) : state(seed * 0x9E3779B97F4A7C15u + 1) {}
    uint64_t draw() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return state;
    }
    uint64_t below(uint64_t bound) { return draw() % bound; }
};

uint64_t add(uint64_t sum, const void *bytes, size_t count) {
    auto *byte = static_cast<const unsigned char *>(bytes);
    for (size_t at = 0; at < count; at++) sum = (sum ^ byte[at]) * 0x100000001B3u;
    return sum;
}

struct Object {
    uint64_t number;
    std::map<uint64_t, std::string> names;
    std::vector<uint32_t> numbers;
    std::vector<std::unique_ptr<std::string>> parts;
    char *buffer = nullptr;
    size_t bytes = 0;
    uint64_t sum = 0;

    Object(uint64_t number, Random &random) : number(number) {
        for (auto left = random.below(30); left; left--) {
            names[random.draw()] = std::string(random.below(120), static_cast<char>('a' + left % 26));
        }
        for (auto left = random.below(300); left; left--) numbers.push_back(static_cast<uint32_t>(random.draw()));
        for (auto left = random.below(12); left; left--) {
            parts.push_back(std::make_unique<std::string>(random.below(2000), static_cast<char>('A' + left)));
        }
        // Now and then one of megabytes, now and then one that grows, now and then an aligned one.
        auto kind = random.below(200);
        bytes = kind == 0 ? 1 << 20 | random.below(1 << 20) : kind < 20 ? random.below(100000) : random.below(3000);
        if (kind % 5 == 0) {
            buffer = static_cast<char *>(std::aligned_alloc(64, (bytes + 63) / 64 * 64 + 64));
        } else {
            buffer = static_cast<char *>(std::malloc(bytes / 2 + 1));
            std::memset(buffer, static_cast<int>(number), bytes / 2);
            buffer = static_cast<char *>(std::realloc(buffer, bytes + 1));
            for (size_t at = 0; at < bytes / 2; at += 97) {
                if (buffer[at] != static_cast<char>(number)) wrong("grown buffer", number);
            }
        }
        for (size_t at = 0; at < bytes; at++) buffer[at] = static_cast<char>(at * 31 + number);
        sum = now();
    }
    Object(const Object &) = delete;
    Object &operator=(const Object &) = delete;

    uint64_t now() const {
        auto sum = number;
        for (auto &[key, name] : names) sum = add(add(sum, &key, sizeof key), name.data(), name.size());
        sum = add(sum, numbers.data(), numbers.size() * sizeof numbers[0]);
        for (auto &part : parts) sum = add(sum, part->data(), part->size());
        return add(sum, buffer, bytes);
    }

    ~Object() {
        if (now() != sum) wrong("sum", number);
        std::free(buffer);
    }
};

struct Queue {
    std::mutex lock;
    std::deque<std::unique_ptr<Object>> objects;

    // What does not fit stays the caller's.
    bool put(std::unique_ptr<Object> &object) {
        std::lock_guard<std::mutex> held(lock);
        if (objects.size() >= MOST_QUEUED) return false;
        objects.push_back(std::move(object));
        return true;
    }
    std::unique_ptr<Object> take() {
        std::lock_guard<std::mutex> held(lock);
        if (objects.empty()) return nullptr;
        auto object = std::move(objects.front());
        objects.pop_front();
        return object;
    }
};

std::array<Queue, THREADS> queues;
std::array<std::atomic<bool>, THREADS> done;

void flawed_step(uint64_t number, Object &object) {
    if (flaw == "leak") {
        // By the clock, and what a busy machine was late with is made up for: 20 MB a second.
        static const auto start = std::chrono::steady_clock::now();
        static std::atomic<int64_t> lost{0};
        const int64_t due = (std::chrono::steady_clock::now() - start) / std::chrono::milliseconds(10);
        for (auto so_far = lost.load(); so_far < due;) {
            if (!lost.compare_exchange_weak(so_far, so_far + 1)) continue;
            // Through a volatile pointer: else the compiler sees that nobody wants it.
            char *volatile block = static_cast<char *>(std::malloc(200000));
            std::memset(block, 1, 200000);
            so_far++;
        }
    } else if (flaw == "damage" && number == 20000) {
        object.parts.push_back(std::make_unique<std::string>("one too many"));
    } else if (flaw == "misuse" && number == 20000) {
        // Through volatile pointers: else the compiler sees it.
        char *volatile block = static_cast<char *>(std::malloc(100));
        std::free(block);
        std::free(block);
    }
}

void work(int place, uint64_t seed) {
    Random random(seed);
    std::vector<std::unique_ptr<Object>> kept;
    for (int step = 0; step < STEPS_OF_A_THREAD && !ends; step++) {
        auto object = std::make_unique<Object>(seed << 32 | static_cast<uint32_t>(step), random);
        flawed_step(++steps, *object);
        if (random.below(3) == 0) {
            if (queues[random.below(THREADS)].put(object)) handed++;
        } else if (kept.size() < MOST_KEPT) {
            kept.push_back(std::move(object));
        } else {
            kept[random.below(kept.size())] = std::move(object);
        }
        for (auto left = random.below(3); left; left--) queues[place].take();
        if (random.below(50) == 0) kept.clear();
        if (step % 16 == 0) std::this_thread::sleep_for(std::chrono::microseconds(random.below(200000)));
    }
    done[place] = true;
}

}  // namespace

int main(int, char **arguments) {
    flaw = arguments[1] ? arguments[1] : "sound";
    std::signal(SIGTERM, [](int) { ends = true; });
    std::array<std::thread, THREADS> threads;
    uint64_t seed = 0;
    for (int place = 0; place < THREADS; place++) threads[place] = std::thread(work, place, ++seed);
    for (int look = 0; !ends; look++) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        for (int place = 0; place < THREADS && !ends; place++) {
            if (!done[place]) continue;
            threads[place].join();
            done[place] = false;
            threads[place] = std::thread(work, place, ++seed);
            replaced++;
        }
        if (look % 20 == 0) {
            std::printf("steps %llu handed %llu replaced %llu\n", static_cast<unsigned long long>(steps),
                        static_cast<unsigned long long>(handed), static_cast<unsigned long long>(replaced));
            std::fflush(stdout);
        }
    }
    for (auto &thread : threads) thread.join();
    for (auto &queue : queues) queue.objects.clear();
    return 0;
}
