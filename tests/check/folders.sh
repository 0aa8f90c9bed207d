#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `btfgen add DIR`: what of a folder holds kernels, and what does not stop the rest.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/sandbox.sh"
need python3 pahole

mkdir -p "$work/f/build/kernel" "$work/f/packages" "$work/f/zz" "$work/empty"
kernel f/build/vmlinux 5.4.0-own '#1 SMP Test 1'
kernel other 4.19.0-6-amd64 '#1 SMP Debian 4.19.67-2 (2019-08-28)'
cp "$work/other" "$work/f/zz/vmlinux-4.19.0-6-amd64"
# what a build tree and a pool have besides
cp "$work/other" "$work/f/build/vmlinux.o"
cp "$work/other" "$work/f/build/kernel/module.ko"
echo text >"$work/f/build/Makefile"
echo "not a package" >"$work/f/packages/broken.rpm"
echo "not a package" >"$work/f/packages/a.src.rpm"
ln -s ../build "$work/f/zz/loop"
ln -s "$work/other" "$work/f/zz/vmlinux-link"
expected='"broken.rpm": "failed", "vmlinux": "done", "vmlinux-4.19.0-6-amd64": "done"'
if command -v dpkg-deb >/dev/null; then
	mkdir -p "$work/deb/DEBIAN" "$work/deb/usr/lib/debug/boot" "$work/bash/DEBIAN" "$work/bash/bin"
	printf 'Package: x\nVersion: 1\nArchitecture: amd64\nMaintainer: x <x@example.invalid>\nDescription: x\n' \
		| tee "$work/deb/DEBIAN/control" >"$work/bash/DEBIAN/control"
	kernel deb/usr/lib/debug/boot/vmlinux-4.19.0-5-amd64 4.19.0-5-amd64 '#1 SMP Debian 4.19.37-5 (2019-06-19)'
	echo bash >"$work/bash/bin/bash"
	dpkg-deb -b "$work/deb" "$work/f/packages/linux-image-4.19.0-5-amd64-dbg_1_amd64.deb" >/dev/null
	dpkg-deb -b "$work/bash" "$work/f/packages/bash_1_amd64.deb" >/dev/null
	expected="$expected, 'linux-image-4.19.0-5-amd64-dbg_1_amd64.deb': 'done', 'bash_1_amd64.deb': 'skipped'"
fi
add()
{
	"$btfgen" add -a "$work/a.kbtf" --json "$@" >"$work/json" 2>"$work/messages"
}
t_exit 1 "a folder, of which one file is damaged" add "$work/f/"
t "the others are archived, or hold no kernel" json '{k["from"].split("/")[-1]: k["status"]
	for k in d["kernels"]} == {'"$expected"'}' "$work/json"
t "in the order of their names" json '[k["from"] for k in d["kernels"]] ==
	sorted(k["from"] for k in d["kernels"])' "$work/json"
t "the reason is told" grep -q "packages/broken.rpm" "$work/messages"
t "and how far it is" grep -q "^1 of [3-5]: $work/f/build/vmlinux$" "$work/messages"
t "a link that is named is followed" "$btfgen" add -q -a "$work/b.kbtf" "$work/f/zz/loop/"
t "with what is there" "$btfgen" export -q -a "$work/b.kbtf" -k 5.4.0-own -o "$work/out.btf"
t_says 3 "$work/empty: no package, vmlinux, vmlinuz or .btf.tar.xz in it" "an empty folder" \
	"$btfgen" add -a "$work/c.kbtf" "$work/empty"
t "beside a file it is no failure" "$btfgen" add -a "$work/c.kbtf" "$work/empty" "$work/f/build/vmlinux"
t_says 2 "is a folder" "--kernel is of one kernel" "$btfgen" add -k 5.4.0 "$work/f"
t_exit 1 "no such folder" "$btfgen" add -a "$work/c.kbtf" "$work/none"
t "nothing is left in tmp/" no_scratch

finish
