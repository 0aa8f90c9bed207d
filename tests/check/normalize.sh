#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# --normalize: BTF that was never deduplicated becomes small, and says of each path of members
# what it said; other BTF has next to nothing to lose. On a small kernel made here, on this
# machine's, and on a real one of BTFGEN_TEST_DATA (default: shared/data beside the project).
# NORMALIZE_ALL=yes: on all that are there.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/sandbox.sh"
. "$(dirname "$0")/../lib/same.sh"
need python3 xz tar cmp
PATH=$PATH:/usr/sbin:/sbin
need pahole bpftool clang
data=${BTFGEN_TEST_DATA:-$top/../shared/data}
cd "$work" || exit 1

normalize()
{
	"$btfgen" encode -q --normalize -o "$2" "$1"
}

same_paths()
{
	"$lib/same-paths" "$1" "$2"
}

# at_most BYTES FILE
at_most()
{
	echo "$2: $(wc -c <"$2") bytes, at most $1"
	[ "$(wc -c <"$2")" -le "$1" ]
}

# copies FILE NAME: how many structs of this name
copies()
{
	bpftool btf dump file "$1" format raw | grep -c "STRUCT '$2'"
}

compiles()
{
	bpftool btf dump file "$1" format c >types.h && clang -fsyntax-only -Wno-everything -x c types.h
}

