#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The main job from a signed Debian repository of small kernels: what is archived is what
# pahole and bpftool make by hand, and what is done is not done again.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/sandbox.sh"
need python3 gpg gpgv dpkg-deb pahole bpftool gzip

# ---- the repository: 6.1.0-1 has no BTF of its own, 6.1.0-2 has, 6.1.0-3 comes by security --
v1='#1 SMP PREEMPT_DYNAMIC Debian 6.1.1-1 (2023-01-01)'
v2='#1 SMP PREEMPT_DYNAMIC Debian 6.1.2-1 (2023-02-02)'
v3='#1 SMP PREEMPT_DYNAMIC Debian 6.1.3-1 (2023-03-03)'
kernel vmlinux-1 6.1.0-1-amd64 "$v1"
kernel vmlinux-2 6.1.0-2-amd64 "$v2" --variant 1 --with-btf
kernel vmlinux-3 6.1.0-3-amd64 "$v3" --variant 2
kernel image-1 6.1.0-1-amd64 "$v1" --strip
kernel image-2 6.1.0-2-amd64 "$v2" --variant 1 --with-btf --strip
gzip -n "$work/image-1" "$work/image-2"
t "the main repository" "$lib/make-deb-repo" "$work/main" --suite stable \
	"dbg:6.1.0-1-amd64:6.1.1-1:$work/vmlinux-1" "dbg:6.1.0-2-amd64:6.1.2-1:$work/vmlinux-2" \
	"image:6.1.0-1-amd64:6.1.1-1:$work/image-1.gz" "image:6.1.0-2-amd64:6.1.2-1:$work/image-2.gz"
if kernel vmlinux-arm 6.1.0-1-arm64 "$v1" --arch aarch64 2>"$work/why"; then
	arm=yes
	t "its arm64 half" "$lib/make-deb-repo" "$work/main" --suite stable --arch arm64 \
		--compress zstd "dbg7:6.1.0-1-arm64:6.1.1-1:$work/vmlinux-arm"
else
	arm=no
fi
t "bookworm-updates, empty" "$lib/make-deb-repo" "$work/main" --codename bookworm-updates \
	--suite stable-updates
t "of two architectures" "$lib/make-deb-repo" "$work/main" --codename bookworm-updates \
	--suite stable-updates --arch arm64
mkdir "$work/security"
cp -R "$work/main/gnupg" "$work/main/keyring.gpg" "$work/security/"
"$lib/make-deb-repo" "$work/security" --codename bookworm-security --suite stable-security --arch arm64
# Label is Debian-Security there, which make-deb-repo has no option for: signed again
t "the security repository" "$lib/make-deb-repo" "$work/security" --codename bookworm-security \
	--suite stable-security "dbg:6.1.0-3-amd64:6.1.3-1:$work/vmlinux-3"
relabel()
{
	cd "$work/security/debian/dists/bookworm-security" &&
		sed -i 's/^Label: .*/Label: Debian-Security/' Release &&
		ln -s "$work/security/gnupg" "$work/g" &&
		GNUPGHOME=$work/g gpg --batch --yes --clearsign --output InRelease Release
}
t "labelled as Debian does" relabel
at_exit 'GNUPGHOME=$work/g gpgconf --kill all 2>/dev/null'

mkdir "$work/www"
ln -s "$work/main/debian" "$work/www/debian"
ln -s "$work/security/debian" "$work/www/debian-security"
served=$work/served
mkdir "$served"
cp -RL "$work/www/." "$served"
serve "$served" --faults "$work/faults"

# of COMMAND [OPTION]...: on bookworm from the server
of()
{
	command=$1
	shift
	"$btfgen" "$command" --distro debian --release bookworm --mirror "main=$url/debian" \
		--mirror "security=$url/debian-security" --keyring "$work/main/keyring.gpg" "$@"
}
x86()
{
	command=$1
	shift
	of "$command" --arch amd64 "$@"
}
to_file()
{
	file=$1
	shift
	"$@" >"$file"
}
asked_for()
{
	python3 - "$1" "$requests" <<'PYTHON'
import json, sys
n = sum(1 for line in open(sys.argv[2]) if json.loads(line)["path"].endswith(sys.argv[1]))
print(n)
PYTHON
}
key=$(fingerprint "$work/main/gnupg")

# ---- before the work ------------------------------------------------------------------------
A=$work/a.kbtf
t_says 0 "3 to build, 0 to minimize, 0 done, 0 impossible" "--dry-run counts" \
	x86 build -a "$A" --dry-run
