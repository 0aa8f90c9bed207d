#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Which of the bundled programs work on many simulated kernels, out of one archive, against what
# `bpftool gen min_core_btf` takes for the same kernels, which is the least that tells whether
# it relocates: one run an object and kernel, measured on 20 of the kernels. BENCH_KERNELS: how
# many in all (100; 1000 takes some minutes to make).
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/simulated.sh"
export LC_ALL=C XDG_DATA_HOME="$work/data"
PATH=$PATH:/usr/sbin:/sbin
kernels=${BENCH_KERNELS:-100}
objects=$(dirname "$btfgen")/bpf

for tool in python3 bpftool; do
	command -v "$tool" >/dev/null || skip_all "$tool is missing"
done
ls "$objects"/*.bpf.o >/dev/null 2>&1 || skip_all "no bundled programs: make bpf"
need_bases
compile pack || exit 1

# Files of the last two kernels of each family stay, for bpftool.
for i in 0 1 2 3 4 5 6 7 8 9; do
	family $i $((kernels / 10)) "$work/family" >"$work/list" || exit 1
	"$work/pack" "$work/many.kbtf" full 1000 <"$work/list" >/dev/null || exit 1
	for file in $(ls "$work"/family/*.btf | tail -n 2); do
		mv "$file" "$work/$i-$(basename "$file")"
	done
	rm -rf "$work/family"
done

# measure COMMAND...: seconds by the clock, of all cores, and kilobytes
measure()
{
	python3 - "$@" <<'PYTHON'
import resource, subprocess, sys, time
began = time.monotonic()
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
wall = time.monotonic() - began
assert status in (0, 1), status
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{wall:.2f} {used.ru_utime + used.ru_stime:.2f} {used.ru_maxrss}")
PYTHON
}
cat >"$work/by-hand" <<'LOOP'
#!/bin/sh
# OUT OBJECTS KERNEL...
out=$1 objects=$2
shift 2
for kernel; do
	for object in "$objects"/*.bpf.o; do
		bpftool gen min_core_btf "$kernel" "$out" "$object"
	done
done
LOOP
chmod +x "$work/by-hand"

echo "$(uname -srm), $(nproc) cores, load $(cut -d ' ' -f 1 /proc/loadavg); $kernels kernels," \
	"$(ls "$objects"/*.bpf.o | wc -l) objects"
printf '%-40s %9s %9s %9s\n' "" seconds "of cores" kB
theirs=$(measure "$work/by-hand" "$work/min" "$objects" "$work"/*-*.btf) || exit 1
# shellcheck disable=SC2086 # three numbers
set -- $theirs
hand=$(awk -v s="$2" -v n="$kernels" 'BEGIN { printf("%.2f", s * n / 20) }')
printf '%-40s %9s %9s %9s\n' "bpftool, 20 kernels" "$1" "$2" "$3"
printf '%-40s %9s %9s\n' "bpftool, scaled to all" "$(awk -v s="$1" -v n="$kernels" 'BEGIN { printf("%.2f", s * n / 20) }')" "$hand"
# shellcheck disable=SC2086 # words
for jobs in 1 2; do
	set -- $(measure "$btfgen" check -a "$work/many.kbtf" -j $jobs) || exit 1
	printf '%-40s %9s %9s %9s %9s\n' "btfgen check -j $jobs" "$1" "$2" "$3" "$(ratio "$2" "$hand")"
done
