# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What a machine must have, and how it gets it. Sourced by quickstart and test.

BUILD_PACKAGES="gcc libc6-dev make pkgconf clang llvm bpftool pahole libbpf-dev libelf-dev libdw-dev
	libarchive-dev libcurl4-openssl-dev liblzma-dev libzstd-dev libsodium-dev libinih-dev
	libjansson-dev libexpat1-dev librpm-dev gpgv debian-archive-keyring ca-certificates"
TEST_PACKAGES="libcmocka-dev python3 gnupg rpm createrepo-c mandoc binutils xz-utils zstd lz4 bzip2
	lld cpio openssl dwz gcc-s390x-linux-gnu"
LONG_PACKAGES="qemu-system-x86 busybox-static libclang-rt-dev slurm-wlm munge"

die()
{
	echo "$(basename "$0"): $*" >&2
	exit 1
}

# Debian and what descends from it; the rest is told what to install.
check_distribution()
{
	command -v apt-get >/dev/null && command -v dpkg-query >/dev/null && return
	id=$(sed -n 's/^ID=//p' /etc/os-release 2>/dev/null | tr -d '"')
	cat >&2 <<-TEXT
	$(basename "$0"): this is ${id:-a system} without apt, so install by hand what docs/install.md lists:
	  dnf install    gcc make pkgconf clang llvm bpftool dwarves libbpf-devel elfutils-devel
	                 libarchive-devel libcurl-devel xz-devel libzstd-devel libsodium-devel
	                 inih-devel jansson-devel expat-devel rpm-devel gnupg2 debian-keyring
	  apk add        build-base pkgconf clang llvm bpftool pahole libbpf-dev elfutils-dev
	                 libarchive-dev curl-dev xz-dev zstd-dev libsodium-dev inih-dev
	                 jansson-dev expat-dev rpm-dev gnupg linux-headers
	  pacman -S      base-devel clang llvm bpf pahole libbpf libelf libarchive curl xz zstd
	                 libsodium libinih jansson expat rpm-tools gnupg debian-archive-keyring
	then run make, and build/btfgen --help.
	TEXT
	exit 1
}

# Root runs apt itself; a user by sudo.
as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "packages are missing and this is neither root nor a user with sudo; as root: $*"
	fi
}

missing_packages()
{
	for package; do
		[ "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null)" = "install ok installed" ] ||
			printf '%s ' "$package"
	done
}

install_packages()
{
	# shellcheck disable=SC2046,SC2086 # lists of words
	set -- $(missing_packages $*)
	[ $# -gt 0 ] || return 0
	echo "installing: $*"
	as_root apt-get -q update >/dev/null || echo "apt-get update failed; trying with the old lists" >&2
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
		-o Dpkg::Use-Pty=0 install "$@" >/dev/null ||
		die "apt-get could not install: $*"
}
