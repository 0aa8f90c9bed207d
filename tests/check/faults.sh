#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What goes wrong: each is refused by a message that names the file or URL and the remedy,
# with exit status 1; the archive is as before, and no scratch is left.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/sandbox.sh"
need python3 gpg gpgv gpgconf dpkg-deb pahole ar

v='#1 SMP PREEMPT_DYNAMIC Debian 6.1.1-1 (2023-01-01)'
kernel vmlinux 6.1.0-1-amd64 "$v"
kernel vmlinux-0 6.1.0-0-amd64 "$v"
kernel stripped 6.1.0-1-amd64 "$v" --strip
# One suite is enough.
"$lib/one-suite-manifest" "$work/manifests"

good=$work/good
deb=pool/main/l/linux/linux-image-6.1.0-1-amd64-dbg_6.1.1-1_amd64.deb
packages=dists/bookworm/main/binary-amd64/Packages
t "a good repository" "$lib/make-deb-repo" "$good" --filler 200000 "dbg:6.1.0-1-amd64:6.1.1-1:$work/vmlinux"
A=$work/a.kbtf
t "an archive with another kernel" "$btfgen" add -q -a "$A" "$work/vmlinux-0"
sum=$(sha256sum "$A")

# from URL [OPTION]...: build, with a cache of its own each time
from()
{
	mirror=$1
	shift
	rm -rf "$XDG_CACHE_HOME"
	"$btfgen" build --manifests "$work/manifests" --mirror "$mirror" --keyring "$good/keyring.gpg" --retry \
		-a "$A" "$@"
}
as_before()
{
	test "$(sha256sum "$A")" = "$sum" && no_scratch
}
says_all()
{
	for text; do
		case $said in
		*"$text"*) ;;
		*) echo "not said: $text"; printf '%s\n' "$said"; return 1 ;;
		esac
	done
}
# refuses WHAT TEXT... -- COMMAND...: exit 1, all the texts, and the archive as before
refuses()
{
	refused=$1
	shift
	texts=$work/texts
	: >"$texts"
	while [ "$1" != -- ]; do
		echo "$1" >>"$texts"
		shift
	done
	shift
	t_exit 1 "$refused: exit 1" "$@"
	said=$out
	set --
	while read -r text; do
		set -- "$@" "$text"
	done <"$texts"
	t "$refused: said so" says_all "$@"
	t "$refused: nothing changed" as_before
}
# spoil NAME: a copy of the good repository, to be spoilt
spoil()
{
	bad=$work/$1
	cp -R "$good/debian" "$bad"
}
sign() # DIST [GNUPGHOME]: InRelease anew, of Release
{
	rm -f "$work/k"
	ln -s "${2:-$good/gnupg}" "$work/k"
	GNUPGHOME=$work/k gpg --batch --yes --quiet --clearsign --output "$1/InRelease" "$1/Release"
	GNUPGHOME=$work/k gpgconf --kill all
}
# reindex: Packages and Release of $bad anew, as its packages are now
reindex()
{
	python3 - "$bad" "$deb" <<'PYTHON'
import gzip, hashlib, lzma, os, re, sys
mirror, deb = sys.argv[1:]
dist = mirror + "/dists/bookworm/"
data = open(mirror + "/" + deb, "rb").read()
text = open(dist + "main/binary-amd64/Packages").read()
text = re.sub(r"(?m)^Size: .*", f"Size: {len(data)}", text)
text = re.sub(r"(?m)^SHA256: .*", "SHA256: " + hashlib.sha256(data).hexdigest(), text).encode()
base = dist + "main/binary-amd64/Packages"
open(base, "wb").write(text)
open(base + ".xz", "wb").write(lzma.compress(text))
open(base + ".gz", "wb").write(gzip.compress(text))
release = open(dist + "Release").read().split("SHA256:")[0] + "SHA256:\n"
for name in sorted(os.listdir(dist + "main/binary-amd64")):
    path = dist + "main/binary-amd64/" + name
    if os.path.isfile(path):
        raw = open(path, "rb").read()
        release += f" {hashlib.sha256(raw).hexdigest()} {len(raw)} main/binary-amd64/{name}\n"
release = release.replace("Acquire-By-Hash: yes\n", "")
open(dist + "Release", "w").write(release)
PYTHON
	sign "$bad/dists/bookworm"
}

# ---- an archive that can't be written ----------------------------------------------------------
B=$A
A=$work/nosuch/a.kbtf
t_says 1 "$work/nosuch: No such file" "build into no directory" from "file:$good/debian"
t_not "fetches and encodes nothing first" sh -c 'echo "$1" | grep -e encode: -e fetch:' sh "$out"
A=$B

