#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# btfload --pin: what a run leaves behind, the next one takes up, also when it was killed.
# shellcheck disable=SC2154 # $work and others are of tests/lib
# In a mount namespace of our own: what is pinned in there goes with it.
if [ -z "${BTFGEN_TEST_MOUNTS:-}" ] && unshare -m true 2>/dev/null; then
	BTFGEN_TEST_MOUNTS=1 exec unshare -m "$0"
fi
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/live.sh"

bpffs=$work/bpffs
pins=$bpffs/agent
mkdir "$bpffs"
mount -t bpf bpf "$bpffs" 2>/dev/null || skip_all "no BPF file system can be mounted here"
at_exit "umount '$bpffs'"

pinned()
{
	(cd "$pins" && find . -type f | LC_ALL=C sort | tr '\n' ' ')
}

# is_pinned NAME...: these, and nothing else
is_pinned()
{
	found=$(pinned)
	echo "$found"
	[ "$found" = "$* " ]
}

nothing_is_left()
{
	! ls -R "$pins"
}

told()
{
	cat "$work/err"
	grep -qF "$1" "$work/err"
}

# ---- where it can't be -----------------------------------------------------------------

t_says 1 "mount -t bpf" "no BPF file system: what to do" \
	"$btfload" execsnoop --load-only --pin "$work/agent"
t_says 1 "No such file" "a directory in one that is not there" \
	"$btfload" execsnoop --load-only --pin "$bpffs/none/agent"
t_not "which makes none" test -e "$work/agent"
t_says 3 "is no cgroup" "a run that fails" "$btfload" cgroupbytes --cgroup "$work" --pin "$pins"
t "leaves nothing pinned" nothing_is_left
t_says 1 "no such variable" "one that fails before loading" \
	"$btfload" cputime --load-only --set nothing=1 --pin "$pins"
t "leaves nothing, either" nothing_is_left
mkdir "$pins"
t_says 3 "is no cgroup" "one in a directory that was there" \
	"$btfload" cgroupbytes --cgroup "$work" --pin "$pins"
t "leaves that directory as it was" rmdir "$pins"
t_says 1 "No such file" "unpin, where there is no such directory" "$btfload" unpin "$bpffs/none/agent"
t_says 1 "nothing is pinned there" "unpin, where nothing is pinned" "$btfload" unpin "$bpffs"
t_says 1 "mount -t bpf" "unpin, where nothing can be" "$btfload" unpin "$work"
t_exit 2 "unpin without a directory" "$btfload" unpin

# ---- maps, programs, constants -------------------------------------------------------------

t_says 0 "stay pinned: maps 5, programs 2, links 0;" "what is only loaded can be pinned" \
	"$btfload" cputime --load-only --pin "$pins"
t "under names without dots" is_pinned ./maps/cputime_bss ./maps/cputime_kconfig \
	./maps/cputime_rodata ./maps/processes ./maps/threads ./programs/process_exit \
	./programs/switch_out
t_says 0 '"kind":"program","name":"switch_out","path":"'"$pins"'/programs/switch_out","state":"taken up"' \
	"--json tells of it" "$btfload" cputime --load-only --json --pin "$pins"
t_says 1 "holds other constants" "other constants than the pinned ones are refused" \
	"$btfload" cputime --load-only --pid 7 --pin "$pins"
t_says 1 "another kind of map" "another object's map of the same name is refused" sh -c '
	"$1" unpin "$3" && "$1" execsnoop --load-only --pin "$3" &&
	"$1" opensnoop --load-only --pin "$3"' sh "$btfload" "$objects" "$pins"
t "and left alone" is_pinned ./maps/calls ./maps/events ./programs/enter_execve \
	./programs/enter_execveat ./programs/leave_execve ./programs/leave_execveat \
	./programs/process_exec
t_says 0 "removed: maps 2, programs 5, links 0" "unpin" "$btfload" unpin "$pins"
t "removes all" nothing_is_left

legacy()
{
	"$btfload" cputime --load-only --legacy-globals force --pin "$pins" "$@"
}
t_says 0 "stay pinned: maps 5, programs 2" "variables through array maps are pinned, too" legacy
t_says 0 "taken up: map _bss" "and taken up" legacy
t_says 0 "taken up: program switch_out" "with the programs" legacy
t_says 0 "replaced: program switch_out" "which other constants make others" legacy --pid 7
"$btfload" unpin -q "$pins"

# ---- links, and a run that is killed ----------------------------------------------------------

killed()
{
	watch "$@" || return 1
	kill -KILL $watcher
	wait $watcher
	[ $? -eq 137 ]
}

# A program of a name that nobody else uses is seen by one run, once. What a link that was
# removed had attached, the kernel lets go of a little later: the last of several counts.
sees_exec_once()
{
	watch execsnoop --pin "$pins" || return 1
	for n in 1 2 3 4 5; do
		marker=$work/marker-$tap_count-$n
		cp /bin/true "$marker"
		"$marker"
		sleep 0.3
	done
	unwatch || return 1
	grep -F "\"path\":\"$marker\"" "$work/events" >"$work/seen"
	cat "$work/seen" "$work/err"
	[ "$(wc -l <"$work/seen")" -eq 1 ]
}

t "a run that is killed" killed execsnoop --pin "$pins"
t "leaves maps, programs and links" sh -c '[ "$(find "$1" -type f | wc -l)" -eq 12 ]' sh "$pins"
t "the next one sees a program start, once" sees_exec_once
t "it says which map it took up" told "$pins: taken up: map events"
t "which program" told "$pins: taken up: program process_exec"
t "which link" told "$pins: taken up: link process_exec"
t "and what stays" told "stay pinned: maps 2, programs 5, links 5, whose programs stay attached"
rm "$pins/links/process_exec"
t "without one link" sees_exec_once
t_not "it is made anew" told "link process_exec"
t "and the program taken up" told "taken up: program process_exec"
rm "$pins/maps/calls"
t "without one map" sees_exec_once
t "its programs are replaced" told "replaced: program process_exec"
t "with their links" told "replaced: link process_exec"
t "and what was there is complete again" sh -c '[ "$(find "$1" -type f | wc -l)" -eq 12 ]' sh "$pins"
t "unpin" "$btfload" unpin "$pins"
t "removes links, too" nothing_is_left

counts_on()
{
	send_packets "$1" && watch cgroupbytes --cgroup "$cgroup" --pin "$pins" &&
		send_packets "$2" && unwatch && told_packets "$3"
}

if ! own_cgroup; then
	skip "links of cgroups" "$no_cgroup"
else
	t "cgroupbytes, killed" killed cgroupbytes --cgroup "$cgroup" --pin "$pins"
	t "counts on while nobody runs, and is taken up" counts_on 10 7 17
	t "the next one goes on" counts_on 1 2 20
	rmdir "$cgroup" && mkdir "$cgroup"
	t "in a cgroup that was made anew" counts_on 0 4 24
	t "the links of the one that is gone are replaced" told "replaced: link egress___locked"
	"$btfload" unpin -q "$pins"
fi
finish
