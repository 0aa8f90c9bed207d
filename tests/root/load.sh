#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# btfload on this machine's kernel: true events, with the kernel's BTF and with an archive's;
# and what goes wrong, in words.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/live.sh"

t "execsnoop sees a program that is started" sees_exec
t "the same with an archive's BTF" sees_exec --no-kernel-btf -a "$archive"
t "the same with the globals pass forced" sees_exec --legacy-globals force

t "opensnoop sees files opened, and one that is not there" sees_open

# ---- programs that tell at the end ------------------------------------------------------

# Burns so much user and system time, twice if its stdin says so; prints "PID USED USER", in
# seconds, of the last time.
cat >"$work/burn" <<'BURN'
import os, resource, sys, time
def used():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
def user():
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime
def burn():
    begin, user_begin = used(), user()
    while used() < begin + 0.6: pass
    while used() < begin + 1: os.stat("/")
    return used() - begin, user() - user_begin
if sys.argv[1:] == ["twice"]:
    burn()
    print("ready", flush=True)
    sys.stdin.readline()
    print(os.getpid(), *burn())
else:
    burn()
    print(os.getpid(), used(), user())
BURN

# What cputime says of the process in the file: near to what it says of itself. Ticks that
# come late on a busy machine are lost to both of its times: what getrusage(2) says was
# split by them, so the shares must agree, not the sums.
agrees()
{
	python3 - "$work/events" "$1" <<'AGREES'
import json, sys
pid, used, user_told = map(float, open(sys.argv[2]).read().split()[-3:])
all = [json.loads(line) for line in open(sys.argv[1])]
own = [p for p in all if p["pid"] == pid]
print(pid, used, user_told, own)
assert len(own) == 1 and own[0]["comm"] == "python3"
run, user, system = (own[0][k + "_ns"] / 1e9 for k in ("run", "user", "system"))
assert used - 0.05 < run < used + 0.5, "not what the process was told"
assert user > 0 and system > 0 and user + system < run + 0.5, "not so by the ticks"
assert abs(user / (user + system) - user_told / used) < 0.2, "not shared as the process was told"
AGREES
}

counts_time()
{
	watch cputime "$@" || return 1
	python3 "$work/burn" >"$work/burnt"
	unwatch && agrees "$work/burnt"
}

# One that has burnt before, of which only the second time counts; and another.
counts_one()
{
	rm -f "$work/go" && mkfifo "$work/go" || return 1
	python3 "$work/burn" twice <"$work/go" >"$work/burnt" &
	burner=$!
	exec 9>"$work/go"
	while ! grep -q ready "$work/burnt"; do
		kill -0 $burner || return 1
		sleep 0.1
	done
	watch cputime --pid $burner "$@" || return 1
	echo go >&9
	exec 9>&-
	python3 "$work/burn" >/dev/null
	wait $burner
	unwatch && agrees "$work/burnt" && [ "$(wc -l <"$work/events")" -eq 1 ]
}

# Four processes on one processor; prints "SWITCHES WAITED": how often one was made to give
# it up, and the seconds all of them waited.
cat >"$work/crowd" <<'CROWD'
import os, resource, time
cpu = min(os.sched_getaffinity(0))
pipe = os.pipe()
for _ in range(4):
    if os.fork() == 0:
        os.sched_setaffinity(0, [cpu])
        begin, used = time.monotonic(), time.process_time()
        while time.process_time() < used + 0.4: pass
        waited = time.monotonic() - begin - (time.process_time() - used)
        switches = resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
        os.write(pipe[1], b"%d %f\n" % (switches, waited))
        os._exit(0)
for _ in range(4): os.wait()
lines = [line.split() for line in os.read(pipe[0], 4096).splitlines()]
print(sum(int(s) for s, _ in lines), sum(float(w) for _, w in lines))
CROWD

# The others of this machine wait as well: bounds to one side.
counts_waits()
{
	watch runqlat "$@" || return 1
	python3 "$work/crowd" >"$work/crowded"
	unwatch || return 1
	python3 - "$work/events" "$work/crowded" <<'WAITS'
import json, sys
slots = [json.loads(line) for line in open(sys.argv[1])]
switches, waited = open(sys.argv[2]).read().split()
print(slots, switches, waited)
assert float(waited) > 1
assert sum(s["count"] for s in slots) >= int(switches)
assert sum(s["count"] * (s["to_us"] + 1) for s in slots) / 1e6 > 0.9 * float(waited)
assert all(a["to_us"] + 1 == b["from_us"] for a, b in zip(slots, slots[1:]))
assert slots[-1]["count"] > 0 and 1000 < slots[-1]["to_us"] < 20e6
WAITS
}