# ---- files given by hand --------------------------------------------------------------------
add()
{
	"$btfgen" add -a "$A" "$@"
}
refuses "a stripped vmlinux" "$work/stripped" "stripped" "debug package" -- add "$work/stripped"
latin1=$(printf '%s/caf\351' "$work")
cp "$work/stripped" "$latin1"
refuses "one whose name is not UTF-8" "caf?" "stripped" -- add "$latin1"
mkdir -p "$work/stripped.d/DEBIAN" "$work/stripped.d/boot"
cp "$work/stripped" "$work/stripped.d/boot/vmlinux-6.1.0-1-amd64"
printf '%s: x\n' Package Maintainer Description >"$work/stripped.d/DEBIAN/control"
printf '%s\n' 'Version: 1' 'Architecture: amd64' >>"$work/stripped.d/DEBIAN/control"
t "a package of it" dpkg-deb --build "$work/stripped.d" "$work/stripped.deb"
refuses "a package of a stripped vmlinux" "$work/stripped.deb: the kernel is stripped" -- add "$work/stripped.deb"
head -c 150000 "$good/debian/$deb" >"$work/cut.deb"
refuses "a truncated .deb" "$work/cut.deb" "cut off" "get it again" -- add "$work/cut.deb"
head -c 30000 "$work/vmlinux" >"$work/cut"
refuses "a truncated vmlinux" "$work/cut" -- add "$work/cut"
: >"$work/empty"
refuses "an empty file" "$work/empty" -- add "$work/empty"
refuses "no file" "$work/nothing" "No such file" -- add "$work/nothing"

# ---- indexes and packages, spoilt on the mirror -----------------------------------------------
spoil digest
printf '\377' | dd of="$bad/$deb" bs=1 seek=100000 conv=notrunc 2>/dev/null
refuses "a package with a wrong digest" "$deb" "SHA-256" -- from "file:$bad"
spoil short
head -c 100000 "$good/debian/$deb" >"$bad/$deb"
refuses "a package that was cut off" "$deb" -- from "file:$bad"
spoil index
for ending in '' .xz .gz; do
	printf '\377' | dd of="$bad/$packages$ending" bs=1 seek=40 conv=notrunc 2>/dev/null
done
rm -rf "$bad/dists/bookworm/main/binary-amd64/by-hash"
refuses "Packages with a wrong digest" "/Packages" "SHA-256" "another mirror" -- from "file:$bad"
spoil signature
sed -i 's/^Description: .*/Description: another/' "$bad/dists/bookworm/InRelease"
rm -f "$bad/dists/bookworm/Release.gpg"
refuses "an InRelease with a wrong signature" "InRelease" -- from "file:$bad"
t "another key" "$lib/make-deb-repo" "$work/stranger" "dbg:6.1.0-1-amd64:6.1.1-1:$work/vmlinux"
refuses "an unknown key" "InRelease" "--keyring" "$(fingerprint "$work/stranger/gnupg" | tail -c 17)" \
	-- from "file:$work/stranger/debian"
# What one key vouched for in an earlier run does not count where that key does not.
known() # KEYRING [OPTION]...
{
	keyring=$1
	shift
	"$btfgen" list --manifests "$work/manifests" --mirror "file:$good/debian" --keyring "$keyring" "$@"
}
rm -rf "$XDG_CACHE_HOME"
t_says 0 6.1.0-1-amd64 "an index, and the key that signed it" known "$good/keyring.gpg"
t_says 0 6.1.0-1-amd64 "is known" known "$good/keyring.gpg" --cached
t_says 1 "none of the keys at hand signed what is known of it" "but not where another keyring is given" \
	known "$work/stranger/keyring.gpg" --cached
