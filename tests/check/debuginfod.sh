#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Kernels by build ID, from a real debuginfod that indexes a folder, and from servers that
# have something else under it.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/sandbox.sh"
. "$(dirname "$0")/../lib/nginx.sh"
need python3 pahole debuginfod
unset DEBUGINFOD_URLS

id=00112233445566778899aabbccddeeff00112233
other=ffeeddccbbaa99887766554433221100ffeeddcc
mkdir -p "$work/indexed" "$work/www/buildid/$other"
kernel indexed/vmlinux 5.3.18-lp152.19-default '#1 SMP Tue Jun 9 20:59:24 UTC 2020' --build-id "$id"
kernel none 5.3.18-lp152.19-default '#1 SMP Tue Jun 9 20:59:24 UTC 2020' --build-id none
port=$(free_port)
debuginfod -p "$port" -d "$work/debuginfod.sqlite" -F -t 0 -g 0 "$work/indexed" >"$work/debuginfod.log" 2>&1 &
debuginfod_pid=$!
at_exit "kill $debuginfod_pid 2>/dev/null; wait $debuginfod_pid 2>/dev/null"
is_indexed()
{
	python3 - "http://127.0.0.1:$port/buildid/$id/debuginfo" <<'PYTHON'
import sys, time, urllib.request
for attempt in range(300):
    try:
        sys.exit(urllib.request.urlopen(sys.argv[1], timeout=60).status != 200)
    except OSError:
        time.sleep(0.2)
sys.exit("not indexed")
PYTHON
}
t "debuginfod has indexed the folder" is_indexed

build() # ARCHIVE [OPTION]...
{
	archive=$work/$1
	shift
	"$btfgen" build -a "$archive" --json "$@" >"$work/json"
}
daemon=http://127.0.0.1:$port
t "build --build-id" build a.kbtf --build-id "$id" --debuginfod "$daemon/"
t "the kernel says who it is" json '[(k["kernel"], k["build_id"], k.get("distro", "")) for k in d["kernels"]] ==
	[("5.3.18-lp152.19-default", "'$id'", "")]' "$work/json"
t "nobody signed it" json 'd["kernels"][0]["verification"] == "unverified"' "$work/json"
t "where it came from is noted" json '"fetched from '"$daemon/buildid/$id/debuginfo"', known by its build ID alone"
	in d["kernels"][0]["notes"]' "$work/json"
t "in the archive, too" "$btfgen" stats -a "$work/a.kbtf" --json
"$btfgen" stats -a "$work/a.kbtf" --json >"$work/json"
t "for good" json 'str(d).count("unverified") >= 1' "$work/json"
t "the same as of the file itself" "$btfgen" add -q -a "$work/b.kbtf" "$work/indexed/vmlinux"
"$btfgen" export -q -a "$work/a.kbtf" -b "$id" -o "$work/a.btf"
t "is its BTF" "$btfgen" export -q -a "$work/b.kbtf" -b "$id" -o "$work/b.btf"
t "byte by byte" cmp "$work/a.btf" "$work/b.btf"
t_says 0 "already archived" "once more" "$btfgen" build -a "$work/a.kbtf" --build-id "$id" --debuginfod "$daemon"
t "full BTF only" build c.kbtf --build-id "$id" --debuginfod "$daemon" --no-min
t "came from the cache" json 'd["kernels"][0]["fetched_bytes"] == 0 and "min_bytes" not in d["kernels"][0]' "$work/json"
t "then minimized" build c.kbtf --build-id "$id" --debuginfod "$daemon"
t "of what the archive has" json 'd["kernels"][0]["min_bytes"] > 0 and "fetch" not in d["kernels"][0]["seconds"]' "$work/json"
t "what it is of can be told" build d.kbtf --build-id "$id" --debuginfod "$daemon" --distro opensuse-leap --release 15.2
t "and is kept" json '(d["kernels"][0]["distro"], d["kernels"][0]["release"]) == ("opensuse-leap", "15.2")' "$work/json"

# ---- servers -----------------------------------------------------------------------------
serve "$work/www"
export DEBUGINFOD_URLS="ima:enforcing http://127.0.0.1:$(free_port) $url $daemon"
t "DEBUGINFOD_URLS: the first is dead, the second has nothing" build e.kbtf --build-id "$(echo $id | tr a-f A-F)"
t "the third has it" json 'd["kernels"][0]["status"] == "done"' "$work/json"
t_says 1 "build ID 00ff: no debuginfod server has it, of 1 asked" "one that nobody has" \
	"$btfgen" build -a "$work/f.kbtf" --build-id 00ff --debuginfod "$url"
t_says 1 "Could" "not even a dead one" "$btfgen" build -a "$work/f.kbtf" --tries 1 --build-id 00ff \
	--debuginfod "$url" --debuginfod "http://127.0.0.1:$(free_port)"
t_exit 1 "does not stop the others" build f.kbtf --build-id 00ff --build-id "$id" --debuginfod "$daemon"
t "which are built" json '[k["status"] for k in d["kernels"]] == ["failed", "done"]' "$work/json"

# ---- what is refused ------------------------------------------------------------------------
cp "$work/indexed/vmlinux" "$work/www/buildid/$other/debuginfo"
t_says 1 "has another build ID than was given for it" "another kernel under that ID" \
	"$btfgen" build -a "$work/g.kbtf" --build-id "$other" --debuginfod "$url"
cp "$work/none" "$work/www/buildid/$other/debuginfo"
t_says 1 "has no build ID, where that was what it is known by" "one without" \
	"$btfgen" build -a "$work/g.kbtf" --build-id "$other" --debuginfod "$url"
echo "<html>Please log in</html>" >"$work/www/buildid/$other/debuginfo"
t_exit 1 "a web page" "$btfgen" build -a "$work/g.kbtf" --build-id "$other" --debuginfod "$url"
t "nothing of it is archived" test ! -e "$work/g.kbtf"
kernel right 5.3.18-lp152.19-default '#1 SMP Tue Jun 9 20:59:24 UTC 2020' --build-id "$other"
cp "$work/right" "$work/www/buildid/$other/debuginfo"
t "nor kept: the server has the right one now" build g.kbtf --build-id "$other" --debuginfod "$url"
t_says 2 "'xyz' is no build ID" "what is no ID" "$btfgen" build --build-id xyz
t_says 2 "'nonsense' is no URL" "what is no server" "$btfgen" build --build-id "$id" --debuginfod nonsense
unset DEBUGINFOD_URLS
t_says 2 "name one with --debuginfod URL" "no server" "$btfgen" build --build-id "$id"
t_says 2 "--build-id says which kernels" "another choice beside it" \
	"$btfgen" build --build-id "$id" --kernel 5.3 --debuginfod "$daemon"
t "nothing is left in tmp/" no_scratch

finish
