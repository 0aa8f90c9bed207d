# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
# Tests with a distribution's own kernels: source this after tap.sh. Packages are cached
# below $work, or in BTFGEN_TEST_CACHE if that names a folder, which is then kept.
#
#   need_debian               skips the file without tools, or if no mirror answers
#   newest_kernel FILTER...   prints the newest x86_64 (or --arch) release with a debug package
#   on OPTION...              btfgen build of Debian's kernels, in $cache
#   check_kernel KERNEL ARCH [pahole|embedded|both] [SERIES]
#                             builds it and compares with dpkg-deb, readelf, pahole, bpftool
export LC_ALL=C XDG_DATA_HOME="$work/data" XDG_CACHE_HOME="$work/xdg-cache"
unset BTFGEN_MANIFESTS BTFGEN_OBJECTS
PATH=$PATH:/usr/sbin:/sbin
lib=$top/tests/lib
. "$lib/same.sh"
cache=${BTFGEN_TEST_CACHE:-$work/cache}
objects=$(dirname "$btfgen")/bpf

# The mirror is found, and asked, without btfgen: what fails later is btfgen's failure.
need_debian()
{
	for tool in apt-get dpkg-deb pahole bpftool readelf strings python3 tar; do
		command -v "$tool" >/dev/null || skip_all "$tool is missing"
	done
	mirrors=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
		sed -n 's,/* \(bookworm\|stable\|oldstable\|trixie\|bullseye\)$,,p' | sort -u)
	[ -n "$mirrors" ] || skip_all "apt's configuration names no Debian mirror"
	for mirror in $mirrors; do
		/usr/lib/apt/apt-helper -o Acquire::Retries=1 -o Acquire::http::Timeout=20 \
			download-file "$mirror/dists/bookworm/InRelease" "$work/probe" \
			>"$work/probe.log" 2>&1 && return
	done
	skip_all "no Debian mirror of apt's configuration answers"
}

# The free space of a test's folder, in GB.
need_space()
{
	free=$(df -Pk "$work" | awk 'NR == 2 { print int($4 / 1000000) }')
	[ "$free" -ge "$1" ] || skip_all "needs $1 GB below ${TMPDIR:-/tmp}, has $free GB"
}

newest_kernel()
{
	"$btfgen" list -q --distro debian --work "$cache" "$@" --json >"$work/list.json" || return 1
	python3 - "$work/list.json" <<'PYTHON'
import json, re, sys
known = [k["kernel"] for k in json.load(open(sys.argv[1]))["kernels"] if k["debug"] and k["image"]]
if not known:
    sys.exit("no kernel with both packages")
print(max(known, key=lambda name: [int(n) for n in re.findall(r"\d+", name)]))
PYTHON
}

on()
{
	"$btfgen" build --distro debian --work "$cache" "$@"
}

# field FILE EXPR: of JSON d, and e, its only kernel or entry
field()
{
	python3 - "$1" "$2" <<'PYTHON'
import json, sys
d = json.load(open(sys.argv[1]))
e = (d.get("kernels") or d.get("entries"))[0]
print(eval("(" + sys.argv[2] + ")"))
PYTHON
}

to_file()
{
	to=$1
	shift
	"$@" >"$to"
}

same_text()
{
	[ "$1" = "$2" ] || { echo "got      $1"; echo "expected $2"; return 1; }
}

# ---- the reference tools' side ----------------------------------------------------

# The package of the entry in JSON file $1, and its one vmlinux, by dpkg's and tar's hand.
unpack_vmlinux()
{
	package=$cache/packages/$(field "$1" 'e["package_sha256"]')
	rm -rf "$work/unpacked" "$work/vmlinux"
	mkdir "$work/unpacked"
	dpkg-deb --fsys-tarfile "$package" | tar -xf - -C "$work/unpacked" --wildcards \
		'./usr/lib/debug/boot/vmlinux-*' './usr/lib/debug/lib/modules/*/vmlinux' \
		'./usr/lib/debug/usr/lib/modules/*/vmlinux' 2>/dev/null
	find "$work/unpacked" -type f -size +50M >"$work/found"
	[ "$(wc -l <"$work/found")" -eq 1 ] || { echo "not one vmlinux:"; cat "$work/found"; return 1; }
	mv "$(cat "$work/found")" "$work/vmlinux"
}

