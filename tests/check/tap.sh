#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the shell tests stand on must itself be able to fail.
. "$(dirname "$0")/../lib/tap.sh"

# verdict LINE...: a test of these lines; exits 0 if all in it passed
verdict()
{
	{
		# shellcheck disable=SC2154 # $top and $work are tap.sh's
		echo ". '$top/tests/lib/tap.sh'"
		printf '%s\n' "$@" finish
	} >"$work/inner.sh"
	# tap.sh finds its place by $0.
	TMPDIR="$work" sh -c '. "$1"' "$top/tests/check/tap.sh" "$work/inner.sh"
}

t "t: success passes" verdict 't what true'
t_not "t: failure fails" verdict 't what false'
t_not "t_exit: another status fails" verdict 't_exit 2 what false'
t_not "t_not: a command that is not there fails" verdict 't_not what no-such-command'
t "t_says: all of the text" verdict "t_says 0 'a
b' what printf 'x\\na\\nb\\n'"
t_not "t_says: one of its lines is not enough" verdict "t_says 0 'a
b' what printf 'a\\nc\\n'"
t_not "t_says: nor is the text with another status" verdict "t_says 1 a what echo a"
t "t_says: the text is no pattern" verdict "t_says 0 'a[*' what echo 'a[*'"
t_not "t_says: nor a glob" verdict "t_says 0 'a*c' what echo abc"
t_not "one failure among successes counts" verdict 't what false' 't what true'
t "nothing is left behind" [ "$(find "$work" -mindepth 1 -maxdepth 1 -type d | wc -l)" -eq 0 ]
finish
