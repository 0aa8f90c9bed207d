#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Old kernels by a test double at the system call (tests/double/): that it answers as they do,
# and what btfload makes of the answers.
# shellcheck disable=SC2154 # $work and others are of tests/lib
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/live.sh"

built=$(dirname "$btfgen")/tests
double=$built/double.so
kernels='4.9 4.14 4.18 4.18-el8'
real_btfload=$btfload
kernel=

if [ ! -e "$double" ] || [ ! -e "$built/kernel-answers" ]; then
	skip_all "no $double: make double"
fi

# A build with sanitizers wants to be the first library, but it is this one.
as() # KERNEL COMMAND...
{
	as=$1
	shift
	env KERNEL_DOUBLE="$as" LD_PRELOAD="$double" \
		ASAN_OPTIONS="verify_asan_link_order=0:$ASAN_OPTIONS" "$@"
}

# ---- the double --------------------------------------------------------------------------

# ask KERNEL: its answers to all questions, "running" without the double
ask()
{
	asked=$1
	[ "$asked" != running ] || asked=
	# shellcheck disable=SC2016 # for the inner shell
	unshare -m sh -c 'mount -t tracefs none /sys/kernel/tracing && exec "$@"' ask \
		env KERNEL_DOUBLE="$asked" LD_PRELOAD="$double" "$built/kernel-answers" \
		>"$work/given-$1" && [ -s "$work/given-$1" ]
}

# The answers that the table has, for the questions that were asked, "ok" where it has none.
expect() # KERNEL
{
	awk -F'\t' -v kernel="$1" '
		/^#/ { next }
		NR == FNR {
			rows[$1]++
			n = split($2, names, ",")
			for (i = 1; i <= n; i++)
				if (names[i] == kernel)
					answers[$1] = $3
			next
		}
		# younger kernels have more of them
		kernel == "running" && $1 ~ /^all helpers/ {
			print
			delete rows[$1]
			next
		}
		{
			print $1 "\t" ($1 in answers ? answers[$1] : "ok")
			delete rows[$1]
		}
		END { for (row in rows) print row ": nobody asks that" }' \
		"$top/tests/double/answers.txt" "$work/given-$1" >"$work/wanted-$1"
}

answers_as()
{
	ask "$1" && expect "$1" && diff "$work/wanted-$1" "$work/given-$1"
}

for kernel in $kernels; do
	t "the double answers as $kernel does" answers_as "$kernel"
done
# where the running kernel is an older one, it may refuse what no double lets through
if answers_as running >"$work/younger"; then
	t "the running kernel takes all of it" true
else
	case $(uname -r) in
	[1-5].* | 6.[0-9].*) skip "the running kernel takes all of it" \
		"it is older than what is asked for: $(grep -c '^>' "$work/younger") refused" ;;
	*) t "the running kernel takes all of it" answers_as running ;;
	esac
fi
t_says 2 "no such" "a kernel that there is no double of" as 3.16 true
t_says 0 "4.14.67 #1 SMP" "uname tells of it" as 4.14 uname -rv

# ---- BTF for it ---------------------------------------------------------------------------

# This kernel's types, less one that programs take for the ring buffer's: old kernels' BTF has
# none, and only then do programs send their events in another way.
old_btf()
{
	python3 - "$work/old.btf" <<'OLD'
import sys
btf = open("/sys/kernel/btf/vmlinux", "rb").read()
name = b"\0bpf_ringbuf\0"
assert name in btf
open(sys.argv[1], "wb").write(btf.replace(name, b"\0no__ringbuf\0"))
OLD
}

command -v python3 >/dev/null || skip_all "python3 is missing"
t "BTF as of old kernels" old_btf

# for KERNEL: $btfload is one that finds itself on it, $archive has its BTF
for_kernel()
{
	kernel=$1
	archive=$work/$kernel.kbtf
	btfload=$work/btfload-$kernel
	cat >"$btfload" <<-WRAPPER
		#!/bin/sh
		KERNEL_DOUBLE=$kernel LD_PRELOAD=$double ASAN_OPTIONS=verify_asan_link_order=0:\$ASAN_OPTIONS
		export KERNEL_DOUBLE LD_PRELOAD ASAN_OPTIONS
		exec '$real_btfload' "\$@"
	WRAPPER
	chmod 755 "$btfload"
	"$btfgen" add -q -a "$archive" --kernel "$(as "$kernel" uname -r)" --arch "$(uname -m)" \
		--kernel-version "$(as "$kernel" uname -v)" "$work/old.btf"
}

