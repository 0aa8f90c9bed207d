#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# How an archive of full BTF grows with simulated kernels, ten families: its bytes against one
# .btf.tar.xz a kernel, processor time to add one more against `xz -9` of its BTF, time to open
# it and to read one. BENCH_KERNELS: how many in all (100; 1000 takes a quarter of an hour). First how
# like real kernels the simulated ones are, where ../shared/data has eight to follow.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/simulated.sh"
export LC_ALL=C XDG_DATA_HOME="$work/data"
kernels=${BENCH_KERNELS:-100}
runs=${BENCH_RUNS:-15}

for tool in python3 xz; do
	command -v "$tool" >/dev/null || skip_all "$tool is missing"
done
need_bases
compile pack || exit 1
compile opening || exit 1

# ---- real and simulated, side by side ------------------------------------------------------

# of_series NAME LIST: types changed a step, and bytes of a sibling in an archive
of_series()
{
	changed=$(cut -f 1 "$2" | xargs "$top/tests/lib/btf-changes" --mean | tail -n 1 | awk '{ print $15 }')
	bytes=$("$work/pack" "$work/$1.kbtf" full 1 <"$2" |
		awk 'NR == 1 { first = $2 } { last = $2 } END { printf("%.0f", (last - first) / (NR - 1)) }')
	rm -f "$work/$1.kbtf"
}
mkdir "$work/real"
for file in "$shared"/series-5.10-arm64/*.tar.xz; do
	tar xJf "$file" -C "$work/real" || exit 1
done
"$top/tests/lib/make-identities" 7 8 "$work/real" >"$work/real.list"
find "$work/real" -name '*.btf' | sort | paste - "$work/real.list" | cut -f 1,3- >"$work/files.list"
of_series real "$work/files.list"
real_changed=$changed real_bytes=$bytes
family 1 8 "$work/simulated" >"$work/simulated.list" || exit 1
of_series simulated "$work/simulated.list"
rm -rf "$work/real" "$work/simulated"
echo "$(uname -srm), $(nproc) cores, load $(cut -d ' ' -f 1 /proc/loadavg)"
printf '%-52s %10s %10s %8s\n' "eight kernels, on average from one to the next" simulated real ratio
printf '%-52s %10s %10s %8s\n' "types that came, went or changed" "$changed" "$real_changed" \
	"$(ratio "$changed" "$real_changed")"
printf '%-52s %10s %10s %8s\n' "bytes a sibling takes in an archive" "$bytes" "$real_bytes" \
	"$(ratio "$bytes" "$real_bytes")"

# ---- growth ----------------------------------------------------------------------------------

# seconds COMMAND...: of processor time
seconds()
{
	python3 - "$@" <<'PYTHON'
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime)
PYTHON
}
# report COUNT: of what was added last
report()
{
	last=$(tail -n 1 "$work/list" | cut -f 1)
	xz_ms=$(seconds xz -9 -k -c "$last" | awk '{ printf("%.0f", 1000 * $1) }')
	"$work/opening" "$work/grown.kbtf" "$runs" <"$work/list" >"$work/opened" || exit 1
	# what each of the last nine took, which all have a relative in the archive but for the first
	tail -n 9 "$work/added" | awk '{ printf("%.0f %.1f %d\n", $3 + $4 + $5, $5, $6) }' |
		sort -n | sed -n 5p >"$work/middle"
	read -r add_ms commit_ms add_kb <"$work/middle"
	read -r open_us find_us read_ms read_kb <"$work/opened"
	bytes=$(stat -c %s "$work/grown.kbtf")
	printf '%7d %10d %10d %8s %6s %6s %8s %8s %7s %7s %7s %8s %8s\n' "$1" "$bytes" "$tars" \
		"$(ratio "$bytes" "$tars")" "$add_ms" "$xz_ms" "$(ratio "$add_ms" "$xz_ms")" \
		"$commit_ms" "$add_kb" "$open_us" "$find_us" "$read_ms" "$read_kb"
}

# add_family I FROM TO: of its kernels those; the last nine of the last family one by one
add_family()
{
	family "$1" "$3" "$work/family" | sed "$(($2 + 1)),$3!d" >"$work/list" || exit 1
	alone=0
	[ "$1" -ne 9 ] || alone=9
	head -n -$alone "$work/list" | "$work/pack" "$work/grown.kbtf" full 1000 >>"$work/added" || exit 1
	tail -n $alone "$work/list" | "$work/pack" "$work/grown.kbtf" full 1 >>"$work/added" || exit 1
	# one stands for all: xz takes longer than everything else here
	tar c -C "$work/family" "$(printf '%04d.btf' "$3")" | xz | wc -c >"$work/tar"
	tars=$((tars + $(cat "$work/tar") * ($3 - $2)))
	[ "$1" -eq 9 ] || rm -rf "$work/family"
}

echo
printf '%7s %10s %10s %8s %6s %6s %8s %8s %7s %7s %7s %8s %8s\n' "" "archive" "tar.xz" "" "add" \
	"xz -9" "" "commit" "add" "open" "find" "read" "read"
printf '%7s %10s %10s %8s %6s %6s %8s %8s %7s %7s %7s %8s %8s\n' kernels bytes bytes ratio ms ms \
	ratio ms kB us us ms kB
tars=0 have=0
for each in 1 10 100; do
	[ $((10 * each)) -le "$kernels" ] || break
	: >"$work/added"
	for i in 0 1 2 3 4 5 6 7 8 9; do
		add_family $i $have $each
	done
	report $((10 * each))
	have=$each
	rm -rf "$work/family"
done
