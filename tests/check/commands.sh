#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The commands that need no repository, each against the tool whose work it does.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/sandbox.sh"
. "$(dirname "$0")/../lib/same.sh"
need python3 pahole bpftool objcopy readelf gzip xz tar

r=6.1.0-1-amd64
v='#1 SMP PREEMPT_DYNAMIC Debian 6.1.1-1 (2023-01-01)'
kernel vmlinux $r "$v"
kernel with-btf $r "$v" --with-btf
kernel stripped-btf $r "$v" --with-btf --strip
kernel other 6.1.0-2-amd64 "$v" --variant 1
kernel no-id $r "$v" --build-id none
gzip -nc "$work/stripped-btf" >"$work/vmlinuz"
id=$(readelf -n "$work/vmlinux" | awk '/Build ID/ { print $3 }')
cd "$work" || exit 1
has()
{
	command -v "$1" >/dev/null
}
to_file()
{
	file=$1
	shift
	"$@" >"$file"
}
section() # ELF OUT
{
	objcopy -O binary --only-section=.BTF --set-section-flags .BTF=alloc "$1" "$2" && test -s "$2"
}
flags=$("$btfgen" add --json -a probe.kbtf vmlinux 2>/dev/null | python3 -c \
	'import json,sys; print(json.load(sys.stdin)["kernels"][0]["encoder_flags"])')
cp vmlinux copy
# shellcheck disable=SC2086 # words
pahole $flags --btf_encode_detached=hand.btf copy

# ---- encode ------------------------------------------------------------------------------------
sum=$(sha256sum vmlinux)
t "encode -o" "$btfgen" encode vmlinux -o out.btf
t "is what pahole writes" cmp out.btf hand.btf
t "encode -o -" to_file piped.btf "$btfgen" encode -q vmlinux -o -
t "writes the same bytes" cmp piped.btf hand.btf
t "the vmlinux is not touched" test "$(sha256sum vmlinux)" = "$sum"
cp -p vmlinux inplace
chmod 640 inplace
t "encode --in-place" "$btfgen" encode --in-place inplace
cp vmlinux by-pahole
# shellcheck disable=SC2086 # words
pahole -J $flags by-pahole
section by-pahole by-pahole.btf
t "has a .BTF section" section inplace inplace.btf
t "of the bytes that pahole -J adds" cmp inplace.btf by-pahole.btf
t "keeps the mode" test "$(stat -c %a inplace)" = 640
rest() # ELF: all sections but .BTF and the names of sections, and the program headers
{
	readelf -lW "$1" | sed -n '/^Program Headers/,/^$/p'
	readelf -SW "$1" | sed -n 's/^ *\[ *[0-9]*\] \([^ ]*\) .*/\1/p' | grep -v -e '^\.BTF$' -e '^\.shstrtab$' -e '^NULL$' -e '^$' |
		while read -r name; do
			objcopy -O binary --only-section="$name" --set-section-flags "$name=alloc" "$1" one 2>/dev/null
			echo "$name $(readelf -SW "$1" | grep -F " $name " | awk '{ print $3, $4, $6 }') $(sha256sum <one)"
		done
}
rest_is_same()
{
	rest vmlinux >rest-1
	rest inplace >rest-2
	[ "$(wc -l <rest-1)" -gt 12 ] && diff rest-1 rest-2
}
t "the rest of the file is as it was" rest_is_same
t "again, it is the file's own" "$btfgen" encode --encoder embedded inplace -o again.btf
t "the same" cmp again.btf hand.btf
t_exit 1 "--encoder embedded without .BTF" "$btfgen" encode --encoder embedded vmlinux -o none.btf
t_not "writes nothing" test -e none.btf
t "of a vmlinuz" "$btfgen" encode vmlinuz -o vmlinuz.btf
section with-btf with-btf.btf
t "its .BTF" cmp vmlinuz.btf with-btf.btf
t_says 1 "/nosuch/out.btf" "an output that can't be written" "$btfgen" encode vmlinux -o /nosuch/out.btf
kernel bare $r "$v" --strip
t_says 1 "stripped" "a stripped vmlinux without .BTF" "$btfgen" encode bare -o none.btf