# loads OBJECT WORDS...: as a whole, and each of the words is said, none of them with "!" before
loads()
{
	object=$1
	shift
	"$btfload" run "$object" -a "$archive" --load-only --explain --strict >"$work/said" 2>&1 || {
		cat "$work/said"
		return 1
	}
	for words; do
		if [ "${words#!}" != "$words" ]; then
			! grep -F -e "${words#!}" "$work/said" || return 1
		else
			grep -qF -e "$words" "$work/said" || {
				echo "not said: $words"
				cat "$work/said"
				return 1
			}
		fi
	done
}

has_globals()
{
	readelf -SW "$1" | grep -qE ' \.(rodata|data|bss) '
}

# ---- what btfload makes of it ------------------------------------------------------------------

fixture() # NAME SOURCE FLAG...
{
	name=$1 source=$2
	shift 2
	clang -target bpf -mcpu=v1 -g -O2 -D__TARGET_ARCH_x86 -isystem "$(dirname "$btfgen")" "$@" \
		-c -o "$work/$name.bpf.o" "$top/tests/fixtures/$source.bpf.c"
}

if command -v clang >/dev/null && [ -r "$(dirname "$btfgen")/vmlinux.h" ]; then
	compiled=yes
	t "an object that old kernels take" fixture plain refused
	t "one that has functions" fixture function refused -DFUNCTION
	t "one that has a loop" fixture loop refused -DLOOP
	t "one that calls a young helper" fixture helper refused -DHELPER
	t "one with an atomic that fetches" fixture atomic refused -DATOMIC -mcpu=v3
	t "one with jumps of 32 bits" fixture jump refused -DJUMP -mcpu=v3
	t "one with a map's value as key" fixture key refused -DKEY
	t "one with a variable as key" fixture variable refused -DVARIABLE
	t "one with a map of maps" fixture inner refused -DINNER
	t "one whose maps have flags" fixture flags refused -DMAP_FLAGS
	t "one with a helper that another stands in for" fixture task refused -DTASK
	t "one with a uprobe" fixture uprobe uprobe
	t "one with a program for packets from a map of devices" fixture egress check_code -DEGRESS
else
	compiled=no
	skip "objects that old kernels refuse" "clang or vmlinux.h is missing"
fi

# in_tracefs NAME: what the file has, if it is there
in_tracefs()
{
	# shellcheck disable=SC2016 # for the inner shell
	unshare -m sh -c 'mount -t tracefs none /sys/kernel/tracing && cat "/sys/kernel/tracing/$1"' \
		in_tracefs "$1" 2>/dev/null
}

# sees_call yes|no: by a probe in tracefs, of which nothing stays, or by perf_event_open(2) alone
sees_call()
{
	by_tracefs=no
	watch run "$work/uprobe.bpf.o" -a "$archive" || return 1
	! in_tracefs uprobe_events | grep "libbpf_${watcher}_" || by_tracefs=yes
	python3 -c 'import ctypes, os
ctypes.CDLL(None).gethostid()
print(os.getpid().to_bytes(4, "little").hex())' >"$work/caller"
	unwatch || return 1
	cat "$work/caller" "$work/events"
	grep -q "\"$(cat "$work/caller")" "$work/events" && [ "$by_tracefs" = "$1" ] &&
		! in_tracefs uprobe_events | grep "libbpf_${watcher}_"
}

attach() # PROGRAM OPTION...
{
	# shellcheck disable=SC2016 # for the inner shell
	unshare -m sh -c 'mount -t tracefs none /sys/kernel/tracing && exec "$@"' attach \
		"$btfload" "$@"
}

# refused OBJECT WORDS: it does not load, and that is why
refused()
{
	t_says 1 "$2" "$kernel refuses $1: $2" "$btfload" run "$work/$1.bpf.o" -a "$archive" \
		--load-only --strict
}