t_says 0 "6.1.0-3-amd64  debian  bookworm-security" "and names kernel and suite" \
	x86 build -a "$A" --dry-run
t_not "--dry-run makes no archive" test -e "$A"
t "and fetches no package" test "$(asked_for .deb)" = 0
t "--dry-run --json" to_file "$work/plan" x86 build -a "$A" --dry-run --json
t "says which package of each" json '[(t["kernel"], t["task"], t["url"].split("/")[-1]) for t in d["tasks"]] == [
	("6.1.0-1-amd64", "build", "linux-image-6.1.0-1-amd64_6.1.1-1_amd64.deb"),
	("6.1.0-2-amd64", "build", "linux-image-6.1.0-2-amd64_6.1.2-1_amd64.deb"),
	("6.1.0-3-amd64", "build", "linux-image-6.1.0-3-amd64-dbg_6.1.3-1_amd64.deb")]' "$work/plan"
t_exit 3 "no kernel of that pattern: 3" x86 build -a "$A" --kernel 5.4
t_exit 2 "an unknown distribution: 2" "$btfgen" build --distro nosuch
t_exit 2 "an unknown release: 2" "$btfgen" build --distro debian --release nosuch
t_exit 2 "a bad pattern: 2" x86 build --kernel '4.19..4.14'
t_exit 2 "an unknown encoder: 2" x86 build --encoder nosuch
t_not "and still no archive" test -e "$A"

# ---- the archive ------------------------------------------------------------------------------
t "build --json" to_file "$work/built" x86 build -a "$A" --json
t "three are done" json '(d["done"], d["skipped"], d["failed"], d["archive"]) == (3, 0, 0, "'"$A"'")' \
	"$work/built"
t "auto: the debug package without .BTF, the image with" json \
	'[(k["kernel"], k["encoder"], k["package"]) for k in d["kernels"]] == [
	("6.1.0-1-amd64", "pahole", "linux-image-6.1.0-1-amd64-dbg_6.1.1-1_amd64.deb"),
	("6.1.0-2-amd64", "embedded", "linux-image-6.1.0-2-amd64_6.1.2-1_amd64.deb"),
	("6.1.0-3-amd64", "pahole", "linux-image-6.1.0-3-amd64-dbg_6.1.3-1_amd64.deb")]' "$work/built"
t "verified by the index, of this key" json \
	'all(k["verification"] == "signed-index" and k["verified_by"] == "'"$key"'" for k in d["kernels"])' \
	"$work/built"
t "uname -v is the banner's" json \
	'[k["version"] for k in d["kernels"]] == ["'"$v1"'", "'"$v2"'", "'"$v3"'"]' "$work/built"
build_id()
{
	readelf -n "$1" | awk '/Build ID/ { print $3 }'
}
t "build IDs are those that readelf reads" json '[k["build_id"] for k in d["kernels"]] ==
	["'"$(build_id "$work/vmlinux-1")"'", "'"$(build_id "$work/vmlinux-2")"'", "'"$(build_id "$work/vmlinux-3")"'"]' \
	"$work/built"
t "the bytes fetched are those of the server" json 'sum(k["fetched_bytes"] for k in d["kernels"]) ==
	sum(json.loads(l)["sent"] for l in open("'"$requests"'") if ".deb" in l)' "$work/built"
t "nothing is left in tmp/" no_scratch

