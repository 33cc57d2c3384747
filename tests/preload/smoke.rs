//! Programs that most machines have some of: what is installed is run without and with the library, and compared.

use crate::child::{command, find, run};
use crate::comparison::Comparison;
use crate::library::library;
use crate::run_program::hakmem;

/// Name, what must be there, what is run by a shell in an empty folder.
const PROGRAMS: [(&str, &str, &str); 15] = [
    (
        "java",
        "java",
        "cat >M.java <<'E'\nimport java.util.*;\npublic class M { public static void main(String[] a) throws Exception {\n\
         Map<Integer, String> m = new TreeMap<>();\nList<Thread> all = new ArrayList<>();\n\
         for (int t = 0; t < 8; t++) { int n = t; Thread h = new Thread(() -> { byte[][] b = new byte[100][];\n\
         for (int i = 0; i < 20000; i++) { b[i % 100] = new byte[i]; var d = java.nio.ByteBuffer.allocateDirect(i % 99);\n\
         d.clear(); } synchronized (m) { m.put(n, \"x\".repeat(n)); } }); h.start(); all.add(h); }\n\
         for (Thread h : all) h.join();\nSystem.out.println(m); } }\nE\n\
         java -Xmx256m -XX:-UsePerfData M.java",
    ),
    (
        "node",
        "node",
        "node -e \"const w = []; for (let i = 0; i < 200000; i++) w.push({i, s: 'x'.repeat(i % 90)}); \
         const z = require('zlib').gzipSync(JSON.stringify(w)); console.log(w.length, z.length, \
         require('crypto').createHash('md5').update(z).digest('hex'))\"",
    ),
    (
        "python3",
        "/usr/bin/python3",
        "/usr/bin/python3 -c \"import json, zlib, sqlite3, re, threading; w = [{'n': i, 's': 'x' * (i % 99)} for i in \
         range(50000)]; print(zlib.crc32(json.dumps(w).encode())); c = sqlite3.connect(':memory:'); \
         c.execute('create table t(a, b)'); c.executemany('insert into t values(?, ?)', ((i, str(i)) for i in \
         range(30000))); print(c.execute('select sum(a), max(b) from t').fetchall())\"",
    ),
    (
        "ruby",
        "ruby",
        "ruby -e 'w = (0...200000).map { |i| [i.to_s, \"x\" * (i % 90)] }.to_h; GC.start; \
         t = 4.times.map { |n| Thread.new { (0..20000).map { |i| (i * n).to_s }.join.size } }; \
         puts w.size, w.values.sum(&:size), t.map(&:value).inspect'",
    ),
    (
        "php",
        "php",
        "php -n -r '$w = []; for ($i = 0; $i < 200000; $i++) $w[\"k$i\"] = str_repeat(\"x\", $i % 90); \
         ksort($w); echo count($w), \" \", md5(serialize($w)), \"\\n\"; echo preg_match_all(\"/x+/\", implode(\" \", $w));'",
    ),
    (
        "luajit",
        "luajit",
        "luajit -e 'local t = {} for i = 1, 300000 do t[i] = tostring(i) .. (\"x\"):rep(i % 70) end \
         local n = 0 for _, s in ipairs(t) do n = n + #s end print(n) local f = require(\"ffi\") \
         f.cdef[[void *malloc(size_t); void free(void *);]] for i = 1, 1000 do f.C.free(f.C.malloc(i)) end'",
    ),
    (
        "gawk",
        "gawk",
        "seq 200000 | gawk '{ w[$1 % 5000] = w[$1 % 5000] $1 } END { for (k in w) n += length(w[k]); print n }'",
    ),
    (
        "perl",
        "perl",
        "perl -e 'my %w; $w{$_ % 7777} .= \"x\" x ($_ % 50) for 1 .. 300000; print length join \"\", values %w'",
    ),
    (
        "git",
        "git",
        "git init -q . && seq 20000 >f && git add f && git -c user.name=a -c user.email=b \
      commit -qm c --date=@0 && git log --format=%T && git gc -q && git fsck",
    ),
    (
        "postgres",
        "/usr/lib/postgresql/15/bin/postgres",
        "chmod 777 . && b=/usr/lib/postgresql/15/bin && d=$PWD/d && s=\"$(command -v setpriv) --reuid=65534 \
         --regid=65534 --clear-groups env LC_ALL=C\" && $s $b/initdb -D $d -N -A trust >/dev/null && \
         printf 'create table t as select i, md5(i::text) m from generate_series(1, 50000) i;\\n\
         create index on t(m);\\nselect count(*), max(m) from t where m < $$8$$;\\n' | $s $b/postgres --single -D $d postgres",
    ),
    (
        "mariadbd",
        "mariadbd",
        "mkdir d && printf 'create database a;\\nuse a;\\ncreate table t(i int primary key, s varchar(99)) engine=innodb;\\n\
         insert into t select seq, md5(seq) from seq_1_to_20000;\\nselect count(*), max(s) into outfile \"%s/o\" from t;\\n' \
         $PWD | mariadbd --no-defaults --bootstrap --user=root --datadir=$PWD/d --innodb-buffer-pool-size=32M \
         --secure-file-priv= --log-error=$PWD/log >/dev/null && cat o",
    ),
    (
        "nginx",
        "nginx",
        "mkdir w logs && seq 9999 >w/f && printf 'daemon off; master_process on; worker_processes 2; pid %s/pid;\\n\
         error_log %s/e; user root; events {} http { access_log off; server { listen unix:%s/s; root %s/w; gzip on; \
         gzip_types *; } }' $PWD $PWD $PWD $PWD >c && (nginx -p $PWD -c $PWD/c -e $PWD/e & n=$!; \
         for i in $(seq 100); do [ -S s ] && break; sleep 0.05; done; \
         /usr/bin/python3 -c \"import socket, hashlib\nfor k in range(50):\n  s = socket.socket(socket.AF_UNIX); \
         s.connect('s'); s.send(b'GET /f HTTP/1.0\\r\\n\\r\\n'); r = b''.join(iter(lambda: s.recv(65536), b''))\n\
         print(hashlib.md5(r.split(b'\\r\\n\\r\\n', 1)[1]).hexdigest())\"; kill $n; wait $n)",
    ),
    (
        "rustc",
        "rustc",
        "printf 'fn main() { println!(\"{:?}\", (0..9).collect::<Vec<_>>()) }' >m.rs && rustc -O --emit=asm m.rs && \
      grep -c . m.s",
    ),
    (
        "gdb",
        "gdb",
        "printf 'int main(){return 7;}' >m.c && gcc -g m.c && gdb -q -batch -ex 'break main' -ex 'p sizeof(long)' a.out",
    ),
    (
        "systemd-analyze",
        "systemd-analyze",
        "systemd-analyze calendar --iterations=3 --base-time='2026-01-01 UTC' 'Mon *-*-* 00:00:00 UTC' | grep -v From",
    ),
];

