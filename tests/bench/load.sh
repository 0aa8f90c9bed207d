#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# From exec to loaded, and to attached, as on a kernel without BTF: btfload with an archive,
# against a few lines of libbpf with a ready btf_custom_path file. Medians of BENCH_RUNS (21),
# the two taking turns, on a machine that has nothing else to do; the goal is a ratio of 1.2.
. "$(dirname "$0")/../lib/tap.sh"
PATH=$PATH:/usr/sbin:/sbin
export XDG_DATA_HOME="$work/data" XDG_CACHE_HOME="$work/cache" LC_ALL=C
btfload=${BTFLOAD:-$(dirname "$btfgen")/btfload}
objects=$(dirname "$btfgen")/bpf
runs=${BENCH_RUNS:-21}
programs=${BENCH_PROGRAMS:-execsnoop opensnoop}

[ "$(id -u)" -eq 0 ] || skip_all "loading BPF takes root"
[ -r /sys/kernel/btf/vmlinux ] || skip_all "this kernel has no BTF"
command -v bpftool >/dev/null || skip_all "bpftool is missing"
unshare -m mount -t tracefs none /sys/kernel/tracing 2>/dev/null || skip_all "no tracefs to attach by"

die()
{
	echo "bench: $*" >&2
	exit 1
}
cc -O2 -o "$work/until" "$top/tests/bench/until.c" || die "until.c does not compile"
# shellcheck disable=SC2046 # words
cc -O2 -o "$work/libbpf_load" "$top/tests/bench/libbpf_load.c" $(pkg-config --cflags --libs libbpf) ||
	die "libbpf_load.c does not compile"
"$btfgen" add -q -a "$work/a.kbtf" --kernel "$(uname -r)" --arch "$(uname -m)" \
	--kernel-version "$(uname -v)" /sys/kernel/btf/vmlinux >/dev/null || die "no archive"
bpftool gen min_core_btf /sys/kernel/btf/vmlinux "$work/min.btf" "$objects"/*.bpf.o || die "no minimized BTF"

# until_ WORD COMMAND...: where tracefs is mounted, outside of what is measured
until_()
{
	unshare -m sh -c 'mount -t tracefs none /sys/kernel/tracing && exec "$@"' sh "$work/until" "$@" \
		2>"$work/log" || { cat "$work/log" >&2; die "failed: $*"; }
}
middle()
{
	sort -n "$1" | awk '{ at[NR] = $1 } END {
		printf("%.2f", (at[int((NR + 1) / 2)] + at[int(NR / 2) + 1]) / 2 / 1000) }'
}
# compare WHAT WORD OURS THEIRS: two commands, as words
compare()
{
	: >"$work/ours"
	: >"$work/theirs"
	for _ in $(seq "$runs"); do
		# shellcheck disable=SC2086 # words
		{
			until_ "$2" $3 >>"$work/ours"
			until_ "$2" $4 >>"$work/theirs"
		}
	done
	ours=$(middle "$work/ours") theirs=$(middle "$work/theirs")
	printf '%-30s %10s %10s %7s\n' "$1" "$ours" "$theirs" \
		"$(awk -v a="$ours" -v b="$theirs" 'BEGIN { printf("%.2f", a / b) }')"
}

echo "exec to the end of loading, and to the last attachment; medians of $runs runs, milliseconds"
echo "$(uname -srm), $(nproc) cores; load $(cut -d ' ' -f 1 /proc/loadavg) at the beginning"
printf '%-30s %10s %10s %7s\n' "" btfload libbpf ratio
for program in $programs; do
	object=$objects/$program.bpf.o
	source="--no-kernel-btf -a $work/a.kbtf"
	compare "$program: loaded" "" "$btfload $program --load-only $source" \
		"$work/libbpf_load $work/min.btf $object"
	compare "$program: attached" attached "$btfload $program $source" \
		"$work/libbpf_load $work/min.btf $object attach"
	compare "$program: loaded, full BTF" "" "$btfload $program --load-only --full-btf $source" \
		"$work/libbpf_load /sys/kernel/btf/vmlinux $object"
done
