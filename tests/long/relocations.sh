#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The CO-RE engine on objects that other people wrote and compiled (out of Debian's packages,
# and those in the folder FOREIGN_OBJECTS, if that is set): each relocated instruction is
# libbpf's, and minimized BTF is bpftool's, byte for byte, on this machine's kernel and those
# of BTFGEN_TEST_DATA.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/real-kernels.sh"
. "$top/tests/lib/foreign-objects.sh"
. "$top/tests/lib/core.sh"
. "$top/tests/lib/relocations.sh"

[ "$(id -u)" -eq 0 ] || skip_all "loading BPF takes root"
for tool in cc pkg-config bpftool xz tar; do
	command -v "$tool" >/dev/null || skip_all "$tool is missing"
done
foreign_objects "$work/objects"
[ -z "${FOREIGN_OBJECTS:-}" ] || cp "$FOREIGN_OBJECTS"/*.o "$work/objects/"
t "the comparison compiles" compile_relocations
find_real_kernels || skip_all "no kernel has BTF here"

# Those without BTF have no relocations, and are refused by both.
same_minimized()
{
	rm -f "$work/ours" "$work/theirs"
	bpftool gen min_core_btf "$2" "$work/theirs" "$1" >"$work/log" 2>&1
	theirs=$?
	"$btfgen" minimize -q "$2" "$1" -o "$work/ours" 2>>"$work/log"
	ours=$?
	[ $theirs -ne 0 ] || [ $ours -ne 0 ] || "$top/tests/lib/same-btf-bytes" "$work/ours" "$work/theirs" || return 1
	[ $((theirs == 0)) -eq $((ours == 0)) ] || { cat "$work/log"; return 1; }
}

differs()
{
	cat "$work/differ"
	return 1
}

count=0 same=0
for kernel in "$work"/real/*.btf; do
	for object in "$work"/objects/*.o; do
		count=$((count + 1))
		if ! same_minimized "$object" "$kernel" >"$work/differ" 2>&1; then
			t "${object##*/} on ${kernel##*/}: minimized" differs
		elif readelf -SW "$object" | grep -q ' [.]BTF ' &&
		     ! same_relocations "$object" "$kernel" >"$work/differ" 2>&1; then
			t "${object##*/} on ${kernel##*/}: relocated" differs
		else
			same=$((same + 1))
		fi
	done
done
echo "# $count pairs, $(wc -l <"$work/seen") instructions"
t "all are the same" [ "$same" -eq "$count" ]
t "there were enough of them" [ "$count" -ge 80 ]
t "and enough instructions" [ "$(wc -l <"$work/seen")" -ge 1000 ]
finish
