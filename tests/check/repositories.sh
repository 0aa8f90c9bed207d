#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What make-deb-repo and make-rpm-repo make is what the distributions' own tools accept.
. "$(dirname "$0")/../lib/tap.sh"

lib=$top/tests/lib
member=usr/lib/debug/boot/vmlinux-6.1.0-9-amd64
mirror=$work/deb/debian
dist=$mirror/dists/bookworm
head -c 300000 /dev/urandom >"$work/vmlinux"
head -c 1000 /dev/urandom >"$work/vmlinuz"

has()
{
	command -v "$1" >/dev/null
}

# The sums of Release hold for all files that it names, also by hash.
release_holds()
{
	cd "$dist" &&
		awk '/^SHA256:/ { on = 1; next } on { print $1 "  " $3 }' Release >"$work/sums" &&
		[ "$(grep -c . "$work/sums")" -ge 6 ] && sha256sum --quiet -c "$work/sums" &&
		while read -r sum file; do
			cmp "$file" "${file%/*}/by-hash/SHA256/$sum" || return 1
		done <"$work/sums"
}

# Each stanza of an index names a package of its size and sum.
packages_hold()
{
	xz -dc "$dist/main/binary-$1/Packages.xz" |
		awk '/^Filename:/ { file = $2 } /^SHA256:/ { print $2 "  " file }' >"$work/sums"
	cd "$mirror" && [ "$(grep -c . "$work/sums")" -eq "$2" ] &&
		sha256sum --quiet -c "$work/sums"
}

# same FILE COMMAND...: the command writes the file's bytes
same()
{
	file=$1
	shift
	"$@" | cmp - "$file"
}

deb_member()
{
	dpkg-deb --fsys-tarfile "$mirror/pool/main/l/linux/$1" | tar -xO "./$2"
}

if has gpg && has gpgv && has dpkg-deb; then
	t "make-deb-repo, as stable" "$lib/make-deb-repo" "$work/deb" --suite stable \
		"dbg:6.1.0-9-amd64:6.1.9-1:$work/vmlinux" \
		"image:6.1.0-9-amd64:6.1.9-1:$work/vmlinuz"
	t "another architecture is added" "$lib/make-deb-repo" "$work/deb" --suite stable \
		--arch arm64 --compress gzip --filler 5000 "dbg7:7.2-arm64:7.2-1:$work/vmlinux"
	t "gpgv accepts InRelease" gpgv --keyring "$work/deb/keyring.gpg" "$dist/InRelease"
	t "gpgv accepts Release.gpg" gpgv --keyring "$work/deb/keyring.gpg" "$dist/Release.gpg" \
		"$dist/Release"
	sed 's/Codename: bookworm/Codename: trixie/' "$dist/InRelease" >"$work/changed"
	t_not "gpgv refuses a changed one" gpgv --keyring "$work/deb/keyring.gpg" "$work/changed"
	t "Release's sums hold" release_holds
	t "both architectures are named" grep -qx "Architectures: amd64 arm64" "$dist/Release"
	t "the suite links to the codename" cmp "$mirror/dists/stable/InRelease" "$dist/InRelease"
	t "the sums of Packages hold (amd64)" packages_hold amd64 2
	t "the sums of Packages hold (arm64)" packages_hold arm64 1
	t "vmlinux comes out as it went in" same "$work/vmlinux" \
		deb_member linux-image-6.1.0-9-amd64-dbg_6.1.9-1_amd64.deb "$member"
	t "vmlinuz too" same "$work/vmlinuz" \
		deb_member linux-image-6.1.0-9-amd64_6.1.9-1_amd64.deb boot/vmlinuz-6.1.0-9-amd64
	t "and vmlinux in the layout of 7.x" same "$work/vmlinux" \
		deb_member linux-image-7.2-arm64-dbg_7.2-1_arm64.deb \
		usr/lib/debug/lib/modules/7.2-arm64/vmlinux
	t "an expired suite with an expired key" "$lib/make-deb-repo" "$work/old" --expired \
		--expired-key meta:linux-image-amd64-dbg:1
	t_says 0 EXPKEYSIG "gpgv says that the key has expired" gpgv --status-fd 1 \
		--keyring "$work/old/keyring.gpg" "$work/old/debian/dists/bookworm/InRelease"
	until=$(sed -n 's/^Valid-Until: //p' "$work/old/debian/dists/bookworm/InRelease")
	t "and Valid-Until is past" [ "$(date -d "$until" +%s)" -lt "$(date +%s)" ]
	t_says 1 "no-such-file" "a missing file is named" "$lib/make-deb-repo" "$work/bad" \
		"dbg:6.1:1:$work/no-such-file"
