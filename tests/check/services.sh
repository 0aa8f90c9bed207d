#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Kernels that mirrors dropped: Debian's snapshot service, where the signed index of the day
# vouches for each, and Launchpad, where nothing does. Doubles of both, tests/apid.py.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/sandbox.sh"
need python3 gpg gpgv pahole dpkg-deb

kernel one 4.19.0-5-amd64 '#1 SMP Debian 4.19.37-5 (2019-06-19)'
kernel two 4.19.0-6-amd64 '#1 SMP Debian 4.19.67-2 (2019-08-28)'
day1=20190620T034500Z day2=20190829T152300Z
# two days, whose indexes two keys signed
t "a day" "$lib/make-deb-repo" "$work/day1" --codename buster \
	--valid-until "2019-06-27" "dbg:4.19.0-5-amd64:4.19.37-5:$work/one" "meta:linux-doc:4.19.37-5"
t "another" "$lib/make-deb-repo" "$work/day2" --codename buster \
	--valid-until "2019-09-05" "dbg:4.19.0-6-amd64:4.19.67-2:$work/two"
s=$work/service
mkdir -p "$s/archive/debian-security" "$s/files" "$work/m"
cp -R "$work/day1/debian" "$s/archive/debian-security/$day1"
cp -R "$work/day2/debian" "$s/archive/debian-security/$day2"
dbg1=linux-image-4.19.0-5-amd64-dbg_4.19.37-5_amd64.deb
dbg2=linux-image-4.19.0-6-amd64-dbg_4.19.67-2_amd64.deb
cat >"$s/snapshot.json" <<JSON
{"linux": {
 "5.10.1-1": [{"archive_name": "debian", "first_seen": "20201220T000000Z", "path": "/pool/main/l/linux",
   "name": "linux-image-5.10.0-1-amd64-dbg_5.10.1-1_amd64.deb"}],
 "4.19.67-2": [
  {"archive_name": "debian-security", "first_seen": "$day2", "path": "/pool/updates/main/l/linux", "name": "$dbg2"},
  {"archive_name": "debian", "first_seen": "20190901T000000Z", "path": "/pool/main/l/linux", "name": "$dbg2"}],
 "4.19.37-5": [
  {"archive_name": "debian-security", "first_seen": "$day1", "path": "/pool/updates/main/l/linux", "name": "$dbg1"},
  {"archive_name": "debian-security", "first_seen": "$day1", "path": "/pool/updates/main/l/linux",
   "name": "linux-doc_4.19.37-5_all.deb"}],
 "4.19.20-1": [{"archive_name": "debian-security", "first_seen": "20190212T000000Z",
   "path": "/pool/updates/main/l/linux", "name": "linux-image-4.19.0-3-amd64-dbg_4.19.20-1_amd64.deb"}]}}
