#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# All of `make check` with AddressSanitizer (and its search for leaks) and UBSan, built in a
# folder of its own.
. "$(dirname "$0")/../lib/tap.sh"

build=$work/build-asan
command -v make >/dev/null || skip_all "make is missing"
echo 'int main(void) { return 0; }' >"$work/probe.c"
"${CC:-cc}" -fsanitize=address,undefined -o "$work/probe" "$work/probe.c" 2>/dev/null &&
	"$work/probe" || skip_all "the compiler has no sanitizers here"

in_asan()
{
	# an archive that came from outside decides on sizes: malloc may say no
	env -u BTFGEN -u MAKEFLAGS -u MAKELEVEL -u MFLAGS TMPDIR="$work" \
		ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=1 \
		UBSAN_OPTIONS=print_stacktrace=1 \
		make -C "$top" BUILD="$build" SANITIZE=1 "$@"
}

is_instrumented()
{
	nm "$build/btfgen" | grep -q __asan_init
}

# The shell tests are told of that program, or they would test another one.
tests_it()
{
	in_asan --eval 'which-btfgen: ; @echo "$$BTFGEN"' which-btfgen
}

t "builds" in_asan -j"$(nproc)" all tests
t "is instrumented" is_instrumented
t_says 0 "$build/btfgen" "the tests test it" tests_it
in_asan check >"$work/log" 2>&1 </dev/null
status=$?
# the run's own lines are no results of this file
sed 's/^/# /' "$work/log" | tail -n 60
cp "$work/log" "$work/.out"
tap_result $status "make check passes"
t_not "no sanitizer spoke" grep -E 'ERROR: (Address|Leak)Sanitizer|runtime error:' "$work/log"

finish
