#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the CO-RE engine makes of each instruction is what libbpf makes of it, for the objects
# and kernels of tests/check/minimize.sh. libbpf relocates against any BTF, but asks the
# kernel first whether it may load anything: that takes root.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/core.sh"
. "$top/tests/lib/relocations.sh"
[ "$(id -u)" -eq 0 ] || skip_all "loading BPF takes root"
for tool in cc pkg-config clang llvm-objcopy xz tar; do
	command -v "$tool" >/dev/null || skip_all "$tool is missing"
done

t "the comparison compiles" compile_relocations
make_core_fixtures
rm -f "$work/small/foreign.btf" # libbpf takes the machine's byte order
t "an object that asks for what is ambiguous" bpf_object "$work/core/disputed.o" clang bpf -DDISPUTED
for kernel in "$work"/small/*.btf; do
	for object in "$work"/core/*.o; do
		t "${object##*/} on ${kernel##*/}" same_relocations "$object" "$kernel"
	done
done
all=$(cat "$work/seen")
for what in " imm " " imm64 " " offset " " size " " poisoned" " refused"; do
	case $all in *"$what"*) fine=true ;; *) fine=false ;; esac
	t "among them:$what" $fine
done

find_real_kernels || skip_all "no kernel has BTF here"
ls "$objects"/*.bpf.o >/dev/null 2>&1 || skip_all "no objects in $objects: make bpf"
for kernel in "$work"/real/*.btf; do
	for object in "$objects"/*.bpf.o; do
		t "${object##*/} on ${kernel##*/}" same_relocations "$object" "$kernel"
	done
done
echo "# $(wc -l <"$work/seen") instructions"
t "there were enough instructions" [ "$(wc -l <"$work/seen")" -ge 1000 ]
finish
