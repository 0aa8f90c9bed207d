#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What is made from libbpf's headers is the same whichever way they are written.
. "$(dirname "$0")/../lib/tap.sh"
need pkg-config awk

defs=$(pkg-config --variable=includedir libbpf)/bpf/bpf_helper_defs.h
[ -e "$defs" ] || skip_all "no $defs"
arity=$top/archive/helper_arity.awk
cd "$work" || exit 1

# written HOW PROTOTYPE: the header with all its prototypes so
written()
{
	sed -E "s/\(\* *(const )?(bpf_[a-z0-9_]*\)\()/($2\2/" "$defs" >"$1.h" &&
		awk -f "$arity" "$1.h" >"$1"
}

of_helper()
{
	[ "$(sed -n "$(($2 + 2)){s/[^0-9]//g;p}" "$1")" = "$3" ]
}

t "up to libbpf 1.4" written old '*'
t "from libbpf 1.5 on" written new '* const '
t "the two are written differently" sh -c '! cmp -s old.h new.h'
t "the same comes out" cmp old new
t "bpf_map_lookup_elem takes 2" of_helper new 1 2
t "bpf_ktime_get_ns takes none" of_helper new 5 0
t "bpf_trace_printk takes as many as there are registers" of_helper new 6 5
grep -v '^static' "$defs" >none.h
t_says 1 "no helper prototypes" "a header without any is an error" awk -f "$arity" none.h
finish
