#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What `btfgen list` says of distributions by their real manifests: from small repositories in
# the places that the manifests name.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/sandbox.sh"
need python3 gpg rpmbuild rpmsign createrepo_c pahole objcopy
T=$work
export T
. "$lib/small-repository.sh"
set +e
new_key

# kernels BASE NAME ARCH VERSION-RELEASE...: a repository of one package in these versions
kernels()
{
	base=$1 name=$2 arch=$3
	shift 3
	for version; do
		rpm_package "$name" "${version%-*}" "${version##*-}" "$arch"
	done >>"$base.packages"
}
index_all() # BASE...
{
	for base; do
		rpmmd "$base" <"$base.packages"
	done
}
# list OPTION...: into $work/json
list()
{
	"$btfgen" list --json --keyring "$T/key.asc" "$@" >"$work/json"
}
these() # "KERNEL FLAVOUR CODENAME"...: that is all there is
{
	python3 -c '
import json, sys
found = [(k["kernel"], k["flavour"] or "-", k["codename"]) for k in json.load(open(sys.argv[1]))["kernels"]]
wanted = [tuple(line.split()) for line in sys.argv[2:]]
if found != wanted:
    sys.exit("found %s\nwanted %s" % (found, wanted))' "$work/json" "$@"
}

# ---- CentOS ---------------------------------------------------------------------------------
vault=$work/vault debug=$work/debug
mkdir -p "$debug/8" "$debug/8-stream" "$debug/7"
kernels "$debug/8/x86_64" kernel-debuginfo x86_64 4.18.0-80.el8 4.18.0-147.el8 4.18.0-193.el8
kernels "$debug/8/x86_64" kernel-debug-debuginfo x86_64 4.18.0-147.el8
kernels "$debug/8/x86_64" kernel-debuginfo-common-x86_64 x86_64 4.18.0-147.el8
kernels "$debug/8-stream/x86_64" kernel-debuginfo x86_64 4.18.0-448.el8
kernels "$debug/7/x86_64" kernel-debuginfo x86_64 3.10.0-1160.el7
kernels "$debug/7/x86_64" kernel-plus-debuginfo x86_64 3.10.0-1127.el7.centos.plus
index_all "$debug/8/x86_64" "$debug/8-stream/x86_64" "$debug/7/x86_64"
for minor in 8.2.2004 8.3.2011 8.4.2105 8.5.2111 8-stream; do
	mkdir -p "$vault/$minor/BaseOS/x86_64"
	: >"$vault/$minor/BaseOS/x86_64/os.packages"
done
kernels "$vault/8.2.2004/BaseOS/x86_64/os" kernel-core x86_64 4.18.0-193.el8
for minor in 8.2.2004 8.3.2011 8.4.2105 8.5.2111 8-stream; do
	index_all "$vault/$minor/BaseOS/x86_64/os"
done
centos()
{
	list --distro centos --arch x86_64 --mirror "debuginfo=file:$debug" --mirror "vault=file:$vault" "$@"
}
t "btfgen list --distro centos --kernel 4.18" centos --kernel 4.18
t "has these" these "4.18.0-80.el8.x86_64 - 8" \
	"4.18.0-147.el8.x86_64 - 8" \
	"4.18.0-193.el8.x86_64 - 8" \
	"4.18.0-448.el8.x86_64 - 8-stream"
t "what the image is of has both packages" json '[bool(k["image"]) for k in d["kernels"]] == [False, False, True, False]' \
	"$work/json"
t "--release takes a VERSION_ID, which CentOS and Stream share" centos --kernel 4.18 --release 8
t "has them" json 'len(d["kernels"]) == 4' "$work/json"
t "or the manifest's name" centos --kernel 4.18 --release 8-stream
t "has Stream" these "4.18.0-448.el8.x86_64 - 8-stream"
t "7" centos --release 7
t "has two flavours" these "3.10.0-1127.el7.centos.plus.x86_64 centos-plus 7" \
	"3.10.0-1160.el7.x86_64 - 7"
mkdir -p "$work/keys/centos" "$work/nokeys"
echo "no key" >"$work/nokeys/README"
t_says 1 "no keys to check" "a folder without keys" "$btfgen" list --distro centos --release 7 --arch x86_64 \
	--mirror "debuginfo=file:$debug" --keyring "$work/nokeys"
cp "$T/key.asc" "$work/keys/centos/RPM-GPG-KEY-CentOS-7"
t "a folder of folders, as distribution-gpg-keys has them" "$btfgen" list --distro centos --release 7 --arch x86_64 \
	--mirror "debuginfo=file:$debug" --keyring "$work/keys"
