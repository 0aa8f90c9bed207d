#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A vault without any index: nginx and Apache list the folder, and the packages' own
# signatures are what is believed.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/sandbox.sh"
. "$(dirname "$0")/../lib/nginx.sh"
need python3 gpg rpmbuild rpmsign createrepo_c pahole nginx

release=4.18.0-147.el8.x86_64
package=kernel-debuginfo-$release.rpm
kernel vmlinux "$release" '#1 SMP Wed Dec 4 21:51:45 UTC 2019'
t "signed packages" "$lib/make-rpm-repo" "$work/good" "$work/vmlinux"
t "unsigned ones" "$lib/make-rpm-repo" "$work/unsigned" --unsigned "$work/vmlinux"
mkdir -p "$work/www" "$work/m"
cp -R "$work/good/8/x86_64/Packages" "$work/www/good"
cp -R "$work/unsigned/8/x86_64/Packages" "$work/www/unsigned"
# what is there in its place is no package at all
mkdir "$work/www/elf" "$work/www/empty" "$work/www/debs"
cp "$work/vmlinux" "$work/www/elf/$package"
mkdir -p "$work/deb/DEBIAN" "$work/deb/usr/lib/debug/boot"
kernel "deb/usr/lib/debug/boot/vmlinux-4.18.0-1-amd64" 4.18.0-1-amd64 '#1 SMP Debian 4.18.1-1 (2018-09-06)'
port=$(free_port)
cat >"$work/servers" <<CONF
server {
	listen 127.0.0.1:$port;
	root $work/www;
	autoindex on;
	location /fancy/ { alias $work/www/; autoindex_format html; autoindex_exact_size off; }
	location /json/ { alias $work/www/; autoindex_format json; }
}
CONF
t "nginx" start_nginx "$work/servers" "$port"

manifest() # URL PATH [KEY=VALUE]...
{
	cat >"$work/m/vault.ini" <<INI
[distribution]
id = vault
architectures = ${architectures:-x86_64}
keyring = $work/good/RPM-GPG-KEY-test
keyring-package = the-keyring
kernel-release = %{version}-%{release}.%{arch}
debug-package = kernel-debuginfo linux-image-([0-9].*)-dbg
debug-member = usr/lib/debug/*/vmlinux usr/lib/debug/boot/vmlinux-*
[repository vault]
type = directory
mirror = $1
[release 8]
version = 8
suites = vault:$2
INI
}
build()
{
	archive=$1
	shift
	"$btfgen" build --manifests "$work/m" -a "$work/$archive" --json "$@" >"$work/json"
}
built()
{
	json '[(k["kernel"], k["package"], k["verification"]) for k in d["kernels"]] ==
		[("'"$release"'", "'"$package"'", "'"$1"'")] and d["done"] == 1' "$work/json"
}

manifest "http://127.0.0.1:$port" good
t "a folder that nginx lists" build a.kbtf
t "one kernel of it, verified by its package's signature" built signed-package
t "the same folder again" build a.kbtf
t "has nothing new" json 'd["skipped"] == 1 and d["done"] == 0' "$work/json"
t_says 0 " ? " "its size is not known" "$btfgen" list --manifests "$work/m" -a "$work/a.kbtf"
manifest "http://127.0.0.1:$port/fancy" good
t "in another form" build b.kbtf
t "as well" built signed-package
manifest "http://127.0.0.1:$port/json" good
t_says 1 "is no list of a folder with packages" "in JSON" "$btfgen" index --manifests "$work/m"
manifest "http://127.0.0.1:$port" empty
t_says 1 "is no list of a folder with packages" "an empty folder" "$btfgen" index --manifests "$work/m"
manifest "http://127.0.0.1:$port" none
t_says 1 "none/: not found (HTTP 404)" "no folder" "$btfgen" index --manifests "$work/m"

# ---- Apache ------------------------------------------------------------------------------------
modules=$(dirname "$(find /usr/lib/apache2 /usr/lib/httpd /usr/lib64/httpd -name mod_autoindex.so 2>/dev/null | head -n 1)")
if command -v apache2 >/dev/null && [ -e "$modules/mod_autoindex.so" ]; then
	apache=$(free_port)
	mkdir "$work/apache"
	{
		for module in mpm_event authz_core dir mime autoindex; do
			echo "LoadModule ${module}_module $modules/mod_$module.so"
		done
		echo "ServerRoot $work/apache
			ServerName localhost
			Listen 127.0.0.1:$apache
			PidFile $work/apache/pid
			ErrorLog $work/apache/error
			DefaultRuntimeDir $work/apache
			TypesConfig /dev/null
			User nobody
			Group nogroup
			DocumentRoot $work/www
			<Directory $work/www>
				Options +Indexes
				IndexOptions FancyIndexing HTMLTable VersionSort
				Require all granted
			</Directory>"
	} >"$work/apache/conf"
	chmod 755 "$work"
	apache2 -f "$work/apache/conf" -DFOREGROUND 2>"$work/apache/stderr" &
	apache_pid=$!
	at_exit "kill $apache_pid 2>/dev/null; wait $apache_pid 2>/dev/null"
	t "Apache" answers "$apache"
	manifest "http://127.0.0.1:$apache" good
	t "a folder that Apache lists" build c.kbtf
	t "the same" built signed-package
else
	skip "Apache's list" "apache2 is missing"
fi

# ---- what is refused ------------------------------------------------------------------------------
manifest "http://127.0.0.1:$port" unsigned
t_exit 1 "a package without a signature" build d.kbtf
t "is refused" json 'd["done"] == 0 and "sign" in d["kernels"][0]["reason"]' "$work/json"
t "unless the user wants it" build d.kbtf --allow-unsigned
t "and the archive says so" built unverified
manifest "http://127.0.0.1:$port" elf
t_exit 1 "a file that is no package" build e.kbtf
t "can't be signed" json '"it is no RPM package" in d["kernels"][0]["reason"]' "$work/json"
t "with the user's leave" build e.kbtf --allow-unsigned
t "it is taken" built unverified
manifest "http://127.0.0.1:$port" good
sed -i "s|^keyring = .*|keyring = /none|" "$work/m/vault.ini"
t_says 1 "is a mere list of files, and there are no keys to check its packages with: install the-keyring" \
	"no keys" "$btfgen" index --manifests "$work/m"
if command -v dpkg-deb >/dev/null; then
	printf 'Package: x\nVersion: 1\nArchitecture: amd64\nMaintainer: x <x@example.invalid>\nDescription: x\n' \
		>"$work/deb/DEBIAN/control"
	deb=linux-image-4.18.0-1-amd64-dbg_4.18.1-1_amd64.deb
	t "a .deb" dpkg-deb -b "$work/deb" "$work/www/debs/$deb"
	architectures=x86_64:amd64
	manifest "http://127.0.0.1:$port" debs
	t_says 1 "debs/$deb is not signed, nor is a list" "is refused" "$btfgen" index --manifests "$work/m"
	t "with the user's leave" build f.kbtf --allow-unsigned
	t "it is taken, unverified" json 'd["done"] == 1 and d["kernels"][0]["verification"] == "unverified"' \
		"$work/json"
	t_exit 1 "what was accepted once is not for good" "$btfgen" list --cached --manifests "$work/m"
else
	skip "a .deb" "dpkg-deb is missing"
fi
t "nothing is left in tmp/" no_scratch

finish
