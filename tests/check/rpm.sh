#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The main job from an rpm-md repository as CentOS 8 has it: each package is signed, its
# index is not, and the kernel is of the kind that defeats pahole's deduplication.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/sandbox.sh"
need python3 gpg rpmbuild rpmsign createrepo_c pahole bpftool

release=4.18.0-147.el8.x86_64
kernel vmlinux "$release" '#1 SMP Wed Dec 4 21:51:45 UTC 2019' --kabi --units 6
t "a signed repository" "$lib/make-rpm-repo" "$work/good" "$work/vmlinux"
t "one of another signer" "$lib/make-rpm-repo" "$work/other" "$work/vmlinux"
t "one without signatures" "$lib/make-rpm-repo" "$work/unsigned" --unsigned "$work/vmlinux"
file=8/x86_64/Packages/kernel-debuginfo-$release.rpm
key=$(fingerprint "$work/good/gnupg")

# CentOS's manifest, with its names and members, but of one repository, and another signer.
mkdir "$work/manifests"
sed -e '/^\[release/,$d' -e "s/^key = .*/key = $key/" "$top/manifests/centos.ini" >"$work/manifests/centos.ini"
printf '[release 8]\nversion = 8\nsuites = debuginfo:8/$basearch\nseries = 4.18\n' \
	>>"$work/manifests/centos.ini"

# build REPOSITORY ARCHIVE [OPTION]...
retry=--retry
build()
{
	repository=$1 archive=$work/$2
	shift 2
	"$btfgen" --kernel 4.18 --distro centos --arch x86_64 --mirror "file:$work/$repository" \
		--manifests "$work/manifests" $retry -a "$archive" --json "$@" >"$work/json"
}
refused() # TEXT: the one kernel failed, and says so; nothing is archived
{
	json 'd["failed"] == 1 and d["done"] == 0 and "'"$1"'" in d["kernels"][0]["reason"]' "$work/json" &&
		test ! -e "$archive"
}

t "btfgen --kernel 4.18" build good a.kbtf --keyring "$work/good/RPM-GPG-KEY-test"
t "only kernel-debuginfo is taken" json '[(k["kernel"], k["distro"], k["release"], k["arch"],
	k["package"]) for k in d["kernels"]] == [("'"$release"'", "centos", "8", "x86_64",
	"kernel-debuginfo-'"$release"'.rpm")]' "$work/json"
t "verified by its own signature" json 'd["kernels"][0]["verification"] == "signed-package"' "$work/json"
t "of this key" json '"'"$key"'" == d["kernels"][0]["verified_by"] and len("'"$key"'") == 40' "$work/json"
t "the note tells that names were unified" json \
	'"rh_kabi_hide" in d["kernels"][0]["notes"]' "$work/json"
t "export" "$btfgen" export -q -a "$work/a.kbtf" -k "$release" -o "$work/out.btf"

structs() # BTF: how many of task_struct
{
	bpftool btf dump file "$1" | grep -c "STRUCT 'task_struct'"
}
by_hand()
{
	cp "$work/vmlinux" "$work/copy"
	pahole -j1 --btf_gen_floats --btf_encode_detached="$work/hand.btf" "$work/copy"
}
t "pahole alone" by_hand
t "has task_struct more than once" test "$(structs "$work/hand.btf")" -gt 1
t "the archive's BTF once" test "$(structs "$work/out.btf")" = 1
t "the package itself is not changed" "$btfgen" verify -q -a "$work/a.kbtf"
sum=$(sha256sum "$work/a.kbtf")
t "a second run" build good a.kbtf --keyring "$work/good/RPM-GPG-KEY-test"
t "does nothing" json '(d["done"], d["skipped"], d["failed"]) == (0, 1, 0)' "$work/json"
t "and leaves the archive" test "$(sha256sum "$work/a.kbtf")" = "$sum"

# ---- what is refused ----------------------------------------------------------------------
t_exit 1 "another's signature" build other b.kbtf --keyring "$work/good/RPM-GPG-KEY-test"
t "is refused" refused "kernel-debuginfo"
t_exit 1 "the right packages, the wrong key" build good b.kbtf --keyring "$work/other/RPM-GPG-KEY-test"
t "are refused" refused "kernel-debuginfo"
cat "$work/good/RPM-GPG-KEY-test" "$work/other/RPM-GPG-KEY-test" >"$work/both"
t_exit 1 "a key of the keyring that is not pinned" build other p.kbtf --keyring "$work/both"
t "is refused" refused "none of those that the manifest names"
t "the pinned one of the two is not" build good both.kbtf --keyring "$work/both"
t_exit 1 "an unsigned package" build unsigned b.kbtf --keyring "$work/good/RPM-GPG-KEY-test"
t "is refused" refused "sign"
t "unless --allow-unsigned" build unsigned u.kbtf --keyring "$work/good/RPM-GPG-KEY-test" --allow-unsigned
t "then it is unverified" json 'd["done"] == 1 and d["kernels"][0]["verification"] == "unverified"' "$work/json"

