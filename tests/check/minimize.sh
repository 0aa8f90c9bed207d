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
		"$top/tests/lib/same-btf-bytes" "$work/ours" "$work/theirs"
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

# ---- many kernels of an archive, at once ------------------------------------------------------
# of several distributions, so that some are told after each other and ways part
series()
{
	[ ! -e "$work/real/own.btf" ] || echo "$work/real/own.btf"
	ls "$work"/small/*.btf | grep -v foreign
	ls "$work"/real/a12-*.btf 2>/dev/null | head -n 4
}
many()
{
	number=0
	for file in $(series); do
		number=$((number + 1))
		"$btfgen" add -q --no-min -a "$work/many.kbtf" -d "distro$((number % 3))" -r 1 \
			--arch x86_64 -k "$number.0" "$file" || return 1
	done
	[ "$number" -ge 2 ]
}
t "an archive of many kernels" many
t "minimized at once" "$btfgen" minimize -q "$work/many.kbtf" "$objects"/*.bpf.o "$work/core/core.o" \
	-o "$work/tree/"
t "on three threads" "$btfgen" minimize -q -j 3 "$work/many.kbtf" "$objects"/*.bpf.o \
	"$work/core/core.o" -o "$work/tree3/"
t "it is the same" diff -r "$work/tree" "$work/tree3"
number=0
for file in $(series); do
	number=$((number + 1))
	"$btfgen" minimize -q "$file" "$objects"/*.bpf.o "$work/core/core.o" -o "$work/alone"
	t "$number: as alone" "$top/tests/lib/same-btf" \
		"$work/tree/distro$((number % 3))/1/x86_64/$number.0.btf" "$work/alone"
done
t "export does the same" "$btfgen" export -q -a "$work/many.kbtf" -o "$work/export/" \
	$(ls "$objects"/*.bpf.o "$work/core/core.o" | sed 's/^/--for /')
t "to the byte" diff -r "$work/tree" "$work/export"
t_says 3 "no such entry" "of none" "$btfgen" minimize "$work/many.kbtf" "$work/core/core.o" \
	-k no-such -o "$work/none/"
t_says 1 "is no archive" "a tree takes an archive" "$btfgen" minimize "$work/small/same.btf" \
	"$work/core/core.o" -o "$work/none/"
t_says 1 "disputed.o: refused+0" "one that libbpf refuses is named" "$btfgen" minimize \
	"$work/many.kbtf" "$work/disputed.o" -o "$work/none/"

# A byte of a data stream is another: it is not what the index says.
printf '\377' | dd of="$work/many.kbtf" bs=1 seek=100 conv=notrunc 2>/dev/null
t_says 1 "damaged" "a damaged archive" "$btfgen" minimize "$work/many.kbtf" "$work/core/core.o" \
	-o "$work/damaged/"
finish