JSON
cat >"$work/m/debian.ini" <<INI
[distribution]
id = debian
type = snapshot
architectures = x86_64:amd64
keyring = $work/day1/keyring.gpg $work/day2/keyring.gpg
debug-package = linux-image-([0-9].*)-dbg
debug-member = usr/lib/debug/boot/vmlinux-*
[repository snapshot]
mirror = http://127.0.0.1:9
search = linux
[release buster]
version = 10
suites = snapshot:debian-security/buster
series = 4.19
INI
cat >"$work/m/ubuntu.ini" <<INI
[distribution]
id = ubuntu
type = launchpad
architectures = x86_64:amd64
keyring = /none
debug-package = linux-image-unsigned-([0-9].*)-dbgsym linux-image-([0-9].*)-dbgsym
debug-member = usr/lib/debug/boot/vmlinux-*
[repository launchpad]
mirror = http://127.0.0.1:9/1.0
search = linux-image
files = @FILES@
[release bionic]
version = 18.04
suites = launchpad:ubuntu/bionic
series = 4.15
INI
mkfifo "$work/api-port"
: >"$work/api-log"
python3 "$top/tests/apid.py" --page 2 --log "$work/api-log" "$s" >"$work/api-port" &
api_pid=$!
at_exit "kill $api_pid 2>/dev/null; wait $api_pid 2>/dev/null"
read -r port <"$work/api-port"
api=http://127.0.0.1:$port
sed -i -e "s|http://127.0.0.1:9|$api|" -e "s|@FILES@|$api/ubuntu/+archive/primary/+files/|" "$work/m"/*.ini

run() # VERB [OPTION]...
{
	verb=$1
	shift
	"$btfgen" "$verb" --manifests "$work/m" --json "$@" >"$work/json" 2>"$work/messages"
}
asked() # how many requests for TEXT
{
	grep -c "$1" "$work/api-log"
}

# ---- snapshot -----------------------------------------------------------------------------------
t "kernels of dropped versions" run list --distro debian -v
t "those of the days that are there" json '[(k["kernel"], k["debug"]["verification"]) for k in d["kernels"]] ==
	[("4.19.0-5-amd64", "signed-index"), ("4.19.0-6-amd64", "signed-index")]' "$work/json"
t "of what has no index of its day there is a word" grep -q \
	"linux 4.19.20-1: there is no index of debian-security/buster of the day it came; it is asked for again" \
	"$work/messages"
t "another series is not looked at" [ "$(asked 5.10.1-1)" -eq 0 ]
: >"$work/api-log"
t "what was looked at" run list --distro debian
t "is known" [ "$(asked allfiles)" -eq 1 ]
t "but for the day that had no index: that may pass" [ "$(asked linux/4.19.20-1/allfiles)" -eq 1 ]
t "from the day it came, by SHA-256" json 'd["kernels"][0]["debug"]["url"].startswith("'"$api/archive/debian-security/$day1/pool/"'")
	and len(d["kernels"][0]["debug"]["sha256"]) == 64' "$work/json"
t "they are built" run build --distro debian -a "$work/a.kbtf"
key1=$(fingerprint "$work/day1/gnupg") key2=$(fingerprint "$work/day2/gnupg")
t "each verified by the key of its day" json '{k["kernel"]: (k["verification"], k["verified_by"]) for k in d["kernels"]} ==
	{"4.19.0-5-amd64": ("signed-index", "'"$key1"'"), "4.19.0-6-amd64": ("signed-index", "'"$key2"'")}' "$work/json"
# A day's index that was not there for a moment is not missed for good.
hide() # HOW: the second day's archive so
{
	mv "$s/archive/debian-security/$day2" "$work/away" && run list --distro debian -v &&
		mv "$work/away" "$s/archive/debian-security/$day2"
}
rm -rf "$XDG_CACHE_HOME/btfgen"
t "a day that is not there" hide
t "its kernels are not listed" json '[k["kernel"] for k in d["kernels"]] == ["4.19.0-5-amd64"]' "$work/json"
t "when it is" run list --distro debian -v
t "they are" json '[k["kernel"] for k in d["kernels"]] == ["4.19.0-5-amd64", "4.19.0-6-amd64"]' "$work/json"
# another suite is there, and never had it
sed -e 's/^id = .*/id = elsewhere/' -e 's|^suites = .*|suites = snapshot:debian/buster|' "$work/m/debian.ini" \
	>"$work/m/elsewhere.ini"
mkdir -p "$s/archive/debian"
cp -R "$work/day1/debian" "$s/archive/debian/20190901T000000Z"
: >"$work/api-log"
t "what was in another suite on the day it came" run list --distro elsewhere -v
t "is told" grep -q "linux 4.19.67-2: amd64 was not in debian/buster on the day it came" "$work/messages"
t "in the next run" run list --distro elsewhere
t "it is not asked for again" [ "$(asked linux/4.19.67-2/allfiles)" -eq 1 ]
rm -r "$work/m/elsewhere.ini" "$s/archive/debian/20190901T000000Z"
# Architectures and suites ask for the same.
sed -e 's/^id = .*/id = both/' -e 's/^architectures = .*/& aarch64:arm64/' "$work/m/debian.ini" >"$work/m/both.ini"
cp "$s/snapshot.json" "$work/snapshot.json"
sed -i "s|^ \"4.19.37-5\": \[|&{\"archive_name\": \"debian-security\", \"first_seen\": \"$day1\", \"path\": \"/pool\",\
   \"name\": \"linux-image-4.19.0-5-arm64-dbg_4.19.37-5_arm64.deb\"},|" "$s/snapshot.json"
