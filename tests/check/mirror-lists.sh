#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Where an rpm-md repository's mirrors come from, over a real nginx: metalink, mirror list,
# the user; and servers that want to know who asks (RHEL's entitlement).
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/sandbox.sh"
. "$(dirname "$0")/../lib/nginx.sh"
need python3 gpg rpmbuild rpmsign createrepo_c pahole nginx openssl

release=4.18.0-147.el8.x86_64
kernel vmlinux "$release" '#1 SMP Wed Dec 4 21:51:45 UTC 2019'
t "a signed repository" "$lib/make-rpm-repo" "$work/good" "$work/vmlinux"
t "an authority, and a server" new_ca
t "a client" new_client client
http=$(free_port) https=$(free_port) closed=$(free_port)
while [ "$https" = "$http" ]; do https=$(free_port); done
cat >"$work/servers" <<CONF
server { listen 127.0.0.1:$http; root $work/www; }
server {
	listen 127.0.0.1:$https ssl;
	root $work/www;
	ssl_certificate $work/server.pem;
	ssl_certificate_key $work/server-key.pem;
	ssl_client_certificate $work/ca.pem;
	ssl_verify_client optional;
	location /subscribers/ { if (\$ssl_client_verify != SUCCESS) { return 403; } }
}
CONF
# As a mirror that is behind: its repomd.xml was good once.
mkdir -p "$work/www/subscribers" "$work/www/old"
cp -R "$work/good/8" "$work/www/good"
cp -R "$work/good/8/x86_64" "$work/www/old/x86_64"
cp -R "$work/good/8" "$work/www/subscribers/8"
echo "<!-- older -->" >>"$work/www/old/x86_64/repodata/repomd.xml"
t "nginx" start_nginx "$work/servers" "$http" "$https"
sha=$(sha256sum <"$work/www/good/x86_64/repodata/repomd.xml")
sha=${sha%% *}

# metalink URL...: in falling preference, with the good repomd.xml's SHA-256
metalink()
{
	preference=100
	echo '<?xml version="1.0" encoding="utf-8"?>'
	echo '<metalink version="3.0" xmlns="http://www.metalinker.org/" type="dynamic"'
	echo ' xmlns:mm0="http://fedorahosted.org/mirrormanager"><files><file name="repomd.xml">'
	echo "<verification><hash type='sha256'>$sha</hash></verification><resources>"
	for base; do
		echo "<url protocol='http' preference='$preference'>$base/repodata/repomd.xml</url>"
		preference=$((preference - 1))
	done
	echo "</resources></file></files></metalink>"
}

