#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Minimizing for eight objects and many kernels: from an archive in one run, against a loop of
# bpftool gen min_core_btf over the BTF files. BENCH_BTF names a tree of .btf.tar.xz files;
# without it, ../shared/data beside the checkout. This machine's kernel comes on top.
. "$(dirname "$0")/../lib/tap.sh"
export XDG_DATA_HOME="$work/data" XDG_CACHE_HOME="$work/cache" LC_ALL=C
tree=${BENCH_BTF:-$top/../shared/data}
runs=${BENCH_RUNS:-5}
PATH=$PATH:/usr/sbin:/sbin

[ -d "$tree" ] || skip_all "no BTF: BENCH_BTF names no folder"
for tool in xz tar python3 bpftool; do
	command -v "$tool" >/dev/null || skip_all "$tool is missing"
done
objects=$(ls "$(dirname "$btfgen")"/bpf/*.bpf.o | head -n 8)

# middle COMMAND...: wall time and time of all cores, in milliseconds, medians
middle()
{
	python3 - "$runs" "$@" <<'PYTHON'
import os, statistics, subprocess, sys, time
wall, cores = [], []
for _ in range(int(sys.argv[1])):
    began, before = time.monotonic(), os.times()
    subprocess.run(sys.argv[2:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = os.times()
    wall.append(1000 * (time.monotonic() - began))
    cores.append(1000 * (after[2] + after[3] - before[2] - before[3]))
print(f"{statistics.median(wall):.0f} {statistics.median(cores):.0f}")
PYTHON
}

row()
{
	# shellcheck disable=SC2086 # two numbers each
	set -- "$1" $2 $3
	printf '%-44s %7s %7s %9s %7s %9s\n' "$1" "$2" "$3" "$4" "$5" \
		"$(awk -v a="$2" -v b="$4" 'BEGIN { printf("1/%.1f", b / a) }')"
}

cat >"$work/by-hand" <<'LOOP'
#!/bin/sh
# OUT OBJECTS KERNEL...
out=$1 objects=$2
shift 2
for kernel; do
	bpftool gen min_core_btf "$kernel" "$out" $objects || exit 1
done
LOOP
chmod +x "$work/by-hand"

# measure NAME ARCHIVE KERNEL...
measure()
{
	name=$1 archive=$2
	shift 2
	# shellcheck disable=SC2086 # words
	ours=$(middle "$btfgen" minimize -q "$archive" $objects -o "$work/out/") || exit 1
	theirs=$(middle "$work/by-hand" "$work/min" "$objects" "$@") || exit 1
	row "$name: $# kernels" "$ours" "$theirs"
}

add()
{
	"$btfgen" add -q --no-min --arch any --release 1 "$@" >/dev/null || exit 1
}

echo "milliseconds, medians of $runs runs: by the clock, and of all cores; $(uname -srm), $(nproc) cores"
printf '%-44s %7s %7s %9s %7s %9s\n' "" btfgen cores bpftool cores "by clock"
all=
[ ! -r /sys/kernel/btf/vmlinux ] || { cp /sys/kernel/btf/vmlinux "$work/own.btf" && all=$work/own.btf; }
[ -z "$all" ] || add -a "$work/all.kbtf" --normalize --distro own --kernel own "$all"
for folder in "$tree"/*/; do
	name=$(basename "$folder") files=
	for packed in "$folder"*.btf.tar.xz; do
		[ -f "$packed" ] || continue
		kernel=$(basename "$packed" .btf.tar.xz)
		mkdir -p "$work/$name"
		tar -xJf "$packed" -O >"$work/$name/$kernel.btf" || exit 1
		add -a "$work/$name.kbtf" --distro "$name" --kernel "$kernel" "$work/$name/$kernel.btf"
		add -a "$work/all.kbtf" --normalize --distro "$name" --kernel "$kernel" \
			"$work/$name/$kernel.btf"
		files="$files $work/$name/$kernel.btf"
	done
	# shellcheck disable=SC2086 # words
	[ -z "$files" ] || measure "$name" "$work/$name.kbtf" $files
	all="$all $files"
done
"$btfgen" compact -q -a "$work/all.kbtf" >/dev/null || exit 1
# shellcheck disable=SC2086 # words
measure "all, normalized" "$work/all.kbtf" $all
