#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Whose os-release is believed: in another root, in a PID namespace of its own, and without the
# right to look at PID 1's.
. "$(dirname "$0")/../lib/tap.sh"
export XDG_DATA_HOME="$work/data" XDG_CACHE_HOME="$work/cache" # no archive of the user's

[ "$(id -u)" -eq 0 ] || skip_all "needs root"
[ "$(readlink /proc/self/ns/pid)" = "pid:[4026531836]" ] || skip_all "in a PID namespace already"
unshare -mp --fork true 2>/dev/null || skip_all "no mount or PID namespaces here"
release=$(sed -n 's/^ID=//p' /etc/os-release | tr -d '"')
[ -n "$release" ] || skip_all "this machine's os-release has no ID"
case $(uname -rv) in
*Debian* | *Ubuntu* | *.el[0-9]* | *.fc[0-9]* | *.amzn* | *default*) skip_all "the kernel bears a mark of its own" ;;
esac

# A root that is not PID 1's, with an os-release of its own
mkdir "$work/root"
cat >"$work/inside" <<'INSIDE'
mount -t tmpfs none "$1" || exit 1
for name in usr lib lib64 bin sbin proc sys tmp; do
	[ -L /$name ] && cp -P /$name "$1/" && continue
	[ -d /$name ] || continue
	mkdir "$1/$name" && mount --rbind /$name "$1/$name" || exit 1
done
mkdir "$1/etc" "$1/built" && mount --bind "$2" "$1/built" || exit 1
printf 'ID=container\nVERSION_ID=1\n' >"$1/etc/os-release"
root=$1
shift 2
[ "$1" != own-proc ] || { shift; mount -t proc none "$root/proc" || exit 1; }
exec chroot "$root" "$@"
INSIDE
built=$(dirname "$btfgen")

# which WANT ARGUMENT...: exit status 0 or 3, and what it says of the distribution
says()
{
	want=$1
	shift
	"$@" >"$work/which"
	case $? in 0 | 3) ;; *) return 1 ;; esac
	cat "$work/which"
	grep -q "^distro .*$want" "$work/which"
}

t "on the host, its own" says "$release .*(/etc/os-release)" "$btfgen" which
t "in another root, PID 1's, or none where that can't be read" \
	says "$release .*/proc/1/root/\|unknown (in a container" \
	unshare -m sh "$work/inside" "$work/root" "$built" /built/btfgen which
t "in a PID namespace of its own, none" says "unknown (in a container, os-release is not the host's)" \
	unshare -mp --fork sh "$work/inside" "$work/root" "$built" own-proc /built/btfgen which
t "there, what the user names is believed" says "container 1 (/etc/os-release)" \
	unshare -mp --fork sh "$work/inside" "$work/root" "$built" own-proc /built/btfgen which \
	--os-release /etc/os-release
t "in another root, what is told to be the host's" says "container 1 ($work/root/etc/os-release)" \
	sh -c 'mkdir "$1/etc" && printf "ID=container\nVERSION_ID=1\n" >"$1/etc/os-release" &&
	"$2" which --root "$1"' sh "$work/root" "$btfgen"
if command -v setpriv >/dev/null && setpriv --reuid 65534 --clear-groups test -x "$btfgen"; then
	t "who may not look at PID 1 believes the own root" says "$release .*(/etc/os-release)" \
		setpriv --reuid 65534 --clear-groups "$btfgen" which -a /nonexistent
else
	skip "who may not look at PID 1" "setpriv is missing, or an ordinary user can't read the build"
fi
finish
