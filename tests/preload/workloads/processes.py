# Forked workers, from a parent that has threads.
import multiprocessing, os, threading

def work(n):
    words = {str(i * n): [i] * (i % 20) for i in range(3000)}
    return n, sum(len(value) for value in words.values()), len("".join(words))

if __name__ == "__main__":
    stop = threading.Event()
    def churn():
        while not stop.is_set():
            [bytearray(i * 37 % 5000) for i in range(200)]
    threads = [threading.Thread(target=churn) for _ in range(2)]
    for thread in threads:
        thread.start()
    statuses = []
    for i in range(30):
        child = os.fork()
        if child == 0:
            [bytearray(j) for j in range(2000)]
            os._exit(i)
        statuses.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    stop.set()
    for thread in threads:
        thread.join()
    print(statuses)
    with multiprocessing.get_context("fork").Pool(3) as pool:
        print(pool.map(work, range(1, 40)))
