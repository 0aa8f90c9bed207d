#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# scripts/vm-run on the newest packaged cloud kernels of two series, out of the machine's
# own mirror: what comes out of the machine is what was said and seen inside it.
# shellcheck disable=SC1003,SC2016,SC2154 # $words for inner shells; $top and others are tap.sh's
. "$(dirname "$0")/../lib/tap.sh"

vm_run=$top/scripts/vm-run
PATH=$PATH:/usr/sbin:/sbin
export XDG_DATA_HOME="$work/data" XDG_CACHE_HOME="$work/cache" TMPDIR="$work/tmp" LC_ALL=C
mkdir "$TMPDIR"

# ---- without a machine -----------------------------------------------------------------

narrow()
{
	"$vm_run" --help >"$work/help" 2>"$work/help.err" || return 1
	! [ -s "$work/help.err" ] && grep -q '^Usage:' "$work/help" && ! grep -n '.\{81\}' "$work/help"
}
t "--help: on stdout, 80 columns" narrow
t_says 125 "no command" "no command is an error of its own" "$vm_run" --kernel /dev/null
t_says 125 "which kernel" "nor is a kernel guessed" "$vm_run" -- true
t_says 125 "unknown option '--kernle'" "unknown options are" "$vm_run" --kernle x -- true
t_says 125 "needs a value" "options without a value are" "$vm_run" --kernel
t_says 125 "above 0" "so are numbers that are none" "$vm_run" --kernel /dev/null --memory 1G -- true
t_says 125 "not both" "and two kernels" "$vm_run" --kernel /dev/null --deb /dev/null -- true
t_says 125 "no such file" "a kernel that is not there is named" "$vm_run" --kernel "$work/none" -- true

for tool in qemu-system-x86_64 busybox dpkg-deb bpftool curl apt-get; do
	command -v "$tool" >/dev/null || skip_all "$tool is missing"
done
[ "$(uname -m)" = x86_64 ] || skip_all "libraries of $(uname -m) do not run in an x86_64 machine"

t_says 125 "no kernel in there" "a package without a kernel is refused" \
	"$vm_run" --deb "$top/Makefile" -- true
head -c 100000 /dev/zero >"$work/zeros"
t_says 125 "vm-run: qemu:" "QEMU's own words come through" "$vm_run" --kernel "$work/zeros" --timeout 60 -- true

mirror=$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | head -n 1)
[ -n "$mirror" ] || skip_all "apt has no mirror"
curl -sI -m 20 -o /dev/null "$mirror" || skip_all "apt's mirror does not answer"

# ---- two kernels -------------------------------------------------------------------------

# fetch RELEASE SERIES: $deb, and an archive with its BTF
fetch()
{
	"$btfgen" build --distro debian --release "$1" --arch x86_64 --kernel "$2.*-cloud-amd64" --newest 1 \
		--encoder embedded --no-min --work "$work/$2" -a "$work/$2.kbtf" --json >"$work/$2.json" &&
		[ "$(find "$work/$2/packages" -type f | wc -l)" -eq 1 ]
}

# whole OPTION...: three megabytes of anything arrive as they are
whole()
{
	"$vm_run" "$@" -- sh -c 'head -c 3000000 /dev/urandom >/tmp/noise; md5sum </tmp/noise >&2; cat /tmp/noise' \
		>"$work/noise" 2>"$work/sum" && md5sum <"$work/noise" | cmp - "$work/sum"
}

# own_btf SERIES DEB: what the kernel shows at run time is what the archive holds of it
own_btf()
{
	"$btfgen" export -a "$work/$1.kbtf" --kernel "$1" --format raw -o "$work/$1.btf" >/dev/null &&
		"$vm_run" --deb "$2" -- cat /sys/kernel/btf/vmlinux >"$work/running.btf" &&
		bpftool btf dump file "$work/running.btf" | grep -q "STRUCT 'task_struct'" &&
		"$top/tests/lib/same-btf" "$work/$1.btf" "$work/running.btf"
}

