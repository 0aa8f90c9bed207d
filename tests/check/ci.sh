#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A plan as a job matrix; the work in shards, merged, is one process's to the byte; and what
# failed too often waits. The examples of docs/ci.md are what they are said to be.
# shellcheck disable=SC2154 # $work, $lib and others are tap.sh's and sandbox.sh's
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/sandbox.sh"
need python3 gpg gpgv gpgconf dpkg-deb pahole
unset SLURM_ARRAY_TASK_ID JOB_COMPLETION_INDEX CI_NODE_INDEX CI_NODE_TOTAL

# ---- eight kernels, two of them of one flavour's newest ------------------------------------------
v='#1 SMP PREEMPT_DYNAMIC Debian 6.1.1-1 (2023-01-01)'
set --
for n in 1 2 3 4 5 6 7 8; do
	kernel "vmlinux-$n" "6.1.0-$n-amd64" "$v" --variant $((n % 3))
	set -- "$@" "dbg:6.1.0-$n-amd64:6.1.$n-1:$work/vmlinux-$n"
done
t "a repository" "$lib/make-deb-repo" "$work/repo" "$@"
"$lib/one-suite-manifest" "$work/manifests"
serve "$work/repo" --faults "$work/faults"

# of COMMAND [OPTION]...
of()
{
	command=$1
	shift
	"$btfgen" "$command" --manifests "$work/manifests" --mirror "$url/debian" \
		--keyring "$work/repo/keyring.gpg" "$@"
}
to_file()
{
	file=$1
	shift
	"$@" >"$file"
}

# ---- the plan ------------------------------------------------------------------------------------
one=$work/one.kbtf
t "plan --json" to_file "$work/plan" of plan -a "$one" --json
t "is one line" test "$(wc -l <"$work/plan")" = 1
t "an object with include and nothing else" json 'list(d) == ["include"] and len(d["include"]) == 8' "$work/plan"
t "of jobs that say all" json 'all(j["distro"] == "debian" and j["release"] == "12" and j["arch"] == "x86_64"
	and j["task"] == "build" and j["bytes"] > 1000 and j["url"].endswith(".deb") and len(j["id"]) == 16
	and "shard" not in j for j in d["include"])' "$work/plan"
t "whose values are no lists or objects" json \
	'all(isinstance(v, (str, int)) for j in d["include"] for v in j.values())' "$work/plan"
ids_of_plan_and_dry_run()
{
	of build -a "$one" --dry-run --json >"$work/dry" && json \
		"[(t['id'], t['task'], t['url']) for t in d['tasks']] == [(t['id'], t['task'], t['url'])
		 for t in json.load(open('$work/plan'))['include']]" "$work/dry"
}
t "build --dry-run says the same" ids_of_plan_and_dry_run
t_says 0 "8 to build, 0 to minimize, 0 done, 0 impossible" "and in words" of plan -a "$one"
t "plan --shards" to_file "$work/shards" of plan -a "$one" --shards 3 --json
t "is a job a shard" json '[j["shard"] for j in d["include"]] == ["1/3", "2/3", "3/3"] and
	sum(j["kernels"] for j in d["include"]) == 8' "$work/shards"
t "of the bytes that the kernels are" json "sum(j['bytes'] for j in d['include']) ==
	sum(t['bytes'] for t in json.load(open('$work/plan'))['include'])" "$work/shards"
t_says 0 "SHARD" "in words" of plan -a "$one" --shards 3
t_exit 2 "more shards than there is memory for" of plan --shards 1000000000
t_exit 3 "an ID that no kernel has" of plan --id 0000000000000000
t_exit 3 "a pattern that no kernel has" of plan --kernel 5.4

# ---- one process, and three -------------------------------------------------------------------------
t_says 0 "8 done" "one process" of build -a "$one"
t "compacted" "$btfgen" compact -q -a "$one"
shard() # I ENVIRONMENT...: as a job of its own would, with the words of --shard in $how
{
	i=$1
	shift
	env "$@" "$btfgen" build --manifests "$work/manifests" --mirror "$url/debian" \
		--keyring "$work/repo/keyring.gpg" --shard "$how" -a "$work/$name-$i.kbtf"
}
merged()
{
	rm -f "$work/$name.kbtf" "$work/$name.kbtf.journal"
	"$btfgen" merge "$work/$name.kbtf" "$work/$name"-[123].kbtf && cmp "$work/$name.kbtf" "$one"
}
name=by-hand
for i in 1 2 3; do
	how=$i/3
	t "shard $i/3" shard $i