flags=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["kernels"][0]["encoder_flags"])' "$work/built")
by_hand() # VMLINUX OUT
{
	cp "$1" "$work/copy"
	# shellcheck disable=SC2086 # words
	pahole $flags --btf_encode_detached="$2" "$work/copy"
}
exported() # RELEASE REFERENCE [OPTION]...
{
	release=$1 reference=$2
	shift 2
	"$btfgen" export -q -a "$A" -k "$release" -o "$work/exported" "$@" && same_btf "$work/exported" "$reference"
}
minimized() # FULL OUT OBJECT...
{
	full=$1 out=$2
	shift 2
	bpftool gen min_core_btf "$full" "$out" "$@"
}
bundled=$(echo "$objects"/*.bpf.o)
t "pahole by hand" by_hand "$work/vmlinux-1" "$work/btf-1"
t "the exported BTF is the same" exported 6.1.0-1-amd64 "$work/btf-1"
t "pahole by hand on the third" by_hand "$work/vmlinux-3" "$work/btf-3"
t "the third too" exported 6.1.0-3-amd64 "$work/btf-3"
objcopy -O binary --only-section=.BTF --set-section-flags .BTF=alloc "$work/vmlinux-2" "$work/btf-2"
t "the second is its .BTF section" exported 6.1.0-2-amd64 "$work/btf-2"
for n in 1 2 3; do
	# shellcheck disable=SC2086 # words
	t "bpftool minimizes $n by hand" minimized "$work/btf-$n" "$work/min-$n" $bundled
	# shellcheck disable=SC2046,SC2086 # words
	t "the archive's is the same" exported "6.1.0-$n-amd64" "$work/min-$n" \
		$(for o in $bundled; do echo "--for $o"; done)
done
t_not "the kernels differ in it" cmp -s "$work/min-1" "$work/min-2"
t_says 0 "3 entries, 6 BTF read; 0 damaged" "verify agrees" "$btfgen" verify -a "$A"

# ---- again -----------------------------------------------------------------------------------
sum=$(sha256sum "$A")
before=$(asked_for .deb)
t_says 0 "nothing to do: 0 done, 3 skipped, 0 failed" "a second run says so" x86 build -a "$A"
t "fetches nothing" test "$(asked_for .deb)" = "$before"
t "and leaves the archive" test "$(sha256sum "$A")" = "$sum"
one=$objects/opensnoop.bpf.o
t_says 0 "0 to build, 3 to minimize" "a new --for: only minimizes" x86 build -a "$A" --for "$one" --dry-run
t_says 0 "3 done, 0 skipped" "for all three" x86 build -a "$A" --for "$one"
t "without a fetch" test "$(asked_for .deb)" = "$before"
t "bpftool for that object" minimized "$work/btf-1" "$work/one" "$one"
# cut from the archive's full BTF, which has the same types in an order of its own
"$btfgen" export -q -a "$A" -k 6.1.0-1-amd64 -o "$work/exported" --for "$one"
t "its BTF is the same" same_btf "$work/exported" "$work/one"
# shellcheck disable=SC2046,SC2086 # words
t "the other's is still there" exported 6.1.0-1-amd64 "$work/min-1" \
	$(for o in $bundled; do echo "--for $o"; done)
sum=$(sha256sum "$A")
t "for another object it is minimized now" "$btfgen" export -q -a "$A" -k 6.1.0-1-amd64 -o "$work/now" \
	--for "$objects/tcpconnect.bpf.o"
t "bpftool for that one" minimized "$work/btf-1" "$work/other-min" "$objects/tcpconnect.bpf.o"
t "it is the same" same_btf "$work/now" "$work/other-min"
t "and the archive is as it was" test "$(sha256sum "$A")" = "$sum"
t_says 0 "nothing to do" "and then nothing again" x86 build -a "$A" --for "$one"

# ---- encoders ----------------------------------------------------------------------------------
t "--encoder pahole --json" to_file "$work/pahole" x86 build -a "$work/p.kbtf" --encoder pahole --json
t "all from debug packages, by pahole" json '[k["encoder"] for k in d["kernels"]] == 3 * ["pahole"] and
	all("-dbg_" in k["package"] and "-j1" in k["encoder_flags"].split() for k in d["kernels"])' "$work/pahole"
t_exit 1 "--encoder embedded: two have none" to_file "$work/embedded" x86 build -a "$work/e.kbtf" \
	--encoder embedded --json
t "which is said with its stage" json '(d["done"], d["failed"]) == (1, 2) and
	[(k["kernel"], k["stage"], "no BTF of its own" in k["reason"]) for k in d["kernels"] if k["status"] == "failed"] ==
	[("6.1.0-1-amd64", "encode", True), ("6.1.0-3-amd64", "encode", True)]' "$work/embedded"
same_data_types()
{
	for archive in p e; do
		"$btfgen" export -q -a "$work/$archive.kbtf" -k 6.1.0-2-amd64 -o "$work/$archive.btf" &&
			bpftool btf dump file "$work/$archive.btf" format c >"$work/$archive.h" || return 1
	done
	grep -q "struct task_struct {" "$work/p.h" && cmp "$work/p.h" "$work/e.h"
}
t "pahole's and the kernel's own BTF are the same in C" same_data_types

# ---- minimized alone ---------------------------------------------------------------------------
M=$work/m.kbtf
all_bundled=$(for o in $bundled; do echo "--for $o"; done)
t_says 0 "3 to build, 0 to minimize" "--min-only: all is to be made" x86 build -a "$M" --min-only --dry-run
t "--min-only --json" to_file "$work/min" x86 build -a "$M" --min-only --json
t "auto: straight from DWARF, but the kernel's own where it has any" json \
	'[(k["encoder"], "btf_bytes" in k, k["min_bytes"] > 0) for k in d["kernels"]] ==
	[("dwarf", False, True), ("embedded", False, True), ("dwarf", False, True)]' "$work/min"
t_says 0 "nothing to do: 0 done, 3 skipped, 0 failed" "the same again: nothing" x86 build -a "$M" --min-only
t_says 0 "1 to build, 0 to minimize, 2 done" "by DWARF alone, the kernel's own does not do" \
	x86 build -a "$M" --encoder dwarf --dry-run
t_says 0 "3 to build, 0 to minimize" "by pahole, none of them does" \
	x86 build -a "$M" --min-only --encoder pahole --dry-run
t_says 0 "3 to build, 0 to minimize" "for another object there is nothing to cut from" \
	x86 build -a "$M" --min-only --for "$one" --dry-run
t_says 0 "3 done" "so it is made" x86 build -a "$M" --min-only --for "$one"
for want in "$all_bundled" "--for $one"; do
	# shellcheck disable=SC2086 # words
	t "each has what was asked for: ${want##*/}" "$btfgen" export -q -a "$M" -k 6.1.0-1-amd64 -o "$work/exported" $want
