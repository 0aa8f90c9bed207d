#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What servers may say and must not get by with, where no signature stands before it.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/sandbox.sh"
. "$(dirname "$0")/../lib/nginx.sh"
need python3 gpg rpmbuild rpmsign createrepo_c pahole dpkg-deb nginx

release=4.18.0-147.el8.x86_64
name=kernel-debuginfo-$release
kernel vmlinux "$release" '#1 SMP Wed Dec 4 21:51:45 UTC 2019'
t "a repository of signed packages, its index without" "$lib/make-rpm-repo" "$work/good" "$work/vmlinux"
mkdir -p "$work/m"
manifest() # TYPE MIRROR
{
	cat >"$work/m/test.ini" <<INI
[distribution]
id = test
type = $1
architectures = x86_64
keyring = $work/good/RPM-GPG-KEY-test
debug-package = kernel-debuginfo
kernel-release = %{version}-%{release}.%{arch}
debug-member = usr/lib/debug/lib/modules/*/vmlinux
[repository debug]
mirror = $2
[release 8]
version = 8
suites = debug:8/x86_64
INI
}
build() # ARCHIVE [OPTION]...
{
	archive=$work/$1
	shift
	"$btfgen" build --manifests "$work/m" --retry -a "$archive" --json "$@" >"$work/json"
}
refused() # TEXT
{
	json 'd["failed"] == 1 and d["done"] == 0 and "'"$1"'" in d["kernels"][0]["reason"]' "$work/json" &&
		test ! -e "$archive"
}

# ---- an unsigned index of RPMs that names another kind of package ------------------------------
# Whoever writes the index writes its digests, too: only a package's own signature is worth something.
debian_package()
{
	mkdir -p "$work/deb/DEBIAN" "$work/deb/usr/lib/debug/lib/modules/$release"
	cp "$work/vmlinux" "$work/deb/usr/lib/debug/lib/modules/$release/vmlinux"
	printf 'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x\nDescription: x\n' >"$work/deb/DEBIAN/control"
	dpkg-deb --root-owner-group --build "$work/deb" "$1" >/dev/null
}
point_to() # FILE: the index says that the kernel's package is that one
{
	rm -rf "$work/evil"
	cp -R "$work/good" "$work/evil"
	debian_package "$work/evil/8/x86_64/Packages/$1"
	python3 - "$work/evil/8/x86_64" "$1" <<'PYTHON'
import glob, gzip, hashlib, os, re, sys
base, name = sys.argv[1:]
path = glob.glob(base + "/repodata/*-primary.xml.gz")[0]
package = open(base + "/Packages/" + name, "rb").read()
text = gzip.open(path, "rt").read()
def edit(match):
    one = match.group(0)
    if "<name>kernel-debuginfo</name>" not in one:
        return one
    one = re.sub(r'(<checksum [^>]*>)[0-9a-f]+', r'\g<1>' + hashlib.sha256(package).hexdigest(), one)
    one = re.sub(r'<size package="\d+"', '<size package="%d"' % len(package), one)
    return re.sub(r'href="[^"]*"', 'href="Packages/%s"' % name, one)
text = re.sub(r'<package type="rpm">.*?</package>', edit, text, flags=re.S)
new = gzip.compress(text.encode())
open(path, "wb").write(new)
repomd = base + "/repodata/repomd.xml"
text = open(repomd).read()
def entry(match):
    one = match.group(0)
    one = re.sub(r'<checksum type="sha256">[0-9a-f]+', '<checksum type="sha256">' + hashlib.sha256(new).hexdigest(), one)
    return re.sub(r'<size>\d+', '<size>%d' % len(new), one)
open(repomd, "w").write(re.sub(r'<data type="primary">.*?</data>', entry, text, flags=re.S))
PYTHON
}
manifest rpm-md "file:$work/good"
t "the real package" build good.kbtf
t "is taken for its own signature" json 'd["kernels"][0]["verification"] == "signed-package"' "$work/json"
manifest rpm-md "file:$work/evil"
for file in "$name.deb" "$name" "$name.drpm"; do
	point_to "$file"
	t_exit 1 "a name that ends in ${file##*.}: another kind of package, which nobody signed" build evil.kbtf
	t "is refused" refused "$file"
	rm -f "$work/evil.kbtf"*
done
t "unless the user wants it" build wanted.kbtf --allow-unsigned
t "which is on record" json 'd["kernels"][0]["verification"] == "unverified"' "$work/json"

# ---- what has no digest, from a list of files ---------------------------------------------------
http=$(free_port)
mkdir -p "$work/www/8/x86_64"
echo "server { listen 127.0.0.1:$http; root $work/www; autoindex on; }" >"$work/server"
t "nginx" start_nginx "$work/server" "$http"
file=$work/www/8/x86_64/$name.rpm
manifest directory "http://127.0.0.1:$http"
echo '<html><body>Please log in</body></html>' >"$file"
t_exit 1 "a web page in a package's place" build page.kbtf
t "is refused" refused "it is no RPM package"
head -c 8000 "$work/good/8/x86_64/Packages/$name.rpm" >"$file"
t_exit 1 "half a package" build page.kbtf
t "is refused by its name" refused "http://127.0.0.1:$http/8/x86_64/$name.rpm: "
t_not "and not by its file in the cache" grep -q "/url-" "$work/json"
cp "$work/good/8/x86_64/Packages/$name.rpm" "$file"
t "neither is kept: the package itself" build page.kbtf
t "is had when it is there" json 'd["done"] == 1 and d["kernels"][0]["fetched_bytes"] > 8000' "$work/json"

# ---- many ---------------------------------------------------------------------------------------
# 60,000 took 16 seconds when each was compared with all before it, and are one second's work.
many() # links, each twice
{
	python3 - "$work/www/8/x86_64/index.html" <<'PYTHON'
import sys
links = ['<a href="kernel-debuginfo-4.18.0-%d.el8.x86_64.rpm">x</a>\n' % i for i in range(60000)]
open(sys.argv[1], "w").write("<html>" + "".join(links + links[::-1]))
PYTHON
}
t "a list of more kernels than there are" many
t "is read" "$btfgen" index --manifests "$work/m" --json
"$btfgen" index --manifests "$work/m" --json >"$work/json"
t "each of them once" json 'd["kernels"] == 60000' "$work/json"
t "nothing is left in tmp/" no_scratch

finish