done
t "merged: the same bytes" merged
name=gitlab how=auto
for i in 1 2 3; do
	t "CI_NODE_INDEX=$i of 3" shard $i CI_NODE_INDEX=$i CI_NODE_TOTAL=3
	t "is shard $i" same_archive "$work/gitlab-$i.kbtf" "$work/by-hand-$i.kbtf"
done
t "merged, too" merged
name=slurm
for i in 1 2 3; do
	t "SLURM_ARRAY_TASK_ID=$((i + 6)) of 7-9" shard $i SLURM_ARRAY_TASK_ID=$((i + 6)) \
		SLURM_ARRAY_TASK_MIN=7 SLURM_ARRAY_TASK_MAX=9 SLURM_ARRAY_TASK_STEP=1 SLURM_ARRAY_TASK_COUNT=3
	t "is shard $i" same_archive "$work/slurm-$i.kbtf" "$work/by-hand-$i.kbtf"
done
t "merged, too" merged
name=kubernetes how=auto/3
for i in 1 2 3; do
	t "JOB_COMPLETION_INDEX=$((i - 1))" shard $i JOB_COMPLETION_INDEX=$((i - 1))
	t "is shard $i" same_archive "$work/kubernetes-$i.kbtf" "$work/by-hand-$i.kbtf"
done
t "merged, too" merged
t_exit 2 "which does not say of how many" env JOB_COMPLETION_INDEX=0 "$btfgen" build --shard auto

# on one file system they may share an archive: a commit is a replacement under a lock
at_once()
{
	others=
	for i in 1 2 3; do
		of build -q -a "$work/shared.kbtf" --work "$work/shared-$i" --shard $i/3 >"$work/shared-$i.out" &
		others="$others $!"
	done
	# shellcheck disable=SC2086 # words
	wait $others # and not for the server
	"$btfgen" compact -q -a "$work/shared.kbtf" && cmp "$work/shared.kbtf" "$one" &&
		[ "$(grep -c '"status":"done"' "$work/shared.kbtf.journal")" = 8 ]
}
t "three shards at once into one archive" at_once

# a matrix of kernels: a job each
by_id()
{
	python3 -c 'import json, sys; print(*(j["id"] for j in json.load(open(sys.argv[1]))["include"]))' \
		"$work/plan" >"$work/ids" || return 1
	for id in $(cat "$work/ids"); do
		of build -q -a "$work/id-$id.kbtf" --id "$id" >/dev/null || return 1
	done
	"$btfgen" merge "$work/ids.kbtf" "$work"/id-*.kbtf && cmp "$work/ids.kbtf" "$one"
}
t "a job for each ID, merged" by_id
t_says 0 "1 to minimize, 0 done" "--id is one kernel of those that are there" of build -a "$one" --dry-run \
	--id "$(cut -d' ' -f1 "$work/ids")" --for "$objects/tcpconnect.bpf.o"
t_says 0 '{"include":[]}' "nothing is missing: an empty matrix" of plan -a "$one" --missing --json
t_says 0 '{"include":[]}' "nor in shards" of plan -a "$one" --missing --shards 3 --json
t "without --missing all are there" to_file "$work/done" of plan -a "$one" --json
t "as done" json '{j["task"] for j in d["include"]} == {"done"} and len(d["include"]) == 8' "$work/done"
t_says 0 "no kernel of these is in shard " "a shard without work is no failure" \
	of build -a "$work/none.kbtf" --kernel 6.1.0-1-amd64 --shard "$(
		python3 -c 'import json, sys; print(next(int(j["id"], 16) % 2 ^ 1 for j in
			json.load(open(sys.argv[1]))["include"] if j["kernel"] == "6.1.0-1-amd64") + 1)' "$work/plan")/2"

# ---- journals ------------------------------------------------------------------------------------------
journal_lines()
{
	sort "$work"/by-hand-[123].kbtf.journal | cmp - "$work/sorted" &&
		[ "$(wc -l <"$work/by-hand.kbtf.journal")" = 8 ]
}
sort "$work/by-hand.kbtf.journal" >"$work/sorted"
t "the merged journal has the lines of all" journal_lines
t "in the order of their times" json 'd == sorted(d)' "$(
	python3 -c 'import json, sys; json.dump([json.loads(l)["time"] for l in open(sys.argv[1])], open(sys.argv[2], "w"))' \
		"$work/by-hand.kbtf.journal" "$work/times"; echo "$work/times")"