done
t_not "and no more" "$btfgen" export -q -a "$M" -k 6.1.0-1-amd64 -o "$work/exported"
t_says 0 "3 to build, 0 to minimize" "full BTF is to be made" x86 build -a "$M" --dry-run
t_says 0 "3 done" "and is" x86 build -a "$M"
t_says 0 "nothing to do" "which serves --min-only and DWARF as well" x86 build -a "$M" --encoder dwarf
A=$M
t "it is pahole's" exported 6.1.0-1-amd64 "$work/btf-1"
# shellcheck disable=SC2086 # words
t "cut as ever" exported 6.1.0-1-amd64 "$work/min-1" $all_bundled
A=$work/a.kbtf
other=$objects/tcpconnect.bpf.o
t_says 0 "0 to build, 3 to minimize" "where full BTF is, minimized is cut from it" \
	x86 build -a "$A" --encoder dwarf --for "$other" --dry-run
t_says 0 "3 done" "and is" x86 build -a "$A" --encoder dwarf --for "$other"
t "full BTF stays" exported 6.1.0-1-amd64 "$work/btf-1"

# ---- the newest ----------------------------------------------------------------------------------
t "--newest 1 --dry-run --json" to_file "$work/plan" x86 build -a "$work/n.kbtf" --newest 1 --dry-run --json
t "is the one of security" json '[t["kernel"] for t in d["tasks"]] == ["6.1.0-3-amd64"]' "$work/plan"
t "--newest 2" to_file "$work/plan" x86 build -a "$work/n.kbtf" --newest 2 --dry-run --json
t "is 2 and 3" json '[t["kernel"][:7] for t in d["tasks"]] == ["6.1.0-2", "6.1.0-3"]' "$work/plan"

# ---- the table -------------------------------------------------------------------------------------
rm -rf "$XDG_CACHE_HOME"
t_says 0 "3 done, 0 skipped, 0 failed; archive $XDG_DATA_HOME/btfgen/btfgen.kbtf" \
	"by default to XDG_DATA_HOME" x86 build
report=$work/report
printf '%s\n' "$out" >"$report"
for text in "kernel      6.1.0-1-amd64 (debian 12, x86_64)" "version     $v1" \
	"build ID    $(build_id "$work/vmlinux-1")" "verified    signed-index, signed by $key" \
	"encoder     pahole $(pahole --version | tr -d v) $flags" "full BTF    8" "minimized   " \
	"seconds     fetch "; do
	t "the report says: $text" grep -qF -- "$text" "$report"
done

# ---- failures are recorded and tried again ------------------------------------------------------------
F=$work/f.kbtf
rm -rf "$XDG_CACHE_HOME"
echo '{"/debian/pool/*6.1.0-1-amd64*": {"status": 404}}' >"$work/faults"
t_exit 1 "a package that is gone: exit 1" to_file "$work/failed" x86 build -a "$F" --json
t "one failed, by name, stage and URL" json '(d["done"], d["failed"]) == (2, 1) and
	[(k["kernel"], k["stage"], "'"$url"'/debian/pool/" in k["reason"]) for k in d["kernels"] if k["status"] == "failed"]
	== [("6.1.0-1-amd64", "fetch", True)]' "$work/failed"
