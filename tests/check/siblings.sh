#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Simulated kernels are what the benchmarks take them for: the same each time, BTF that others
# read, and changed as much as the table of tests/siblings/siblings.c says.
. "$(dirname "$0")/../lib/tap.sh"
PATH=$PATH:/usr/sbin:/sbin
make_siblings=$(dirname "$btfgen")/tests/make-siblings
objects=$(dirname "$btfgen")/bpf
series=$top/../shared/data/series-5.10-arm64/a12-5.10-2021-09-arm64.btf.tar.xz

for tool in bpftool python3; do
	command -v "$tool" >/dev/null || skip_all "$tool is missing"
done
if [ -f "$series" ]; then
	tar xJf "$series" -C "$work" && btf=$(echo "$work"/*.btf)
else
	btf=/sys/kernel/btf/vmlinux
fi
[ -r "$btf" ] || skip_all "no kernel's BTF to begin with"

make_into()
{
	mkdir -p "$work/$1"
	shift
	"$make_siblings" "$@"
}
# changed_as_said FOLDER: all rows of the first table were used once
changed_as_said()
{
	"$top/tests/lib/btf-changes" "$work/$1"/*.btf >"$work/changes" &&
		python3 - "$work/changes" "$top/tests/siblings/siblings.c" <<'PYTHON'
import re, sys
steps = [[int(x) for x in line.split()] for line in open(sys.argv[1]).read().splitlines()[1:-1]]
table = re.search(r"android\[\] = \{(.*?)\};", open(sys.argv[2]).read(), re.S).group(1)
rows = [[int(x) for x in row.split(",")] for row in re.findall(r"\{([^}]*)\}", table)]
# functions and records that came, functions that went: nothing else brings any about
for column in (0, 9, 11):
    have, want = (sorted(row[column] for row in rows_) for rows_ in (steps, rows))
    if any(abs(h - w) > 2 + w // 16 for h, w in zip(have, want)) or len(have) != len(want):
        sys.exit("column %d: %s, and the table has %s" % (column, have, want))
# members: a change may meet its own undoing, and some records refuse
for column in (2, 3, 4):
    have, want = (sum(row[column] for row in rows_) for rows_ in (steps, rows))
    if not want * .6 <= have <= want * 1.4:
        sys.exit("column %d: %d in all, and the table has %d" % (column, have, want))
PYTHON
}
not_changed()
{
	"$top/tests/lib/btf-changes" --mean "$1" "$2" >"$work/none" &&
		grep -qE '^( *0\.0)+ mean$' "$work/none" || { cat "$work/none"; return 1; }
}
min_of_all()
{
	for file in "$work/$1"/*.btf; do
		bpftool gen min_core_btf "$file" "$work/min.btf" "$objects"/*.bpf.o || return 1
	done
}
archive_all()
{
	for i in 1 2 3 4 5 6 7 8; do
		"$btfgen" add -q -a "$work/$1.kbtf" --no-min --arch x86_64 --kernel 5.10.$i \
			"$work/$1/000$i.btf" >/dev/null || return 1
	done
}
# all three are answers: yes, no, and in part
check_json()
{
	out=$1
	shift
	"$btfgen" check --json "$@" >"$out"
	case $? in 0 | 1 | 4) ;; *) return 1 ;; esac
}
checked_alike()
{
	check_json "$work/archived" -j 3 -a "$work/$1.kbtf" &&
		check_json "$work/files" "$work/$1"/*.btf && python3 - "$work/archived" "$work/files" <<'PYTHON'
import json, sys
def rows(path):
    result = json.load(open(path))
    return [[result["reports"][number] for number in kernel["reports"]] for kernel in result["kernels"]]
ours, alone = rows(sys.argv[1]), rows(sys.argv[2])
if len(ours) != 8 or ours != alone:
    sys.exit("kernels %s differ" % [i for i, (a, b) in enumerate(zip(ours, alone)) if a != b])
PYTHON
}
minimized_alike()
{
	"$btfgen" minimize -q -j 3 "$work/$1.kbtf" "$objects"/*.bpf.o -o "$work/at-once/" || return 1
	for i in 1 2 3 4 5 6 7 8; do
		"$btfgen" minimize -q "$work/$1.kbtf" "$objects"/*.bpf.o --kernel 5.10.$i \
			-o "$work/alone/" || return 1
	done
	[ "$(find "$work/alone" -name '*.btf' | wc -l)" -eq 8 ] && diff -r "$work/at-once" "$work/alone"
}

t "eight siblings" make_into a --seed 7 "$btf" 8 "$work/a"
t "again" make_into b --seed 7 "$btf" 8 "$work/b"
t "by another seed" make_into c --seed 8 "$btf" 8 "$work/c"
t "the same seed makes the same bytes" diff -r "$work/a" "$work/b"
t_not "another does not" cmp -s "$work/a/0008.btf" "$work/c/0008.btf"
t "the first has the same types as the real one" not_changed "$btf" "$work/a/0001.btf"
t "they change as the table says" changed_as_said a
sed 's/^/# /' "$work/changes" 2>/dev/null
t "CO-RE paths are unambiguous in all of them" min_of_all a
t "all are archived and proved" archive_all a

# ---- all at once: what came of one kernel is taken for others ------------------------------------

t "all are checked at once as each by itself" checked_alike a
t "and minimized" minimized_alike a

t_not "a table that is none" make_into d --like nothing "$btf" 2 "$work/d"

finish