fn smoke(name: &str) {
    let (_, needed, line) = PROGRAMS.iter().find(|(other, ..)| *other == name).expect("a name of the table");
    // Not every machine has all of them, and none is missed.
    if find(needed).is_some() {
        Comparison { program: "bash", arguments: &["-c", line], seconds: 120, ..Comparison::default() }.check();
    }
}

#[test]
fn languages() {
    ["java", "node", "python3", "ruby", "php", "luajit", "gawk", "perl"].into_iter().for_each(smoke);
}

#[test]
fn databases_and_servers() {
    ["postgres", "mariadbd", "nginx"].into_iter().for_each(smoke);
}

#[test]
fn tools() {
    ["git", "rustc", "gdb", "systemd-analyze"].into_iter().for_each(smoke);
}

/// What has an allocator inside is run all the same, and told of.
#[test]
fn programs_with_an_allocator_inside() {
    let rustc = find("rustup").map(|rustup| run(command(rustup).args(["which", "rustc"]), 20).text());
    let rustc = rustc.unwrap_or_default();
    let programs = [
        // Bound to its library by the plain names, so its calls come to us.
        ("redis-server", "libjemalloc.so.2"),
        // Defines malloc itself: no preload reaches it.
        (rustc.trim(), "another allocator inside"),
        // Debian's has none.
        ("fdfind", "yes: takes effect"),
    ];
    for (program, words) in programs {
        let Some(path) = find(program).filter(|_| !program.is_empty()) else { continue };
        let outcome = run(library().preload(&mut command(&path)).arg("--version"), 20);
        assert_eq!(outcome.code(), 0, "{program}: {}", outcome.stderr);
        let Some(told) = hakmem(&["check", path.to_str().expect("a plain path")]) else { return };
        assert!((told.text() + &told.stderr).contains(words), "{program}: {}{}", told.text(), told.stderr);
    }
}