t "once more changes nothing" sh -c 'cp "$2.journal" "$2.before" && "$1" merge -q "$2" "$3" "$3.journal" &&
	cmp "$2.journal" "$2.before"' sh "$btfgen" "$work/by-hand.kbtf" "$work/by-hand-1.kbtf"
cat >"$work/late.kbtf.journal" <<'LATE'
{"status":"failed","key":"debian/12/x86_64/6.1.0-9-amd64/6.1.9-1","time":"2026-01-01T00:00:00Z","failures":1}
{"status":"failed","key":"debian/12/x86_64/6.1.0-9-amd64/6.1.9-1","time":"2026-01-02T00:00:00Z","failures":2}
{"status":"done","key":"debian/12/x86_64/6.1.0-9-amd64/6.1.9-1","time":"2026-01-02T00:00:00Z"}
cut sh
LATE
in_two_orders()
{
	for n in 1 2; do
		rm -f "$work/order-$n.kbtf" "$work/order-$n.kbtf.journal"
	done
	"$btfgen" merge "$work/order-1.kbtf" "$work/late.kbtf.journal" "$work/by-hand-1.kbtf" &&
		"$btfgen" merge "$work/order-2.kbtf" "$work/by-hand-1.kbtf" "$work/late.kbtf.journal" &&
		cmp "$work/order-1.kbtf.journal" "$work/order-2.kbtf.journal" &&
		[ "$(head -n 3 "$work/order-1.kbtf.journal")" = "$(head -n 3 "$work/late.kbtf.journal")" ]
}
t "the same in any order; a line that was cut short is left out" in_two_orders
# What a file system may leave of a block that was not written when the power went.
zeros()
{
	rm -f "$work/zeros.kbtf"*
	{
		head -n 1 "$work/by-hand-1.kbtf.journal"
		head -c 4096 /dev/zero
		echo
		sed 's/"time":"20/"time":"21/' "$work/by-hand-1.kbtf.journal"
	} >"$work/torn.kbtf.journal"
	wanted=$(($(wc -l <"$work/by-hand-1.kbtf.journal") + 1))
	"$btfgen" merge -q "$work/zeros.kbtf" "$work/torn.kbtf.journal"
	[ "$(wc -l <"$work/zeros.kbtf.journal")" = "$wanted" ]
}
t "zeros in a journal do not hide what is behind them" zeros
t_exit 1 "a journal that is not there" "$btfgen" merge "$work/order-1.kbtf" "$work/nowhere.journal"

# ---- what failed too often waits -------------------------------------------------------------------------
F=$work/f.kbtf
export XDG_CACHE_HOME="$work/fresh" # without the packages that came before
echo '{"/debian/pool/*6.1.0-4-amd64*": {"status": 404}}' >"$work/faults"
some()
{
	of build -a "$F" --kernel 6.1.0-4-amd64,6.1.0-5-amd64 "$@"
}
t_says 1 "1 done, 0 skipped, 1 failed;" "a kernel that fails" some
t_says 1 "0 done, 1 skipped, 1 failed;" "is tried again" some
t_says 1 "0 done, 1 skipped, 1 failed;" "and once more" some
: >"$requests"
t_says 1 "1 waiting, the first until 20" "then it waits, which is a failure still" some
t_says 1 "failed 3 times, last to fetch: $url/debian/pool" "with its reason" some
t_says 1 "0 done, 1 skipped, 0 failed, 1 waiting;" "and is counted" some
t "nobody asked for it" sh -c '! grep -q pool "$1"' sh "$requests"
t "--json has until when" sh -c '"$@" >"$0"; [ $? = 1 ]' "$work/waiting" "$btfgen" build \
	--manifests "$work/manifests" --mirror "$url/debian" --keyring "$work/repo/keyring.gpg" -a "$F" --json \
	--kernel 6.1.0-4-amd64
t "and how many" json 'd["waiting"] == 1 and d["kernels"][0]["status"] == "waiting" and
	d["kernels"][0]["until"] > "2026"' "$work/waiting"
t_says 0 '{"include":[]}' "a plan of what is to be done is without it" of plan -a "$F" --kernel 6.1.0-4-amd64 \
	--missing --json
