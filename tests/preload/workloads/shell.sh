# Arrays, string operations, subshells, pipes.
declare -A counts
words=()
for ((i = 0; i < 3000; i++)); do
    word="w$((i * 7919 % 613))-${i: -1}"
    words+=("$word")
    counts[${word%%-*}]=$((${counts[${word%%-*}]:-0} + 1))
done
echo "${#words[@]} words, ${#counts[@]} stems, first ${words[0]}, last ${words[-1]}"
text="${words[*]}"
echo "${#text} characters; ${text:100:20}; ${text//w1/W} " | md5sum
for key in "${!counts[@]}"; do echo "$key ${counts[$key]}"; done | sort -k2,2n -k1,1 | tail -3
sum=0
for i in {1..40}; do sum=$((sum + $(echo $((i * i))))); done
echo "$sum"
(cd / && exec 3< <(seq 1 2000) && mapfile -t lines <&3 && echo "${#lines[@]} lines, ${lines[1234]}")
printf '%s\n' "${words[@]}" | tr a-z A-Z | grep -c 7 | cat
big=$(head -c 300000 /dev/zero | tr '\0' x)
echo "${#big}"
f() { local a=("$@"); [ "$1" -gt 0 ] && f $(($1 - 1)) "${a[@]:1}" more || echo "depth, $# arguments"; }
f 60
