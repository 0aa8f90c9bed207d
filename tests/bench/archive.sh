#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What an archive of real kernels takes, and how long one takes to read, against one .btf.tar.xz
# a kernel, as BTFHub keeps them. BENCH_BTF names a tree of such files, whose names sort by age
# in each of its folders; without it, ../shared/data beside the checkout. Kernels that
# match the shell pattern BENCH_NORMALIZE are normalized; without it, the one there that was never
# deduplicated. Five or six kernels of Debian join them:
# BENCH_DEBIAN names an archive that has them, else they are built, which fetches 170 MB and is
# left out where no mirror answers.
. "$(dirname "$0")/../lib/tap.sh"
export XDG_DATA_HOME="$work/data" LC_ALL=C
tree=${BENCH_BTF:-$top/../shared/data}
runs=${BENCH_RUNS:-7}
normalized=${BENCH_NORMALIZE-4.18.0-147.5.1.el8_1.aarch64}

[ -d "$tree" ] || skip_all "no BTF: BENCH_BTF names no folder"
command -v xz >/dev/null || skip_all "xz is missing"
command -v python3 >/dev/null || skip_all "python3 is missing"

row()
{
	printf '%-50s %12s %12s %8s %6s\n' "$1" "$2" "$3" "$(awk -v a="$2" -v b="$3" 'BEGIN {
		printf(b > a ? "1/%.1f" : "%.2f", b > a ? b / a : a / b) }')" "${4:-}"
}
size_of()
{
	stat -c %s "$1"
}

# ---- bytes ---------------------------------------------------------------------------------------

# The streams of a folder's kernels, told one after another as an archive does it.
build=$(dirname "$btfgen")
compile_retell()
{
	# shellcheck disable=SC2046 # words
	${CC:-cc} -O2 -std=gnu11 -D_GNU_SOURCE -I"$top/archive" -I"$build/gen" -o "$work/retell" \
		"$top/tests/lib/retell.c" "$build/libkbtf.a" \
		$(pkg-config --cflags --libs libbpf libzstd libsodium)
}
# data_alone FOLDER NAME TARS SIBLING_TARS: what data streams take
data_alone()
{
	mkdir -p "$work/raw" "$work/told"
	for file in "$1"*.btf.tar.xz; do
		tar xJf "$file" -C "$work/raw" || exit 1
	done
	"$work/retell" 19 "$work/told" "$work/raw"/*.btf >"$work/streams" || exit 1
	rm -rf "$work/raw" "$work/told"
	row "$2: $count kernels, data types alone" "$(awk '{ n += $2 } END { print n }' "$work/streams")" \
		"$3" 1/20
	row "$2: one more, data types alone" \
		"$(awk 'NR > 1 { n += $2 } END { printf("%.0f", n / (NR - 1)) }' "$work/streams")" "$4" 1/300
}
compile_retell || exit 1
echo "bytes, and milliseconds of processor time, medians of $runs runs; $(uname -srm), $(nproc) cores," \
	"load $(cut -d ' ' -f 1 /proc/loadavg)"
printf '%-50s %12s %12s %8s %6s\n' "" btfgen tar.xz ratio reach
all_tars=0 archives=
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
	"$btfgen" compact -q -a "$archive" >/dev/null || exit 1
	archives="$archives $archive" all_tars=$((all_tars + tars))
	if [ $normal -gt 0 ] || [ $count -eq 1 ]; then
		# kernels of several series
		row "$name: $count kernels, $normal normalized" "$(size_of "$archive")" "$tars"
		continue
	fi
	row "$name: $count kernels" "$(size_of "$archive")" "$tars" 1/10
	row "$name: one more, on average" $((siblings / (count - 1))) $((sibling_tars / (count - 1))) 1/100
	data_alone "$folder" "$name" "$tars" $((sibling_tars / (count - 1)))
done

# Kernels of three series, as the pipeline makes them of ordinary image packages: five or six, as
# a mirror may lack one that its index names.
build_debian()
{
	for series in 11:2:5.10 12:2:6.1 13:2:6.12; do
		count=${series#*:}
		"$btfgen" build -q --distro debian --release "${series%%:*}" --arch x86_64 --encoder embedded \
			--no-min --kernel "${series##*:}.*-cloud-amd64" --newest "${count%%:*}" \
			--work "${BTFGEN_TEST_CACHE:-$work/cache}" -a "$1" >>"$work/log" 2>&1
	done
	# a suite that no mirror has any more fails the run, not the kernels
	[ -f "$1" ]
}
debian=${BENCH_DEBIAN:-$work/debian.kbtf}
if [ -f "$debian" ] || build_debian "$debian"; then
	"$btfgen" export -q -a "$debian" --format btfhub -o "$work/debian" || exit 1
	find "$work/debian" -name '*.btf.tar.xz' >"$work/debian.files"
	five=$(wc -l <"$work/debian.files")
	tars=$(xargs stat -c %s <"$work/debian.files" | awk '{ n += $1 } END { print n }')
	row "Debian: $five kernels" "$(size_of "$debian")" "$tars"
	archives="$archives $debian" all_tars=$((all_tars + tars))
else
	echo "Debian's kernels are left out: $(tail -n 1 "$work/log")"
fi
# shellcheck disable=SC2086 # paths of ours
"$btfgen" merge -q "$work/all.kbtf" $archives >/dev/null || exit 1
row "all together" "$(size_of "$work/all.kbtf")" "$all_tars" 1/7

# ---- time ----------------------------------------------------------------------------------------

# Of our command and theirs in turn, milliseconds of processor time, which others on the machine
# do not lengthen as much: medians. `--` stands between the two.
in_turn()
{
	python3 - "$runs" "$@" <<'PYTHON'
import resource, statistics, subprocess, sys


def used():
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


middle = sys.argv.index("--")
commands, took = (sys.argv[2:middle], sys.argv[middle + 1:]), ([], [])
for _ in range(int(sys.argv[1])):
    for command, times in zip(commands, took):
        began = used()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        times.append(1000 * (used() - began))
print(*("%.1f" % statistics.median(times) for times in took))
PYTHON
}
last=$(find "$tree" -name '*.btf.tar.xz' -size -1500k | sort | tail -n 1)
name=$(basename "$(dirname "$last")")
# shellcheck disable=SC2046 # two numbers
set -- $(in_turn "$btfgen" export -q -a "$work/$name.kbtf" -k "$(basename "$last" .btf.tar.xz)" \
	-o "$work/out.btf" -- tar xJf "$last" -C "$work")
row "read one, the last of $name" "$1" "$2" 1/2
