#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What btfgen explain tells of each relocation is what libbpf's debug log says of it: its spec,
# candidates that match with their places, candidates that don't, and what is poisoned. libbpf
# asks the kernel first whether it may load anything: that takes root.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/core.sh"
. "$top/tests/lib/relocations.sh"
[ "$(id -u)" -eq 0 ] || skip_all "loading BPF takes root"
for tool in cc pkg-config clang llvm-objcopy python3 xz tar; do
	command -v "$tool" >/dev/null || skip_all "$tool is missing"
done

# same_words OBJECT KERNEL
same_words()
{
	"$work/relocations" log "$1" "$2" >"$work/log" 2>&1 || return 1
	"$btfgen" explain --json "$1" "$2" >"$work/own.json"
	[ $? -le 1 ] || return 1
	cat "$work/log" >>"$work/logs"
	"$top/tests/lib/compare-explained" "$work/own.json" log "$work/log"
}

t "libbpf's log is to be had" compile_relocations
make_core_fixtures
rm -f "$work/small/foreign.btf" # libbpf takes the machine's byte order
t "an object that asks for what is ambiguous" bpf_object "$work/core/disputed.o" clang bpf -DDISPUTED
for kernel in "$work"/small/*.btf; do
	for object in "$work"/core/*.o; do
		t "${object##*/} on ${kernel##*/}" same_words "$object" "$kernel"
	done
done
for what in ': non-matching candidate' ': matching candidate #1' ' offset ambiguity' ' substituting insn'; do
	t "among them:$what" grep -q "$what" "$work/logs"
done

find_real_kernels || skip_all "no kernel has BTF here"
ls "$objects"/*.bpf.o >/dev/null 2>&1 || skip_all "no objects in $objects: make bpf"
for kernel in "$work"/real/own.btf "$work"/real/4.1*; do
	[ -e "$kernel" ] || { skip "${kernel##*/}" "it is not here"; continue; }
	for object in "$objects"/*.bpf.o; do
		# one has nothing to be explained
		"$btfgen" explain "$object" | grep -q ': no relocations$' && continue
		t "${object##*/} on ${kernel##*/}" same_words "$object" "$kernel"
	done
done
finish
