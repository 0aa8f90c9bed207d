#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The bundled programs on packaged kernels, in QEMU, with the kernel's own BTF hidden: BTF
# comes from an archive that the pipeline built for that very kernel, by build ID, and the
# events that a script causes are printed. With the globals pass, and without; and what takes
# the kernel's own BTF.
# shellcheck disable=SC2154 # $top and others are tap.sh's
. "$(dirname "$0")/../lib/tap.sh"

vm_run=$top/scripts/vm-run
built=$(dirname "$btfgen")
PATH=$PATH:/usr/sbin:/sbin
export XDG_DATA_HOME="$work/data" XDG_CACHE_HOME="$work/cache" TMPDIR="$work/tmp" LC_ALL=C
mkdir "$TMPDIR"

for tool in qemu-system-x86_64 busybox dpkg-deb clang setpriv; do
	command -v "$tool" >/dev/null || skip_all "$tool is missing"
done
[ "$(uname -m)" = x86_64 ] || skip_all "programs of $(uname -m) do not run in an x86_64 machine"

cat >"$work/causes" <<'CAUSES'
#!/bin/sh
# Each program once, with what it must see
export BTFGEN_OBJECTS=/job/bpf
echo 127.0.0.1 localhost >/etc/hosts 2>/dev/null
ip link set lo up 2>/dev/null || ifconfig lo up
dd if=/dev/zero of=/tmp/image bs=1M count=8 2>/dev/null
[ -e /dev/loop0 ] || mknod /dev/loop0 b 7 0
losetup /dev/loop0 /tmp/image
cause()
{
	cp /bin/busybox /tmp/own-marker 2>/dev/null
	/tmp/own-marker true 2>/dev/null
	cat /tmp/no-such-file-here 2>/dev/null
	nc 127.0.0.1 9 </dev/null 2>/dev/null
	sh -c 'exit 7'
	chroot / true
	sleep 99 &
	kill -9 $!
	mkdir -p /tmp/own/two/three/four/five/six/seven
	echo hello >/tmp/own/two/three/four/five/six/seven/file
	rm /tmp/own/two/three/four/five/six/seven/file
	dd if=/dev/zero of=/dev/loop0 bs=4k count=50 oflag=direct 2>/dev/null
	# two at once
	(i=0; while [ $i -lt 5000 ]; do i=$((i + 1)); done) &
	i=0
	while [ $i -lt 5000 ]; do i=$((i + 1)); done
	wait $!
}
for program in ${PROGRAMS:-biolatency capable cgroupbytes cputime execsnoop exitsnoop opensnoop \
		runqlat tcpconnect unlinksnoop}; do
	: >/tmp/err
	/job/btfload $program --json -D 120 "$@" >/tmp/events 2>/tmp/err &
	loader=$!
	until grep -q 'Ctrl-C ends' /tmp/err || ! kill -0 $loader; do sleep 0.2; done
	cause
	sleep 1
	kill $loader
	wait $loader
	sed "s/^/$program /" /tmp/events
done
[ -z "${PROGRAMS:-}" ] || exit 0
for run in first second; do
	/job/btfload capable --pin /sys/fs/bpf/own -D 1 "$@" 2>&1 >/dev/null | sed "s/^/$run /"
done
/job/btfload run /job/bpf/execsnoop.bpf.o --load-only --explain "$@" | sed 's/^/explain /'
/job/btfload run /job/globals.bpf.o --load-only --explain "$@" 2>&1 | sed 's/^/globals /'
# where nobody can say what CONFIG_HZ is
rm -f /boot/config-*
/job/btfload cputime --load-only --explain "$@" 2>&1 | sed 's/^/unconfigured /'
CAUSES
chmod +x "$work/causes"

bpftool btf dump file "${VMLINUX_BTF:-/sys/kernel/btf/vmlinux}" format c >"$work/vmlinux.h" 2>/dev/null &&
	clang -target bpf -mcpu=v1 -g -O2 -isystem "$work" -c -o "$work/globals.bpf.o" \
		"$top/tests/fixtures/globals.bpf.c" || skip_all "no BTF here to compile programs with"

# fetch SUITE SERIES: an archive with the newest cloud kernel's BTF, and its package
fetch()
{
	"$btfgen" build --distro debian --release "$1" --arch x86_64 --kernel "$2" --newest 1 \
		--encoder embedded --work "$work/$1" -a "$work/$1.kbtf" --json >"$work/$1.json"
}

# machine SUITE OPTION...
machine()
{
	suite=$1
	shift
	"$vm_run" --deb "$(find "$work/$suite/packages" -type f | head -n 1)" --timeout 280 --hide-btf \
		--modules loop --add "$built/btfload" --add "$built/bpf" --add "$work/$suite.kbtf" --add "$work/globals.bpf.o" \
		--add "$work/causes" -- sh /job/causes --no-kernel-btf -a "/job/$suite.kbtf" "$@" \
		>"$work/$suite.out" 2>&1
	status=$?
	cp "$work/$suite.out" "$work/.show"
	return $status
}

# With the kernel's own BTF: programs that are typed by it
typed_machine()
{
	"$vm_run" --deb "$(find "$work/$1/packages" -type f | head -n 1)" --timeout 280 --modules loop \
		--add "$built/btfload" --add "$built/bpf" --add "$work/causes" \
		-- sh -c 'PROGRAMS=unlinksnoop /job/causes --explain' >"$work/$1.out" 2>&1
}

saw()
{
	grep -E "$2" "$work/$1.out" && return
	cat "$work/$1.out"
	return 1
}