rm -rf "$XDG_CACHE_HOME/btfgen"
: >"$work/api-log"
t "two architectures" run list --distro both -v
t "are two indexes" [ "$(grep -c '^index debian-security/buster' "$work/messages")" -eq 2 ]
t "each version's files are asked for once" [ "$(asked linux/4.19.37-5/allfiles)$(asked linux/4.19.67-2/allfiles)" = 11 ]
t "and the versions" [ "$(asked '/linux/$')" -eq 1 ]
t "and each day's signed index" [ "$(asked "$day1/dists/buster/InRelease")" -eq 1 ]
rm "$work/m/both.ini"
# Ctrl-C between days
python3 - "$s/snapshot.json" <<'PYTHON'
import json, sys
days = {f"4.19.{n}-1": [{"archive_name": "debian-security", "first_seen": f"201902{n % 28 + 1:02}T0000{n:02}Z",
        "path": "/pool", "name": f"linux-image-4.19.0-3-amd64-dbg_4.19.{n}-1_amd64.deb"}] for n in range(60)}
json.dump({"linux": days}, open(sys.argv[1], "w"))
PYTHON
: >"$s/slow"
: >"$work/api-log"
t "Ctrl-C while days are asked for" "$lib/interrupt" SIGINT "there is no index of" 1 \
	"$btfgen" list --manifests "$work/m" --distro debian -v
t "ends it" said "exit -2 after"
t "before the others are asked for" [ "$(asked InRelease)" -lt 60 ]
rm "$s/slow"
mv "$work/snapshot.json" "$s/snapshot.json"
# A kernel for a point release is in proposed-updates on its day, and in nothing else.
point_release()
{
	"$lib/make-deb-repo" "$work/day3" --codename buster-proposed-updates \
		"dbg:4.19.0-6-amd64:4.19.67-2:$work/two" &&
		cp -R "$work/day3/debian" "$s/archive/debian/20190901T000000Z" &&
		sed -e "s|^keyring = .*|keyring = $work/day3/keyring.gpg|" \
			-e 's|^suites = .*|suites = snapshot:debian/buster-proposed-updates|' \
			-e 's/^id = .*/id = point/' "$work/m/debian.ini" >"$work/m/point.ini"
}
mkdir -p "$s/archive/debian"
t "the day of a point release's kernel" point_release
t "from proposed-updates" run list --distro point
t "it is had" json '[(k["kernel"], k["debug"]["verification"]) for k in d["kernels"]] == [("4.19.0-6-amd64", "signed-index")]' \
	"$work/json"
