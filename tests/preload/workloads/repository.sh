# A repository made, filled, packed, cloned and read.
set -e
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_PAGER=cat
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=c GIT_COMMITTER_EMAIL=c@d
git init -q -b main first
cd first
for round in 1 2 3; do
    for ((i = 0; i < 300; i++)); do
        mkdir -p d$((i % 17))
        for ((j = 0; j < i % 40 + 5; j++)); do echo "line $((i * j % 97)) of $i in $((round * (j % 9 == 0)))"; done >d$((i % 17))/f$i
    done
    export GIT_AUTHOR_DATE="2020-01-0$round 00:00:00 +0000" GIT_COMMITTER_DATE="2020-02-0$round 00:00:00 +0000"
    git add .
    git commit -q -m "round $round"
done
git checkout -q -b side HEAD~1
echo side >side
git add side
git commit -q -m side
git merge -q -m merge main
git -c gc.autoDetach=false gc --quiet
cd ..
git clone -q first second
cd second
git fsck --full 2>/dev/null
git log --stat --format='%H %s %cI' | md5sum
git log --graph --format='%h %s'
git diff HEAD~2 -- d3 | md5sum
git blame -s d3/f37 | md5sum
git grep -c 'line 42' | sort | head -5