# manifest NAME KEYS SUITES: of a distribution of that name
manifest()
{
	mkdir -p "$work/m"
	cat >"$work/m/$1.ini" <<INI
[distribution]
id = $1
type = rpm-md
architectures = x86_64
keyring = $work/good/RPM-GPG-KEY-test
debug-package = kernel-debuginfo
kernel-release = %{version}-%{release}.%{arch}
debug-member = usr/lib/debug/lib/modules/*/vmlinux
[repository debug]
$2
[release 8]
version = 8
suites = $3
INI
}
ask() # VERB [OPTION]...
{
	verb=$1
	shift
	"$btfgen" "$verb" --manifests "$work/m" --json "$@" >"$work/json"
}
one_from() # URL: the one kernel is known, and from there
{
	json '[k["debug"]["url"] for k in d["kernels"]] == ["'"$1/Packages/kernel-debuginfo-$release"'.rpm"]' "$work/json"
}

# ---- metalink ------------------------------------------------------------------------------
export CURL_CA_BUNDLE="$work/ca.pem"
manifest linked "metalink = https://127.0.0.1:$https/metalink?repo=\$path-\$releasever&arch=\$basearch" "debug:good/\$basearch"
good=http://127.0.0.1:$http/good/x86_64
metalink "http://127.0.0.1:$closed/x86_64" "http://127.0.0.1:$http/old/x86_64" "$good" \
	>"$work/www/metalink"
t "a metalink" ask list
t "the dead mirror and the one that is behind are passed over" one_from "$good"
t "the best one was asked, as nginx knows" grep -q "GET /old/x86_64/repodata/repomd.xml" "$work/nginx/access"
t "a kernel is built" ask build -a "$work/a.kbtf"
t "verified by its package's signature: a metalink signs nothing" \
	json 'd["done"] == 1 and d["kernels"][0]["verification"] == "signed-package"' "$work/json"
metalink "http://127.0.0.1:$http/old/x86_64" >"$work/www/metalink"
t_says 1 "is not the one that the metalink tells" "no mirror has the right index" ask index
metalink "http://127.0.0.1:$http/old/x86_64" "$good" >"$work/www/metalink"
t "an altered index is not taken from the mirror, another is" ask list
t "which has it" one_from "$good"
# the right index, and not yet the packages: they come from the next
mkdir -p "$work/www/half/x86_64"
cp -R "$work/good/8/x86_64/repodata" "$work/www/half/x86_64/"
metalink "http://127.0.0.1:$http/half/x86_64" "$good" >"$work/www/metalink"
t "a mirror that has the index" ask list
t "and no packages" one_from "http://127.0.0.1:$http/half/x86_64"
rm -rf "$XDG_CACHE_HOME/btfgen/packages"
t "stands in for none of the others" ask build -a "$work/half.kbtf"
t "which have them" json 'd["done"] == 1' "$work/json"
echo "<html>" >"$work/www/metalink"
t_says 1 "damaged XML" "a metalink that is none" ask index
rm "$work/www/metalink"
t_says 1 "metalink?repo=good/x86_64-8&arch=x86_64: not found" "no metalink" ask index
t "a mirror of the user's takes its place" ask list --mirror "debug=http://127.0.0.1:$http/"
t "with the suite's path below" one_from "$good"
t "what was known stays known" ask list --cached
t "from where it was" one_from "$good"
(
	unset CURL_CA_BUNDLE SSL_CERT_FILE
	ask index
) >"$work/untrusted" 2>&1
t "a server that nobody knows is not believed" grep -q "certificate is not trusted" "$work/untrusted"

# ---- mirror list ------------------------------------------------------------------------------
rm "$work/m"/*
manifest listed "mirrorlist = http://127.0.0.1:$http/list?arch=\$basearch
mirror = http://127.0.0.1:$http/good" "debug:\$basearch"
printf '# mirrors\nhttp://127.0.0.1:%s/none\nhttp://127.0.0.1:%s/good/$basearch/\n' "$closed" "$http" >"$work/www/list"
t "a mirror list" ask list
t "the second one is there" one_from "$good"
: >"$work/www/list"
t "an empty one" ask list
t "gives way to the manifest's mirrors, below which is the path" one_from "$good"

# ---- mirrors of the user's ------------------------------------------------------------------------
rm "$work/m"/*
manifest enterprise "mirror = user" "debug:\$releasever/\$basearch"
manifest public "mirror = http://127.0.0.1:$http" "debug:good/\$basearch"
t "what needs the user's mirror does not stop others" ask list
t "which are there" one_from "$good"
t_says 0 "enterprise is left out: enterprise's repository 'debug' has no public mirror" \
	"and it is said" "$btfgen" index --manifests "$work/m"
t "nor does what is known lack it" "$btfgen" list --manifests "$work/m" --cached
t_says 1 "name yours with --mirror debug=URL" "who asks for it by name hears how" ask index --distro enterprise
mkdir -p "$work/www/mine"
cp -R "$work/good/8" "$work/www/mine/8"
t "with a mirror" ask list --distro enterprise --mirror "http://127.0.0.1:$http/mine/"
t "it is there" one_from "http://127.0.0.1:$http/mine/8/x86_64"

# ---- subscribers ------------------------------------------------------------------------------------
rm "$work/m"/*
unset CURL_CA_BUNDLE
mkdir "$work/entitlement"
manifest subscribed "mirror = https://127.0.0.1:$https/subscribers
client-certificate = $work/entitlement/*.pem
client-key = $work/entitlement/*-key.pem
ca-certificate = $work/ca.pem" "debug:\$releasever/\$basearch"
t_says 1 "is for subscribers: there is no client certificate $work/entitlement/*.pem" \
	"no certificate" ask index --distro subscribed
cp "$work/client.pem" "$work/entitlement/123.pem"
t_says 1 "is for subscribers" "no key" ask index --distro subscribed
cp "$work/client-key.pem" "$work/entitlement/123-key.pem"
t "with both the index" ask list
t "is there" one_from "https://127.0.0.1:$https/subscribers/8/x86_64"
t "and the package" ask build -a "$work/b.kbtf"
t "too" json 'd["done"] == 1 and d["kernels"][0]["verification"] == "signed-package"' "$work/json"
new_key stranger
openssl x509 -req -in "$work/stranger.csr" -signkey "$work/stranger-key.pem" -days 9 \
	-out "$work/entitlement/123.pem" 2>/dev/null
cp "$work/stranger-key.pem" "$work/entitlement/123-key.pem"
t_says 1 "unexpected answer (HTTP 400)" "a certificate that the server does not know" ask index
t "nothing is left in tmp/" no_scratch

finish
