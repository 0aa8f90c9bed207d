#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What `make install` puts where is enough to compile against, and to run from.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/sandbox.sh"
need make cc pkg-config pahole bpftool

root=$work/root
make_install()
{
	make -s -C "$top" BUILD="$(dirname "$btfgen")" DESTDIR="$root" PREFIX=/usr install
}
case $btfgen in
"$top"/build/btfgen) ;;
*) skip_all "BTFGEN names another program than the one that make builds" ;;
esac
# The tree may have been built with any PREFIX before.
t "make install" make_install
for file in bin/btfgen lib/libkbtf.a lib/libkbtf.so include/kbtf.h include/kbtf_write.h \
	lib/pkgconfig/libkbtf.pc lib/btfgen/bpf/execsnoop.bpf.o lib/btfgen/bpf/opensnoop.bpf.o \
	lib/btfgen/bpf/tcpconnect.bpf.o lib/btfgen/bpf/cputime.bpf.o lib/btfgen/bpf/exitsnoop.bpf.o \
	lib/btfgen/bpf/runqlat.bpf.o lib/btfgen/bpf/capable.bpf.o share/btfgen/manifests/debian.ini \
	share/btfgen/manifests/centos.ini share/man/man5/btfgen-manifest.5 share/man/man5/kbtf-archive.5 \
	share/man/man1/btfgen.1 share/bash-completion/completions/btfgen; do
	t "usr/$file" test -s "$root/usr/$file"
done
stray()
{
	find "$root" -mindepth 1 -maxdepth 1 ! -name usr | grep . && return 1
	find "$root" -type f \( -name '*.o' ! -name '*.bpf.o' -o -name '*.d' -o -name '*.c' \) | grep . && return 1
	return 0
}
t "and nothing besides" stray
t "the soname's link" test "$(readlink "$root/usr/lib/libkbtf.so")" = libkbtf.so.0
t "that link" test -e "$root/usr/lib/libkbtf.so.0"

export PKG_CONFIG_SYSROOT_DIR="$root" PKG_CONFIG_LIBDIR="$root/usr/lib/pkgconfig:$(
	pkg-config --variable pc_path pkg-config)"
flags()
{
	PKG_CONFIG_PATH=$root/usr/lib/pkgconfig pkg-config "$@" libkbtf
}
t_says 0 "$root/usr/include" "pkg-config names the headers" flags --cflags
t_says 0 "0.1.0" "and the version" flags --modversion

cat >"$work/agent.c" <<'AGENT'
#include <kbtf.h>
#include <kbtf_write.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	struct kbtf_archive *archive = argc == 2 ? kbtf_archive__open(argv[1]) : NULL;

	if (!archive)
		return 1;
	printf("%s %zu %s\n", kbtf__version(), kbtf_archive__entry_count(archive),
	       kbtf_entry__ident(kbtf_archive__entry(archive, 0))->kernel_release);
	kbtf_archive__close(archive);
	return 0;
}
AGENT
kernel vmlinux 6.1.0-test '#1 SMP Test'
installed=$root/usr/bin/btfgen
t "the installed btfgen finds its objects" "$installed" add -q -a "$work/a.kbtf" "$work/vmlinux"
profile()
{
	"$installed" stats -a "$work/a.kbtf" | awk '/^profile/ { on = 1; $1 = $2 = "" } on' | tr ' ' '\n' |
		grep . | sort >"$work/profile"
	(cd "$top/bpf" && ls ./*.bpf.c) | sed 's|^./||; s|c$|o|' | sort | diff - "$work/profile"
}
t "all of them" profile
cp -R "$root" "$work/elsewhere"
# A copy of the tree, so that neither the build's own nor the first one can serve.
manifests()
{
	rm "$work/elsewhere/usr/share/btfgen/manifests/centos.ini"
	"$work/elsewhere/usr/bin/btfgen" list --cached --distro nosuch
}
t_says 2 "debian" "and its manifests" manifests
t_not "its own, not the tree's" said centos

compile_shared()
{
	# shellcheck disable=SC2046 # words
	cc -Wall -Werror -o "$work/shared" "$work/agent.c" $(flags --cflags --libs)
}
compile_static()
{
	# shellcheck disable=SC2046 # words
	cc -Wall -Werror -o "$work/static" "$work/agent.c" $(flags --cflags) "$root/usr/lib/libkbtf.a" \
		$(flags --static --libs | sed 's/-lkbtf//')
}
t "a program against the shared library" compile_shared
t_says 0 "0.1.0 1 6.1.0-test" "opens an archive" env LD_LIBRARY_PATH="$root/usr/lib" \
	"$work/shared" "$work/a.kbtf"
t_says 0 "libkbtf.so.0 => $root/usr/lib/libkbtf.so.0" "and is linked to it" \
	env LD_LIBRARY_PATH="$root/usr/lib" ldd "$work/shared"
t "a program against the static library" compile_static
t_says 0 "0.1.0 1 6.1.0-test" "opens an archive, too" "$work/static" "$work/a.kbtf"
t_not "without libkbtf.so" sh -c 'readelf -d "$1" | grep -q libkbtf' sh "$work/static"
if command -v c++ >/dev/null; then
	t "the headers are C++, too" sh -c 'echo "#include <kbtf_write.h>" |
		c++ -I"$1" -Wall -Werror -x c++ -fsyntax-only -' sh "$root/usr/include"
else
	skip "C++" "no c++ compiler"
fi
t "libkbtf.pc says where it was installed" grep -qx "prefix=/usr" "$root/usr/lib/pkgconfig/libkbtf.pc"

finish
