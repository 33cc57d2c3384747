# Threads that build, pass on and drop objects.
import queue, threading

passed, results = queue.Queue(maxsize=64), [0] * 4

def make(which):
    for i in range(1500):
        passed.put([("%d-%d-%d" % (which, i, j)) * (j % 5) for j in range(40)])

def take(which):
    while True:
        block = passed.get()
        if block is None:
            return
        results[which] += sum(map(len, block))

for _ in range(3):
    makers = [threading.Thread(target=make, args=(i,)) for i in range(4)]
    takers = [threading.Thread(target=take, args=(i,)) for i in range(4)]
    for thread in makers + takers:
        thread.start()
    for thread in makers:
        thread.join()
    for _ in takers:
        passed.put(None)
    for thread in takers:
        thread.join()
print(sum(results))

def short(i, box):
    box[i] = len("".join(str(j) for j in range(i % 300)))

box = [0] * 600
for start in range(0, 600, 50):
    batch = [threading.Thread(target=short, args=(i, box)) for i in range(start, start + 50)]
    for thread in batch:
        thread.start()
    for thread in batch:
        thread.join()
print(sum(box))