t_not "no kernel of it is listed" said "^6.1.0-1-amd64"
t_exit 1 "nor where the mirror has it still" known "$work/stranger/keyring.gpg"
t_not "which that keyring refuses" said "^6.1.0-1-amd64"
t_exit 1 "nor where there is no keyring" known "$work/nothing" --cached
mkdir "$work/rings"
cp "$work/stranger/keyring.gpg" "$work/rings/a.gpg"
GNUPGHOME=$good/gnupg gpg --batch --quiet --no-tty --armor --export >"$work/rings/b.asc"
GNUPGHOME=$good/gnupg gpgconf --kill all
t_says 0 6.1.0-1-amd64 "in a folder of keyrings the key counts, armored" known "$work/rings" --cached
t_says 0 "debian  12" "status has no --keyring, and counts what is known" "$btfgen" status --manifests "$work/manifests"
spoil expired
sed -i 's/^Date: .*/&\nValid-Until: Mon, 01 Jan 2024 00:00:00 UTC/' "$bad/dists/bookworm/Release"
t "an index that has expired" sign "$bad/dists/bookworm"
refuses "an expired InRelease" "InRelease" "2024" "--allow-expired" -- from "file:$bad"
B=$A
A=$work/expired.kbtf
t_says 0 "1 done" "unless --allow-expired" from "file:$bad" --allow-expired
A=$B
spoil suite
sed -i 's/^Suite: .*/Suite: trixie/; s/^Codename: .*/Codename: trixie/' "$bad/dists/bookworm/Release"
t "an index of another suite" sign "$bad/dists/bookworm"
refuses "signed for another suite" "InRelease" "trixie" "bookworm" "--mirror" -- from "file:$bad"
spoil nothing
rm -rf "$bad/dists"
refuses "a mirror without the suite" "InRelease" "not found" -- from "file:$bad"

# ---- hostile packages, well signed ------------------------------------------------------------
# evil KIND: $bad is a repository whose package has been made so
evil()
{
	spoil "$1"
	mkdir -p "$work/deb.$1"
	cd "$work/deb.$1" && ar x "$good/debian/$deb" debian-binary control.tar.xz || return 1
	python3 - "$1" "$work/vmlinux" data.tar <<'PYTHON' || return 1
import io, sys, tarfile
kind, vmlinux, out = sys.argv[1:]
name = "./usr/lib/debug/boot/vmlinux-6.1.0-1-amd64"
data = open(vmlinux, "rb").read()

def add(tar, path, **fields):
    info = tarfile.TarInfo(path)
    for key, value in fields.items():
        setattr(info, key, value)
    tar.addfile(info, io.BytesIO(data) if info.isreg() else None)

def raw(path, typeflag, size, extra=b""):
    """A header that claims `size`, which tarfile would not write without the bytes."""
    info = tarfile.TarInfo(path)
    info.type, info.size = typeflag, size
    head = info.tobuf(tarfile.GNU_FORMAT)
    return head + extra

def sparse(path, real, size):
    """An old GNU sparse member of `real` bytes of which `size` are there, at its end."""
    info = tarfile.TarInfo(path)
    info.type, info.size = tarfile.GNUTYPE_SPARSE, size
    head = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    def number(value):
        return (b"\x80" + value.to_bytes(11, "big")) if value >= 8 ** 11 else b"%011o\0" % value
    head[345:512] = bytes(167)
    head[386:398], head[398:410] = number(real - size), number(size)
    head[482:483], head[483:495] = b"\0", number(real)
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head) + data[:size] + bytes(-size % 512)

if kind in ("escape", "symlink", "hardlink"):
    with tarfile.open(out, "w", format=tarfile.GNU_FORMAT) as tar:
        if kind == "escape":
            add(tar, "./../../../../../../../../usr/lib/debug/boot/vmlinux-6.1.0-1-amd64",
                size=len(data))
            # these match the pattern of the wanted member
            for up in range(4, 12):
                add(tar, "./usr/lib/debug/boot/vmlinux-x/" + "../" * up + "btfgen-escaped",
                    size=len(data))
            add(tar, "/usr/lib/debug/boot/vmlinux-x/../../../../../btfgen-escaped-too",
                size=len(data))
        elif kind == "symlink":
            add(tar, name, type=tarfile.SYMTYPE, linkname=vmlinux)
        else:
            add(tar, name, type=tarfile.LNKTYPE, linkname=vmlinux)
else:
    with open(out, "wb") as file:
        if kind == "sparse":
            file.write(sparse(name, 10 << 40, 512))
        elif kind == "bomb":
            file.write(raw(name, tarfile.REGTYPE, 10 << 40, data))
        file.write(bytes(1024))
PYTHON
	rm -f "$bad/$deb"
	ar rc "$bad/$deb" debian-binary control.tar.xz data.tar && reindex
}
for kind in escape symlink hardlink sparse bomb; do
	t "a package with: $kind" evil "$kind"
done
member=vmlinux-6.1.0-1-amd64
limited()
{
	(ulimit -f 100000 && from "$@")
}
refuses "a member with ../" "$work/escape/$deb" "'..' in its path" "don't use it" -- limited "file:$work/escape"
nothing_escaped()
{
	found=$(find "$work" / "${TMPDIR:-/tmp}" -xdev -maxdepth 1 -name 'btfgen-escaped*')
	[ -z "$found" ] || { echo "$found"; return 1; }
}
t "it escaped nowhere" nothing_escaped
refuses "a symbolic link instead of the file" "$member" "link" -- limited "file:$work/symlink"
refuses "a hard link instead of the file" "$member" "link" -- limited "file:$work/hardlink"
refuses "10 TB, sparse" "$member" "sparse" -- limited "file:$work/sparse"
refuses "a header that says 10 TB" "$member" -- limited "file:$work/bomb"
for kind in escape symlink hardlink sparse bomb; do
	refuses "$kind, given by hand" "$work/$kind/$deb" -- add "$work/$kind/$deb"
