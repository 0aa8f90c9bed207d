#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# btf-same-data-types, which the tests with real kernels rely on, tells BTF apart.
. "$(dirname "$0")/../lib/tap.sh"

PATH=$PATH:/usr/sbin:/sbin
for tool in python3 pahole bpftool; do
	command -v "$tool" >/dev/null || skip_all "$tool is missing"
done
same=$top/tests/lib/btf-same-data-types

btf()
{
	name=$1
	shift
	"$top/tests/lib/make-vmlinux" "$@" "$work/$name" &&
		pahole -j1 --btf_encode_detached="$work/$name.btf" "$work/$name"
}
t "BTF of one kernel" btf a
t "of the same in more units" btf more --units 5
t "with another layout" btf moved --variant 1
t "with members missing" btf less --variant 2

t "itself is alike" "$same" "$work/a.btf" "$work/a.btf"
t_says 0 "in both" "IDs don't matter" "$same" "$work/a.btf" "$work/more.btf"
t_says 1 "STRUCT task_struct" "a moved member is found" "$same" "$work/a.btf" "$work/moved.btf"
t_says 1 "STRUCT filename" "a missing member is found" "$same" "$work/moved.btf" "$work/less.btf"
t_exit 2 "no BTF is no answer" "$same" "$work/a.btf" /dev/null

finish
