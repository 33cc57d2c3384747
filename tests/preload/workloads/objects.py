# json, regular expressions, sorting, big strings and ints.
import hashlib, json, re

state = 1
def number():
    global state
    state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
    return state >> 33

records = [{"id": i, "name": "n%d" % (number() % 1000), "tags": ["t%d" % (number() % 50) for _ in range(number() % 6)],
            "value": number() / 7} for i in range(20000)]
text = json.dumps(records, indent=1)
print(len(text), hashlib.sha256(text.encode()).hexdigest())
back = json.loads(text)
assert back == records
names = {}
for record in back:
    names.setdefault(record["name"], []).append(record["id"])
print(sorted(names.items(), key=lambda item: (-len(item[1]), item[0]))[:5])
print(len(re.findall(r'"t(\d)\1"', text)), len(re.sub(r"\s+", " ", text)))
print(hashlib.sha256(hex(3**20000).encode()).hexdigest())
grown = bytearray()
for i in range(200000):
    grown += b"%d," % i
print(len(grown), hashlib.sha256(grown).hexdigest())