t_says 0 "has 3" "the journal has a line each" sh -c \
	'test "$(wc -l <"$1")" = 3 && grep -c "\"status\":\"failed\"" "$1" | grep -qx 1 && echo has 3' sh "$F.journal"
t_exit 1 "status: 1 while one failed" to_file "$work/status" "$btfgen" status -a "$F" --distro debian --json
t "which counts and tells why" json '[(r["known"], r["archived"], r["failed"]) for r in d["releases"]] == [(3, 2, 1)]
	and d["failures"][0]["kernel"] == "6.1.0-1-amd64" and d["failures"][0]["failures"] == 1 and "404" in
	d["failures"][0]["reason"]' "$work/status"
t_says 1 "failed: 6.1.0-1-amd64 (debian 12): fetch: " "in words, too" "$btfgen" status -a "$F" --distro debian
t "list --missing" to_file "$work/missing" x86 list -a "$F" --missing --json
t "is that one" json '[(k["kernel"], k["state"], k["failure"]["stage"]) for k in d["kernels"]] ==
	[("6.1.0-1-amd64", "failed", "fetch")]' "$work/missing"
t_exit 1 "the next run tries it again, and only it" to_file "$work/failed" x86 build -a "$F" --json
t "and fails again" json '(d["done"], d["skipped"], d["failed"]) == (0, 2, 1)' "$work/failed"
t_says 1 "(2 times, last " "which is counted" "$btfgen" status -a "$F" --distro debian
echo '{}' >"$work/faults"
t_says 0 "1 done, 2 skipped, 0 failed" "until it is there" x86 build -a "$F"
t_exit 0 "status: all well" "$btfgen" status -a "$F" --distro debian
t_exit 3 "nothing is missing" x86 list -a "$F" --missing
t_says 0 "archived" "list shows all" x86 list -a "$F"
t "in the end it is the archive as if nothing had been" same_archive "$F" "$XDG_DATA_HOME/btfgen/btfgen.kbtf"

# ---- other architectures, and file: URLs -------------------------------------------------------------
if [ "$arm" = yes ]; then
	t "arm64, from its own package layout" to_file "$work/arm" of build -a "$work/arm.kbtf" --arch arm64 --json
	t "is aarch64" json '[(k["kernel"], k["arch"], k["build_id"]) for k in d["kernels"]] ==
		[("6.1.0-1-arm64", "aarch64", "'"$(build_id "$work/vmlinux-arm")"'")]' "$work/arm"
	t "pahole by hand on it" by_hand "$work/vmlinux-arm" "$work/btf-arm"
	A=$work/arm.kbtf
	t "the exported BTF is the same" exported 6.1.0-1-arm64 "$work/btf-arm"
else
	skip "arm64" "$(head -n 1 "$work/why")"
fi
kill "$server"
t "file: URLs" "$btfgen" build --distro debian --release bookworm --arch x86_64 -a "$work/file.kbtf" \
	--work "$work/cache2" --mirror "main=file:$served/debian" \
	--mirror "security=file://$served/debian-security" --keyring "$work/main/keyring.gpg"
t "make the same archive" same_archive "$work/file.kbtf" "$F"
t "and do not fill the cache" test -z "$(find "$work/cache2/packages" -name '*.deb' -o -size +4k -type f)"

# ---- without signatures --------------------------------------------------------------------------------
unsigned=$work/unsigned
cp -R "$served" "$unsigned"
find "$unsigned" -name InRelease -delete
find "$unsigned" -name Release.gpg -delete
from_unsigned()
{
	"$btfgen" build --distro debian --release bookworm --arch x86_64 -a "$work/u.kbtf" \
		--work "$work/cache3" \
		--mirror "main=file:$unsigned/debian" --mirror "security=file:$unsigned/debian-security" \
		--keyring "$work/main/keyring.gpg" "$@"
}
t_exit 1 "an unsigned repository is refused" from_unsigned
t_not "nothing is archived of it" test -e "$work/u.kbtf"
t "unless --allow-unsigned" to_file "$work/u" from_unsigned --allow-unsigned --json
t "which the provenance tells" json 'd["done"] == 3 and
	all(k["verification"] == "unverified" and "verified_by" not in k for k in d["kernels"])' "$work/u"
t_says 0 "3 entries from sources that nothing signs" "verify tells it, too" "$btfgen" verify -a "$work/u.kbtf"
for cache in "$XDG_CACHE_HOME/btfgen" "$work/cache2" "$work/cache3"; do
	t "nothing is left in ${cache#"$work/"}/tmp/" no_scratch "$cache"
done

finish