proposed() # the real manifest asks there, and for each release that is asked for so
{
	grep -q "snapshot:debian/$1-proposed-updates snapshot-security:debian-security/$1/updates" "$top/manifests/debian.ini"
}
t "as Debian 9 is asked for" proposed stretch
t "and 10" proposed buster
rm "$work/m/point.ini"
# Debian's own manifest, with the double's keys: kernels of unstable and of backports, each from its suite.
real()
{
	kernel sid 4.18.0-1-amd64 '#1 SMP Debian 4.18.6-1 (2018-09-06)' &&
		kernel bpo 4.18.0-0.bpo.1-amd64 '#1 SMP Debian 4.18.6-1~bpo9+1 (2018-09-13)' &&
		"$lib/make-deb-repo" "$work/day4" --codename sid --suite unstable "dbg:4.18.0-1-amd64:4.18.6-1:$work/sid" &&
		"$lib/make-deb-repo" "$work/day5" --codename stretch-backports --origin 'Debian Backports' \
			"dbg:4.18.0-0.bpo.1-amd64:4.18.6-1~bpo9+1:$work/bpo" &&
		cp -R "$work/day4/debian" "$s/archive/debian/20180906T000000Z" &&
		cp -R "$work/day5/debian" "$s/archive/debian/20180913T000000Z" || return 1
	mkdir "$work/real"
	python3 - "$top/manifests/debian.ini" "$work" "$s/snapshot.json" <<'PYTHON'
import json, re, sys
text = open(sys.argv[1]).read()
rings = "".join("\n\t%s/day%d/keyring.gpg" % (sys.argv[2], day) for day in (4, 5))
text = re.sub(r"(?m)^keyring =.*(\n\t.*)*", "keyring =" + rings, text)
text = re.sub(r"(?m)^key =.*(\n\t.*)*\n", "", text)
open(sys.argv[2] + "/real/debian.ini", "w").write(text)
sources = {"linux-4.19": {}, "linux-5.10": {}, **json.load(open(sys.argv[3]))}
for version, name, day in (("4.18.6-1", "4.18.0-1", "20180906"), ("4.18.6-1~bpo9+1", "4.18.0-0.bpo.1", "20180913"),
                           ("4.18~rc3-1~exp1", "4.18.0-rc3", "20180706")):
    sources["linux"][version] = [{"archive_name": "debian", "first_seen": day + "T000000Z", "path": "/pool",
        "name": "linux-image-%s-amd64-dbg_%s_amd64.deb" % (name, version)}]
json.dump(sources, open(sys.argv[3], "w"))
PYTHON
}
from_real() # RELEASE KERNEL
{
	: >"$work/api-log"
	"$btfgen" list --manifests "$work/real" --mirror "$api" --release "$1" --kernel 4.18 --json >"$work/json" \
		2>"$work/messages" &&
		json '[(k["kernel"], k["debug"]["verification"]) for k in d["kernels"]] == [("'"$2"'", "signed-index")]' \
			"$work/json"
}
cp "$s/snapshot.json" "$work/snapshot.json"
t "days of unstable and of backports" real
t "Debian's manifest: unstable has its kernel" from_real sid-snapshot 4.18.0-1-amd64
t "and no other day is fetched" [ "$(asked InRelease)" -eq 1 ]
t "backports have theirs" from_real stretch-backports-snapshot 4.18.0-0.bpo.1-amd64
t "and no other day is fetched" [ "$(asked InRelease)" -eq 1 ]
mv "$work/snapshot.json" "$s/snapshot.json"
rm -rf "$XDG_CACHE_HOME/btfgen/index"
: >"$work/api-log"
t_exit 3 "another series is asked for" run list --distro debian --kernel 5.10
t "no version of this one is looked at" [ "$(asked allfiles)" -eq 0 ]
t "a kernel that is asked for" run list --distro debian --kernel 4.19.0-6-amd64
t "is there" json '[k["kernel"] for k in d["kernels"]] == ["4.19.0-6-amd64"]' "$work/json"

# What could not be checked is not a day without kernels, which need not be looked at again.
rm -rf "$XDG_CACHE_HOME/btfgen/index"
mkdir "$work/no-gpgv"
without_gpgv()
{
	PATH=$work/no-gpgv run list --distro debian
}
t_exit 1 "without gpgv" without_gpgv
t "it is said" grep -q "there is no gpgv" "$work/messages"
t "with it" run list --distro debian
t "the kernels are there" json 'len(d["kernels"]) == 2' "$work/json"

# Nothing learned is not an index of nothing.
rm -rf "$XDG_CACHE_HOME/btfgen"
t_exit 1 "a service out of reach" run index --distro debian --mirror http://127.0.0.1:9 --tries 1
t_not "is not known from before" grep -q "known before" "$work/messages"
t_exit 1 "nor later" "$btfgen" list --manifests "$work/m" --distro debian --cached

# What the day's index does not say is not believed, whatever the API says.
altered=$s/archive/debian-security/$day2
rm -rf "$XDG_CACHE_HOME/btfgen"
cp "$altered/dists/buster/InRelease" "$work/InRelease"
sed -i 's/^Origin: Debian/Origin: Debiam/' "$altered/dists/buster/InRelease"
t_exit 1 "an altered index of a day" run list --distro debian
t "is refused" grep -q "4.19.67-2: passed over: .*bad signature" "$work/messages"
t "the other day counts" json '[k["kernel"] for k in d["kernels"]] == ["4.19.0-5-amd64"]' "$work/json"
cp "$work/InRelease" "$altered/dists/buster/InRelease"
t "as it was" run list --distro debian
t "both count" json 'len(d["kernels"]) == 2' "$work/json"
deb=$(find "$altered/pool" -name "$dbg2")
echo x >>"$deb"
t_exit 1 "an altered package" run build --distro debian --kernel 4.19.0-6-amd64 -a "$work/b.kbtf"
t "is refused" json 'd["done"] == 0 and "expected" in d["kernels"][0]["reason"] or "index says" in d["kernels"][0]["reason"]' \
	"$work/json"
