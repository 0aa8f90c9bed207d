# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Shell tests: source this, call the functions, end with `finish`. Prints TAP.
#
#   t WHAT COMMAND...          passes if the command succeeds
#   t_not WHAT COMMAND...      passes if it fails, but not by a signal or "not found"
#   t_exit N WHAT COMMAND...   passes if it exits with N
#   t_says N TEXT WHAT CMD...  exits with N, and TEXT (fixed) is in its output; $out keeps it
#   t_not WHAT said PATTERN    passes if the test before did not print that
#   skip_all REASON            the whole file is skipped
#   skip WHAT REASON           one test is
#
# $work is a temporary directory that goes away; $top the project; $btfgen the program.
top=$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd)
btfgen=${BTFGEN:-$top/build/btfgen}
work=$(mktemp -d "${TMPDIR:-/tmp}/btfgen-test.XXXXXX") || exit 1
tap_count=0
tap_failed=0
tap_cleanup=
tap_end()
{
	status=$?
	eval "$tap_cleanup"
	rm -rf "$work"
	exit $status
}
trap tap_end EXIT
trap 'exit 130' INT TERM

# at_exit COMMAND: before the temporary directory goes
at_exit()
{
	tap_cleanup="$1; $tap_cleanup"
}

tap_result()
{
	tap_count=$((tap_count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tap_count - $2"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_count - $2"
		sed 's/^/# /' "$work/.out" 2>/dev/null | tail -n 25
	fi
}

tap_run()
{
	"$@" >"$work/.out" 2>&1 </dev/null
	tap_status=$?
	out=$(cat "$work/.out")
}

t()
{
	what=$1
	shift
	tap_run "$@"
	tap_result "$tap_status" "$what"
}

t_exit()
{
	want=$1
	what=$2
	shift 2
	tap_run "$@"
	[ "$tap_status" -eq "$want" ] || echo "exit status $tap_status, not $want" >>"$work/.out"
	[ "$tap_status" -eq "$want" ]
	tap_result $? "$what"
}

t_not()
{
	what=$1
	shift
	tap_run "$@"
	[ "$tap_status" -gt 0 ] && [ "$tap_status" -lt 126 ]
	tap_result $? "$what"
}

t_says()
{
	want=$1
	text=$2
	what=$3
	shift 3
	tap_run "$@"
	tap_right=1
	# No grep: to it, a text of several lines is several texts, of which one is enough.
	case $out in
	*"$text"*) [ "$tap_status" -ne "$want" ] || tap_right=0 ;;
	esac
	[ "$tap_right" -eq 0 ] || echo "exit status $tap_status (wanted $want), wanted text: $text" >>"$work/.out"
	tap_result "$tap_right" "$what"
}

# said GREP-ARGUMENT...: whether that is in the output of the test before; a test's own goes to .out
said()
{
	printf '%s\n' "$out" | grep -q "$@"
}

skip()
{
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

skip_all()
{
	skip "all" "$1"
	finish
}

finish()
{
	echo "1..$tap_count"
	[ "$tap_failed" -eq 0 ]
	exit $?
}
