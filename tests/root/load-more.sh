#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# btfload on this machine's kernel: programs of cgroups.
# shellcheck disable=SC2154 # $work and others are of tests/lib
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/live.sh"

# ---- cgroups ---------------------------------------------------------------------------

cgroups=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
cgroup=$cgroups/btfgen-test-$$

cat >"$work/packets" <<'PACKETS'
import os, socket, sys
open(sys.argv[1] + "/cgroup.procs", "w").write(str(os.getpid()))
receiver, sender = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
receiver.bind(("127.0.0.1", 0))
for _ in range(25):
    sender.sendto(b"x" * 100, receiver.getsockname())
    receiver.recv(200)
PACKETS

# 25 packets of 20 + 8 + 100 bytes, both ways, and nobody else's
counts_packets()
{
	watch cgroupbytes --cgroup "$cgroup" "$@" || return 1
	python3 "$work/packets" "$cgroup" || return 1
	unwatch || return 1
	cat "$work/events" "$work/err"
	grep -qx '{"direction":"ingress","packets":25,"bytes":3200}' "$work/events" &&
		grep -qx '{"direction":"egress","packets":25,"bytes":3200}' "$work/events"
}

if [ -z "$cgroups" ] || ! mkdir "$cgroup"; then
	skip "cgroupbytes" "no cgroup hierarchy (v2) is mounted, or it can't be written"
elif ! command -v python3 >/dev/null; then
	skip "cgroupbytes" "python3 is missing"
else
	at_exit "rmdir '$cgroup'"
	t "cgroupbytes counts packets, under a lock" counts_packets
	t "the same with an archive's BTF" counts_packets --no-kernel-btf -a "$archive"
	t "the same with the globals pass forced" counts_packets --legacy-globals force
fi
t_says 3 "is no cgroup of the hierarchy v2" "what is no cgroup" "$btfload" cgroupbytes --cgroup "$work"
t_says 3 "No such file" "a cgroup that is not there" \
	"$btfload" cgroupbytes --cgroup "$work/none"
finish
