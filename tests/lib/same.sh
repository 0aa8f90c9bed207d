# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
# What says the same in other bytes: source this after tap.sh.

# same_btf A B: the same types, in whatever order
same_btf()
{
	"$top/tests/lib/same-btf" "$1" "$2"
}

# same_archive A B: the same kernels; how they came there makes other bytes until compaction
same_archive()
{
	cp "$1" "$work/compact-1.kbtf" && cp "$2" "$work/compact-2.kbtf" &&
		"$btfgen" compact -a "$work/compact-1.kbtf" && "$btfgen" compact -a "$work/compact-2.kbtf" &&
		cmp "$work/compact-1.kbtf" "$work/compact-2.kbtf"
}
