#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A package's vmlinux read in parts, from a real nginx: with ranges, without, over TLS, and one
# that dies while it sends; and a vmlinux behind its modules.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/sandbox.sh"
. "$top/tests/lib/nginx.sh"
need nginx openssl dpkg-deb ar xz pkg-config llvm-objcopy python3

build=$(dirname "$btfgen")
[ -e "$build/libmodules.a" ] || skip_all "no $build/libmodules.a: make"
sanitize=
if nm "$build/libkbtf.a" 2>/dev/null | grep -q __asan_init; then
	sanitize=-fsanitize=address,undefined
fi

compile()
{
	packages="libbpf libzstd libsodium libarchive libcurl libelf libdw liblzma inih jansson expat rpm"
	# shellcheck disable=SC2046,SC2086 # lists of words
	"${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -g -O1 $sanitize -I"$top/archive" -I"$top/tools/btfgen" \
		$(pkg-config --cflags $packages) -o "$work/sparse-image" "$top/tests/lib/sparse-image.c" \
		"$build/libmodules.a" "$build/libkbtf.a" $(pkg-config --libs $packages) -lpthread
}

# package NAME VMLINUX: modules of 3 MB besides; blocks of 100 KB, as dpkg makes some of 24 MB
package()
{
	root=$work/$1
	mkdir -p "$root/DEBIAN" "$root/$(dirname "$2")" "$root/usr/lib/debug/lib/modules"
	cp "$work/vmlinux" "$root/$2"
	ln -s "/$2" "$root/usr/lib/debug/vmlinux"
	head -c 3000000 "$work/noise" >"$root/usr/lib/debug/lib/modules/a.ko"
	printf 'Package: p\nVersion: 1\nArchitecture: all\nMaintainer: m\nDescription: d\n' \
		>"$root/DEBIAN/control"
	dpkg-deb --root-owner-group -Znone -b "$root" "$work/$1.whole" >/dev/null || return
	(cd "$root" && ar x "$work/$1.whole" && xz -T2 --block-size=100000 -1 data.tar &&
		mkdir -p "$work/www" && ar qc "$work/www/$1.deb" debian-binary control.tar data.tar.xz)
}

# read_from URL-OR-PATH [PATTERNS]
read_from()
{
	rm -f "$work/image"
	"$work/sparse-image" "$1" "$size" "${2:-usr/lib/debug/boot/vmlinux-*}" "$work/image"
}

same_section()
{
	llvm-objcopy --dump-section "$1=$work/want" "$work/vmlinux" /dev/null &&
		llvm-objcopy --dump-section "$1=$work/got" "$work/image" /dev/null &&
		cmp "$work/want" "$work/got"
}

# what_came WHERE: all that is needed came, and not much else
what_came()
{
	kernel=$(sed -n 's/^kernel=//p' "$work/.out")
	for section in .debug_info .debug_abbrev .debug_str; do
		t "$1: $section is that of vmlinux" same_section $section
	done
	t "$1: the kernel is known by it" [ "$kernel" = "$known" ]
}

kernel vmlinux 6.1.0-9-amd64 "#1 SMP Debian 6.1.27-1 (2023-05-08)" --arch x86_64 || skip_all "no kernel"
python3 -c 'import random, sys
sys.stdout.buffer.write(random.Random(1).randbytes(3000000))' >"$work/noise"
known=$(readelf -n "$work/vmlinux" 2>/dev/null | sed -n 's/.*Build ID: //p')
known="x86_64 6.1.0-9-amd64 #1 SMP Debian 6.1.27-1 (2023-05-08) $known"
t "the reader compiles" compile
t "a package is made" package first usr/lib/debug/boot/vmlinux-6.1.0-9-amd64
size=$(wc -c <"$work/www/first.deb")

new_ca >"$work/ca.log" 2>&1 || skip_all "no certificates"
port=$(free_port) tls=$(free_port)
cat >"$work/servers" <<CONF
server {
	listen 127.0.0.1:$port; root $work/www;
	location /none/ { alias $work/www/; max_ranges 0; }
	location /slow/ { alias $work/www/; limit_rate 4m; etag off; }
	location /slower/ { alias $work/www/; limit_rate 30k; }
	location /away/ { return 302 http://127.0.0.1:$port/first.deb; }
}
server {
	listen 127.0.0.1:$tls ssl; root $work/www; keepalive_requests 2;
	ssl_certificate $work/server.pem; ssl_certificate_key $work/server-key.pem;
}
CONF
start_nginx "$work/servers" "$port" "$tls"

t "on disk" read_from "$work/www/first.deb"
what_came "on disk"
t "from nginx" read_from "http://127.0.0.1:$port/first.deb"
read=$(sed -n 's/^read=//p' "$work/.out")
what_came "from nginx"
t "from nginx: a fifth of it was fetched at most" [ "$((read * 5))" -lt "$size" ]
t "nobody asks for more than a megabyte at once" \
	sh -c "! grep -E ' 206 [0-9]{7}' '$work/nginx/access' | grep -vE ' 206 10[0-4]'"
t "a slow one without ETags" read_from "http://127.0.0.1:$port/slow/first.deb"
t "by a redirect" read_from "http://127.0.0.1:$port/away/first.deb"

# nginx has the file open for as long as it sends of it
is_sending()
{
	readlink /proc/"$nginx_pid"/fd/* | grep -q 'first\.deb$'
}

cut_in_the_middle()
{
	read_from "http://127.0.0.1:$port/slower/first.deb" &
	reader=$!
	until grep -q /slower/ "$work/nginx/access" && is_sending; do
		kill -0 $reader || return 1
		sleep 0.05
	done
	restart_nginx "$port" "$tls"
	[ ! -e "$work/image" ] && wait $reader
}
t "a server that dies while it sends, and comes back" cut_in_the_middle
what_came "in spite of that"
unset CURL_CA_BUNDLE SSL_CERT_DIR
export SSL_CERT_FILE="$work/ca.pem"
t "over TLS, connections of two requests" read_from "https://127.0.0.1:$tls/first.deb"
what_came "over TLS"
unset SSL_CERT_FILE
t_says 1 "certificate" "a server that nobody vouches for" read_from "https://127.0.0.1:$tls/first.deb"
t_says 1 "does not do ranges" "a server without ranges" read_from "http://127.0.0.1:$port/none/first.deb"
t_says 1 "not found" "a package that is not there" read_from "http://127.0.0.1:$port/second.deb"
size=$((size + 1))
t_says 1 "were expected" "a package of another size" read_from "http://127.0.0.1:$port/first.deb"

t "a package whose vmlinux comes last is made" package last usr/lib/debug/lib/modules/7.1/vmlinux
size=$(wc -c <"$work/www/last.deb")
t "it is found, too" read_from "http://127.0.0.1:$port/last.deb" "usr/lib/debug/lib/modules/*/vmlinux"
what_came "the last"

finish
