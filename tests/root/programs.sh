#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The running kernel's verifier accepts every bundled program.
. "$(dirname "$0")/../lib/tap.sh"

objects=$(dirname "$btfgen")/bpf
PATH=$PATH:/usr/sbin:/sbin

[ "$(id -u)" -eq 0 ] || skip_all "needs root"
[ -r /sys/kernel/btf/vmlinux ] || skip_all "this kernel has no BTF"
mkdir "$work/bpffs"
unshare -m mount -t bpf bpf "$work/bpffs" 2>/dev/null ||
	skip_all "no mount namespace or no bpffs here"

# In a mount namespace of its own: nothing stays pinned.
load()
{
	# shellcheck disable=SC2016 # for the inner shell
	unshare -m sh -c 'mount -t bpf bpf "$1" && bpftool prog loadall "$2" "$1/test" &&
		[ "$(ls "$1/test" | wc -l)" -eq "$3" ]' sh "$work/bpffs" "$1" "$2"
}

while read -r name programs; do
	if [ "$name" = unlinksnoop ] && ! [ -e /sys/bus/event_source/devices/kprobe ]; then
		skip "$name" "this kernel has no kprobes, and takes no fentry programs then"
	elif [ -e "$objects/$name.bpf.o" ]; then
		t "$name loads, $programs programs" load "$objects/$name.bpf.o" "$programs"
	else
		skip "$name" "no $objects/$name.bpf.o: make bpf"
	fi
done <<'PROGRAMS'
biolatency 5
capable 2
cgroupbytes 4
cputime 2
execsnoop 5
exitsnoop 3
opensnoop 12
runqlat 3
tcpconnect 4
unlinksnoop 6
PROGRAMS

finish