rm -rf "$XDG_CACHE_HOME/btfgen"
sed -i "s|keyring = .*|keyring = $work/day2/keyring.gpg|" "$work/m/debian.ini"
t_exit 1 "without the key of a day" run list --distro debian
t "its kernels are not listed" json '[k["kernel"] for k in d["kernels"]] == ["4.19.0-6-amd64"]' "$work/json"
echo "{}" >"$s/snapshot.json"
t_says 1 "/mr/package/linux/: not found" "a source that it does not know" \
	"$btfgen" index --manifests "$work/m" --distro debian
echo "[" >"$s/snapshot.json"

# ---- Launchpad -----------------------------------------------------------------------------------
ddeb=linux-image-unsigned-4.15.0-20-generic-dbgsym_4.15.0-20.21_amd64.ddeb
kernel vmlinux 4.15.0-20-generic '#21-Ubuntu SMP Tue Apr 24 06:16:15 UTC 2018'
mkdir -p "$work/ddeb/DEBIAN" "$work/ddeb/usr/lib/debug/boot"
cp "$work/vmlinux" "$work/ddeb/usr/lib/debug/boot/vmlinux-4.15.0-20-generic"
printf 'Package: x\nVersion: 1\nArchitecture: amd64\nMaintainer: x <x@example.invalid>\nDescription: x\n' \
	>"$work/ddeb/DEBIAN/control"
dpkg-deb -b "$work/ddeb" "$s/files/$ddeb" >/dev/null
entries() # PATTERN...: names and versions, of bionic for amd64
{
	separator='['
	for entry; do
		printf '%s{"name": "%s", "version": "%s", "series": "bionic", "arch": "amd64"}\n' "$separator" \
			"${entry%%=*}" "${entry#*=}"
		separator=,
	done
	echo ', {"name": "linux-image-4.15.0-20-generic-dbgsym", "version": "4.15.0-20.21", "series": "xenial", "arch": "amd64"}'
	echo ', {"name": "linux-image-4.15.0-20-generic-dbgsym", "version": "4.15.0-20.21", "series": "bionic", "arch": "arm64"}]'
}
entries linux-image-unsigned-4.15.0-20-generic-dbgsym=4.15.0-20.21 linux-image-4.15.0-20-generic=4.15.0-20.21 \
	linux-image-unsigned-4.15.0-22-lowlatency-dbgsym=4.15.0-22.24~16.04.1 linux-headers-4.15.0-20=4.15.0-20.21 \
	linux-image-unsigned-4.15.0-20-generic-dbgsym=4.15.0-20.21 >"$s/launchpad.json"
: >"$work/api-log"
t_exit 3 "without --allow-unsigned" run list --distro ubuntu
t "Launchpad is not asked" [ "$(asked launchpad)$(asked getPublished)" = 00 ]
t "with it" run list --distro ubuntu --allow-unsigned
t "each kernel of the series and architecture is there once" json '[(k["kernel"], k["debug"]["version"]) for k in d["kernels"]] ==
	[("4.15.0-20-generic", "4.15.0-20.21"), ("4.15.0-22-lowlatency", "4.15.0-22.24~16.04.1")]' "$work/json"
t "page after page" [ "$(asked ws.start)" -eq 1 ]
t "one is built" run build --distro ubuntu --allow-unsigned --kernel 4.15.0-20-generic -a "$work/c.kbtf"
t "unverified" json '[(k["kernel"], k["package"], k["verification"]) for k in d["kernels"]] ==
	[("4.15.0-20-generic", "'$ddeb'", "unverified")]' "$work/json"
t "once more" run build --distro ubuntu --allow-unsigned --kernel 4.15.0-20-generic -a "$work/c.kbtf"
t "there is nothing to do" json 'd["skipped"] == 1 and d["done"] == 0' "$work/json"
t_exit 3 "without --allow-unsigned it is forgotten" run list --distro ubuntu --cached
echo "[" >"$s/launchpad.json"
t_exit 1 "a service that fails" run index --distro ubuntu --allow-unsigned --tries 1
t "nothing is left in tmp/" no_scratch

finish
