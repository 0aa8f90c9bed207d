# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Sum up one test program's TAP. Lines for people, then "passed failed skipped". A
# program that ends badly, prints no test, or fewer than it planned, counts as a failure.
/^1\.\.[0-9]+/ { planned += substr($1, 4) }
/^(not )?ok / {
	seen++
	text = $0
	sub(/^(not )?ok [0-9]* *-? */, "", text)
	if (toupper($0) ~ /# *SKIP/) {
		skipped++
		skips[skipped] = text
	} else if (/^not /) {
		failed++
		print "FAIL " name ": " text
	} else {
		passed++
	}
}
# cmocka's skip() gives no reason on its TAP line: tests say it so.
/^SKIP: / { reasons[++reason_count] = substr($0, 7) }
END {
	if (seen < planned || !seen) {
		failed++
		print "FAIL " name ": " seen + 0 " of " planned + 0 " tests ran"
	}
	if (status != 0 && !failed) {
		failed++
		print "FAIL " name ": exit status " status
	}
	for (i = 1; i <= skipped; i++)
		print "skip " name ": " skips[i] (reasons[i] ? " (" reasons[i] ")" : "")
	printf "%s %s: %d passed, %d failed, %d skipped, %d s\n", failed ? "FAIL" : "ok  ", name,
		passed, failed, skipped, seconds
	print passed + 0, failed + 0, skipped + 0
}
