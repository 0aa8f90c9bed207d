#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What `btfgen list` says of bookworm, its security suite and sid is what apt itself, by its
# own chain of trust and in a root of its own, finds in their Packages files.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/real-kernels.sh"
need_debian

# mirror_of PATTERN: the first one that apt knows for such suites
mirror_of()
{
	apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
		awk -v suite="$1" '$2 ~ suite { sub("/*$", "", $1); print $1; exit }'
}
main=$(mirror_of '^(bullseye|bookworm|trixie|oldstable|stable)$')
security=$(mirror_of '^(bullseye|bookworm|trixie|oldstable|stable)-security$')
[ -n "$security" ] || skip_all "apt's configuration names no mirror of Debian's security suite"
keyring=
for file in /usr/share/keyrings/debian-archive-keyring.gpg /usr/share/keyrings/debian-archive-keyring.pgp; do
	[ ! -r "$file" ] || keyring=${keyring:-$file}
done
[ -n "$keyring" ] || skip_all "no keyring of Debian's archive (package debian-archive-keyring)"

# ---- apt's view -----------------------------------------------------------------------
apt=$work/apt
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
: >"$apt/status"
cat >"$apt/sources.list" <<SOURCES
deb [signed-by=$keyring] $main bookworm main
deb [signed-by=$keyring] $main bookworm-updates main
deb [signed-by=$keyring] $security bookworm-security main
deb [signed-by=$keyring] $main sid main
SOURCES
cat >"$apt/apt.conf" <<CONF
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State "$apt";
Dir::State::Lists "$apt/lists";
Dir::State::Status "$apt/status";
Dir::Cache "$apt/cache";
APT::Sandbox::User "root";
APT::Architecture "amd64";
#clear APT::Architectures;
APT::Architectures { "amd64"; "arm64"; };
Acquire::Languages "none";
CONF
private_apt()
{
	APT_CONFIG=$apt/apt.conf "$@"
}
# lists whose last line says that it failed are no lists
update()
{
	private_apt apt-get -q update 2>&1 | tee "$work/update.log"
	! grep -E '^(E|W|Err)[: ]' "$work/update.log"
}
packages()
{
	private_apt apt-get indextargets --format '$(RELEASE) $(ARCHITECTURE) $(FILENAME)' \
		'Created-By: Packages' >"$work/targets"
	[ "$(wc -l <"$work/targets")" -eq 8 ] || return 1
	while read -r suite arch file; do
		private_apt /usr/lib/apt/apt-helper cat-file "$file" >"$work/Packages.$suite.$arch" || return 1
	done <"$work/targets"
}
t "apt fetches and checks the same suites" update
t "apt has their Packages" packages

# ---- btfgen's -------------------------------------------------------------------------
index()
{
	"$btfgen" "$1" --distro debian --release "$2" --work "$cache" --json
}
list()
{
	to_file "$work/list.$1" index list "$1"
}
bytes()
{
	python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); print(d["fetched_bytes"])' "$1"
}
# Little: the signed Release files of the suites, none of their indexes
fetches_little()
{
	first=$(bytes "$work/first.$1") second=$(bytes "$work/second.$1")
	echo "first $first bytes, then $second"
	[ "$first" -gt 1000000 ] && [ "$second" -lt 500000 ]
}

cat >"$work/compare.py" <<'PYTHON'
"""compare.py WORK CODENAME LIST SUITE...: apt's Packages against btfgen's list"""
import json
import re
import sys

work, codename, list_file = sys.argv[1:4]
suites = sys.argv[4:]
ARCHES = {"amd64": "x86_64", "arm64": "aarch64"}
# from the best: image packages of one kernel
KINDS = ("linux-binary-%s", "linux-binary-unsigned-%s", "linux-image-%s", "linux-image-%s-unsigned")
NAME = re.compile(
    r"linux-(?:image|binary)-(?:unsigned-)?(\d+\.\d+\.\d+.*?-(?:amd64|arm64|arm64-16k))(-dbg|-unsigned)?$")


def stanzas(path):
    for text in open(path, encoding="utf-8").read().split("\n\n"):
        yield dict(line.split(": ", 1) for line in text.splitlines()
                   if not line.startswith(" ") and ": " in line)


def described(package):
    return package and {
        "version": package["Version"], "bytes": int(package["Size"]), "sha256": package["SHA256"]}


expected = {}
paths = {}  # a package of two suites has one in each pool
for suite in suites:
    for arch, machine in ARCHES.items():
        for package in stanzas("%s/Packages.%s.%s" % (work, suite, arch)):
            match = NAME.match(package.get("Package", ""))
            if not match or package["Architecture"] != arch:
                continue
            key = (machine, match[1], package["Version"])
            expected.setdefault(key, {})[package["Package"]] = package
            paths.setdefault(package["SHA256"], set()).add(package["Filename"])

wanted = {}
for key, by_name in expected.items():
    release = key[1]
    images = [by_name[kind % release] for kind in KINDS if kind % release in by_name]
    wanted[key] = {
        "debug": described(by_name.get("linux-image-%s-dbg" % release)),
        "image": described(images[0] if images else None)}

listed = {}
for kernel in json.load(open(list_file))["kernels"]:
    if kernel["codename"] != codename or kernel["suite"] not in suites:
        sys.exit("unexpected: %s" % kernel)
    found = {}
    for what in ("debug", "image"):
        package = kernel[what]
        if package and package["verification"] != "signed-index":
            sys.exit("not verified: %s" % kernel)
        found[what] = package and {
            "version": package["version"], "bytes": package["bytes"], "sha256": package["sha256"]}
        # apt gives a path below the mirror, btfgen the whole address
        if package and not any(package["url"].endswith("/" + path)
                               for path in paths.get(package["sha256"], ())):
            sys.exit("not where apt has it: %s" % package)
    version = (kernel["debug"] or kernel["image"])["version"]
    key = (kernel["arch"], kernel["kernel"], version)
    if key in listed:
        sys.exit("twice: %s" % (key,))
    listed[key] = found

bad = ["%s only by %s" % (key, "apt" if key in wanted else "btfgen")
       for key in sorted(set(wanted) ^ set(listed))]
for key in sorted(set(wanted) & set(listed)):
    for what in ("debug", "image"):
        a, b = wanted[key][what], listed[key][what]
        if a != b:
            bad.append("%s %s: apt %s, btfgen %s" % (key, what, a, b))
print("%d kernels by apt, %d by btfgen" % (len(wanted), len(listed)))
if bad:
    sys.exit("\n".join(bad[:20]))
enough = 40 if codename == "bookworm" else 2
if len(wanted) < enough or not any(k["debug"] and k["image"] for k in wanted.values()):
    sys.exit("that is too few to prove anything")
PYTHON

for release in bookworm sid; do
	suites=sid
	[ $release = sid ] || suites="bookworm bookworm-updates bookworm-security"
	t "$release: indexed" to_file "$work/first.$release" index index $release
	t "$release: listed" list $release
	# shellcheck disable=SC2086 # a list
	t "$release: as apt lists it" python3 "$work/compare.py" "$work" $release \
		"$work/list.$release" $suites
	echo "# $out"
	t "$release: indexed again" to_file "$work/second.$release" index index $release
	t "$release: fetching little" fetches_little $release
	echo "# $out"
	cp "$work/list.$release" "$work/list.first"
	t "$release: listed without network" env http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9 \
		"$btfgen" list --distro debian --release $release --work "$cache" --json --cached
	echo "$out" >"$work/list.cached"
	t "$release: the same" cmp "$work/list.first" "$work/list.cached"
done

finish
