# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
#
# Signed repositories of a few lines, without packages: indexes are all that the
# catalogue reads. Functions, to be sourced with $T set to a directory for it all.
set -e
export GNUPGHOME="$T/h" LC_ALL=C

g()
{
	gpg --batch --quiet --no-tty --yes --pinentry-mode loopback --passphrase '' "$@" \
		2>>"$T/gpg.log"
}

# The secret key in $T/h, the public one in $T/key.gpg and, armored, $T/key.asc
new_key()
{
	mkdir -p "$GNUPGHOME"
	chmod 700 "$GNUPGHOME"
	g --quick-gen-key test@example.invalid ed25519 sign never
	g --export >"$T/key.gpg"
	g --armor --export >"$T/key.asc"
	gpgconf --kill all
}

sum()
{
	sha256sum "$1" | cut -d' ' -f1
}

# stanza NAME VERSION [PATH]: a package of a Packages file
stanza()
{
	cat <<STANZA
Package: $1
Source: linux
Version: $2
Description: a package
 Package: not-this
Filename: ${3-pool/main/$1_$2.deb}
Size: 1000
SHA256: $(echo "$1 $2" | sha256sum | cut -d' ' -f1)

STANZA
}

# sign_suite MIRROR PATH: InRelease anew, of Release
sign_suite()
{
	g --clearsign --output "$1/dists/$2/InRelease" "$1/dists/$2/Release"
}

list_files()
{
	for file in main/binary-*/Packages main/binary-*/Packages.*; do
		echo " $(sum "$file") $(stat -c %s "$file") $file"
	done
}

# deb_suite MIRROR PATH CODENAME ARCH [FIELD]...: of the stanzas on stdin
deb_suite()
{
	dist=$1/dists/$2
	codename=$3
	packages=$dist/main/binary-$4/Packages
	mkdir -p "${packages%/*}"
	cat >"$packages"
	xz -k -f "$packages"
	gzip -k -f "$packages"
	{
		echo "Codename: $codename"
		shift 4
		for field; do echo "$field"; done
		echo "SHA256:"
		(cd "$dist" && list_files)
	} >"$dist/Release"
	g --clearsign --output "$dist/InRelease" "$dist/Release"
}

# rpm_package NAME VERSION RELEASE ARCH [PATH]: a package of primary.xml
rpm_package()
{
	cat <<PACKAGE
<package type="rpm">
  <name>$1</name>
  <arch>$4</arch>
  <version epoch="${EPOCH-0}" ver="$2" rel="$3"/>
  <checksum type="sha256" pkgid="YES">$(echo "$1 $2 $3" | sha256sum | cut -d' ' -f1)</checksum>
  <size package="2000" installed="1" archive="1"/>
  <location href="${5-Packages/$1-$2-$3.$4.rpm}"/>
  <format><rpm:license>x</rpm:license><name>not-this</name><arch>nor-this</arch></format>
</package>
PACKAGE
}

# repomd BASE [HREF]: repomd.xml of the primary.xml.gz that is there
repomd()
{
	primary=$1/repodata/primary.xml.gz
	cat >"$1/repodata/repomd.xml" <<REPOMD
<?xml version="1.0" encoding="UTF-8"?>${DOCTYPE-}
<repomd xmlns="http://linux.duke.edu/metadata/repo">
  <data type="filelists"><checksum type="sha256">00</checksum><location href="no"/></data>
  <data type="primary">
    <checksum type="sha256">$(sum "$primary")</checksum>
    <open-checksum type="sha256">11</open-checksum>
    <location href="${2-repodata/primary.xml.gz}"/>
    <size>$(stat -c %s "$primary")</size>
  </data>
</repomd>
REPOMD
}

# rpmmd BASE: of the packages on stdin
rpmmd()
{
	mkdir -p "$1/repodata"
	{
		echo '<?xml version="1.0" encoding="UTF-8"?>'
		echo '<metadata xmlns="http://linux.duke.edu/metadata/common"'
		echo '          xmlns:rpm="http://linux.duke.edu/metadata/rpm">'
		cat
		echo '</metadata>'
	} | gzip -c >"$1/repodata/primary.xml.gz"
	repomd "$1"
}

# sign_repomd BASE
sign_repomd()
{
	g --armor --detach-sign --output "$1/repodata/repomd.xml.asc" "$1/repodata/repomd.xml"
}
