#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Help and usage errors of each command; and help, man page and completion name the same
# options.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/sandbox.sh"

man=$top/man/btfgen.1
completion=$top/scripts/btfgen.bash-completion

# help_of [COMMAND]: on stdout, nothing on stderr, 80 columns
help_of()
{
	"$btfgen" "$@" --help >"$work/help" 2>"$work/err" || return 1
	[ ! -s "$work/err" ] || { echo "on stderr:"; cat "$work/err"; return 1; }
	grep -q '^Usage: btfgen' "$work/help" || { echo "no usage"; return 1; }
	! awk 'length($0) > 80 { print FILENAME ": " $0; n = 1 } END { exit !n }' "$work/help"
}
options_of() # the long options that $work/help lists
{
	grep -oE '^  (-[a-zA-Z], |    )--[a-z-]+' "$work/help" | grep -oE -e '--[a-z-]+' | sort -u
}
# usage_error WORD...: 2, said on stderr, nothing on stdout
usage_error()
{
	"$btfgen" "$@" >"$work/out" 2>"$work/err" </dev/null
	status=$?
	[ "$status" -eq 2 ] && [ -s "$work/err" ] && [ ! -s "$work/out" ] || {
		echo "status $status; stdout:"
		cat "$work/out"
		echo "stderr:"
		cat "$work/err"
		return 1
	}
}

t "btfgen --help" help_of
commands=$(awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }' "$work/help")
t "lists the commands" test "$(echo "$commands" | wc -w)" -ge 13
t_says 0 "btfgen 0." "--version" "$btfgen" --version
for text in libbpf pahole libdw zstd; do
	t_says 0 "$text" "--version names $text" "$btfgen" --version
done
t "no word at all is a usage error" usage_error
t "an unknown command" usage_error nosuch
t "an unknown option" usage_error --no-such-option
: >"$work/all"
for command in $commands; do
	t "btfgen $command --help" help_of "$command"
	options_of | sed "s/^/$command /" >>"$work/all"
	t "btfgen $command -h is the same" sh -c '"$1" "$2" -h | cmp - "$3"' sh "$btfgen" "$command" "$work/help"
	t "$command has -q, -v and -h" sh -c 'grep -c -e "--quiet" -e "--verbose" -e "--help" "$1" | grep -qx 3' \
		sh "$work/help"
	t "$command: an unknown option" usage_error "$command" --no-such-option
	t "$command: an option without its value" usage_error "$command" --"$(
		grep -oE '^  (-[a-zA-Z], |    )--[a-z-]+ [A-Zc]' "$work/help" | grep -oE -e '--[a-z-]+' | head -n 1 | sed 's/^--//')"
done
for command in build list plan index status verify stats which; do
	t "$command: an argument too many" usage_error "$command" argument
done
for command in add import encode minimize show diff; do
	t "$command: no argument" usage_error "$command"
done
t "export without -o" usage_error export
t "minimize without -o" usage_error minimize a b
t "encode without -o and --in-place" usage_error encode a
t "encode with both" usage_error encode -o a --in-place a
t "build -j x" usage_error build -j x
t "build --cache-size 5x" usage_error build --cache-size 5x
t "build --shard 0/4" usage_error build --shard 0/4
t_exit 2 "build --shard auto, where nothing says which" env -u SLURM_ARRAY_TASK_ID -u JOB_COMPLETION_INDEX \
	-u CI_NODE_INDEX "$btfgen" build --shard auto
t "show --format x" usage_error show --format x a
t "add --build-id x" usage_error add --build-id x a
t "min is minimize" sh -c '"$1" min --help | cmp - "$2"' sh "$btfgen" "$(
	"$btfgen" minimize --help >"$work/minimize" && echo "$work/minimize")"
t "options without a command are build's" usage_error --kernel '4.19..4.14'

# ---- man page and completion ----------------------------------------------------------------------
all_options()
{
	awk '{ print $2 }' "$work/all" | sort -u
}
# named_by FILE: it has each option that help has, and none more
named_by()
{
	# mdoc: .It Fl a , -archive Ar FILE, and Fl -archive in running text
	sed -e 's/\\-/-/g' -e 's/\(Fl\|,\) -\([a-z]\)/--\2/g' "$1" |
		grep -oE -e '--[a-z][a-z-]+' | sort -u >"$work/named"
	all_options >"$work/wanted"
	echo --version >>"$work/wanted"
	sort -u -o "$work/wanted" "$work/wanted"
	comm -23 "$work/wanted" "$work/named" | sed 's/^/missing: /' >"$work/differ"
	comm -13 "$work/wanted" "$work/named" | sed 's/^/unknown: /' >>"$work/differ"
	[ ! -s "$work/differ" ] || { cat "$work/differ"; return 1; }
}
names_commands()
{
	for command in $commands; do
		grep -qw "$command" "$1" || { echo "missing: $command"; return 1; }
	done
}
if [ -e "$man" ]; then
	t "btfgen(1) names the commands" names_commands "$man"
	t "btfgen(1) and help name the same options" named_by "$man"
else
	skip "btfgen(1)" "man/btfgen.1 is not written yet"
fi
complete() # WORD...: what completion offers for the last word
{
	bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
		$(complete -p btfgen | sed "s/.*-F \([^ ]*\).*/\1/") btfgen "${@: -1}" "" 2>/dev/null
		printf "%s\n" "${COMPREPLY[@]}"' bash "$completion" btfgen "$@" | sed 's/[ =]*$//' | sort -u
}
completes()
{
	awk -v c="$1" '$1 == c { print $2 }' "$work/all" | sort -u >"$work/wanted"
	complete "$1" -- | grep -oE -e '^--[a-z-]+' | sort -u | diff "$work/wanted" -
}
if [ -e "$completion" ] && command -v bash >/dev/null; then
	for command in $commands; do
		t "completion offers the options of $command" completes "$command"
	done
	offered()
	{
		complete '' >"$work/offered"
		for command in $commands; do
			grep -qx "$command" "$work/offered" || { echo "missing: $command"; return 1; }
		done
	}
	t "completion offers the commands" offered
else
	skip "bash completion" "no bash, or scripts/btfgen.bash-completion is not written yet"
fi

finish