mv "$work/keys/centos/RPM-GPG-KEY-CentOS-7" "$work/keys/centos/other"
t_says 1 "no keys to check" "where the names are others" "$btfgen" list --distro centos --release 7 --arch x86_64 \
	--mirror "debuginfo=file:$debug" --keyring "$work/keys"
t_says 2 "7" "a release that there is not is told" centos --release 6

# ---- openSUSE -------------------------------------------------------------------------------
suse=$work/suse
mkdir -p "$suse/debug/distribution/leap/15.1/repo" "$suse/debug/update/leap/15.1"
oss=$suse/debug/distribution/leap/15.1/repo/oss updates=$suse/debug/update/leap/15.1/oss
kernels "$oss" kernel-default-debuginfo x86_64 4.12.14-lp151.27.3
for name in default-base-debuginfo default-debugsource debug-debuginfo default-devel-debuginfo; do
	kernels "$updates" "kernel-$name" x86_64 4.12.14-lp151.28.79.1
done
kernels "$updates" kernel-default-debuginfo x86_64 4.12.14-lp151.28.7.1 4.12.14-lp151.28.79.1
kernels "$updates" kernel-kvmsmall-debuginfo x86_64 4.12.14-lp151.28.79.1
index_all "$oss" "$updates"
t "openSUSE Leap" list --distro opensuse-leap --release 15.1 --arch x86_64 --mirror "file:$suse"
t "without the last number, and with the flavour" these "4.12.14-lp151.27-default default 15.1" \
	"4.12.14-lp151.28.7-default default 15.1" \
	"4.12.14-lp151.28.79-default default 15.1" \
	"4.12.14-lp151.28.79-kvmsmall kvmsmall 15.1"

# Its debug information is apart from the code, and so without the banner that names the kernel.
mkdir -p "$work/suse-m"
kernel vmlinux 4.12.14-lp151.28.79-default '#1 SMP Wed Nov 4 11:08:23 UTC 2020'
t "a repository as openSUSE's" "$lib/make-rpm-repo" "$work/leap" --path leap --flavour default \
	--version 4.12.14 --release lp151.28.79.1 "$work/vmlinux"
sed -e '/^\[release/,$d' -e '/^\tFEAB502/d' -e "s/^key = .*/key = $(fingerprint "$work/leap/gnupg")/" \
	"$top/manifests/opensuse-leap.ini" >"$work/suse-m/suse.ini"
printf '[release 15.1]\nversion = 15.1\nsuites = intel:leap/$basearch\n' >>"$work/suse-m/suse.ini"
suse_build()
{
	"$btfgen" build --manifests "$work/suse-m" --mirror "file:$work/leap" --arch x86_64 \
		--keyring "$work/leap/RPM-GPG-KEY-test" -a "$work/suse.kbtf" --json >"$work/json"
}
t "a kernel of it is built" suse_build
t "the one with the kernel's name and distribution" json '[(k["kernel"], k["distro"], k["release"],
	k["verification"]) for k in d["kernels"]] == [("4.12.14-lp151.28.79-default", "opensuse-leap",
	"15.1", "signed-package")]' "$work/json"
t "export" "$btfgen" export -q -a "$work/suse.kbtf" -k 4.12.14-lp151.28.79-default -o "$work/suse.btf"
t_says 0 "struct task_struct {" "it has types" "$btfgen" show "$work/suse.btf" "struct task_struct"

# ---- Ubuntu ---------------------------------------------------------------------------------
ddebs=$work/ddebs
sed -e "s/^key = .*/key = $(fingerprint "$GNUPGHOME")/" -e '/^\t790BC72/d' \
	-e 's/ ddebs-universe:[a-z-]*//g' "$top/manifests/ubuntu.ini" >"$work/ubuntu.ini"
mkdir "$work/m" && mv "$work/ubuntu.ini" "$work/m"
for suite in bionic bionic-updates; do
	for package in linux-image-unsigned-4.15.0-58-generic-dbgsym linux-image-4.15.0-58-generic-dbgsym \
		linux-image-generic-dbgsym linux-image-4.15.0-1044-gke-dbgsym; do
		stanza "$package" 4.15.0-58.64
	done | deb_suite "$ddebs" "$suite" bionic amd64 "Suite: $suite"
done
t "Ubuntu" list --manifests "$work/m" --distro ubuntu --release 18.04 --arch amd64 --mirror "file:$ddebs"
t "flavours, each once" these "4.15.0-58-generic generic bionic" \
	"4.15.0-1044-gke gke bionic"
t "the package with the kernel is taken" json \
	'["unsigned" in k["debug"]["url"] for k in d["kernels"]] == [True, False]' "$work/json"
