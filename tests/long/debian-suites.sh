#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Kernels of all shapes that Debian's suites have, and a build that is interrupted.
# Fetches about 5 GB. SUITES=a,b,... runs parts: interrupted sid trixie arm64 big.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/real-kernels.sh"
need_debian
need_space 12

wanted()
{
	case ,${SUITES:-$1}, in *,"$1",*) ;; *) return 1 ;; esac
}

# ---- bullseye's cloud kernels, interrupted on the way --------------------------------

interrupted_build()
{
	"$lib/interrupt" "$@"
}

# Nothing that works for the test is running any more.
nobody_left()
{
	left=
	for process in /proc/[0-9]*; do
		case $process in */$$) continue ;; esac
		if tr '\0' '\n' <"$process/cmdline" 2>/dev/null | grep -qF "$work"; then
			left="$left $(tr '\0' ' ' <"$process/cmdline")"
		fi
	done
	[ -z "$left" ] || { echo "still running: $left"; return 1; }
}

no_scratch()
{
	left=$(find "$1/tmp" -mindepth 1 ! -name lock)
	[ -z "$left" ] || { echo "left behind: $left"; return 1; }
}

# A mirror need not have all that an index names: bullseye's security suite is gone from
# some pools. The kernels that it has, joined by commas; the others are told on stderr.
on_the_mirror()
{
	to_file "$work/list.json" "$btfgen" list --distro debian --work "$dir" "$@" --json &&
		python3 - "$work/list.json" <<'PYTHON'
import json, sys, urllib.error, urllib.request
found = []
for kernel in json.load(open(sys.argv[1]))["kernels"]:
    if not kernel["debug"]:
        continue
    url = kernel["debug"]["url"]
    try:
        urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=30).close()
        found.append(kernel["kernel"])
    except urllib.error.HTTPError as error:
        sys.stderr.write("# left out, HTTP %d: %s\n" % (error.code, url.rsplit("/", 1)[1]))
print(",".join(found))
PYTHON
}

# The entries are these kernels, and no others.
holds()
{
	to_file "$work/stats" "$btfgen" stats -a "$1" --json &&
		python3 - "$work/stats" "$2" <<'PYTHON'
import json, sys
entries = sorted(e["kernel"] for e in json.load(open(sys.argv[1]))["entries"])
wanted = sorted(sys.argv[2].split(","))
if entries != wanted:
    sys.exit("entries %s, wanted %s" % (entries, wanted))
PYTHON
}

# interrupted_in SECONDS: by SIGINT, and gone as soon as that
interrupted_in()
{
	took=$(sed -n 's/^interrupt: exit -2 after \([0-9]*\)\..*/\1/p' "$work/.last")
	[ -n "$took" ] && [ "$took" -lt "$1" ] || { tail -n 3 "$work/.last"; return 1; }
}

if wanted interrupted; then
	began=$(date +%s)
	# its own cache, so that fetching is interrupted, too
	dir=$work/interrupted
	mkdir -p "$dir"
	kernels=$(on_the_mirror --release bullseye --kernel '5.10.*-cloud-*')
	count=$(echo "$kernels" | tr ',' '\n' | grep -c .)
	t "the mirror has 4 of bullseye's cloud kernels at least: $kernels" [ "$count" -ge 4 ]
	again()
	{
		"$@" "$btfgen" build --distro debian --release bullseye --encoder pahole --work "$dir" \
			-a "$dir/all.kbtf" --kernel "$kernels"
	}
	t_says 0 "interrupt: exit -9" "kill -9 while fetching" again interrupted_build SIGKILL 3 1
	t_not "there is no archive yet" test -e "$dir/all.kbtf"
	t "SIGINT after the first kernel" again interrupted_build SIGINT ': done, ' 1
	cp "$work/.out" "$work/.last"
	# what makes it wait is compression of what it was about to pack
	t "ends it by that signal within 5 s" interrupted_in 5
	grep '^interrupt:' "$work/.last" | sed 's/^/# /'
	t "it leaves no scratch files" no_scratch "$dir"
	t "it leaves no process" nobody_left
	t "its archive is whole" "$btfgen" verify -a "$dir/all.kbtf"
	t_says 0 "interrupt: exit -9" "kill -9 while encoding" \
		again interrupted_build SIGKILL ': extract ' 1
	t "its archive is whole" "$btfgen" verify -a "$dir/all.kbtf"
	sleep 1
	t "it leaves no process" nobody_left
	t_says 0 "interrupt: exit -9" "kill -9 after one kernel more" \
		again interrupted_build SIGKILL ': done, ' 1
	t "its archive is whole" "$btfgen" verify -a "$dir/all.kbtf"
	t "the same command ends the work" again env
	t "no scratch files are left" no_scratch "$dir"
	t "all kernels are in the archive" holds "$dir/all.kbtf" "$kernels"
	t_says 0 "nothing to do" "and again: nothing to do" again env
	t "an undisturbed build, one kernel at a time" "$btfgen" build --distro debian \
		--release bullseye --encoder pahole --work "$dir" -a "$dir/whole.kbtf" \
		--kernel "$kernels" -j 1
	t "has the same kernels" same_archive "$dir/all.kbtf" "$dir/whole.kbtf"
	echo "# interrupted: $(($(date +%s) - began)) s"
	rm -rf "$dir"
fi

# ---- one kernel of each shape ---------------------------------------------------------
# one SUITE RELEASE ARCH PATTERN WHICH
one()
{
	wanted "$1" || return
	found=$(newest_kernel --release "$2" --arch "$3" --kernel "$4" 2>"$work/.out")
	tap_result $? "$1: btfgen list knows a $4: $found"
	[ -z "$found" ] || check_kernel "$found" "$3" "$5" --release "$2"
	[ -n "${BTFGEN_TEST_CACHE:-}" ] || rm -rf "$cache/packages"
}

one sid sid x86_64 '*-cloud-amd64' both
one trixie trixie x86_64 '6.12.*-cloud-amd64' both
one arm64 bookworm aarch64 '6.1.*-cloud-arm64' both
one big bookworm x86_64 '6.1.0-*[0-9]-amd64' both

finish