t_says 0 '"task":"build"' "with --retry it is there" of plan -a "$F" --kernel 6.1.0-4-amd64 --missing --json --retry
t_says 1 "; waits until 20" "status knows of it" "$btfgen" status -a "$F" --manifests "$work/manifests"
t "and how to have it tried" said "btfgen build --retry. tries now what waits"
t "status --json" sh -c '"$@" >"$0"; [ $? = 1 ]' "$work/status" "$btfgen" status --json -a "$F" --manifests "$work/manifests"
t "counts by release and by cause" json '[(r["known"], r["archived"], r["missing"], r["failed"], r["waiting"])
	for r in d["releases"]] == [(8, 1, 6, 0, 1)] and
	d["causes"] == d["releases"][0]["causes"] == {"fetch: not found": 1} and
	d["failures"][0]["until"] > "2026" and d["failures"][0]["url"].startswith("http://")' "$work/status"
t_says 0 "  waiting" "list, too" of list -a "$F" --missing
t_says 0 "1 to build" "with --allow-unsigned it is tried at once" of plan -a "$F" --kernel 6.1.0-4-amd64 --allow-unsigned
t_says 0 "1 waiting" "another encoder does not make it come back" of plan -a "$F" --kernel 6.1.0-4-amd64 --encoder pahole
ln -s "$work/repo/debian" "$work/repo/other"
t_says 0 "1 to build, 0 to minimize, 0 done" "on another mirror it is tried at once" "$btfgen" plan -a "$F" \
	--manifests "$work/manifests" --mirror "$url/other" --keyring "$work/repo/keyring.gpg" \
	--kernel 6.1.0-4-amd64
hours() # that it waits for, after N failures
{
	of plan -a "$F" --kernel 6.1.0-4-amd64 --json >"$work/plan" && python3 -c '
import datetime, json, sys
until = json.load(open(sys.argv[1]))["include"][0]["until"]
last = json.loads(open(sys.argv[2]).readlines()[-1])["time"]
def parse(text):
    return datetime.datetime.fromisoformat(text[:-1])
print((parse(until) - parse(last)).total_seconds() / 3600)' "$work/plan" "$F.journal"
}
t "for an hour" test "$(hours)" = 1.0
t_says 1 "0 done, 1 skipped, 1 failed;" "--retry tries it all the same" some --retry
t "then for two" test "$(hours)" = 2.0
sed -i 's/"failures":4/"failures":40/' "$F.journal"
t "a week at most" test "$(hours)" = 168.0
sed -i '$s/"time":"2[0-9]*-/"time":"2020-/' "$F.journal"
echo '{}' >"$work/faults"
t_says 0 "1 done, 1 skipped, 0 failed;" "when the time is over it is tried" some
t_says 0 "2 skipped, 0 failed;" "and is done" some

# ---- the examples of docs/ci.md ----------------------------------------------------------------------
if python3 -c 'import yaml' 2>/dev/null; then
	t "the YAML in docs/ci.md is what its systems take" "$lib/ci-examples" "$top/docs/ci.md"
else
	skip "the YAML in docs/ci.md" "python3-yaml is missing"
fi
if command -v jq >/dev/null && python3 -c 'import yaml' 2>/dev/null; then
	mkdir "$work/bin"
	printf '#!/bin/sh\ncat "%s"\n' "$work/shards" >"$work/bin/btfgen"
	chmod +x "$work/bin/btfgen"
	t "GitLab's child pipeline is made" sh -c 'cd "$1" && "$2" --line plan "$3" | PATH=$1/bin:$PATH sh -e' \
		sh "$work" "$lib/ci-examples" "$top/docs/ci.md"
	t "a job a shard" json 'd["build"]["parallel"] == {"matrix": [{"SHARD": "1/3"}, {"SHARD": "2/3"}, {"SHARD": "3/3"}]}
		and "--shard $SHARD" in d["build"]["script"][0]' "$work/jobs.json"
	echo '{"include":[]}' >"$work/shards"
	t "with nothing to do" sh -c 'cd "$1" && "$2" --line plan "$3" | PATH=$1/bin:$PATH sh -e' \
		sh "$work" "$lib/ci-examples" "$top/docs/ci.md"
	t "it is a job that does nothing" json 'list(d) == ["nothing"] and d["nothing"]["script"] == ["echo nothing to do"]' \
		"$work/jobs.json"
else
	skip "GitLab's child pipeline" "jq or python3-yaml is missing"
fi
t "the shell in docs/ci.md is shell" sh -c '"$1" --shell "$2" | sh -n' sh "$lib/ci-examples" "$top/docs/ci.md"

finish
