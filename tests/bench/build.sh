#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What btfgen costs against the same work by hand, on one real kernel: medians of BENCH_RUNS
# runs (3) in one go, on a machine that has nothing else to do. BENCH_KERNEL names another
# kernel than the newest cloud one of bookworm, BTFGEN_TEST_CACHE a folder to keep packages.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/real-kernels.sh"
need_debian
need_space 4
command -v xz >/dev/null || skip_all "xz is missing"

mkdir "$work/seconds"
runs=${BENCH_RUNS:-3}
kernel=${BENCH_KERNEL:-$(newest_kernel --release bookworm --arch x86_64 --kernel '6.1.*-cloud-amd64')}
[ -n "$kernel" ] || exit 1

die()
{
	echo "bench: $*" >&2
	exit 1
}

now()
{
	date +%s%N
}

# median NAME COMMAND...: of $runs runs, in seconds, left in $work/seconds/NAME; `clean` before each
median()
{
	name=$1
	shift
	: >"$work/all"
	for _ in $(seq "$runs"); do
		clean
		began=$(now)
		"$@" >"$work/bench.log" 2>&1 || { cat "$work/bench.log" >&2; die "$name failed"; }
		echo $(($(now) - began)) >>"$work/all"
	done
	middle 1e9 <"$work/all" >"$work/seconds/$name"
}
# middle UNIT: the median of numbers on stdin, in units
middle()
{
	sort -n | awk -v unit="$1" '{ at[NR] = $1 } END {
		printf("%.3f\n", (at[int((NR + 1) / 2)] + at[int(NR / 2) + 1]) / 2 / unit) }'
}
took()
{
	cat "$work/seconds/$1"
}
ratio()
{
	awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf("%.2f", a / b); else printf("-") }'
}
# row WHAT OURS BY_HAND UNIT
row()
{
	printf '%-46s %10s %10s %-3s %6s\n' "$1" "$2" "$3" "$4" "$(ratio "$2" "$3")"
}

clean()
{
	rm -f "$work"/a.kbtf* "$work/vmlinux" "$work"/hand.*
	rm -rf "$work/unpacked"
}
build()
{
	on --release bookworm --arch x86_64 --kernel "$kernel" -a "$work/a.kbtf" -q "$@"
}
unpack_by_hand()
{
	mkdir -p "$work/unpacked"
	dpkg-deb --fsys-tarfile "$package" | tar -xf - -C "$work/unpacked" "./$member"
}
# shellcheck disable=SC2086 # flags are a list
by_hand()
{
	unpack_by_hand &&
		pahole $flags --btf_encode_detached="$work/hand.btf" "$work/unpacked/$member" &&
		bpftool gen min_core_btf "$work/hand.btf" "$work/hand.min" "$objects"/*.bpf.o &&
		xz -9 -k "$work/hand.btf"
}
tar_of()
{
	mkdir -p "$work/unpacked"
	tar -xJf "$1" -C "$work/unpacked"
}

# ---- what all of it works on ---------------------------------------------------------
echo "# preparing: $kernel" >&2
build --encoder pahole --json >"$work/pahole.json" || die "the build failed"
"$btfgen" stats -a "$work/a.kbtf" --json >"$work/stats"
package=$cache/packages/$(field "$work/stats" 'e["package_sha256"]')
flags=$(field "$work/stats" 'e["encoder_flags"]')
cp "$work/a.kbtf" "$work/pahole.kbtf"
member=$(dpkg-deb --fsys-tarfile "$package" | tar -t | sed -n 's,^\./\(usr/lib/debug/.*/vmlinux[^/]*\)$,\1,p' | head -n 1)
[ -n "$member" ] || die "no vmlinux in the package"
rm "$work/a.kbtf" "$work/a.kbtf.journal"
build --encoder embedded >/dev/null || die "the build from the image failed"
# several kernels of one series for the size, from their images: small to fetch
sizes=$work/several.kbtf
on --release bookworm --arch x86_64 --kernel '6.1.*-cloud-amd64' --encoder embedded -a "$sizes" -q \
	--newest 4 >"$work/bench.log" 2>&1 || { cat "$work/bench.log" >&2; die "the builds failed"; }
count=$("$btfgen" stats -a "$sizes" --json | python3 -c 'import json, sys; print(len(json.load(sys.stdin)["entries"]))')
"$btfgen" export -q -a "$sizes" --distro debian --format btfhub -o "$work/btfhub" >/dev/null
tars=$(find "$work/btfhub" -name '*.btf.tar.xz' -exec stat -c %s {} + | awk '{ sum += $1 } END { print sum }')
first_tar=$(find "$work/btfhub" -name "$kernel.btf.tar.xz")
[ -f "$first_tar" ] || die "no .btf.tar.xz of $kernel"

# ---- measuring -------------------------------------------------------------------------
# Extraction alone is the stage's own time: btfgen has no command that only extracts.
extract_seconds()
{
	: >"$work/all"
	for _ in $(seq "$runs"); do
		clean
		build --encoder pahole --json >"$work/pahole.json" 2>"$work/bench.log" || die "the build failed"
		field "$work/pahole.json" 'e["seconds"]["extract"]' >>"$work/all"
	done
	middle 1 <"$work/all" >"$work/seconds/extract"
}
median pahole build --encoder pahole
median hand by_hand
median embedded build --encoder embedded
extract_seconds
median unpack unpack_by_hand
median export "$btfgen" export -q -a "$sizes" --kernel "$kernel" -o "$work/hand.out"
median tar tar_of "$first_tar"
clean

# ---- the report ----------------------------------------------------------------------------
cat <<TEXT
kernel $kernel, packages cached; median of $runs runs, seconds
$(uname -srm), $(nproc) cores; load $(cut -d ' ' -f 1 /proc/loadavg) at the end
$("$btfgen" --version | head -n 1); pahole $(pahole --version); $(bpftool version | head -n 1);
$(dpkg-deb --version | sed -n '1s/.*version/dpkg-deb/p'); $(tar --version | head -n 1); $(xz --version | head -n 1)
package $(stat -c %s "$package") bytes, flags $flags

TEXT
printf '%-46s %10s %10s %-3s %6s\n' "" btfgen "by hand" "" ratio
row "build --encoder pahole: all of it" "$(took pahole)" "$(took hand)" s
row "  extraction alone (dpkg-deb | tar)" "$(took extract)" "$(took unpack)" s
row "build --encoder embedded (by hand: as above)" "$(took embedded)" "$(took hand)" s
row "one BTF out of $count (tar xJf of its own file)" "$(took export)" "$(took tar)" s
row "$count kernels (sum of .btf.tar.xz)" "$(stat -c %s "$sizes")" "$tars" B
row "embedded against pahole, both by btfgen" "$(took embedded)" "$(took pahole)" s
echo
echo "By hand: dpkg-deb --fsys-tarfile | tar x, pahole, bpftool gen min_core_btf, xz -9."
echo "btfgen besides checks the package's digest, and the result against DWARF."
