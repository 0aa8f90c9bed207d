# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# btfload on this machine's kernel, for tests: source it after tap.sh. Skips the whole file
# where that can't be. $btfload, $objects; $archive has this kernel's BTF.
export XDG_DATA_HOME="$work/data" XDG_CACHE_HOME="$work/cache" LC_ALL=C
btfload=${BTFLOAD:-$(dirname "$btfgen")/btfload}
objects=$(dirname "$btfgen")/bpf

[ "$(id -u)" -eq 0 ] || skip_all "loading BPF takes root"
[ -r /sys/kernel/btf/vmlinux ] || skip_all "this kernel has no BTF"
unshare -m true 2>/dev/null || skip_all "no mount namespaces here"
unshare -m mount -t tracefs none /sys/kernel/tracing 2>/dev/null ||
	skip_all "no tracefs to attach tracepoints by"

archive=$work/own.kbtf
t "an archive with this kernel" "$btfgen" add -q -a "$archive" --kernel "$(uname -r)" \
	--arch "$(uname -m)" --kernel-version "$(uname -v)" /sys/kernel/btf/vmlinux

# shellcheck disable=SC2016 # for the inner shell
in_tracefs='mount -t tracefs none /sys/kernel/tracing && exec "$@"'

# with_tracefs COMMAND...: where tracepoints can be attached
with_tracefs()
{
	unshare -m sh -c "$in_tracefs" with_tracefs "$@"
}

# watch PROGRAM OPTION...: in the background, until unwatch; output in $work/events
watch()
{
	: >"$work/err" # that of the run before says "attached"
	# not by with_tracefs: of a function in the background, $! is a shell's
	unshare -m sh -c "$in_tracefs" watch "$btfload" "$@" --json -D 60 \
		>"$work/events" 2>"$work/err" &
	watcher=$!
	for tenth in 1 2 3 4 5 6 7 8 9 10; do
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			grep -q 'Ctrl-C ends' "$work/err" && return
			sleep 0.1
		done
		kill -0 $watcher || break
	done
	cat "$work/err"
	echo "not attached after $tenth s"
	return 1
}

unwatch()
{
	sleep 0.3
	kill -TERM $watcher
	wait $watcher && return
	cat "$work/err"
	return 1
}

# own_cgroup: make one, $cgroup; or say in $no_cgroup why not
own_cgroup()
{
	no_cgroup=
	cgroup=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	[ -n "$cgroup" ] || no_cgroup="no cgroup hierarchy (v2) is mounted"
	command -v python3 >/dev/null || no_cgroup="python3 is missing"
	cgroup=$cgroup/btfgen-test-$$
	[ -n "$no_cgroup" ] || mkdir "$cgroup" || no_cgroup="$cgroup can't be made"
	[ -z "$no_cgroup" ] && at_exit "rmdir '$cgroup'"
}

# send_packets COUNT: from a process of $cgroup to itself, of 20 + 8 + 100 bytes each
send_packets()
{
	python3 -c '
import os, socket, sys
open(sys.argv[1] + "/cgroup.procs", "w").write(str(os.getpid()))
receiver, sender = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
receiver.bind(("127.0.0.1", 0))
for _ in range(int(sys.argv[2])):
    sender.sendto(b"x" * 100, receiver.getsockname())
    receiver.recv(200)' "$cgroup" "$1"
}

# told_packets COUNT: so many, both ways, by the cgroupbytes that was watched
told_packets()
{
	cat "$work/events" "$work/err"
	for direction in ingress egress; do
		expected="\"version\":4,\"protocol\":\"udp\",\"packets\":$1,\"bytes\":$(($1 * 128))"
		grep -qx "{\"direction\":\"$direction\",$expected}" "$work/events" || return 1
	done
}

# ---- events that are caused and looked for, by what bundled programs print ---------------

# Run a program of a name that nobody else uses, look for it.
sees_exec()
{
	marker=$work/marker-$$-$tap_count
	cp /bin/true "$marker"
	watch execsnoop "$@" || return 1
	"$marker"
	"$marker.missing" 2>/dev/null
	unwatch || return 1
	rm -f "$marker"
	grep -F "\"path\":\"$marker\"" "$work/events" && return
	tail -n 3 "$work/events"
	return 1
}

# A file is opened by a name that nobody else uses.
sees_open()
{
	watch opensnoop "$@" || return 1
	cat "$work/no-such-file-$$" 2>/dev/null
	cat "$work/own.kbtf" >/dev/null
	unwatch || return 1
	grep -F "\"path\":\"$work/own.kbtf\"" "$work/events" | grep -q '"ret":[0-9]' &&
		grep -F "no-such-file-$$" "$work/events" | grep -q '"ret":-2'
}

# Processes that end in every way; prints "PID STATUS SUBREAPER SECONDS" of each, as
# its parent sees it.
cat >"$work/ends" <<'ENDS'
import ctypes, os, resource, signal, threading, time
limit = resource.getrlimit(resource.RLIMIT_CORE)[1]
resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))
prctl = ctypes.CDLL(None).prctl
def threads(end):
    for _ in range(50):
        threading.Thread(target=time.sleep, args=(9,), daemon=True).start()
    end()
ends = [
    (0, lambda: os._exit(0)),
    (0, lambda: os._exit(7)),
    (0, lambda: os.kill(os.getpid(), signal.SIGKILL)),
    (0, lambda: os.kill(os.getpid(), signal.SIGSEGV)),
    (1, lambda: prctl(36, 1, 0, 0, 0) == 0 and os._exit(8)), # PR_SET_CHILD_SUBREAPER
    (0, lambda: time.sleep(0.3) or os._exit(9)),
    (0, lambda: threads(lambda: os._exit(3))),
    (0, lambda: threads(lambda: os.kill(os.getpid(), signal.SIGTERM) or time.sleep(9))),
]
for subreaper, end in ends:
    begin = time.monotonic()
    pid = os.fork()
    if pid == 0:
        end()
    status = os.waitpid(pid, 0)[1]
    print(pid, status, subreaper, time.monotonic() - begin, os.getpid())
ENDS

sees_ends()
{
	watch exitsnoop "$@" || return 1
	(cd "$work" && python3 ends >ended)
	unwatch || return 1
	python3 - "$work/events" "$work/ended" <<'SEES'
import json, os, sys
all = [json.loads(line) for line in open(sys.argv[1])]
ended = [line.split() for line in open(sys.argv[2])]
assert len(ended) == 8
for pid, status, subreaper, seconds, parent in ended:
    own = [e for e in all if e["pid"] == int(pid)]
    print(pid, status, seconds, own)
    assert len(own) == 1, "once"
    event, status = own[0], int(status)
    assert event["code"] == (os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0)
    assert event["signal"] == (os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0)
    assert event["core"] == os.WCOREDUMP(status)
    assert event["subreaper"] == (subreaper == "1")
    slept = 0.3 if status == 9 << 8 else 0
    assert slept < event["lifetime_ns"] / 1e9 <= float(seconds)
    assert event["ppid"] == int(parent) and event["comm"] == "python3" and event["uid"] == 0
    assert event["file"].startswith("python3") or event["file"] == "", "only where kprobes are"
SEES
}