else
	skip "make-deb-repo" "gpg, gpgv or dpkg-deb is missing"
fi

rpm_member()
{
	rpm2archive - <"$1" >"$work/package.tgz" &&
		tar -xzOf "$work/package.tgz" --wildcards '*/vmlinux'
}

check_signature()
{
	rpmkeys --dbpath "$work/rpmdb" -D "_pkgverify_level signature" --checksig "$1"
}

file_digest()
{
	digest=$(sha256sum <"$work/vmlinux")
	rpm --dbpath "$work/rpmdb" -qp --qf '[%{FILENAMES} %{FILEDIGESTS}\n]' "$1" 2>/dev/null |
		grep -qx "/usr/lib/debug/lib/modules/4.18.0-147.el8.$2/vmlinux ${digest%% *}"
}

payload_is()
{
	[ "$(rpm --dbpath "$work/rpmdb" -qp --qf '%{PAYLOADCOMPRESSOR}' "$1" 2>/dev/null)" = "$2" ]
}

repomd_holds()
{
	repodata=$work/rpm/8/x86_64/repodata
	for file in "$repodata"/*-primary.xml.*; do
		sum=$(sha256sum <"$file")
		grep -q ">${sum%% *}<" "$repodata/repomd.xml" || return 1
	done
}

if has rpmbuild && has rpmsign && has createrepo_c && has rpm2archive; then
	t "make-rpm-repo" "$lib/make-rpm-repo" "$work/rpm" --sign-metadata "$work/vmlinux"
	t "another architecture and payload" "$lib/make-rpm-repo" "$work/rpm" --arch aarch64 \
		--payload zstd "4.18.0-147.el8:$work/vmlinux"
	x86=$work/rpm/8/x86_64/Packages/kernel-debuginfo-4.18.0-147.el8.x86_64.rpm
	arm=$work/rpm/8/aarch64/Packages/kernel-debuginfo-4.18.0-147.el8.aarch64.rpm
	t_not "rpmkeys refuses the package without the key" check_signature "$x86"
	t "the key goes into a database of the test's own" rpmkeys --dbpath "$work/rpmdb" \
		--import "$work/rpm/RPM-GPG-KEY-test"
	t_says 0 "digests signatures OK" "rpmkeys accepts the package" check_signature "$x86"
	t_says 0 "digests signatures OK" "and the one for aarch64" check_signature "$arm"
	t "its payload is xz" payload_is "$x86" xz
	t "the other's zstd" payload_is "$arm" zstd
	t "the signed header lists vmlinux's digest" file_digest "$x86" x86_64
	t "for aarch64 too" file_digest "$arm" aarch64
	t "vmlinux comes out of the rpm as it went in" same "$work/vmlinux" rpm_member "$x86"
	t "repomd.xml lists primary's sum" repomd_holds
	gpg --batch --homedir "$work/rpm/gnupg" --export >"$work/rpm.gpg" 2>/dev/null
	repomd=$work/rpm/8/x86_64/repodata/repomd.xml
	t "gpgv accepts repomd.xml.asc" gpgv --keyring "$work/rpm.gpg" "$repomd.asc" "$repomd"
	t "an unsigned repository" "$lib/make-rpm-repo" "$work/unsigned" --unsigned \
		--payload gzip "$work/vmlinux"
	t_not "rpmkeys refuses its package" check_signature \
		"$work/unsigned/8/x86_64/Packages/kernel-debuginfo-4.18.0-147.el8.x86_64.rpm"
else
	skip "make-rpm-repo" "rpmbuild, rpmsign, createrepo_c or rpm2archive is missing"
fi

finish