if command -v python3 >/dev/null; then
	t "runqlat counts waits" counts_waits
	t "the same with an archive's BTF" counts_waits --no-kernel-btf -a "$archive"
	t "exitsnoop sees how processes end, each once" sees_ends
	t "the same with an archive's BTF" sees_ends --no-kernel-btf -a "$archive"
	t "the same with the globals pass forced" sees_ends --legacy-globals force
	t "cputime counts what a process uses" counts_time
	t "the same with an archive's BTF" counts_time --no-kernel-btf -a "$archive"
	t "the same with the globals pass forced" counts_time --legacy-globals force
	t "of one process, from now on" counts_one
	t "the same with the globals pass forced" counts_one --legacy-globals force
else
	skip "cputime, exitsnoop and runqlat" "python3 is missing"
fi

t_says 0 "minimized for this object" "an archive's minimized BTF is taken for the object" \
	"$btfload" run "$objects/execsnoop.bpf.o" --no-kernel-btf -a "$archive" --load-only --explain
t_says 0 "in full" "full BTF on request" \
	"$btfload" run "$objects/execsnoop.bpf.o" --no-kernel-btf -a "$archive" --full-btf \
	--load-only --explain
t "an archive to ship" "$btfgen" export -q -a "$archive" --format embed \
	--for "$objects/execsnoop.bpf.o" -o "$work/ship.kbtf"
t_says 0 "minimized for this object" "serves its object" "$btfload" run "$objects/execsnoop.bpf.o" \
	--no-kernel-btf -a "$work/ship.kbtf" --load-only --explain
t_says 1 "minimized for other objects, and no other" "and no other" "$btfload" run \
	"$objects/exitsnoop.bpf.o" --no-kernel-btf -a "$work/ship.kbtf" --load-only
