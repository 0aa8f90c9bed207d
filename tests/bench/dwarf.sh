#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Minimized BTF straight from DWARF against pahole and bpftool by hand, on two real kernels:
# from a vmlinux, from a package on disk, and from one on the mirror. Medians of BENCH_RUNS runs
# (3), the two sides in turn; seconds by the clock and of processors, which say more where others
# work on the machine. BENCH_PARTS=vmlinux,package,mirror names some; the last fetches 858 MB a
# run by hand. BTFGEN_TEST_CACHE: a folder to keep packages.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/real-kernels.sh"
for tool in curl dpkg-deb pahole bpftool python3; do
	command -v "$tool" >/dev/null || skip_all "$tool is missing"
done
need_debian
need_space 6
runs=${BENCH_RUNS:-3}
parts=${BENCH_PARTS:-vmlinux,package,mirror}
for_options=
for object in "$objects"/*.bpf.o; do
	for_options="$for_options --for $object"
done

die()
{
	echo "bench: $*" >&2
	exit 1
}

part()
{
	case ,$parts, in *,"$1",*) ;; *) return 1 ;; esac
}

# once NAME COMMAND...: appends seconds, processor seconds and peak memory in kB to $work/NAME
once()
{
	once_name=$1
	shift
	python3 - "$work/$once_name" "$@" <<'PYTHON' || die "$once_name failed: $(tail -n 3 "$work/bench.log")"
import os, resource, subprocess, sys, time
log = open(os.path.dirname(sys.argv[1]) + "/bench.log", "wb")
began = time.monotonic()
status = subprocess.call(sys.argv[2:], stdout=log, stderr=log)
took = time.monotonic() - began
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "a") as out:
    print("%.3f %.3f %d" % (took, used.ru_utime + used.ru_stime, used.ru_maxrss), file=out)
sys.exit(status)
PYTHON
}

# middle NAME COLUMN: the median of its runs
middle()
{
	sort -n -k "$2,$2" "$work/$1" | awk -v c="$2" '{ at[NR] = $c } END {
		printf("%.2f\n", (at[int((NR + 1) / 2)] + at[int(NR / 2) + 1]) / 2) }'
}

# sum COLUMN NAME...: of what is done one after the other
sum()
{
	column=$1
	shift
	for name; do middle "$name" "$column"; done | awk '{ s += $1 } END { printf("%.2f\n", s) }'
}

# row WHAT OURS THEIRS UNIT
row()
{
	awk -v what="$1" -v a="$2" -v b="$3" -v unit="$4" 'BEGIN {
		printf("%-46s %9.2f %9.2f %-3s  1/%.1f\n", what, a, b, unit, a > 0 ? b / a : 0) }'
}

rows()
{
	rows_what=$1 rows_ours=$2
	shift 2
	row "$rows_what" "$(middle "$rows_ours" 1)" "$(sum 1 "$@")" s
	row "  of processors" "$(middle "$rows_ours" 2)" "$(sum 2 "$@")" s
	row "  peak memory" "$(awk -v k="$(middle "$rows_ours" 3)" 'BEGIN { print k / 1024 }')" \
		"$(for name; do middle "$name" 3; done | sort -n | tail -n 1 | awk '{ print $1 / 1024 }')" MB
}

unpack_by_hand()
{
	sh -c 'dpkg-deb --fsys-tarfile "$1" | tar -xf - -O "./$2" >"$3"' sh "$package" "$member" "$work/vmlinux"
}

member_of()
{
	dpkg-deb --fsys-tarfile "$1" | tar -t | sed -n 's,^\./\(usr/lib/debug/.*/vmlinux[^/]*\)$,\1,p' | head -n 1
}

# find_package PATTERN: $kernel, the newest, its $url and where its $package is kept
find_package()
{
	kernel=$(newest_kernel --release bookworm --arch x86_64 --kernel "$1")
	[ -n "$kernel" ] || die "no kernel $1"
	url=$(python3 -c 'import json, sys; print(next(k["debug"]["url"] for k in json.load(open(sys.argv[1]))["kernels"]
		if k["kernel"] == sys.argv[2]))' "$work/list.json" "$kernel")
	package=$cache/dwarf/${url##*/}
	mkdir -p "$cache/dwarf"
}

