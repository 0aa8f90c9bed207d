#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The Slurm scripts of docs/ci.md, as they stand there, on a real Slurm of one machine: an array
# of three tasks, of which one is killed in the middle and requeued, then the merge. What comes
# out is one process's archive, to the byte. Needs root, slurm-wlm and munge; nothing outside of
# the temporary directory is configured, and no daemon of the machine is asked.
# shellcheck disable=SC2154 # $work, $lib and others are tap.sh's and sandbox.sh's
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/sandbox.sh"
PATH=$PATH:/usr/sbin:/sbin
need python3 gpg gpgv gpgconf dpkg-deb pahole
[ "$(id -u)" = 0 ] || skip_all "needs root: slurmd starts tasks as their owners"
need slurmctld slurmd sbatch scontrol squeue munged
unset JOB_COMPLETION_INDEX CI_NODE_INDEX CI_NODE_TOTAL
for name in $(env | sed -n 's/^\(SLURM[A-Z_]*\)=.*/\1/p'); do
	unset "$name"
done

# ---- a cluster ---------------------------------------------------------------------------------------
S=$work/slurm
mkdir -p "$S/state" "$S/spool" "$S/munge"
chmod 755 "$work" "$S" "$S/munge"
host=$(hostname -s)
ports=$(python3 -c 'import socket
sockets = [socket.socket() for _ in range(2)]
for s in sockets:
    s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))')
head -c 128 /dev/urandom >"$S/munge/key"
chmod 400 "$S/munge/key"
# without accounting and control groups: what a container has not got
cat >"$S/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=${ports% *}
SlurmdPort=${ports#* }
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$S/munge/socket
CredType=cred/munge
StateSaveLocation=$S/state
SlurmdSpoolDir=$S/spool
SlurmctldPidFile=$S/slurmctld.pid
SlurmdPidFile=$S/slurmd.pid
SlurmctldLogFile=$S/slurmctld.log
SlurmdLogFile=$S/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/builtin
MpiDefault=none
KillWait=2
ReturnToService=2
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=8 RealMemory=32000
PartitionName=all Nodes=$host Default=YES State=UP
CONF
cat >"$S/cgroup.conf" <<CONF
CgroupPlugin=cgroup/v1
CONF
export SLURM_CONF="$S/slurm.conf"

daemon() # NAME COMMAND...
{
	name=$1
	shift
	"$@" >"$S/$name.out" 2>&1 &
	at_exit "kill $! 2>/dev/null; wait $! 2>/dev/null"
}
wait_for() # SECONDS WORDS: until they hold
{
	for _ in $(seq "$(($1 * 5))"); do
		if eval "$2"; then
			return 0
		fi
		sleep 0.2
	done
	return 1
}
daemon munged munged --foreground --force --key-file="$S/munge/key" --socket="$S/munge/socket" \
	--pid-file="$S/munge/pid" --log-file="$S/munge/log" --seed-file="$S/munge/seed"
t "munged" wait_for 30 '[ -S "$S/munge/socket" ]'
daemon slurmctld slurmctld -D
daemon slurmd slurmd -D -N "$host"
up()
{
	wait_for 120 'sinfo -h -o %T 2>/dev/null | grep -qx idle' ||
		{ sinfo; tail -n 20 "$S"/*.log "$S"/*.out; return 1; }
}
t "a Slurm of one node" up
[ "$tap_failed" -eq 0 ] || finish

# ---- kernels: enough for each shard, and slow enough to be hit ----------------------------------------
v='#1 SMP PREEMPT_DYNAMIC Debian 6.1.1-1 (2023-01-01)'
set --
for n in 1 2 3 4 5 6 7 8 9; do
	kernel "vmlinux-$n" "6.1.0-$n-amd64" "$v" --variant $((n % 3))
	set -- "$@" "dbg:6.1.0-$n-amd64:6.1.$n-1:$work/vmlinux-$n"
done
t "a repository" "$lib/make-deb-repo" "$work/repo" --filler 300000 "$@"
"$lib/one-suite-manifest" "$work/manifests"
serve "$work/repo" --fault '/debian/pool/* rate=200000'
options="--manifests $work/manifests --mirror $url/debian --keyring $work/repo/keyring.gpg"
mkdir "$work/run"
cd "$work/run" || exit 1
for script in array merge; do
	"$lib/ci-examples" --with "--job-name=btfgen$([ $script = array ] || echo -merge)
" "$top/docs/ci.md" >btfgen-$script
	chmod +x btfgen-$script
done
t "the scripts of docs/ci.md" sh -c 'grep -q -- --requeue btfgen-array && grep -q merge btfgen-merge'
mkdir bin
ln -s "$btfgen" bin/btfgen
PATH=$work/run/bin:$PATH

state() # JOB
{
	scontrol -o show job "$1" 2>/dev/null | sed -n 's/.*JobState=\([A-Z]*\).*/\1/p'
}
over()
{
	! squeue -h -j "$1" 2>/dev/null | grep -q .
}
packages_of() # SHARD: what its archive has, or none
{
	"$btfgen" stats --list -a "shard-$1.kbtf" 2>/dev/null | grep -c '^6\.1\.0-'
}

# shellcheck disable=SC2086 # words
job=$(sbatch --parsable --array=1-3 --mem=1G btfgen-array $options)
t "sbatch of three tasks" test -n "$job"
merge=$(sbatch --parsable --dependency="afterany:$job" btfgen-merge)
t "and of the merge, after them" test -n "$merge"
t "task 2 runs, and has fetched something" wait_for 60 \
	'ls "${TMPDIR:-/tmp}"/btfgen-$job-2/packages/*.part >/dev/null 2>&1'
at_exit 'rm -rf "${TMPDIR:-/tmp}/btfgen-$job-1" "${TMPDIR:-/tmp}/btfgen-$job-2" "${TMPDIR:-/tmp}/btfgen-$job-3"'
t "it is killed and requeued" scontrol requeue "${job}_2"
t "Slurm says so" wait_for 30 '[ "$(state "${job}_2")" = PENDING ]'
scontrol update "JobId=${job}_2" StartTime=now >/dev/null 2>&1
t "all tasks come to their end" wait_for 240 'over "$job"'
t "and the merge" wait_for 60 'over "$merge" && [ -e all.kbtf ]'
restarts()
{
	grep -q "Requeuing JobId=${job}" "$S/slurmctld.log" || grep -i requeu "$S/slurmctld.log"
}
t "the task was really begun twice" restarts
for i in 1 2 3; do
	t "shard $i has kernels" test "$(packages_of $i)" -gt 0
done

# shellcheck disable=SC2086 # words
t "one process" "$btfgen" build $options -a "$work/one.kbtf"
t "compacted" "$btfgen" compact -q -a "$work/one.kbtf"
t "has the same bytes" cmp all.kbtf "$work/one.kbtf"
t "the journals are one, too: nine kernels are done" test "$(grep -c '"status":"done"' all.kbtf.journal)" = 9
finish