flip() # FILE: a byte in its middle becomes another
{
	python3 - "$1" <<'PYTHON'
import sys
with open(sys.argv[1], "r+b") as f:
    data = bytearray(f.read())
    data[len(data) // 2] ^= 0xff
    f.seek(0)
    f.write(data)
PYTHON
}

# Of format 6, whatever this machine's rpmbuild makes: one that is signed, and one altered.
six()
{
	mkdir -p "$work/$1/8/x86_64/Packages"
	"$lib/make-rpm6" "$work/$1/$file" --arch x86_64 --name "kernel-debuginfo-${release%.*}" \
		--payload none "/usr/lib/debug/lib/modules/$release/vmlinux=$work/vmlinux"
	if [ $# -gt 1 ]; then
		GNUPGHOME=$work/good/gnupg "$lib/make-rpm6" "$work/$1/$file" --sign "$2"
		GNUPGHOME=$work/good/gnupg gpgconf --kill all
	fi
	createrepo_c --quiet --no-database "$work/$1/8/x86_64"
}
t "a package of format 6" six six "$key"
t "is taken" build six six.kbtf --keyring "$work/good/RPM-GPG-KEY-test"
t "verified by its own signature" json '(d["kernels"][0]["verification"],
	d["kernels"][0]["verified_by"]) == ("signed-package", "'"$key"'")' "$work/json"
t "its BTF" "$btfgen" export -q -a "$work/six.kbtf" -k "$release" -o "$work/six.btf"
t "is that of format 4" cmp "$work/out.btf" "$work/six.btf"
t_exit 1 "with another key" build six k.kbtf --keyring "$work/other/RPM-GPG-KEY-test"
t "it is refused" refused "which is not in"
t "one without a signature" six plain
t_exit 1 "is not taken" build plain k.kbtf --keyring "$work/good/RPM-GPG-KEY-test"
t "but refused" refused "is not signed"
t "one with another byte in vmlinux" flip "$work/six/$file"
t "and the index made anew" createrepo_c --quiet --no-database "$work/six/8/x86_64"
t_exit 1 "is not taken" build six k.kbtf --keyring "$work/good/RPM-GPG-KEY-test"
t "since it is not what was signed" refused "has not the digest"

# Altered in its payload, once as the index knows it and once with the index made anew.
alter()
{
	cp -R "$work/good" "$work/$1"
	flip "$work/$1/$file"
}
t "an altered package" alter altered
t_exit 1 "not the one of the index" build altered b.kbtf --keyring "$work/good/RPM-GPG-KEY-test"
t "is refused" refused "$file"
t "another, and its index" alter indexed
t "made anew" createrepo_c --quiet --no-database "$work/indexed/8/x86_64"
t_exit 1 "the digest that the signed header has" build indexed b.kbtf --keyring "$work/good/RPM-GPG-KEY-test"
t "refuses it" refused "kernel-debuginfo"
t_exit 1 "nor does --allow-unsigned take it" build indexed b.kbtf \
	--keyring "$work/good/RPM-GPG-KEY-test" --allow-unsigned
t "since it is damaged" refused "kernel-debuginfo"

# ---- what waits, until what it depended on is otherwise ---------------------------------------
retry=
thrice()
{
	for attempt in 1 2 3; do
		build "$@"
	done
	json 'd["failed"] == 1' "$work/json"
}
waits() # OPTION...
{
	build "$@"
	json '(d["waiting"], d["failed"], d["done"]) == (1, 0, 0)' "$work/json"
}
cp "$work/other/RPM-GPG-KEY-test" "$work/keys"
t "a package whose key is missing, three times" thrice good w.kbtf --keyring "$work/keys"
t "waits" waits good w.kbtf --keyring "$work/keys"
t "the encoder's limits have nothing to do with it" waits good w.kbtf --keyring "$work/keys" --encode-timeout 99
t "a copy of the same keys changes nothing" cp "$work/keys" "$work/keys.new"
t "in its place" mv "$work/keys.new" "$work/keys"
t "either" waits good w.kbtf --keyring "$work/keys"
cat "$work/good/RPM-GPG-KEY-test" >>"$work/keys"
t "once the key is there" build good w.kbtf --keyring "$work/keys"
t "it is tried at once" json 'd["done"] == 1' "$work/json"
t "without a key, three times" thrice good x.kbtf --keyring "$work/other/RPM-GPG-KEY-test"
t "and without asking for one" build good x.kbtf --keyring "$work/other/RPM-GPG-KEY-test" --allow-unsigned
t "it is tried at once" json 'd["done"] == 1' "$work/json"
t "an encoder that is held too short, three times" thrice good y.kbtf --keyring "$work/keys" --encode-memory 1M
t "in the stage that it is" json 'd["kernels"][0]["stage"] == "encode"' "$work/json"
t "waits" waits good y.kbtf --keyring "$work/keys" --encode-memory 1M
t "with room enough" build good y.kbtf --keyring "$work/keys"
t "it is tried at once" json 'd["done"] == 1' "$work/json"
t "nothing is left in tmp/" no_scratch

finish
