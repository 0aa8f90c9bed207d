#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every fuzz harness for FUZZ_SECONDS each (600), from seeds made of small real inputs. What
# is found is kept in FUZZ_FINDINGS (a folder), if that is set.
. "$(dirname "$0")/../lib/tap.sh"

seconds=${FUZZ_SECONDS:-600}
harnesses=$(dirname "$btfgen")/fuzz
PATH=$PATH:/usr/sbin:/sbin
for tool in python3 pahole bpftool clang llvm-strip llvm-objcopy; do
	command -v "$tool" >/dev/null || skip_all "$tool is missing"
done
found=no
for harness in "$harnesses"/fuzz_*; do
	[ ! -x "$harness" ] || found=yes
done
[ $found = yes ] || skip_all "no harnesses in $harnesses: make fuzz (needs clang and its fuzzer runtime)"
# a harness of a source that is gone, or older than the code, is none
for source in "$top"/tests/fuzz/fuzz_*.c; do
	[ -x "$harnesses/$(basename "$source" .c)" ] || found=$(basename "$source" .c)
done
t "each harness is built" [ "$found" = yes ]

# Slow inputs count too: 20 s for some KB is a way to hang btfgen.
fuzz()
{
	# a new harness begins without seeds, until make-corpus has some
	mkdir -p "$work/$1" "$work/seeds/$1"
	cd "$work/$1" && mkdir corpus findings &&
		"$harnesses/$1" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=3000 \
			-malloc_limit_mb=2000 -artifact_prefix="$work/$1/findings/" \
			-print_final_stats=1 corpus "$work/seeds/$1" >log 2>&1
	status=$?
	tail -n 40 log
	for finding in findings/*; do
		[ -e "$finding" ] || continue
		echo "found: $finding, $(wc -c <"$finding") bytes, base64:"
		base64 "$finding" | head -n 20
		if [ -n "${FUZZ_FINDINGS:-}" ]; then
			mkdir -p "$FUZZ_FINDINGS" && cp "$finding" "$FUZZ_FINDINGS/$1-${finding##*/}"
		fi
		status=1
	done
	return $status
}

# It ran, and got further than the seeds by themselves.
did_something()
{
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$1/log")
	new=$(find "$work/$1/corpus" -type f | wc -l)
	echo "$1: ${runs:-0} runs, $new inputs of new coverage"
	[ "${runs:-0}" -gt $((seconds * 20)) ] && [ "$new" -gt 0 ]
}

t "the seeds are made" "$top/tests/lib/make-corpus" "$btfgen" "$work/seeds"
for source in "$top"/tests/fuzz/fuzz_*.c; do
	name=$(basename "$source" .c)
	t "$name finds nothing in $seconds s" fuzz "$name"
	t "$name tried" did_something "$name"
	echo "# $out"
done

finish
