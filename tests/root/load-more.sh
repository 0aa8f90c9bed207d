#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# btfload on this machine's kernel: programs of cgroups.
# shellcheck disable=SC2154 # $work and others are of tests/lib
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/live.sh"

# ---- cgroups ---------------------------------------------------------------------------

counts_packets()
{
	watch cgroupbytes --cgroup "$cgroup" "$@" && send_packets 25 && unwatch && told_packets 25
}

if ! own_cgroup; then
	skip "cgroupbytes" "$no_cgroup"
else
	t "cgroupbytes counts packets, under a lock" counts_packets
	t "the same with an archive's BTF" counts_packets --no-kernel-btf -a "$archive"
	t "the same with the globals pass forced" counts_packets --legacy-globals force
fi
t_says 3 "is no cgroup of the hierarchy v2" "what is no cgroup" "$btfload" cgroupbytes --cgroup "$work"
t_says 3 "No such file" "a cgroup that is not there" \
	"$btfload" cgroupbytes --cgroup "$work/none"
finish