pahole_and_bpftool()
{
	rm -f "$work/hand.btf"
	once "pahole-$1" pahole -j1 --btf_encode_detached="$work/hand.btf" "$work/vmlinux"
	once "bpftool-$1" bpftool gen min_core_btf "$work/hand.btf" "$work/hand.min" "$objects"/*.bpf.o
}

cat <<TEXT
$(uname -srm), $(nproc) cores; load $(cut -d ' ' -f 1 /proc/loadavg) at the start
$("$btfgen" --version | head -n 1); pahole $(pahole --version); $(bpftool version | head -n 1); medians of $runs
TEXT
find_package '6.1.*-cloud-amd64'
[ -e "$package" ] || curl -sSf -o "$package" "$url" || die "can't fetch $url"
member=$(member_of "$package")
# into the page cache, for both sides
cat "$package" >/dev/null
unpack_by_hand || die "no vmlinux in $package"

# shellcheck disable=SC2086 # options
for _ in $(seq "$runs"); do
	if part vmlinux; then
		once encode "$btfgen" encode -q -w "$work/w" --encoder dwarf $for_options -o "$work/min.btf" "$work/vmlinux"
		pahole_and_bpftool disk
		rm -f "$work/hand.btf"
		once pahole-j pahole -j --btf_encode_detached="$work/hand.btf" "$work/vmlinux"
	fi
	if part package; then
		rm -f "$work"/a.kbtf*
		once add "$btfgen" add -q -w "$work/w" --min-only --encoder dwarf $for_options -a "$work/a.kbtf" "$package"
		once unpack sh -c 'dpkg-deb --fsys-tarfile "$1" | tar -xf - -O "./$2" >"$3"' sh \
			"$package" "$member" "$work/vmlinux"
		pahole_and_bpftool package
	fi
done
if part vmlinux; then
	echo "
$kernel, vmlinux of $(stat -c %s "$work/vmlinux") bytes"
	printf '%-46s %9s %9s      %s\n' "" btfgen "by hand" ratio
	rows "vmlinux on disk (pahole -j1, bpftool)" encode pahole-disk bpftool-disk
	rows "the same (pahole -j, bpftool)" encode pahole-j bpftool-disk
fi
if part package; then
	echo "
$kernel, package of $(stat -Lc %s "$package") bytes"
	rows "package on disk (dpkg-deb | tar, pahole, bpftool)" add unpack pahole-package bpftool-package
fi
part mirror || exit 0

find_package '6.1.*-[0-9]*[0-9]-amd64'
"$btfgen" list -q --distro debian --release bookworm --arch x86_64 -w "$work/cold" >"$work/bench.log" 2>&1
# shellcheck disable=SC2086 # options
for _ in $(seq "$runs"); do
	rm -f "$work"/a.kbtf* "$work/big.deb"
	once build "$btfgen" build -q --distro debian --release bookworm --arch x86_64 --kernel "$kernel" \
		--min-only --encoder dwarf $for_options -w "$work/cold" -a "$work/a.kbtf" --json
	cp "$work/bench.log" "$work/build.json"
	once fetch curl -sSf -o "$work/big.deb" "$url"
	package=$work/big.deb
	[ -n "${big_member:-}" ] || big_member=$(member_of "$package")
	once unpack-big sh -c 'dpkg-deb --fsys-tarfile "$1" | tar -xf - -O "./$2" >"$3"' sh \
		"$package" "$big_member" "$work/vmlinux"
	pahole_and_bpftool big
done
echo "
$kernel, package of $(stat -c %s "$work/big.deb") bytes, on the mirror (its index is there already)"
rows "download, dpkg-deb | tar, pahole, bpftool" build fetch unpack-big pahole-big bpftool-big
row "  bytes fetched, in millions" "$(field "$work/build.json" 'e["fetched_bytes"] / 1e6')" \
	"$(($(stat -c %s "$work/big.deb") / 1000000))" MB