done

# ---- the mirror over the network ---------------------------------------------------------------
refuses "a dead mirror" "http://127.0.0.1:9/debian" "check the network" -- from "http://127.0.0.1:9/debian"
serve "$good" --faults "$work/faults"
fault()
{
	printf '%s' "$1" >"$work/faults.new"
	mv "$work/faults.new" "$work/faults"
}
fault '{"/debian/dists/*": {"status": 404}}'
refuses "a mirror that says 404" "$url/debian/dists/bookworm/InRelease" "404" -- from "$url/debian"
fault '{"/debian/pool/*": {"status": 404}}'
refuses "a package that is 404" "$url/debian/$deb" "404" -- from "$url/debian"
fault '{"/debian/pool/*": {"html": 1}}'
refuses "a web page instead of a package" "$url/debian/$deb" -- from "$url/debian"
fault '{"/debian/dists/*": {"html": 1}}'
refuses "a web page instead of an index" "$url/debian/dists/bookworm/InRelease" -- from "$url/debian"
fault '{"/debian/pool/*": {"length": "+5000"}}'
refuses "a package longer than the index says" "$url/debian/$deb" -- from "$url/debian"

# what a second try mends
kept=$A
recovers() # WHAT FAULTS
{
	fault "$2"
	A=$work/recovered.kbtf
	rm -f "$A" "$A.journal"
	: >"$requests"
	t_says 0 "1 done, 0 skipped, 0 failed" "$1" from "$url/debian"
	t "$1: the right archive" same_archive "$A" "$work/straight.kbtf"
	A=$kept
}
fault '{}'
A=$work/straight.kbtf
t_says 0 "1 done" "without faults" from "$url/debian"
statuses()
{
	python3 - "$requests" "$1" <<'PYTHON'
import json, sys
print(" ".join(f"{r['status']}{'+' if r['range'] else ''}" for r in map(json.loads, open(sys.argv[1]))
               if sys.argv[2] in r["path"]))
PYTHON
}
recovers "500, then good" '{"/debian/pool/*": {"status": 500, "times": 1}}'
t "by a second request" test "$(statuses /pool/)" = "500 200"
recovers "InRelease 503, then good" '{"/debian/dists/*InRelease": {"status": 503, "times": 1}}'
t "by a second request, too" test "$(statuses /InRelease)" = "503 200"
recovers "a connection that is cut" '{"/debian/pool/*": {"cut": 90000, "times": 1}}'
t "and resumed, not begun anew" test "$(statuses /pool/)" = "200 206+"

# a failed fetch leaves its beginning, and the next run resumes
fault '{"/debian/pool/*": {"cut": 30000}}'
A=$work/resumed.kbtf
t_exit 1 "a connection that is cut each time" from "$url/debian" --arch x86_64
fault '{}'
: >"$requests"
again()
{
	"$btfgen" build --manifests "$work/manifests" --mirror "$url/debian" --keyring "$good/keyring.gpg" -a "$A"
}
t_says 0 "1 done" "the next run" again
t "takes up where that one ended" test "$(statuses /pool/)" = "206+"
t "with the right result" same_archive "$A" "$work/straight.kbtf"
A=$kept
t "nothing is left in tmp/" no_scratch

# ---- archives that are none ----------------------------------------------------------------------
damaged() # WHAT: $A is so, and stays so
{
	sum=$(sha256sum "$A")
	refuses "build into $1" "$A" "move it away" -- from "file:$good/debian"
	refuses "add to $1" "$A" "move it away" -- add "$work/vmlinux"
	refuses "verify $1" "$A" -- "$btfgen" verify -a "$A"
}
head -c 3000 "$kept" >"$work/cut.kbtf"
A=$work/cut.kbtf
damaged "an archive that was cut off"
A=$work/flip.kbtf
cp "$kept" "$A"
size=$(wc -c <"$A")
printf '\377' | dd of="$A" bs=1 seek=$((size - 200)) conv=notrunc 2>/dev/null
damaged "an archive with a wrong bit in its index"
A=$work/notes.txt
echo "what I must not lose" >"$A"
damaged "a text file"
A=$work/empty.kbtf
: >"$A"
damaged "an empty file"

finish
