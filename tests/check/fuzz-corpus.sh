#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The fuzz harnesses on small real inputs, whole and damaged in thousands of places, with
# no fuzzer: `make fuzz` and tests/long/fuzz.sh go on from the same seeds.
. "$(dirname "$0")/../lib/tap.sh"

build=$(dirname "$btfgen")
cc=${CC:-cc}
for tool in "$cc" python3 pahole bpftool pkg-config clang llvm-strip llvm-objcopy ld.lld; do
	command -v "$tool" >/dev/null || PATH=$PATH:/usr/sbin:/sbin
	command -v "$tool" >/dev/null || skip_all "$tool is missing"
done
[ -e "$build/libmodules.a" ] || skip_all "no $build/libmodules.a: make"

# As the objects were compiled, so the harness must be.
sanitize=
if nm "$build/libkbtf.a" 2>/dev/null | grep -q __asan_init; then
	sanitize=-fsanitize=address,undefined
fi
packages="libbpf libzstd libsodium libarchive libcurl libelf libdw liblzma inih jansson expat rpm"

compile()
{
	# shellcheck disable=SC2046,SC2086 # lists of words
	"$cc" -std=gnu11 -D_GNU_SOURCE -g -O1 $sanitize -I"$top/archive" -I"$top/tools/btfgen" \
		$(pkg-config --cflags $packages) -o "$work/$1" "$top/tests/fuzz/$1.c" \
		"$top/tests/fuzz/replay.c" "$build/libmodules.a" "$build/libkbtf.a" \
		$(pkg-config --libs $packages) -lpthread
}

# Seeds that a parser refuses at the first byte would prove nothing.
is_whole()
{
	case $1 in
	*/fuzz_package/xz) tail -c +2 "$1" | xz -dc | tar -t | grep -q /vmlinux ;;
	*/fuzz_package/tar*) tail -c +2 "$1" | tar -t | grep -q /vmlinux ;;
	*/fuzz_package/deb) tail -c +2 "$1" >"$work/deb" && ar t "$work/deb" | grep -qx data.tar.xz ;;
	*/fuzz_package/elf*) tail -c +2 "$1" >"$work/elf" && readelf -hn "$work/elf" >/dev/null ;;
	*/fuzz_rpm/payload) grep -q 07070X00000002 "$1" && grep -q 'TRAILER!!!' "$1" ;;
	*/fuzz_rpm/*) grep -qa usr/lib/ "$1" && grep -qa 'vmlinux' "$1" ;;
	*/fuzz_metalink/*) grep -q "http://" "$1" ;;
	*/fuzz_services/*) python3 -m json.tool "$1" ;;
	*/fuzz_directory/*) grep -qi "href=" "$1" ;;
	*/fuzz_archive/*) "$btfgen" verify -a "$1" ;;
	*/fuzz_check/*) grep -qE 'fentry/do_exit|cgroup_skb/ingress' "$1" && grep -q bpf_prog_aux "$1" ;;
	*/fuzz_dwarf/*circles) grep -q kprobe/circles "$1" && grep -q work_function "$1" ;;
	*/fuzz_core/* | */fuzz_dwarf/*) grep -q kprobe/bitfields "$1" && grep -q in_anonymous "$1" ;;
	*/fuzz_btf/*) bpftool btf dump file "$1" | grep -q "STRUCT 'task_struct'" ;;
	# whole edits; that none of them does no harm, the harness itself expects
	*/fuzz_lineage/*) [ $(($(wc -c <"$1") % 6)) -eq 1 ] ;;
	*/dwarf | */kabi | */compressed | */stripped | */arm64)
		readelf -hn "$1" >/dev/null ;;
	*) "$btfgen" show "$1" "struct task_struct" | grep -q comm ;;
	esac
}

t "the seeds are made" "$top/tests/lib/make-corpus" "$btfgen" "$work/seeds"
for harness in fuzz_archive fuzz_btf fuzz_check fuzz_core fuzz_directory fuzz_dwarf fuzz_lineage fuzz_metalink \
		fuzz_package fuzz_rpm fuzz_services fuzz_vmlinux fuzz_vmlinuz; do
	for seed in "$work/seeds/$harness"/*; do
		t "$harness: ${seed##*/} is a good seed" is_whole "$seed"
	done
	t "$harness compiles" compile "$harness"
	t_says 0 " runs" "$harness: no damage is harmful" "$work/$harness" "$work/seeds/$harness"/*
	runs=$(sed -n 's/ runs$//p' "$work/.out")
	t "$harness: in a thousand places at least" [ "${runs:-0}" -ge 1000 ]
done

finish
