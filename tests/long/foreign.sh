#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# BPF objects that other people wrote and compiled, out of Debian's packages: bcc's
# libbpf-tools, xdp-tools, libxdp, the decoders of ir-keytable. What loads with the
# kernel's global variables loads with libkbtf's own, and what libbpf alone loads,
# btfload does.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/real-kernels.sh"
. "$top/tests/lib/foreign-objects.sh"
btfload=${BTFLOAD:-$(dirname "$btfgen")/btfload}

[ "$(id -u)" -eq 0 ] || skip_all "loading BPF takes root"
[ -r /sys/kernel/btf/vmlinux ] || skip_all "this kernel has no BTF"
foreign_objects "$work/objects"

# Exit code, and who was left out.
verdict()
{
	timeout 120 "$btfload" run "$1" --load-only --legacy-globals "$2" >/dev/null 2>"$work/err"
	echo "exit $?"
	sed -n 's/.*left out: \([^ ,]*\).*/\1/p' "$work/err" | sort
}

# Constants are not folded into functions that are called, where these programs ask for the
# kernel's version (docs/loading.md).
is_limit()
{
	case $1 in biolatency-*) ;; *) return 1 ;; esac
	diff "$work/without" "$work/with" >"$work/difference"
	! grep '^[<>]' "$work/difference" | grep -qv '^> block_rq_\(insert\|issue\)_btf$'
}

same_either_way()
{
	verdict "$1" off >"$work/without"
	verdict "$1" force >"$work/with"
	cp "$work/err" "$work/err-with"
	cmp -s "$work/without" "$work/with" && return
	is_limit "$(basename "$1")" && return
	diff "$work/without" "$work/with"
	cat "$work/err-with"
	return 1
}

cc -O2 -o "$work/libbpf_load" "$top/tests/bench/libbpf_load.c" $(pkg-config --cflags --libs libbpf) ||
	exit 1
count=0 loaded=0 alone=0
for object in "$work"/objects/*.bpf.o; do
	name=$(basename "$object")
	t "$name loads or not, with and without" same_either_way "$object"
	count=$((count + 1))
	grep -q "^exit 0" "$work/without" && loaded=$((loaded + 1))
	if timeout 60 "$work/libbpf_load" /sys/kernel/btf/vmlinux "$object" >/dev/null 2>&1; then
		alone=$((alone + 1))
		t "$name, which libbpf loads" grep -q "^exit 0" "$work/without"
	fi
done
echo "# $loaded of $count objects load, with libbpf alone $alone"
t "there were enough of them" [ "$count" -ge 80 ]
t "and enough of them load" [ "$loaded" -ge 55 ]
finish