# The flags on record, in pahole's own hands.
pahole_by_hand()
{
	flags=$(field "$1" 'e["encoder_flags"]')
	[ -n "$flags" ] || return 1
	# pahole 1.24 writes over a longer file without cutting it off
	rm -f "$work/hand.btf"
	# shellcheck disable=SC2086 # a list
	pahole $flags --btf_encode_detached="$work/hand.btf" "$work/vmlinux"
}

# vmlinux's .BTF section. llvm-objcopy does that, but refuses the .rela.dyn of arm64's
# kernels, binutils' objcopy other architectures: so it is where readelf says.
own_btf()
{
	# shellcheck disable=SC2046 # words: address, offset, size
	set -- $(readelf -SW "$work/vmlinux" 2>/dev/null | sed -n 's/^ *\[ *[0-9]*\] \.BTF  *PROGBITS//p')
	[ $# -ge 3 ] || { echo "vmlinux has no .BTF"; return 1; }
	tail -c +$((0x$2 + 1)) "$work/vmlinux" | head -c $((0x$3)) >"$work/own.btf"
	if [ "$arch" = x86_64 ] && command -v llvm-objcopy >/dev/null; then
		llvm-objcopy --dump-section .BTF="$work/objcopy.btf" "$work/vmlinux" /dev/null &&
			cmp "$work/own.btf" "$work/objcopy.btf"
	fi
}

build_id_of_vmlinux()
{
	readelf -n "$work/vmlinux" 2>/dev/null | sed -n 's/.*Build ID: *//p'
}

# Linux version RELEASE (builder) (compiler) VERSION, where VERSION begins with #NUMBER
banner_version()
{
	strings -n 30 "$work/vmlinux" |
		sed -n 's/^Linux version [^ ]* (.*) \(#[0-9][0-9]* .*\)$/\1/p' | sort -u
}

# ---- one archive and one entry -----------------------------------------------------

# complete FILE ENCODER KERNEL ARCH: the entry says who it is, and how it came about
complete()
{
	python3 - "$@" <<'PYTHON'
import json, re, sys
d = json.load(open(sys.argv[1]))
e, = d.get("kernels") or d.get("entries")
encoder, kernel, arch = sys.argv[2:]
debian = {"x86_64": "amd64", "aarch64": "arm64"}[arch]
shape = {
    "distro": "debian",
    "release": r"1[1-9]|sid",
    "arch": arch,
    "kernel": re.escape(kernel),
    "version": r"#\d+ SMP .*Debian \S+ \(\d{4}-\d\d-\d\d\)",
    "build_id": r"[0-9a-f]{40}",
    "package": r"linux-(image|binary)-(unsigned-)?%s%s_[^_]+_%s\.deb" % (
        re.escape(kernel), "-dbg" if encoder == "pahole" else "(-unsigned)?", debian),
    "verification": "signed-index",
    "verified_by": r"[0-9A-F]{40}",
    "encoder": encoder,
}
if encoder == "pahole":
    shape.update(encoder_version=r"\d+\.\d+", encoder_flags="-j1 .*")
if "entries" in d:
    shape.update(package_version=r"[0-9].*", package_sha256=r"[0-9a-f]{64}")
bad = [k for k, v in shape.items() if not re.fullmatch(v, str(e.get(k, "")))]
if e["btf_bytes"] < 1000000:
    bad.append("btf_bytes")
# Debian's package version is what `uname -v` shows
if "entries" in d and " Debian %s (" % e["package_version"] not in e["version"]:
    bad.append("package_version")
if bad:
    sys.exit("%s: not as expected in %s" % (bad, json.dumps(e, indent=1)))
PYTHON
}

export_entry()
{
	"$btfgen" export -q -a "$1" --kernel "$2" -o "$3"
}

export_min()
{
	set -- "$1" "$2" "$3" "$objects"/*.bpf.o
	min_archive=$1 min_kernel=$2 min_out=$3
	shift 3
	for_options=
	for object; do
		for_options="$for_options --for $object"
	done
	# shellcheck disable=SC2086 # a list, of names without spaces in a build folder
	"$btfgen" export -q -a "$min_archive" --kernel "$min_kernel" $for_options -o "$min_out"
}

check_archive()
{
	archive=$1 encoder=$2 kernel=$3 arch=$4 name="$3 ($2)"
	to_file "$work/$encoder.stats" "$btfgen" stats -a "$archive" --json
	t "$name: --json of the build is complete" complete "$work/$encoder.json" "$encoder" "$kernel" "$arch"
	t "$name: the archive's provenance is complete" complete "$work/$encoder.stats" "$encoder" "$kernel" "$arch"
	t "$name: verify" "$btfgen" verify -a "$archive"
	t "$name: full BTF is exported" export_entry "$archive" "$kernel" "$work/$encoder.btf"
	t "$name: minimized BTF is exported" export_min "$archive" "$kernel" "$work/$encoder.min"
	t "$name: bpftool minimizes" bpftool gen min_core_btf "$work/$encoder.btf" \
		"$work/$encoder.hand-min" "$objects"/*.bpf.o
	# the stage took the BTF as the encoder wrote it, in another order of types
	t "$name: to the same types" same_btf "$work/$encoder.min" "$work/$encoder.hand-min"
}

# Nothing is fetched, made or written.
done_already()
{
	again=$1 before=$(stat -c '%i %s %y' "$1")
	shift
	on -a "$again" "$@" >"$work/again" 2>&1 || { cat "$work/again"; return 1; }
	grep -q '^nothing to do: 0 done, 1 skipped, 0 failed' "$work/again" ||
		{ cat "$work/again"; return 1; }
	same_text "$(stat -c '%i %s %y' "$again")" "$before"
}

# check_kernel KERNEL ARCH [pahole|embedded|both] [OPTION...]: OPTIONs for btfgen build
check_kernel()
{
	kernel=$1 arch=$2 which=${3:-both}
	shift 3
	of=$work/$kernel
	rm -rf "$of"
	mkdir -p "$of"
	began=$(date +%s)
	for encoder in pahole embedded; do
		case $which in both | "$encoder") ;; *) continue ;; esac
		# not by `t`: what is measured is on stdout
		to_file "$work/$encoder.json" on "$@" --kernel "$kernel" --arch "$arch" --encoder "$encoder" \
			-a "$of/$encoder.kbtf" --json 2>"$work/.out"
		built=$?
		tap_result $built "$kernel: build --encoder $encoder"
		[ $built -eq 0 ] || return 0
		check_archive "$of/$encoder.kbtf" "$encoder" "$kernel" "$arch"
		t "$kernel ($encoder): the same command again does nothing" done_already \
			"$of/$encoder.kbtf" "$@" --kernel "$kernel" --arch "$arch" --encoder "$encoder"
		echo "# $kernel, $encoder: $(field "$work/$encoder.json" \
			'", ".join("%s %.1f s" % i for i in e["seconds"].items()) +
			"; %d bytes fetched, BTF %d, minimized %d" % (e["fetched_bytes"], e["btf_bytes"], e["min_bytes"])')"
	done
	if [ "$which" = embedded ]; then
		return
	fi
	t "$kernel: dpkg-deb and tar extract vmlinux" unpack_vmlinux "$work/pahole.stats"
	t "$kernel: pahole by hand, with the flags on record" pahole_by_hand "$work/pahole.stats"
	t "$kernel: writes the exported types" same_btf "$work/hand.btf" "$work/pahole.btf"
	version=$(banner_version)
	build_id=$(build_id_of_vmlinux)
	for encoder in pahole embedded; do
		case $which in both | "$encoder") ;; *) continue ;; esac
		t "$kernel ($encoder): the build ID is readelf's" same_text \
			"$(field "$work/$encoder.stats" 'e["build_id"]')" "$build_id"
		t "$kernel ($encoder): the kernel version is the banner's" same_text \
			"$(field "$work/$encoder.stats" 'e["version"]')" "$version"
	done
	if [ "$which" = both ]; then
		t "$kernel: vmlinux's own .BTF is read by hand" own_btf
		t "$kernel: embedded is that, type for type" same_btf "$work/own.btf" "$work/embedded.btf"
		t "$kernel: both have the same data types" "$lib/btf-same-data-types" \
			--flattened-ok "$work/pahole.btf" "$work/embedded.btf"
		echo "$out" | sed 's/^/# /'
	fi
	rm -rf "$work/vmlinux" "$work/unpacked"
	echo "# $kernel: $(($(date +%s) - began)) s in all"
}