# ---- minimize -----------------------------------------------------------------------------------
all=$(echo "$objects"/*.bpf.o)
# shellcheck disable=SC2086 # words
bpftool gen min_core_btf hand.btf hand.min $all
# shellcheck disable=SC2086 # words
t "minimize" "$btfgen" minimize hand.btf $all -o out.min
t "is what bpftool makes" "$lib/same-btf-bytes" out.min hand.min
# shellcheck disable=SC2086 # words
t "min of a vmlinux with .BTF" "$btfgen" min inplace $all -o out2.min
t "the same" "$lib/same-btf-bytes" out2.min hand.min
# shellcheck disable=SC2086 # words
t "encode --for" "$btfgen" encode --encoder pahole vmlinux -o out3.min $(for o in $all; do echo "--for $o"; done)
t "the same, too" "$lib/same-btf-bytes" out3.min hand.min
t_says 1 "vmlinux" "what is no BPF object is refused" "$btfgen" minimize hand.btf vmlinux -o none.btf
t_says 1 "has no .BTF" "nor a vmlinux without BTF" "$btfgen" minimize vmlinux "$objects/opensnoop.bpf.o" -o none.btf
t_not "neither writes" test -e none.btf

# ---- show ----------------------------------------------------------------------------------------
t "show --format raw" to_file raw "$btfgen" show --format raw hand.btf
bpftool btf dump file hand.btf format raw >raw.bpftool
t "is bpftool's, byte for byte" cmp raw raw.bpftool
if [ -r /sys/kernel/btf/vmlinux ]; then
	t "of this machine's kernel" to_file raw "$btfgen" show --format raw /sys/kernel/btf/vmlinux
	bpftool btf dump file /sys/kernel/btf/vmlinux format raw >raw.bpftool
	t "the same, of all kinds of types" cmp raw raw.bpftool
else
	skip "show of this machine's kernel" "it has no BTF"
fi
t "show, as C" to_file whole.h "$btfgen" show hand.btf
echo 'int size = sizeof(struct task_struct); int offset = __builtin_offsetof(struct task_struct, tgid);' >>whole.h
t "compiles" cc -std=gnu11 -fsyntax-only -x c whole.h
t "show struct task_struct" to_file task.h "$btfgen" show hand.btf 'struct task_struct'
t "defines it" grep -q '^struct task_struct {' task.h
t "compiles, too" sh -c 'cc -std=gnu11 -fsyntax-only -x c task.h'
t_not "without all the rest" grep -q 'struct tcp_sock {' task.h
t "a name without its kind" to_file named "$btfgen" show -F raw hand.btf task_struct
t "is one line and its members" sh -c 'head -n 1 named | grep -q "STRUCT '"'task_struct'"'" && grep -qw tgid named'
t_exit 3 "an unknown type" "$btfgen" show hand.btf 'struct nosuch'
t_exit 1 "a file that is no BTF" "$btfgen" show whole.h

# ---- add -------------------------------------------------------------------------------------------
# adds WHAT FILE EXPR [OPTION]...: alone into an archive of its own
adds()
{
	case=$1 file=$2 expr=$3
	shift 3
	rm -f one.kbtf
	t "add $case" to_file json "$btfgen" add -a one.kbtf --json "$@" "$file"
	t "add $case: $expr" json "d['kernels'][0]['status'] == 'done' and (lambda k: $expr)(d['kernels'][0])" json
	"$btfgen" export -q -a one.kbtf -o exported.btf
}
same="(k['kernel'], k['version'], k['arch'], k['build_id']) == ('$r', '$v', 'x86_64', '$id')"
adds "a vmlinux" vmlinux "$same and k['encoder'] == 'pahole'"
t "its BTF" same_btf exported.btf hand.btf
adds "an ELF file with .BTF" with-btf "$same and k['encoder'] == 'embedded'"
t "its BTF" same_btf exported.btf with-btf.btf
adds "the same by pahole" with-btf "$same and k['encoder'] == 'pahole'" --encoder pahole
t "its BTF" same_btf exported.btf hand.btf
adds "a vmlinuz" vmlinuz "$same and k['encoder'] == 'embedded'"
t "its BTF" same_btf exported.btf with-btf.btf
if has gpg && has dpkg-deb; then
	"$lib/make-deb-repo" deb "dbg:$r:6.1.1-1:vmlinux" && cp deb/debian/pool/main/l/linux/*.deb package.deb
	adds "a .deb" package.deb "$same and k['package'] == 'package.deb' and k['verification'] == 'unverified'"
	t "its BTF" same_btf exported.btf hand.btf
else
	skip "add of a .deb" "gpg or dpkg-deb is missing"
fi
if has rpmbuild && has rpmsign && has createrepo_c && has gpg; then
	"$lib/make-rpm-repo" rpm vmlinux && cp rpm/8/x86_64/Packages/kernel-debuginfo-4*.rpm package.rpm
	adds "an .rpm with its key" package.rpm "$same and k['verification'] == 'signed-package'" \
		--keyring rpm/RPM-GPG-KEY-test
	t "its BTF" same_btf exported.btf hand.btf
	adds "an .rpm without" package.rpm "$same and k['verification'] == 'unverified'"
else
	skip "add of an .rpm" "rpmbuild, rpmsign, createrepo_c or gpg is missing"
fi
adds "raw BTF" hand.btf "(k['kernel'], k['arch'], k['encoder']) == ('5.0.0-x', 'aarch64', 'import') and 'build_id' not in k" \
	--kernel 5.0.0-x --arch aarch64
t "its BTF" same_btf exported.btf hand.btf
cp hand.btf 5.0.0-y.btf
tar cJf 5.0.0-y.btf.tar.xz 5.0.0-y.btf
adds "a .btf.tar.xz" 5.0.0-y.btf.tar.xz "(k['kernel'], k['encoder']) == ('5.0.0-y', 'import')" --kernel 5.0.0-y --arch x86_64
t "its BTF" same_btf exported.btf hand.btf
adds "what is given goes before the file" vmlinux "(k['kernel'], k['version'], k['arch'], k['build_id'], k['distro'], k['release']) \
== ('9.9', 'v', 'aarch64', 'abcd', 'mine', '3')" --kernel 9.9 --kernel-version v --arch aarch64 --build-id abcd \
	--distro mine --release 3
t_says 1 "--kernel" "raw BTF without a name" "$btfgen" add -a none.kbtf hand.btf
t_exit 1 "a file that is nothing of it" "$btfgen" add -a none.kbtf whole.h
t_says 1 "whole.h" "names it" "$btfgen" add -a none.kbtf whole.h
t_not "neither makes an archive" test -e none.kbtf
t_exit 1 "one of two is bad" "$btfgen" add -a two.kbtf vmlinux whole.h
t_says 0 "1 entries" "the other is kept" "$btfgen" verify -a two.kbtf
if [ "$(id -u)" -eq 0 ] && mknod probe c 1 3 2>/dev/null && : 2>/dev/null >probe; then
	mknod null c 1 3
	t "encode -o to a device" "$btfgen" encode with-btf -o null
	t "does not replace it" test -c null
else
	skip "encode -o to a device" "no device can be made here"
fi
mkfifo pipe
cat pipe >from-pipe &
t "encode -o to a pipe" "$btfgen" encode with-btf -o pipe
wait $!
t "writes to it" cmp from-pipe with-btf.btf
mkdir linked
ln -s linked/out.btf out-link
ln -s linked/vmlinux vmlinux-link
ln -s linked/a.kbtf archive-link
: >linked/out.btf
cp vmlinux linked
t "encode -o to a link" "$btfgen" encode with-btf -o out-link
t "writes where it points to" cmp linked/out.btf with-btf.btf
t "encode --in-place of a link" "$btfgen" encode --in-place vmlinux-link
t "changes the file" section linked/vmlinux inplace.btf
t "an archive" "$btfgen" add -q -a linked/a.kbtf with-btf
t "is added to by a link" "$btfgen" add -q -a archive-link other
t_says 0 "2 entries" "where it points to" "$btfgen" verify -a linked/a.kbtf
t "all are links still" sh -c 'test -h out-link && test -h vmlinux-link && test -h archive-link'
t_exit 2 "--kernel of two files" "$btfgen" add -a two.kbtf --kernel 1.2 vmlinux other

# ---- the archive's lock and its leftovers ---
odd='a[x]?.kbtf'
: >"$odd.12345678.tmp"
: >ax1.kbtf.12345678.tmp
t "an archive whose name is a glob" "$btfgen" add -q -a "$odd" with-btf
t "what a killed writer of it left is swept" test ! -e "$odd.12345678.tmp"
t "another's is not" test -e ax1.kbtf.12345678.tmp
# Another writer has the lock: SIGTERM ends the wait for it.
cat >lock.py <<'PYTHON'
import fcntl, os, signal, subprocess, sys, time
os.mkdir("locked")
fcntl.flock(os.open("locked", os.O_RDONLY), fcntl.LOCK_EX)
waiting = subprocess.Popen([sys.argv[1], "add", "-a", "locked/a.kbtf", "with-btf"])
time.sleep(1.5)
assert waiting.poll() is None, "it did not wait"
waiting.send_signal(signal.SIGTERM)
assert waiting.wait(5) == -signal.SIGTERM
assert os.listdir("locked") == [], os.listdir("locked")
PYTHON
t "a signal ends the wait for the lock" python3 lock.py "$btfgen"

# ---- export and import --------------------------------------------------------------------------------
A=both.kbtf
t "two kernels" "$btfgen" add -q -a $A --distro debian --release 12 vmlinux other
t_exit 3 "export of a kernel that is not there" "$btfgen" export -a $A -k 9.9 -o none.btf
t_says 1 "more than one entry fits" "of one file for two kernels" "$btfgen" export -a $A -o none.btf
t_exit 3 "show of it" "$btfgen" show -k 9.9 $A
t_exit 3 "minimize of it" "$btfgen" minimize -k 9.9 $A "$objects/opensnoop.bpf.o" -o none.btf
for command in "export -a $A" "show $A" "minimize $A $objects/opensnoop.bpf.o"; do
	# shellcheck disable=SC2086 # words
	t_exit 2 "$command of a bad pattern" "$btfgen" $command -k .. $(case $command in show*) ;; *) echo -o none.btf ;; esac)
done
t_says 1 "nosuch.o" "export for an object that is not there" "$btfgen" export -a $A --for nosuch.o -k $r -o none.btf
t_says 1 "/nosuch/none.btf" "export to where there is no directory" "$btfgen" export -a $A -k $r -o /nosuch/none.btf
t_not "none writes" test -e none.btf
t "two builds of a release" "$btfgen" add -q -a builds.kbtf --kernel-version '#1' vmlinux
t "two builds of a release" "$btfgen" add -q -a builds.kbtf --kernel-version '#2' --kernel $r other
t_says 1 "#2 is left out" "don't fit into one tree" "$btfgen" export -a builds.kbtf -o builds/
t "by build ID, from its beginning" "$btfgen" export -q -a $A -b "$(echo "$id" | cut -c 1-8)" -o byid.btf
t "the right one" same_btf byid.btf hand.btf
t "export --format btfhub" "$btfgen" export -a $A --format btfhub -o hub
t "in BTFHub's layout" test "$(cd hub && find . -type f | sort | tr '\n' ' ')" = \
	"./debian/12/x86_64/6.1.0-1-amd64.btf.tar.xz ./debian/12/x86_64/6.1.0-2-amd64.btf.tar.xz "
t_says 0 "$r.btf" "which tar reads" tar tJf "hub/debian/12/x86_64/$r.btf.tar.xz"
t "with one file each" test "$out" = "$r.btf"
tar xJOf "hub/debian/12/x86_64/$r.btf.tar.xz" >out-of-tar.btf
t "of the right types" same_btf out-of-tar.btf hand.btf
t "export again" "$btfgen" export -q -a $A --format btfhub -o hub2
t "gives the same files" diff -r hub hub2
t "export into a tree of raw files" "$btfgen" export -q -a $A -o tree/
t "names them" same_btf "tree/debian/12/x86_64/$r.btf" hand.btf
t "import" to_file json "$btfgen" import -a hub.kbtf --json hub
t "knows them by their paths" json 'sorted((k["distro"], k["release"], k["arch"], k["kernel"]) for k in d["kernels"]) ==
	[("debian", "12", "x86_64", "6.1.0-1-amd64"), ("debian", "12", "x86_64", "6.1.0-2-amd64")]' json
t "export of what was imported" "$btfgen" export -q -a hub.kbtf --format btfhub -o hub3
t "gives the same files again" diff -r hub hub3
t "imported first, then built" "$btfgen" add -q -a hub.kbtf --distro debian --release 12 vmlinux
t_says 0 "2 entries" "takes its place" "$btfgen" verify -a hub.kbtf
t "by the one with a build ID" to_file json "$btfgen" stats --json -a hub.kbtf
t "and only there" json '[e.get("build_id") for e in d["entries"]] == ["'"$id"'", None]' json
t_says 0 "1 skipped" "an import after that" "$btfgen" import -a hub.kbtf hub/debian/12/x86_64 --distro debian --release 12
ln -s hub hub-link
t_says 0 "2 done" "import of a link to a tree" "$btfgen" import -a link.kbtf --for "$objects/opensnoop.bpf.o" hub-link
t "import for another object" "$btfgen" import -q -a link.kbtf --for "$objects/execsnoop.bpf.o" hub
t_says 0 "minimized   4," "keeps what was minimized before" "$btfgen" stats -a link.kbtf
t_exit 3 "import of an empty tree" sh -c 'mkdir -p nothing && "$1" import -a none.kbtf nothing' sh "$btfgen"

# ---- compact, merge, rm ---------------------------------------------------------------------------------
"$btfgen" add -q -a shard-1.kbtf --kernel-version '#1' --kernel 6.1.0-7-amd64 vmlinux
"$btfgen" add -q -a shard-2.kbtf --kernel 5.0.0-x --arch aarch64 hand.btf
"$btfgen" add -q -a shard-3.kbtf other
t_says 0 "3 entries of 3 archives merged" "merge" "$btfgen" merge merged-1.kbtf shard-1.kbtf shard-2.kbtf shard-3.kbtf
t_says 0 "2 entries of 2 archives merged" "in another order" "$btfgen" merge merged-2.kbtf shard-3.kbtf shard-1.kbtf
t "into what is there" to_file json "$btfgen" merge --json merged-2.kbtf shard-2.kbtf
t "counts them" json '(d["merged"], d["yielded"]) == (1, 0)' json
t "the same bytes in any order" cmp merged-1.kbtf merged-2.kbtf
t_says 0 "3 entries, 6 BTF read; 0 damaged" "with their minimized BTF" "$btfgen" verify -a merged-1.kbtf
cp merged-1.kbtf again.kbtf
t "compact" "$btfgen" compact -q -a again.kbtf
t "of what is compact already changes nothing" cmp merged-1.kbtf again.kbtf
t_exit 2 "rm must be told which" "$btfgen" rm -a again.kbtf
t_exit 3 "rm of none" "$btfgen" rm -a again.kbtf -k 9.9
t_says 0 "would drop 5.0.0-x" "rm --dry-run names them" "$btfgen" rm --dry-run -a again.kbtf --arch aarch64
t "and drops none" cmp merged-1.kbtf again.kbtf
t "rm" to_file json "$btfgen" rm -q --json -a again.kbtf --arch aarch64
t "tells what it dropped" json '[e["kernel"] for e in d["removed"]] == ["5.0.0-x"]' json
t_says 0 "2 entries, 4 BTF read; 0 damaged" "and leaves the others" "$btfgen" verify -a again.kbtf
t "who had never been there" "$btfgen" merge never.kbtf shard-1.kbtf shard-3.kbtf
t "makes the same archive" sh -c '"$1" compact -q -a again.kbtf && cmp again.kbtf never.kbtf' sh "$btfgen"
t "whose root digest is that of its index" sh -c '"$1" stats --json -a again.kbtf >json' sh "$btfgen"
t "as a footer says and others compute" python3 -c 'import hashlib, json, struct
data = open("again.kbtf", "rb").read()
offset, size = struct.unpack("<QQ", data[-64:-48])
digest = hashlib.blake2b(data[offset:offset + size], digest_size=32).hexdigest()
assert json.load(open("json"))["digest"] == digest == data[-48:-16].hex()'
t "rm of what others follow, then add of it again" sh -c '"$1" rm -q -a merged-1.kbtf -k 6.1.0-7-amd64 &&
	"$1" add -q -a merged-1.kbtf --kernel-version "#1" --kernel 6.1.0-7-amd64 vmlinux &&
	"$1" verify -q -a merged-1.kbtf' sh "$btfgen"
t_exit 1 "compact of an archive that is not there" "$btfgen" compact -a nowhere.kbtf
t_exit 1 "rm of an archive that is not there" "$btfgen" rm -a nowhere.kbtf -k x
t_not "which makes none" test -e nowhere.kbtf
t_exit 1 "merge of one that is not there" "$btfgen" merge merged-3.kbtf shard-1.kbtf nowhere.kbtf
t_not "makes none" test -e merged-3.kbtf

# ---- export --format embed -------------------------------------------------------------------------------
# by hand: what bpftool makes of the archive's BTF
for n in 1 2; do
	"$btfgen" export -q -a $A -k 6.1.0-$n-amd64 -o "full-$n.btf" &&
		bpftool gen min_core_btf "full-$n.btf" "cut-$n.btf" "$objects/exitsnoop.bpf.o"
done
t_says 0 "2 written" "export --format embed, for an object that is new" "$btfgen" export -a $A --format embed \
	--for "$objects/exitsnoop.bpf.o" -o ship.kbtf
t_says 0 "2 entries, 2 BTF read; 0 damaged" "holds minimized BTF alone" "$btfgen" verify -a ship.kbtf
for n in 1 2; do
	t "of $n" "$btfgen" export -q -a ship.kbtf -k 6.1.0-$n-amd64 --for "$objects/exitsnoop.bpf.o" -o shipped.btf
	t "which is what bpftool makes" same_btf shipped.btf "cut-$n.btf"
done
# what of a kernel's identity goes along: machines are known by release and part of a build ID
t "stats --json of it" to_file json "$btfgen" stats --json -a ship.kbtf
t "names 4 bytes of the build ID, and no package" json 'len(d["entries"]) == 2 and
	all(e["build_id_short"] and len(e["build_id"]) == 8 and e["kernel"] and "package" not in e and
	"version" not in e for e in d["entries"])' json
short=$(python3 -c 'import json; print(json.load(open("json"))["entries"][0]["build_id"])')
for whole_id in "${short}00112233" "${short}"; do
	printf 'KERNEL_RELEASE=6.1.0-1-amd64\nARCH=x86_64\nBUILD_ID=%s\n' "$whole_id" >machine
	t_says 0 "first bytes of this build ID" "which, for $whole_id" "$btfgen" which -a ship.kbtf --ident machine
done
printf 'KERNEL_RELEASE=6.1.0-1-amd64\nARCH=x86_64\nBUILD_ID=00%s\n' "$short" >machine
t_says 3 "uses        nothing" "which, of another build" "$btfgen" which -a ship.kbtf --ident machine
t "export by the whole build ID" "$btfgen" export -q -a ship.kbtf --build-id "${short}00112233" \
	--for "$objects/exitsnoop.bpf.o" -o shipped.btf
t "--identity full" "$btfgen" export -q -a $A --format embed --identity full \
	--for "$objects/exitsnoop.bpf.o" -o whole.kbtf
to_file whole "$btfgen" stats --json -a whole.kbtf
t "all that the archive tells" sh -c '"$1" stats --json -a "$2" >of-all' sh "$btfgen" $A
t "goes along" python3 -c 'import json
known = ("distro", "release", "arch", "kernel", "version", "build_id", "package", "encoder", "notes")
a, b = ([{k: e.get(k) for k in known} for e in json.load(open(f))["entries"]] for f in ("whole", "of-all"))
assert a == b and a'
t_exit 2 "--identity of neither kind" "$btfgen" export -a $A --format embed --identity some \
	--for "$objects/exitsnoop.bpf.o" -o none.kbtf
t_says 1 "minimized BTF of it alone" "and no other" "$btfgen" export -a ship.kbtf -k 6.1.0-1-amd64 -o none.btf
t "export of one kernel takes its place" "$btfgen" export -q -a $A --format embed --for "$objects/exitsnoop.bpf.o" \
	-k 6.1.0-1-amd64 -o ship.kbtf
t_says 0 "1 entries, 1 BTF read" "with that alone" "$btfgen" verify -a ship.kbtf
t "a part of a part" "$btfgen" export -q -a ship.kbtf --format embed --for "$objects/exitsnoop.bpf.o" -o ship-2.kbtf
t "is the same" cmp ship.kbtf ship-2.kbtf
t "merge keeps it" sh -c '"$1" merge ship-3.kbtf ship.kbtf && cmp ship.kbtf ship-3.kbtf' sh "$btfgen"
t_says 3 "minimized for other objects" "what was cut for others serves no other" "$btfgen" export -a ship.kbtf \
	--format embed --for "$objects/opensnoop.bpf.o" -o none.kbtf
t_not "and makes nothing" test -e none.kbtf
t_says 2 "for which objects" "embed without --for" "$btfgen" export -a $A --format embed -o none.kbtf

# ---- stats and verify --------------------------------------------------------------------------------------
t "stats --json" to_file json "$btfgen" stats --json -a $A
t "counts bytes" json 'd["bytes"] == '"$(wc -c <$A)"' and len(d["entries"]) == 2 and
	d["full_bytes"] == '"$(cat "tree/debian/12/x86_64/"*.btf | wc -c)" json
t_says 0 "entries     2: 0 embedded, 2 by pahole, 0 by dwarf, 0 imported" "stats, in words" "$btfgen" stats -a $A
t_says 0 "$id" "stats --list names build IDs" "$btfgen" stats --list -a $A
t_exit 3 "stats of a kernel that is not there" "$btfgen" stats -a $A -k 9.9
latin1=$(printf 'caf\351.kbtf')
cp $A "$latin1"
for command in stats verify 'which --no-kernel-btf'; do
	# shellcheck disable=SC2086 # words
	to_file json "$btfgen" $command --json -a "$latin1" 2>/dev/null
	t "$command --json of an archive whose name is not UTF-8" json 'd["archive"] == "caf?.kbtf"' json
done
t_says 0 "2 entries, 4 BTF read; 0 damaged, 0 unparsable" "verify" "$btfgen" verify -a $A
# Each byte of a good archive counts: any bit that flips is found.
flips()
{
	python3 - "$btfgen" $A <<'PYTHON'
import random, subprocess, sys
program, path = sys.argv[1:]
data = open(path, "rb").read()
random.seed(1)
places = sorted({0, 9, 12, 16, len(data) - 1, len(data) - 12, len(data) - 40, len(data) - 60} |
                set(random.sample(range(len(data)), 60)))
for at in places:
    bad = bytearray(data)
    bad[at] ^= 1 << random.randrange(8)
    open("flipped.kbtf", "wb").write(bad)
    done = subprocess.run([program, "verify", "-a", "flipped.kbtf"], capture_output=True, text=True)
    if done.returncode != 1 or not done.stderr.strip():
        sys.exit(f"byte {at} of {len(data)}: status {done.returncode}, {done.stdout}{done.stderr}")
PYTHON
}
t "verify finds a wrong bit, wherever it is" flips
# What no entry refers to: a blob more, with everything else as it should be.
smuggle()
{
	python3 - $A smuggled.kbtf <<'PYTHON'
import hashlib, struct, sys
data = open(sys.argv[1], "rb").read()
offset, size = struct.unpack("<QQ", data[-64:-48])
index = data[offset:offset + size]
count = struct.unpack("<I", index[:4])[0]
at = 4 + count * 56
record = struct.pack("<QQQ", offset, 1, 1) + b"\xff" * 32
index = struct.pack("<I", count + 1) + index[4:at] + record + index[at:]
footer = struct.pack("<QQ", offset + 1, len(index)) + hashlib.sha256(index).digest() + data[-16:]
open(sys.argv[2], "wb").write(data[:offset] + b"x" + index + footer)
PYTHON
}
t "an archive with a blob of no entry" smuggle
t_says 1 "smuggled.kbtf: is no archive" "is refused" "$btfgen" verify -a smuggled.kbtf
t_exit 1 "verify of no archive" "$btfgen" verify -a nosuch.kbtf

# ---- which ---------------------------------------------------------------------------------------------------
# which WANT MATCH WHAT LINE...: of a machine so described
which()
{
	want=$1 match=$2 what=$3
	shift 3
	printf '%s\n' "$@" >ident
	case=$what
	t_exit "$want" "which: $what" to_file json "$btfgen" which -a $A --ident ident --json
	t "which: $case: $match" json 'd["match"] == "'"$match"'" and ((d["entry"] is None) == ('"$want"' != 0))' json
}
which 0 build-id "by build ID, whatever the names" "BUILD_ID=$id" "KERNEL_RELEASE=1.2.3" ARCH=x86_64
t "it is that entry" json 'd["entry"]["build_id"] == "'"$id"'"' json
which 0 version "by uname -r, -v and the distribution" "KERNEL_RELEASE=$r" "KERNEL_VERSION='$v'" \
	ARCH=x86_64 DISTRO=debian
which 3 none "another build of that release" "KERNEL_RELEASE=$r" "KERNEL_VERSION='#2'" ARCH=x86_64
which 3 none "another build ID under that release" "KERNEL_RELEASE=$r" BUILD_ID=0011223344 ARCH=x86_64
which 0 release "by uname -r alone" "KERNEL_RELEASE=$r" ARCH=x86_64
which 0 version "os-release's quotes are no part of it" "KERNEL_RELEASE=$r" "KERNEL_VERSION=\"$v\"" ARCH=x86_64 \
	'DISTRO="debian"' 'DISTRO_RELEASE="12"'
which 3 none "another kernel" KERNEL_RELEASE=5.4.0 ARCH=x86_64
which 3 none "another architecture" "KERNEL_RELEASE=$r" ARCH=aarch64
t_says 3 "btfgen build --kernel '5.4.0'" "none: what to type" sh -c \
	'echo KERNEL_RELEASE=5.4.0 >ident; "$1" which -a "$2" --ident ident' sh "$btfgen" $A
t "a second kernel of the same names" "$btfgen" add -q -a $A --build-id 1234567890 \
	--kernel $r --kernel-version "$v" --distro debian --release 12 other
which 3 ambiguous "two entries of one name" "KERNEL_RELEASE=$r" ARCH=x86_64
t "and says how many" json 'd["candidates"] == 2' json
which 0 build-id "a build ID still tells them apart" BUILD_ID=1234567890
echo DISTRO=debian >ident
t_exit 1 "a description of no kernel" "$btfgen" which -a $A --ident ident
t_exit 1 "a description that is not there" "$btfgen" which -a $A --ident nosuch
if [ -r /sys/kernel/btf/vmlinux ]; then
	t_says 0 "/sys/kernel/btf/vmlinux" "this machine: the kernel's own" "$btfgen" which -a $A
	t_exit 3 "passed over, and nothing else" "$btfgen" which -a $A --no-kernel-btf
else
	skip "which on this machine" "its kernel has no BTF"
fi
t "nothing is left in tmp/" no_scratch

finish