printf 'KERNEL_RELEASE=4.18.0-1\nARCH=s390x\n' >"$work/ident"
# What list says of each program is what comes of running it: 3 is "nothing could be attached".
lists_truly()
{
	with_tracefs "$btfload" list --json >"$work/list" || return 1
	[ "$(wc -l <"$work/list")" -eq "$(ls "$objects"/*.bpf.o | wc -l)" ] || return 1
	for object in "$objects"/*.bpf.o; do
		name=$(basename "$object" .bpf.o)
		with_tracefs "$btfload" "$name" -D 1 >/dev/null 2>"$work/err"
		status=$?
		runs=yes
		! grep -q "does not attach\|left out" "$work/err" || runs="in part"
		[ "$status" -ne 3 ] || runs=no
		grep -q "\"program\":\"$name\",\"loads\":\"[a-z ]*\",\"runs\":\"$runs\"" "$work/list" ||
			{ cat "$work/list"; echo "$name: exit status $status, $runs"; return 1; }
	done
}

t "list says of all bundled programs what comes of running them" lists_truly
t_says 0 '"program":"runqlat","loads":"yes","runs":"yes","reason":"","needs":["BTF","tracepoints"],' \
	"list tells what a program needs" with_tracefs "$btfload" list --json
t_says 0 '"needs":["BTF","kprobes","variables"],' "global variables, too" "$btfload" list --json
t_says 0 '"loads":"no","runs":"no","reason":"no BTF for' "and why it does not load" \
	"$btfload" list --json --no-kernel-btf
t_says 0 "(as biolatency)" "in the table" "$btfload" list --no-kernel-btf
said=$out
t "once" [ "$(echo "$said" | grep -c "no BTF for")" -eq 1 ]
t_says 0 "(BTF of the file $work/none.btf: No such file" "of a BTF file" \
	"$btfload" list --btf "$work/none.btf"
t_says 0 "(no BTF for 4.18.0-1 " "of another machine" "$btfload" list --full-btf --no-kernel-btf \
	-a "$archive" --ident "$work/ident"
t_says 1 "/bin/true: is no archive" "what is no archive" "$btfload" list -a /bin/true
said=$out
t "is said once" [ "$(echo "$said" | wc -l)" -eq 1 ]

# ---- what goes wrong -----------------------------------------------------------------

t_says 1 "build it with: btfgen build --kernel $(uname -r)" "no BTF: what to do" \
	"$btfload" run "$objects/execsnoop.bpf.o" --no-kernel-btf --load-only
t_says 1 "no BTF for 4.18.0-1 s390x" "an archive without the machine's kernel" \
	"$btfload" run "$objects/execsnoop.bpf.o" --no-kernel-btf -a "$archive" --load-only \
	--ident "$work/ident"
head -c 4000 "$archive" >"$work/cut.kbtf"
t_says 1 "damaged" "a damaged archive" \
	"$btfload" run "$objects/execsnoop.bpf.o" -a "$work/cut.kbtf" --load-only
# 64 bytes of its only large block, full BTF, are others: of data types, which come first
cp "$archive" "$work/flipped.kbtf"
head -c 64 /dev/zero | dd of="$work/flipped.kbtf" bs=1 seek=$(($(stat -c %s "$archive") / 8)) \
	conv=notrunc 2>/dev/null
t_says 1 "BTF of $(uname -r) is damaged" "an archive damaged in what is needed" \
	"$btfload" run "$objects/execsnoop.bpf.o" --no-kernel-btf -a "$work/flipped.kbtf" --full-btf \
	--load-only
t "an archive of another architecture's kernel" "$btfgen" add -q -a "$work/other.kbtf" \
	--no-min --kernel "$(uname -r)" --arch pdp11 /sys/kernel/btf/vmlinux
t_says 1 "pdp11: another architecture" "is not taken, and it is said why" \
	"$btfload" run "$objects/execsnoop.bpf.o" --no-kernel-btf -a "$work/other.kbtf" --load-only
mkdir "$work/rebuilt"
{ cat "$objects/execsnoop.bpf.o"; echo; } >"$work/rebuilt/execsnoop.bpf.o"
t_says 0 "is for another build of execsnoop.bpf.o: BTF in full is taken" "an object built anew" \
	"$btfload" run "$work/rebuilt/execsnoop.bpf.o" --no-kernel-btf -a "$archive" --load-only
head -c 100000 /sys/kernel/btf/vmlinux >"$work/cut.btf"
t_says 1 "$work/cut.btf is no BTF, and no ELF file that has some, or is cut off" "a BTF file cut off" \
	"$btfload" run "$objects/execsnoop.bpf.o" --btf "$work/cut.btf" --load-only
t_says 1 "$work/none.btf: No such file" "a BTF file that is not there" \
	"$btfload" run "$objects/execsnoop.bpf.o" --btf "$work/none.btf" --load-only
# shellcheck disable=SC2016 # for the inner shell
without_tracefs='umount /sys/kernel/tracing /sys/kernel/debug/tracing /sys/kernel/debug 2>/dev/null
	exec "$@"'
t_says 3 "mount -t tracefs" "no tracefs: what to do" \
	unshare -m sh -c "$without_tracefs" sh "$btfload" runqlat -D 1
said=$out
t "which is said once" [ "$(echo "$said" | grep -c "mount -t tracefs")" -eq 1 ]
t "and why with each program" [ "$(echo "$said" | grep -c "does not attach.*tracefs is not mounted")" -eq 3 ]
t_says 0 "To attach more: mount -t tracefs" "list says so, too" \
	unshare -m sh -c "$without_tracefs" sh "$btfload" list
said=$out
t "once" [ "$(echo "$said" | grep -c "mount -t tracefs")" -eq 1 ]
if grep -q ' register_kprobe$' /proc/kallsyms || [ -e /sys/bus/event_source/devices/kprobe ]; then
	skip "no kprobes" "this kernel has them"
else
	t_says 3 "this kernel has no kprobes" "no kprobes" "$btfload" capable -D 1
fi
t_says 1 "no BPF object" "what is no object" "$btfload" run /bin/true --load-only
t_says 1 "No such file" "no file" "$btfload" run "$work/none.bpf.o" --load-only
t_says 1 "no such variable" "a variable that is not there" \
	"$btfload" run "$objects/execsnoop.bpf.o" --set nothing=1 --load-only
t_exit 2 "an unknown program" "$btfload" nosuchprogram
t_exit 2 "an unknown option" "$btfload" run --nonsense x
if setpriv --reuid 65534 --clear-groups test -x "$btfload" 2>/dev/null; then
	cp "$objects/execsnoop.bpf.o" "$work" && chmod 755 "$work"
	t_says 1 "it takes root" "no privileges" setpriv --reuid 65534 --clear-groups "$btfload" run \
		"$work/execsnoop.bpf.o" --load-only
else
	skip "no privileges" "setpriv is missing, or an ordinary user can't read the build"
fi
if unshare -Ur true 2>/dev/null; then
	t_says 1 "root in a user namespace" "root of a user namespace" unshare -Ur "$btfload" run \
		"$objects/execsnoop.bpf.o" --load-only
else
	skip "root of a user namespace" "no user namespaces here"
fi
finish
