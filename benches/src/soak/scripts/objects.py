"""Threads that build objects and drop them, JSON, dictionaries, SQLite, and forked workers: all of it is compared with
what it must be. Runs until SIGTERM; a line of output is a round of all. Any difference ends it with an error."""

import hashlib
import json
import os
import random
import signal
import sqlite3
import sys
import threading
import time
import traceback

THREADS = 6
ROUNDS_OF_A_THREAD = 20
WORKERS = 3
JOBS_OF_A_WORKER = 6

ends = False


def end(*_):
    # No threading.Event: its lock may be held by the very thread that the signal interrupts.
    global ends
    ends = True


signal.signal(signal.SIGTERM, end)


def check(right, what):
    if not right:
        raise AssertionError(what)


class Node:
    def __init__(self, name, parts):
        self.name, self.parts, self.tags = name, parts, {name: len(parts)}


def objects(draw):
    nodes = [Node("n%d" % n, [draw.random() for _ in range(draw.randrange(40))]) for n in range(1500)]
    for node in nodes:
        node.other = draw.choice(nodes)  # rings, for the collector
    total = sum(len(node.parts) for node in nodes)
    draw.shuffle(nodes)
    check(total == sum(node.tags[node.name] for node in nodes), "objects: lengths")


def documents(draw):
    document = {"key %d" % n: {"text": "x%d" % n * draw.randrange(1, 60), "list": list(range(draw.randrange(80)))}
                for n in range(400)}
    text = json.dumps(document)
    check(json.loads(text) == document, "json: not what was written")
    check(json.dumps(json.loads(text)) == text, "json: not the same text")


def dictionaries(draw):
    keys = [draw.randbytes(draw.randrange(4, 300)) for _ in range(3000)]
    table = {key: hashlib.sha1(key).digest() for key in keys}
    for key in keys[::3]:
        table.pop(key, None)
    check(all(hashlib.sha1(key).digest() == value for key, value in table.items()), "dictionary: a wrong value")


def tables(draw):
    base = sqlite3.connect(":memory:")
    base.execute("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT)")
    rows = [(n, "item %d " % n * draw.randrange(1, 30)) for n in range(1500)]
    base.executemany("INSERT INTO item VALUES(?, ?)", rows)
    base.execute("CREATE INDEX by_name ON item(name)")
    base.execute("DELETE FROM item WHERE id % 4 = 0")
    right = [row for row in rows if row[0] % 4]
    check(list(base.execute("SELECT * FROM item ORDER BY id")) == right, "sqlite: wrong rows")
    base.close()


WORK = [objects, documents, dictionaries, tables]
# SQLite's locks may be held by a thread of the parent at the fork: a child must not use it (it hangs under any malloc).
WORK_OF_CHILDREN = WORK[:3]


def lines_of(seed, count):
    draw = random.Random(seed)
    return sorted("%030x" % draw.getrandbits(draw.randrange(8, 600)) for _ in range(count))


class Worker:
    """A forked process that answers jobs over two pipes."""

    def __init__(self):
        (self.asked, ask), (answer, self.answered) = os.pipe(), os.pipe()
        self.process, self.jobs = os.fork(), 0
        if self.process == 0:
            code = 1
            try:
                self.serve()
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        os.close(self.asked)
        os.close(self.answered)
        self.ask, self.answer = os.fdopen(ask, "w"), os.fdopen(answer)

    def serve(self):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with os.fdopen(self.asked) as jobs, os.fdopen(self.answered, "w") as answers:
            # Not until the pipe's end: workers that were forked later hold it open as well.
            for line in iter(jobs.readline, "end\n"):
                check(line, "worker: the parent is gone")
                seed, count = json.loads(line)
                for work in WORK_OF_CHILDREN:
                    work(random.Random(seed))
                answers.write(json.dumps(lines_of(seed, count)) + "\n")
                answers.flush()

    def begin(self, seed):
        self.job, self.jobs = [seed, 200 + seed % 2000], self.jobs + 1
        self.ask.write(json.dumps(self.job) + "\n")
        self.ask.flush()

    def finish(self):
        check(json.loads(self.answer.readline()) == lines_of(*self.job), "worker: a wrong answer")

    def retire(self):
        self.ask.write("end\n")
        self.ask.close()
        self.answer.close()
        _, status = os.waitpid(self.process, 0)
        check(status == 0, "worker: status %d" % status)


class Thread(threading.Thread):
    def __init__(self, seed):
        super().__init__(daemon=True)
        self.draw, self.failure = random.Random(seed), None

    def run(self):
        try:
            for _ in range(ROUNDS_OF_A_THREAD):
                if ends:
                    break
                self.draw.choice(WORK)(self.draw)
                time.sleep(self.draw.random() / 10)
        except BaseException:
            self.failure = traceback.format_exc()


def main():
    threads = [Thread(seed) for seed in range(THREADS)]
    for thread in threads:
        thread.start()
    workers, round = [], 0
    while not ends:
        while len(workers) < WORKERS:
            workers.append(Worker())
        for worker in workers:
            worker.begin(round * WORKERS + worker.process)
        for worker in workers:
            worker.finish()
        for worker in [worker for worker in workers if worker.jobs >= JOBS_OF_A_WORKER]:
            workers.remove(worker)
            worker.retire()
        for at, thread in enumerate(threads):
            check(thread.failure is None, "thread: %s" % thread.failure)
            if not thread.is_alive():
                threads[at] = Thread(1000 + round * THREADS + at)
                threads[at].start()
        round += 1
        print("round", round, flush=True)
        time.sleep(0.1)
    for worker in workers:
        worker.retire()
    for thread in threads:
        thread.join()
        check(thread.failure is None, "thread: %s" % thread.failure)


if __name__ == "__main__":
    try:
        main()
    except BaseException:
        traceback.print_exc()
        # Not through the threads' and the workers' ends, which may never come.
        sys.stderr.flush()
        os._exit(1)
