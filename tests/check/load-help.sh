#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# btfload's help: on stdout, 80 columns, and every option in the manual; usage errors.
. "$(dirname "$0")/../lib/tap.sh"
btfload=${BTFLOAD:-$(dirname "$btfgen")/btfload}
man=$top/man/btfload.1

narrow()
{
	"$@" >"$work/help" 2>"$work/err" && [ -s "$work/help" ] && ! [ -s "$work/err" ] &&
		[ "$(awk '{ if (length($0) > n) n = length($0) } END { print n }' "$work/help")" -le 80 ]
}

in_manual()
{
	"$btfload" "$1" --help | sed -n 's/^  [ -].*--\([a-z-]*\).*/\1/p' | sort -u >"$work/options"
	[ -s "$work/options" ] || return 1
	while read -r option; do
		grep -q "^\.It.* -$option\b" "$man" || { echo "--$option is not in the manual"; return 1; }
	done <"$work/options"
}

t "help" narrow "$btfload" --help
for command in run list biolatency capable cgroupbytes cputime execsnoop exitsnoop opensnoop runqlat tcpconnect unlinksnoop; do
	t "help of $command" narrow "$btfload" $command --help
	t "the manual has the options of $command" in_manual $command
done
t "help of unpin" narrow "$btfload" unpin --help
t_exit 2 "nothing to do" "$btfload"
t_says 2 "no program or command" "an unknown program" "$btfload" nonsense
t_says 2 "missing argument" "run without an object" "$btfload" run
t "and nothing else" sh -c '! "$1" capable --legacy-globals perhaps 2>/dev/null | grep .' sh "$btfload"
t_says 2 "none of auto, force, off" "a wrong choice" "$btfload" run --legacy-globals perhaps x.bpf.o
t "the manual is clean" sh -c 'command -v mandoc >/dev/null || exit 0; ! mandoc -T lint -W warning "$1" | grep .' sh "$man"
finish
