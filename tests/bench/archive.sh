#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What an archive of many kernels takes, and how long one takes to read, against one .btf.tar.xz
# a kernel, as BTFHub keeps them. BENCH_BTF names a tree of such files, whose names sort by age
# in each of its folders; without it, ../shared/data beside the checkout. Kernels that match the
# shell pattern BENCH_NORMALIZE are normalized; without it, the one there that was never
# deduplicated.
. "$(dirname "$0")/../lib/tap.sh"
export XDG_DATA_HOME="$work/data" XDG_CACHE_HOME="$work/cache" LC_ALL=C
tree=${BENCH_BTF:-$top/../shared/data}
runs=${BENCH_RUNS:-7}
normalized=${BENCH_NORMALIZE-4.18.0-147.5.1.el8_1.aarch64}

[ -d "$tree" ] || skip_all "no BTF: BENCH_BTF names no folder"
command -v xz >/dev/null || skip_all "xz is missing"
command -v python3 >/dev/null || skip_all "python3 is missing"

row()
{
	printf '%-44s %12s %12s %8s\n' "$1" "$2" "$3" "$(awk -v a="$2" -v b="$3" 'BEGIN {
		printf(b > a ? "1/%.1f" : "%.2f", b > a ? b / a : a / b) }')"
}
size_of()
{
	stat -c %s "$1"
}

echo "bytes, and medians of $runs runs in milliseconds; $(uname -srm), $(nproc) cores"
printf '%-44s %12s %12s %8s\n' "" btfgen tar.xz ratio
all_count=0 all_normal=0 all_tars=0
for folder in "$tree"/*/; do
	name=$(basename "$folder")
	archive=$work/$name.kbtf before=0 siblings=0 sibling_tars=0 count=0 tars=0 normal=0
	for file in "$folder"*.btf.tar.xz; do
		[ -f "$file" ] || continue
		kernel=$(basename "$file" .btf.tar.xz)
		option=--no-min
		# shellcheck disable=SC2254 # a pattern
		case $kernel in $normalized) option=--normalize normal=$((normal + 1)) ;; esac
		"$btfgen" add -q -a "$archive" --no-min $option --arch any --distro "$name" --release 1 \
			--kernel "$kernel" "$file" >/dev/null || exit 1
		now=$(size_of "$archive") tar=$(size_of "$file")
		if [ $count -gt 0 ]; then
			siblings=$((siblings + now - before)) sibling_tars=$((sibling_tars + tar))
		fi
		before=$now count=$((count + 1)) tars=$((tars + tar))
	done
	[ $count -gt 0 ] || continue
	all_count=$((all_count + count)) all_normal=$((all_normal + normal)) all_tars=$((all_tars + tars))
	row "$name: $count kernels, $normal normalized" "$before" "$tars"
	[ $count -eq 1 ] || row "$name: one more, on average" $((siblings / (count - 1))) \
		$((sibling_tars / (count - 1)))
	"$btfgen" compact -q -a "$archive" >/dev/null || exit 1
	row "$name: compacted" "$(size_of "$archive")" "$tars"
done
"$btfgen" merge -q "$work/all.archive" "$work"/*.kbtf >/dev/null || exit 1
row "all: $all_count kernels, $all_normal normalized" "$(size_of "$work/all.archive")" $all_tars

# middle COMMAND...: of its milliseconds
middle()
{
	python3 - "$runs" "$@" <<'PYTHON'
import statistics, subprocess, sys, time
took = []
for _ in range(int(sys.argv[1])):
    began = time.monotonic()
    subprocess.run(sys.argv[2:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    took.append(1000 * (time.monotonic() - began))
print(f"{statistics.median(took):.1f}")
PYTHON
}
folder=$(find "$tree" -name '*.btf.tar.xz' -size -2000k | sort | tail -n 1)
name=$(basename "$(dirname "$folder")")
row "read one, the last of $name" \
	"$(middle "$btfgen" export -q -a "$work/$name.kbtf" -k "$(basename "$folder" .btf.tar.xz)" \
		-o "$work/out.btf")" "$(middle tar xJf "$folder" -C "$work")"
