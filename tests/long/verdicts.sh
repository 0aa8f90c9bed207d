#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What `btfgen check` says of objects is what becomes of them: those in Debian's packages and the
# bundled ones, loaded by btfload on Debian's kernels, in QEMU, with the kernel's own BTF.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/real-kernels.sh"
. "$top/tests/lib/foreign-objects.sh"
built=$(dirname "$btfgen")
export XDG_DATA_HOME="$work/data" XDG_CACHE_HOME="$work/cache" TMPDIR="$work/tmp" LC_ALL=C
mkdir "$TMPDIR"
: >"$work/sums"

for tool in qemu-system-x86_64 busybox dpkg-deb python3; do
	command -v "$tool" >/dev/null || skip_all "$tool is missing"
done
[ "$(uname -m)" = x86_64 ] || skip_all "programs of $(uname -m) do not run in an x86_64 machine"
foreign_objects "$work/objects"
for object in "$built"/bpf/*.bpf.o; do
	[ -e "$object" ] || { skip "the bundled programs" "none in $built/bpf: make bpf"; break; }
	cp "$object" "$work/objects/own-${object##*/}"
done
# those without BTF are none that can be checked, and some are in several packages
for object in "$work"/objects/*.bpf.o; do
	sum=$(sha256sum <"$object")
	if ! readelf -SW "$object" 2>/dev/null | grep -q ' \.BTF ' || grep -qx "$sum" "$work/sums"; then
		rm "$object"
	fi
	echo "$sum" >>"$work/sums"
done

cat >"$work/loads" <<'LOADS'
#!/bin/sh
for object in /job/objects/*.bpf.o; do
	status=0
	/job/btfload run "$object" --load-only >/dev/null 2>/tmp/err </dev/null || status=$?
	part=
	! grep -q 'left out: [^ ]*\( (.*\|$\|: this kernel can have none\)' /tmp/err || part=' in part'
	echo "${object##*/} $status$part"
	grep -v 'left out' /tmp/err | head -n 3 | sed "s|^|# |"
done
LOADS

# fetch SUITE SERIES: an archive with the newest cloud kernel's BTF, and its package
fetch()
{
	"$btfgen" build --distro debian --release "$1" --arch x86_64 --kernel "$2" --newest 1 \
		--encoder embedded --work "$work/$1" -a "$work/$1.kbtf"
}

loads_all()
{
	"$top/scripts/vm-run" --deb "$(find "$work/$1/packages" -type f | head -n 1)" --timeout 3000 -m 1000 \
		--add "$built/btfload" --add "$work/objects" --add "$work/loads" -- sh /job/loads >"$work/$1.loads"
}

# Compares; "unknown" and "may fail" agree with anything, but must not be many.
cat >"$work/compare" <<'COMPARE'
import json, os, sys
checked = json.load(open(sys.argv[1]))
real = {}
for line in open(sys.argv[2], errors="replace"):
    name, status, *part = line.split() if line[0] != "#" else ("#", 0)
    real[name] = "fails" if status != "0" else "in part" if part else "loads"
wrong, open_ones = [], 0
for path, number in zip(checked["objects"], checked["kernels"][0]["reports"]):
    name, report = os.path.basename(path), checked["reports"][number]
    said = {"ok": "loads", "guarded": "loads", "adapted": "loads"}.get(report["verdict"], report["verdict"])
    if said in ("unknown", "may fail"):
        open_ones += 1
    elif said != real[name]:
        wrong.append(f"{name}: {report['verdict']}, and it {real[name]}: "
                     f"{[f['text'] for f in report['findings'] if f['verdict'] in ('fails', 'in part')]}")
count = len(checked["objects"])
print(f"{count} objects, {open_ones} are left open, {len(wrong)} are wrong", *wrong, sep="\n")
sys.exit(bool(wrong) or count < 60 or open_ones > count // 8)
COMPARE

agrees()
{
	"$btfgen" check --json -a "$work/$1.kbtf" "$work"/objects/*.bpf.o >"$work/$1.json"
	python3 "$work/compare" "$work/$1.json" "$work/$1.loads" >"$work/compared"
	status=$?
	cat "$work/compared"
	[ $status -eq 0 ] || grep -A3 ' [1-9]' "$work/$1.loads"
	return $status
}

for suite in bullseye bookworm; do
	case $suite in
	bullseye) series='5.10.0-*-cloud-amd64' ;;
	bookworm) series='6.1.*-cloud-amd64' ;;
	esac
	if ! fetch $suite "$series" >"$work/fetched" 2>&1; then
		skip "$suite" "its kernel can't be fetched"
		continue
	fi
	t "$suite: all objects are loaded, or not" loads_all $suite
	t "$suite: and check says which" agrees $suite
	echo "# $suite: $(head -n 1 "$work/compared")"
done
finish
