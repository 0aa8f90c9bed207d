#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Minimized BTF is bpftool's, byte for byte: of objects that ask for each kind of relocation
# on kernels written for that, and of the bundled programs on this machine's kernel and those
# of BTFGEN_TEST_DATA (default: shared/data beside the project).
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/core.sh"
for tool in clang llvm-objcopy bpftool xz tar; do
	command -v "$tool" >/dev/null || skip_all "$tool is missing"
done

# like_bpftool KERNEL OBJECT...
like_bpftool()
{
	kernel=$1
	shift
	rm -f "$work/ours" "$work/theirs"
	bpftool gen min_core_btf "$kernel" "$work/theirs" "$@" &&
		"$btfgen" minimize -q "$kernel" "$@" -o "$work/ours" &&
		cmp "$work/ours" "$work/theirs"
}

make_core_fixtures
for kernel in "$work"/small/*.btf; do
	for object in "$work"/core/*.o; do
		t "$(basename "$object") on ${kernel##*/}" like_bpftool "$kernel" "$object"
	done
	t "all of them on ${kernel##*/}" like_bpftool "$kernel" "$work"/core/*.o
done
t "something is kept" grep -q in_anonymous "$work/ours"
t_not "and something is not" grep -q disputed "$work/ours"

# bpftool of libbpf 1.1 reads no object of the other byte order
t "an object of the other byte order" bpf_object "$work/foreign.o" clang bpfeb
for kernel in "$work"/small/*.btf; do
	t "is minimized for on ${kernel##*/}" "$btfgen" minimize -q "$kernel" "$work/foreign.o" \
		-o "$work/foreign"
	"$btfgen" minimize -q "$kernel" "$work/core/core.o" -o "$work/own"
	t "as the same object of this one" cmp "$work/foreign" "$work/own"
done

# What libbpf refuses to load.
t "an object that asks for what is ambiguous" bpf_object "$work/disputed.o" clang bpf -DDISPUTED
bpftool_refuses()
{
	! bpftool gen min_core_btf "$@"
}
t "bpftool refuses it" bpftool_refuses "$work/small/same.btf" "$work/theirs" "$work/disputed.o"
t_says 1 "disputed.o: refused+0 (kprobe/refused): field_offset of struct disputed___flavour.x: the kernel has it twice, and not the same: struct disputed [" \
	"so does btfgen, and says which instruction" \
	"$btfgen" minimize "$work/small/same.btf" "$work/core/core.o" "$work/disputed.o" \
	-o "$work/refused"
t_not "and writes nothing" test -e "$work/refused"

# ---- the bundled programs, real kernels -------------------------------------------------------
find_real_kernels || skip_all "no kernel has BTF here"
if ! ls "$objects"/*.bpf.o >/dev/null 2>&1; then
	skip "the bundled programs" "none in $objects: make bpf"
	finish
fi
for kernel in "$work"/real/*.btf; do
	t "the bundled programs on ${kernel##*/}" like_bpftool "$kernel" "$objects"/*.bpf.o
done
kernel=$(ls "$work"/real/*.btf | tail -n 1)
for object in "$objects"/*.bpf.o "$work"/core/*.o; do
	t "${object##*/} alone on ${kernel##*/}" like_bpftool "$kernel" "$object"
done

# What stays is enough, and only that: minimized BTF is minimized no further.
t "a program of many" "$btfgen" minimize -q "$kernel" "$objects"/*.bpf.o -o "$work/once"
t "again" "$btfgen" minimize -q "$work/once" "$objects"/*.bpf.o -o "$work/twice"
t "changes nothing" cmp "$work/once" "$work/twice"

# In another order of its types: the canonical one, which an archive has. (Not of the kernel
# in the test data that was never deduplicated: there another copy of a struct comes first.)
t "an archive" "$btfgen" add -q --no-min -a "$work/a.kbtf" -d test -r 1 --arch x86_64 -k 1.0 "$kernel"
t "minimized from it" "$btfgen" minimize -q "$work/a.kbtf" "$objects"/*.bpf.o -o "$work/canonical"
t "is the same types" "$top/tests/lib/same-btf" "$work/canonical" "$work/once"
finish
