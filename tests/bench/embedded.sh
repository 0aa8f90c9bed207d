#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What an agent ships that has the bundled programs' BTF for very many kernels, and how long one
# kernel's takes at its start: btfgen export --format embed, against the min_core_btfs.tar.gz of
# bcc's libbpf-tools (bpftool's, in a tar, by gzip -9). Simulated kernels, ten families;
# BENCH_KERNELS: how many in all (1000). BENCH_RUNS: 101. With BENCH_LIST, a list as
# tests/lib/make-identities prints it, of BTF files of real kernels, those.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/simulated.sh"
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C
objects=$(dirname "$btfgen")/bpf
kernels=${BENCH_KERNELS:-1000}
runs=${BENCH_RUNS:-101}

for tool in bpftool python3 gzip xz; do
	command -v "$tool" >/dev/null || skip_all "$tool is missing"
done
[ -n "${BENCH_LIST:-}" ] || need_bases
compile pack || exit 1
compile embedded || exit 1
set -- "$objects"/*.bpf.o
for_objects=
for object; do
	for_objects="$for_objects --for $object"
done

# minimize_list LIST: the files' BTF by bpftool into a tree as bcc has it; the list of those
minimize_list()
{
	while IFS='	' read -r file distro release arch kernel rest; do
		min=$work/tree/$distro/$release/$arch/$kernel.btf
		mkdir -p "$(dirname "$min")"
		bpftool gen min_core_btf "$file" "$min" "$objects"/*.bpf.o 2>"$work/log" || {
			cat "$work/log" >&2
			exit 1
		}
		printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$min" "$distro" "$release" "$arch" "$kernel" "$rest"
	done <"$1"
}
# one family at a time: their full BTF takes 5 MB a kernel
minimize_families()
{
	for i in 0 1 2 3 4 5 6 7 8 9; do
		family $i $((kernels / 10)) "$work/family" >"$work/family.list" || exit 1
		minimize_list "$work/family.list" || exit 1
		rm -rf "$work/family"
	done
}
# compare LIST
compare()
{
	count=$(wc -l <"$1")
	rm -f "$work/all.kbtf" "$work/embed.kbtf"
	"$work/pack" "$work/all.kbtf" min 1000000 "$objects"/*.bpf.o <"$1" >/dev/null || exit 1
	# shellcheck disable=SC2086 # words
	"$btfgen" export -q -a "$work/all.kbtf" $for_objects --format embed -o "$work/embed.kbtf" || exit 1
	rm -rf "$work/some"
	cut -f 1 "$1" | while read -r min; do
		to=$work/some/${min#"$work/tree/"}
		mkdir -p "${to%/*}" && ln "$min" "$to" || exit 1
	done
	# in the order of the folder, as their Makefile has it; and in the best one
	tar c -C "$work/some" . | gzip -9 >"$work/mins.tar.gz" || exit 1
	tar c --sort=name -C "$work/some" . | xz -9e >"$work/mins.tar.xz" || exit 1
	"$work/embedded" "$work/embed.kbtf" "$work/mins.tar.gz" "$objects/execsnoop.bpf.o" "$runs" <"$1" \
		>"$work/times" || exit 1
	read -r ours theirs our_memory their_memory <"$work/times"
	our_size=$(stat -c %s "$work/embed.kbtf") their_size=$(stat -c %s "$work/mins.tar.gz")
	printf '%7d %9d %9d %8s %9d %9s %9s %8s %7s %7s\n' "$count" "$our_size" "$their_size" \
		"$(ratio "$our_size" "$their_size")" "$(stat -c %s "$work/mins.tar.xz")" \
		"$ours" "$theirs" "$(ratio "$ours" "$theirs")" "$our_memory" "$their_memory"
}

echo "minimized BTF of $# programs; $(uname -srm), $(nproc) cores, load $(cut -d ' ' -f 1 /proc/loadavg)"
echo "read one: open to bytes, medians of $runs runs, microseconds of processor time, and kB of memory at the most"
if [ -n "${BENCH_LIST:-}" ]; then
	minimize_list "$BENCH_LIST" >"$work/mins.list" || exit 1
else
	minimize_families >"$work/mins.list" || exit 1
fi
echo "of $(wc -l <"$work/mins.list") kernels, $(cut -f 1 "$work/mins.list" | xargs sha1sum | cut -c 1-40 |
	sort -u | wc -l) differ"
printf '%7s %9s %9s %8s %9s %9s %9s %8s %7s %7s\n' kernels btfgen tar.gz ratio sorted.xz "read us" \
	tar.gz ratio kB tar.gz
# some LIST SHARE: one of so many: the first of each simulated family; of real ones each tenth
some()
{
	if [ -n "${BENCH_LIST:-}" ]; then
		awk -v share="$2" 'NR % share == 0' "$1"
	else
		awk -F '\t' -v most=$((kernels / 10 / $2)) '++of[$2, $3, $4] <= most' "$1"
	fi
}
for share in 100 10 1; do
	some "$work/mins.list" $share >"$work/some.list"
	[ "$(wc -l <"$work/some.list")" -lt 10 ] || compare "$work/some.list"
done