t "and by the codename" list --manifests "$work/m" --release bionic --arch amd64 --mirror "file:$ddebs"
t "the same" json 'len(d["kernels"]) == 2' "$work/json"
t_says 1 "no index, what was known before counts: " "a mirror that is gone is told" \
	list --manifests "$work/m" --release bionic --arch amd64 --mirror "file:$work/nowhere" -v
t "what it said before counts" json 'len(d["kernels"]) == 2' "$work/json"
cp "$top/manifests/ubuntu.ini" "$work/m/ubuntu.ini"
t_says 1 "is none of those that the manifest names" "another's signature is not Ubuntu's" \
	list --manifests "$work/m" --release bionic --arch amd64 --mirror "file:$ddebs"
t "nor is what it vouched for in earlier runs believed" json 'd["kernels"] == []' "$work/json"

# ---- where something is needed --------------------------------------------------------------
t_says 1 "--mirror suse=URL" "SLES needs a mirror of the user's" list --distro sles --release 12.5 --arch x86_64
rhel()
{
	list --distro rhel --release 8 --arch x86_64
}
if [ -d /etc/pki/entitlement ]; then
	skip "RHEL needs a subscription" "this machine may have one"
else
	t_says 1 "entitlement" "RHEL needs a subscription" rhel
fi

# ---- what somebody without a network sees ---------------------------------------------------
# Each host is dead: http_proxy says so. A line for each distribution, not for each index.
offline() # VERB [OPTION]...
{
	verb=$1
	shift
	"$btfgen" "$verb" --kernel 4.18 --tries 1 --manifests "$top/manifests" --work "$work/offline" "$@"
}
t_exit 1 "btfgen --kernel 4.18" offline build -a "$work/offline.kbtf"
once() # each distribution has one line, and all indexes are counted
{
	echo "$out" | grep "indexes could not be had, the first of" | cut -d: -f2 >"$work/lines"
	sort -u "$work/lines" | cmp - "$work/lines" && grep -q centos "$work/lines" &&
		test "$(echo "$out" | wc -l)" -le 20 &&
		echo "$out" | grep -q "of [0-9]* indexes could not be had; -v tells of each"
}
t "each distribution is told once, with the number" once
t_says 1 "no kernel matches --kernel 4.18" "that nothing is known of it" offline build -a "$work/offline.kbtf"
left_out() # what --json says to be: of a subscriber's distribution, and of a service that signs nothing
{
	json '{("rhel", "cdn"), ("ubuntu", "launchpad")} <= {(o["distro"], o["repository"]) for o in d["left_out"]} and
		all(o["codename"] and o["suite"] and o["reason"] for o in d["left_out"]) and
		any("--allow-unsigned" in o["reason"] for o in d["left_out"]) and len(d["index_failures"]) > 10' "$1"
}
json_of() # VERB
{
	case $1 in
	status) set -- status --manifests "$top/manifests" --work "$work/offline" -a "$work/offline.kbtf" ;;
	*) set -- "$1" --kernel 4.18 --tries 1 --manifests "$top/manifests" --work "$work/offline" ;;
	esac
	"$btfgen" "$@" --json >"$work/json"
}
if [ -d /etc/pki/entitlement ]; then
	skip "--json of what is left out" "this machine may have a subscription"
else
	for verb in index list status; do
		t_exit "$([ $verb = status ] && echo 3 || echo 1)" "$verb --json" json_of $verb
		t "tells what was left out, and what could not be had" left_out "$work/json"
	done
fi
t_exit 1 "with -v" offline index -v
each()
{
	test "$(echo "$out" | grep -c ": no index: ")" -gt 100
}
t "each index is told" each

# ---- what is written about them -------------------------------------------------------------
documented() # each manifest has its row in both tables
{
	for manifest in "$top"/manifests/*.ini; do
		id=$(sed -n 's/^id = //p' "$manifest")
		grep -q "^| [^|]* | \`$id\` |" "$top/docs/distributions.md" || { echo "$id"; return 1; }
		grep -q "^| [^|]*\`${manifest##*/}\`" "$top/docs/trust.md" || { echo "$manifest"; return 1; }
	done
}
counted() # docs/distributions.md says how many names the tests have
{
	rows=$(grep -c '^[a-zA-Z]' "$top/tests/kernel-names.txt")
	others=$(grep -c ' - - N$' "$top/tests/kernel-names.txt")
	grep -q "\[$((rows - others)) packages and $others that are none\]" "$top/docs/distributions.md"
}
t "the documents name each manifest" documented
t "and how many packages' names are tested" counted
finish