# for each bundled program, and for all: of raw BTF $1 and normalized $2 the same is left
same_minimized()
{
	for object in "$objects"/*.bpf.o; do
		bpftool gen min_core_btf "$1" before.min "$object" &&
			bpftool gen min_core_btf "$2" after.min "$object" || return 1
		# a program that needs none gets a header, which the younger have longer, and ""
		[ "$(wc -c <before.min)" -le 33 ] && [ "$(wc -c <after.min)" -le 33 ] && continue
		same_btf before.min after.min || { echo "for $object"; return 1; }
	done
	bpftool gen min_core_btf "$1" before.min "$objects"/*.bpf.o &&
		bpftool gen min_core_btf "$2" after.min "$objects"/*.bpf.o && same_btf before.min after.min
}

# ---- a small kernel, with a unit counter in its names of members -------------------------------
small()
{
	"$lib/make-vmlinux" --kabi --units 5 small &&
		pahole -j1 --btf_encode_detached=small.btf small &&
		[ "$(copies small.btf task_struct)" -gt 1 ]
}
t "a small kernel that pahole does not deduplicate" small
t "is normalized" normalize small.btf small.normal
t "each name stands for one struct" [ "$(copies small.normal task_struct)" -eq 1 ]
t "each path stays" same_paths small.btf small.normal
t "what is minimized is the same" same_minimized small.btf small.normal
t "its C compiles" compiles small.normal
t "the cured encoder's BTF" "$btfgen" encode -q --encoder pahole -o cured.btf small
t "has the same paths" same_paths cured.btf small.normal
t "normalized again it is what it was" sh -c '"$1" encode -q --normalize -o again small.normal && cmp again small.normal' \
	sh "$btfgen"
t "without the option BTF is taken as it is" sh -c '"$1" encode -q -o exact small.btf && cmp exact small.btf' \
	sh "$btfgen"

mkdir -p tree/centos/8/x86_64 && cp small.btf 4.18.0-1.btf
tar cJf tree/centos/8/x86_64/4.18.0-1.btf.tar.xz 4.18.0-1.btf
said='normalized: \d+ types became \d+; [1-9]\d* member names lost their unit counter'
says="__import__('re').fullmatch(r'$said', e.get('notes', ''))"
t "add --normalize" sh -c '"$@" >added' sh "$btfgen" add --json -q -a add.kbtf --normalize --kernel 4.18.0-1 \
	--arch x86_64 small.btf
t "says so in its result" json "all($says for e in d['kernels'])" added
t "import --normalize" sh -c '"$@" >imported' sh "$btfgen" import --json -q -a import.kbtf --normalize tree
t "says so in its result" json "all($says for e in d['kernels'])" imported
t "stats" sh -c '"$@" >stats' sh "$btfgen" stats --json -a import.kbtf
t "says so of the entry" json "all($says for e in d['entries'])" stats
printf 'KERNEL_RELEASE=4.18.0-1\nARCH=x86_64\nDISTRO=centos\nDISTRO_RELEASE=8\n' >ident
t "which" sh -c '"$@" >which' sh "$btfgen" which --json -a import.kbtf --ident ident
t "says so of the entry" json "[e for e in [d['entry']] if $says]" which
t "export" "$btfgen" export -q -a add.kbtf -o added.btf
t "gives the normalized types" cmp added.btf small.normal
t "add without it" "$btfgen" add -q -a exact.kbtf --kernel 4.18.0-1 --arch x86_64 small.btf
t "stats" sh -c '"$@" >stats' sh "$btfgen" stats --json -a exact.kbtf
t "says nothing of it" json "['notes' in e for e in d['entries']] == [False]" stats
t "export" "$btfgen" export -q -a exact.kbtf -o exact.btf
t "gives the exact types" same_btf small.btf exact.btf

# ---- the comparison itself -----------------------------------------------------------------------
t "a kernel with another layout" sh -c '"$1" --kabi --units 5 --variant 1 moved &&
	pahole -j1 --btf_encode_detached=moved.btf moved' sh "$lib/make-vmlinux"
t_says 1 "task_struct" "same-paths sees a member that moved" same_paths small.btf moved.btf
t_says 1 "kind 4 bio: layouts [" "and a struct that is gone" same_paths small.btf before.min
t_exit 2 "no BTF is no answer" same_paths small.btf small

# ---- this machine's kernel -----------------------------------------------------------------------
if [ -r /sys/kernel/btf/vmlinux ]; then
	t "this machine's kernel is normalized" normalize /sys/kernel/btf/vmlinux own.normal
	t "each path stays" same_paths /sys/kernel/btf/vmlinux own.normal
	t "what is minimized is the same" same_minimized /sys/kernel/btf/vmlinux own.normal
else
	skip "this machine's kernel is normalized" "it has no BTF of its own"
fi

# ---- real ones ------------------------------------------------------------------------------------
el8=4.18.0-147.5.1.el8_1.aarch64
packed=$data/btfhub-4x/$el8.btf.tar.xz
[ -f "$packed" ] || { skip "$el8" "no ${packed##*/} in BTFGEN_TEST_DATA"; finish; }
t "$el8 is unpacked" tar xJf "$packed"
t "normalized" "$btfgen" add -q -a el8.kbtf --normalize --kernel $el8 --arch aarch64 "$packed"
t "exported" "$btfgen" export -q -a el8.kbtf -o el8.normal
t "27 MB become less than 4" at_most 4000000 el8.normal
t "archived, a quarter of its .btf.tar.xz" at_most $(($(wc -c <"$packed") / 4)) el8.kbtf
t "one task_struct is left" [ "$(copies el8.normal task_struct)" -eq 1 ]
t "each path stays" same_paths $el8.btf el8.normal
echo "$out" | sed 's/^/# /'
t "what is minimized is the same" same_minimized $el8.btf el8.normal
t "its C compiles" compiles el8.normal
t "normalized again it is what it was" sh -c '"$1" encode -q --normalize -o again el8.normal && cmp again el8.normal' \
	sh "$btfgen"

[ "${NORMALIZE_ALL:-no}" = yes ] || finish
for packed in "$data"/*/*.btf.tar.xz; do
	name=$(basename "$packed" .btf.tar.xz)
	[ "$name" != $el8 ] || continue
	t "$name is unpacked" tar xJf "$packed"
	t "is normalized" normalize "$name.btf" "$name.normal"
	t "each path stays" same_paths "$name.btf" "$name.normal"
	echo "$out" | sed 's/^/# /'
	t "what is minimized is the same" same_minimized "$name.btf" "$name.normal"
	rm "$name.btf" "$name.normal"
done

finish