# build_id SERIES DEB: the running kernel's is the archived one's
build_id()
{
	id=$("$vm_run" --deb "$2" -- cat /sys/kernel/notes | od -An -v -tx1 | tr -d ' \n' |
		sed -n 's/.*040000001400000003000000474e5500\(.\{40\}\).*/\1/p')
	[ ${#id} -eq 40 ] && grep -q "\"$id\"" "$work/$1.json"
}

# The argument list, to the letter
letters()
{
	want=$(printf '[%s]' 'a  b' "it's" '' '$HOME' 'back\' 'two
lines
' '"' x)
	got=$("$vm_run" "$@" -- sh -c 'for word; do printf "[%s]" "$word"; done; echo end' \
		sh 'a  b' "it's" '' '$HOME' 'back\' 'two
lines
' '"' x) && [ "$got" = "${want}end" ]
}

apart()
{
	"$vm_run" "$@" -- sh -c 'echo out; echo err >&2; echo "<0>loud" >/dev/kmsg; tty' >"$work/stdout" 2>"$work/stderr"
	[ $? -eq 1 ] && [ "$(cat "$work/stderr")" = err ] && [ "$(cat "$work/stdout")" = "out
not a tty" ]
}

while read -r release series; do
	fetch "$release" "$series"
	t "$series: its newest cloud kernel is packaged" [ $? -eq 0 ]
	deb=$(find "$work/$series/packages" -type f)
	[ -n "$deb" ] || continue
	# The name that dpkg has for it
	name=$(dpkg-deb -f "$deb" Package | sed 's/^linux-image-//; s/-unsigned$//')

	t "$series: boots, and is $name" \
		sh -c '[ "$("$1" --deb "$2" -- uname -r)" = "$3" ]' sh "$vm_run" "$deb" "$name"
	t_exit 7 "$series: the exit status passes" "$vm_run" --deb "$deb" -- sh -c 'exit 7'
	t_says 127 "not found" "$series: so does that of no command" "$vm_run" --deb "$deb" -- no-such-command
	t_exit 143 "$series: and that of a signal" "$vm_run" --deb "$deb" -- sh -c 'kill $$'
	t "$series: arguments pass to the letter" letters --deb "$deb"
	t "$series: stdout and stderr pass apart, kernel messages not" apart --deb "$deb"
	t "$series: bytes pass" whole --deb "$deb"
	t "$series: the kernel's own BTF is the archived one" own_btf "$series" "$deb"
	t "$series: the build ID is the archived one" build_id "$series" "$deb"

	t_says 1 "/sys/kernel/btf
0
0" "$series: --hide-btf leaves an empty directory" "$vm_run" --deb "$deb" --hide-btf --no-tracefs -- \
		sh -c 'ls -d /sys/kernel/btf; ls -A /sys/kernel/btf | wc -l; grep -c -e tracefs -e debugfs /proc/mounts'
	t_says 0 "/sys/fs/bpf bpf
/sys/fs/cgroup cgroup2
/sys/kernel/debug debugfs
/sys/kernel/tracing tracefs" "$series: file systems are there" "$vm_run" --deb "$deb" -- \
		sh -c "awk '\$2 ~ \"^/sys/\" { print \$2, \$3 }' /proc/mounts | sort"
	t_says 0 "name found" "$series: a program with its libraries makes a map and pins it" \
		"$vm_run" --deb "$deb" --add "$(command -v bpftool)" --add "$top/tests/lib:/srv/lib/" -- sh -c \
		'test -x /srv/lib/lib/make-corpus &&
		/job/bpftool map create /sys/fs/bpf/m type hash key 4 value 8 entries 9 name found && /job/bpftool map list'
	t_says 0 "open_probe" "$series: kprobes can be made by tracefs" "$vm_run" --deb "$deb" -- sh -c \
		'cd /sys/kernel/tracing && echo "p:vm/open_probe do_filp_open" >kprobe_events && cat kprobe_events'
	t_says 0 "veth
2" "$series: modules out of the package, two processors" "$vm_run" --deb "$deb" --modules veth --cpus 2 -- \
		sh -c 'lsmod | grep -o "^veth"; nproc'
	t_says 0 "CONFIG_BPF_SYSCALL=y" "$series: its configuration is in /boot" "$vm_run" --deb "$deb" -- \
		sh -c 'grep "^CONFIG_BPF_SYSCALL=" "/boot/config-$(uname -r)"'
done <<'KERNELS'
bullseye 5.10
bookworm 6.1
KERNELS
[ -n "$deb" ] || finish

# ---- what goes wrong ---------------------------------------------------------------------

dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$work" --wildcards './boot/vmlinuz-*'
kernel=$(echo "$work"/boot/vmlinuz-*)
t_exit 3 "--kernel boots the same kernel without its package" "$vm_run" --kernel "$kernel" -- sh -c 'exit 3'
t_says 125 "no module none in there" "a module that is not there is named" \
	"$vm_run" --deb "$deb" --modules none -- true
cp "$work/zeros" "$work/broken.ko"
t_says 125 "refused module broken" "so is one that the kernel refuses" \
	"$vm_run" --kernel "$kernel" --modules "$work/broken.ko" -- true
t_says 125 "before the command did" "a machine that ends under the command is no success" \
	"$vm_run" --kernel "$kernel" -- sh -c 'reboot -f; sleep 100'
t_says 125 "vm-run: kernel:" "a kernel that panics says so" \
	"$vm_run" --kernel "$kernel" --append rdinit=/nowhere --append root=/dev/none -- true
t_says 124 "not done after 20 s" "a command that does not end is stopped" \
	"$vm_run" --kernel "$kernel" --timeout 20 -- sh -c 'echo before; sleep 1000'
t "what it printed before is there" [ "$(echo "$out" | head -n 1)" = before ]
t_says 124 "had not started" "so is a kernel that does not come up" \
	"$vm_run" --kernel "$kernel" --timeout 1 -- true
t_exit 0 "what the command leaves running does not hold it up" \
	"$vm_run" --kernel "$kernel" --timeout 100 -- sh -c 'sleep 1000 & true'
t_says 0 "first" "a reader that leaves early does not hold it up" \
	sh -c '"$1" --kernel "$2" --timeout 100 -- sh -c "echo first; yes | head -c 500000" | head -n 1' \
	sh "$vm_run" "$kernel"

interrupted()
{
	"$vm_run" --kernel "$kernel" --log "$work/log" -- sleep 1000 &
	pid=$!
	tries=0
	until grep -q began "$TMPDIR"/*/report 2>/dev/null || [ $((tries += 1)) -gt 600 ]; do
		sleep 0.1
	done
	kill -TERM "$pid"
	wait "$pid"
	status=$?
	echo "exit status $status"
	[ $status -eq 143 ] && ! ps -eo args | grep -F "$TMPDIR" | grep -v grep && grep -q 'Linux version' "$work/log"
}
t "SIGTERM ends the machine as well" interrupted
t "nothing is left behind" [ -z "$(ls -A "$TMPDIR")" ]

finish