for kernel in $kernels; do
	t "an archive for $kernel" for_kernel "$kernel"
	for object in "$objects"/*.bpf.o; do
		name=$(basename "$object" .bpf.o)
		if [ "$kernel $name" = '4.9 cgroupbytes' ]; then
			t_says 1 "a type of program that this kernel does not know" \
				"$kernel: $name can't be" \
				"$btfload" run "$object" -a "$archive" --load-only --explain
			continue
		fi
		if has_globals "$object"; then
			t "$kernel: $name loads, its variables in maps" loads "$object" \
				"the kernel has no global variables" "adapted"
		else
			t "$kernel: $name loads" loads "$object" "!global variables"
		fi
	done
	t "$kernel: opensnoop has perf events for a ring buffer" loads "$objects/opensnoop.bpf.o" \
		"map events: a perf event array, for the kernel has no ring buffers"
	t "$kernel: execsnoop sees a program that is started" sees_exec -a "$archive"
	t "$kernel: exitsnoop sees how processes end, each once" sees_ends -a "$archive"
	if [ "$kernel" != 4.9 ] || in_tracefs kprobe_events >/dev/null; then
		t "$kernel: opensnoop sees files opened" sees_open -a "$archive"
	else
		# system calls' tracepoints take programs from 4.14 on, and this machine has no kprobes
		t_says 3 "nothing could be attached" "$kernel: opensnoop has nothing to attach to" \
			attach opensnoop -a "$archive" -D 1
	fi
	[ "$compiled" = yes ] || continue
	t "$kernel: the object loads" loads "$work/plain.bpf.o" "the kernel has no global variables"
	refused loop "back-edge from insn"
	refused loop "the kernel allows no loops"
	refused helper "the kernel has no helper"
	t "$kernel: a helper, by an older one" loads "$work/task.bpf.o" \
		"bpf_get_current_task in place of"
	t "$kernel: flags that maps can do without" loads "$work/flags.bpf.o" \
		"map reachable: without BPF_F_MMAPABLE" "map given: without BPF_F_RDONLY_PROG" \
		"!BPF_F_NO_PREALLOC"
	case $kernel in
	4.9 | 4.14)
		t_says 0 "left-out  egress (xdp/devmap), which is for a certain way to attach" \
			"$kernel: a way to attach that it is not told of is left out" \
			"$btfload" run "$work/egress.bpf.o" --load-only --explain
		t_says 1 "the kernel takes no programs for a certain way to attach (before 4.17)" \
			"$kernel: and refused where nothing may be" \
			"$btfload" run "$work/egress.bpf.o" --load-only --strict
		;;
	*) t "$kernel: a way to attach loads" "$btfload" run "$work/egress.bpf.o" --load-only --strict ;;
	esac
	refused atomic "BPF_STX uses reserved fields"
	refused atomic "the kernel has no atomics that return a value"
	case $kernel in
	4.9 | 4.14) by_tracefs=yes ;;
	*) by_tracefs=no ;;
	esac
	if in_tracefs uprobe_events >/dev/null; then
		t "$kernel: a uprobe, by tracefs: $by_tracefs" sees_call $by_tracefs
	else
		skip "$kernel: a uprobe" "this kernel has none"
	fi
	case $kernel in
	4.9) refused inner "the kernel has no maps of this type (before 4.12)" ;;
	# it has no names
	4.14) t "4.14: a map of maps loads" loads "$work/inner.bpf.o" "!without a name" ;;
	esac
	case $kernel in
	4.9 | 4.14)
		refused function "unreachable insn"
		refused function "calls between BPF functions (before 4.16)"
		refused key "type=map_value expected=fp"
		refused key "before 4.18"
		t "$kernel: a variable as key loads, copied" loads "$work/variable.bpf.o" "by way of the stack"
		refused jump "unknown insn class 6"
		refused jump "32-bit jumps (before 5.1)"
		;;
	*)
		t "$kernel: functions load" loads "$work/function.bpf.o"
		t "$kernel: a map's value as key loads" loads "$work/key.bpf.o"
		t "$kernel: a variable as key loads as it is" loads "$work/variable.bpf.o" \
			"!by way of the stack"
		t "$kernel: a map of maps loads, none of them with a dot in its name" \
			loads "$work/inner.bpf.o" "map several: its inner map without a name"
		refused jump "unknown opcode"
		refused jump "32-bit jumps (before 5.1)"
		;;
	esac
done

# Without the double all of it loads, and nothing is adapted.
btfload=$real_btfload
archive=$work/own.kbtf
for object in "$objects"/*.bpf.o; do
	t "here: $(basename "$object" .bpf.o) loads as it is" loads "$object" \
		"!has no global variables" "!through array maps"
done
if [ "$compiled" = yes ]; then
	for name in plain function loop helper atomic jump key variable inner; do
		t "here: $name loads" loads "$work/$name.bpf.o" "the kernel has global variables"
	done
	t "here: maps keep their flags" loads "$work/flags.bpf.o" "!which the kernel does not know"
	t "here: a young helper stays" loads "$work/task.bpf.o" "!in place of"
fi
finish