for suite in bullseye bookworm; do
	case $suite in
	bullseye) series='5.10.0-3*-cloud-amd64' ;;
	bookworm) series='6.1.*-cloud-amd64' ;;
	esac
	if ! fetch $suite "$series"; then
		skip "$suite" "its kernel can't be fetched"
		continue
	fi
	for globals in auto force; do
		# `what` is tap.sh's
		on="$suite, globals $globals"
		t "$on: the programs run" machine $suite --legacy-globals $globals
		t "$on: BTF by build ID" saw $suite "explain btf .*build ID"
		t "$on: minimized for the object" saw $suite "explain btf .*minimized for this object"
		t "$on: capable" saw $suite '^capable .*"ret":0.*"name":"CAP_SYS_CHROOT"'
		t "$on: biolatency" saw $suite \
			'^biolatency .*"disk":"loop0","operation":"write","longest_us":[1-9]'
		t "$on: cgroupbytes" saw $suite \
			'^cgroupbytes .*"egress","version":4,"protocol":"tcp","packets":[1-9]'
		t "$on: cputime" saw $suite '^cputime .*"run_ns":[0-9]{9,},"comm":"sh"'
		t "$on: execsnoop" saw $suite '^execsnoop .*"ret":0.*"path":"/tmp/own-marker"'
		t "$on: exitsnoop, a code" saw $suite '^exitsnoop .*"code":7,"signal":0.*"file":"busybox"'
		t "$on: exitsnoop, a signal" saw $suite '^exitsnoop .*"code":0,"signal":9.*"file":"busybox"'
		t "$on: opensnoop" saw $suite '^opensnoop .*"ret":-2.*"path":"/tmp/no-such-file-here"'
		t "$on: runqlat, waits of a millisecond and more" \
			saw $suite '^runqlat .*"from_us":[0-9]{4,},.*"count":[1-9]'
		t "$on: tcpconnect" saw $suite '^tcpconnect .*"to":"127.0.0.1:9"'
		t "$on: unlinksnoop, by tail calls" saw $suite \
			'^unlinksnoop .*"ret":0,.*"links":1,"size":6,.*"path":"/own/two/three/four/five/six/seven/file"'
		t "$on: pinned programs are taken up" saw $suite '^second .*taken up: program enter_cap_capable'
		# links of kprobes came with 5.15
		case $suite in
		bullseye) t "$on: links can't be" saw $suite '^second .*link .* is not pinned, and ends with this run' ;;
		*) t "$on: and links" saw $suite '^second .*taken up: link enter_cap_capable' ;;
		esac
		t "$on: a weak CONFIG_ value where there is no configuration" \
			saw $suite '^unconfigured adapted .*CONFIG_HZ counts as unset'
		t_not "$on: is no problem" grep -q '^unconfigured problem' "$work/$suite.out"
		t_not "$on: an object with variables loads whole" grep -q "^globals .*left-out" "$work/$suite.out"
		t "$on: and is adapted when asked" sh -c 'if [ "$1" = force ]; then
			grep -q "^globals adapted" "$2"; else grep -q "^globals probe *the kernel has global" "$2"; fi' \
			sh "$globals" "$work/$suite.out"
	done
	t "$suite, with its own BTF" typed_machine $suite
	t "$suite: by fexit" saw $suite '^unlinksnoop .*leave: by leave___fexit'
	t "$suite: unlinksnoop, by tail calls" saw $suite \
		'^unlinksnoop .*"ret":0,.*"path":"/own/two/three/four/five/six/seven/file"'
done

# ---- locked down ------------------------------------------------------------------------

# Said where securityfs tells, and by what the verifier refuses where it does not.
cat >"$work/locked" <<'LOCKED'
#!/bin/sh
export BTFGEN_OBJECTS=/job/bpf
umount /sys/kernel/security 2>/dev/null
/job/btfload cputime -D 1 2>&1 | sed 's/^/untold /'
mount -t securityfs none /sys/kernel/security
for program in cputime execsnoop cgroupbytes; do
	/job/btfload $program -D 1 >/tmp/out 2>&1
	status=$?
	sed "s/^/$program /" /tmp/out
	echo "$program exits with $status"
done
# everybody may load socket filters: and that is all
echo 0 >/proc/sys/kernel/unprivileged_bpf_disabled
chmod -R a+rX /job
/job/setpriv --reuid 65534 --clear-groups /job/btfload runqlat --load-only 2>&1 | sed 's/^/user /'
LOCKED
locked()
{
	"$vm_run" --deb "$(find "$work/bookworm/packages" -type f | head -n 1)" --timeout 280 \
		--append lockdown=confidentiality --add "$built/btfload" --add "$built/bpf" \
		--add "$work/locked" --add "$(command -v setpriv)" -- sh /job/locked >"$work/locked.out" 2>&1
}
if [ -s "$work/bookworm.kbtf" ]; then
	t "a kernel that is locked down" locked
	t "it is said" saw locked '^cputime .*warning: .*the kernel is locked down'
	t "of a program that does not load" saw locked \
		'^cputime .*does not load: .*locked down \(confidentiality\)'
	t "which fails" saw locked '^cputime exits with 1'
	t "where nothing attaches, that is another status" saw locked '^execsnoop exits with 3'
	t "it is found out without securityfs" saw locked \
		'^untold .*does not load: .*locked down \(confidentiality\)'
	t_not "programs that read no kernel memory are not warned of" \
		grep '^cgroupbytes .*locked' "$work/locked.out"
	t "and run" saw locked '^cgroupbytes exits with 0'
	t "a user who may load socket filters" saw locked '^user .*it takes root'
else
	skip "a kernel that is locked down" "its kernel can't be fetched"
fi
finish
