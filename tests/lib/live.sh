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

# watch PROGRAM OPTION...: in the background, until unwatch; output in $work/events
watch()
{
	: >"$work/err" # that of the run before says "attached"
	# shellcheck disable=SC2016 # for the inner shell
	unshare -m sh -c 'mount -t tracefs none /sys/kernel/tracing && exec "$@"' watch \
		"$btfload" "$@" --json -D 60 >"$work/events" 2>"$work/err" &
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
	: >"$work/err" # that of the run before says "attached"
	sleep 0.3
	kill -TERM $watcher
	wait $watcher && return
	cat "$work/err"
	return 1
}
