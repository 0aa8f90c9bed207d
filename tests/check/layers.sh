#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Who may include whom (docs/architecture.md): arrows point down only. And what the shared
# library exports.
. "$(dirname "$0")/../lib/tap.sh"
cd "$top" || exit 1
command -v python3 >/dev/null || skip_all "python3 is missing"

# The rules, over a tree at $1: prints what breaks them.
layers()
{
	python3 - "$1" <<'PYTHON'
import os, re, sys
root = sys.argv[1]
public = {name for name in os.listdir(root + "/archive") if name.startswith("kbtf") and name.endswith(".h")}
# libkbtf's helpers without state, which the tools share with it, see the Makefile
archive_base = set(os.listdir(root + "/archive/base"))
broken, seen = [], 0

# headers that the Makefile makes
made = set(re.findall(r"(?m)^\$\(BUILD\)/gen/([a-z_]+[.]h):", open(root + "/Makefile").read()))

def own(file):
    """The header that belongs to a source: stage/x.c and stage/x.h."""
    return os.path.splitext(os.path.relpath(file, root + "/tools/btfgen"))[0] + ".h"

def allowed(file, name, quoted):
    path = os.path.relpath(file, root)
    folder = os.path.dirname(path)
    base = name.startswith("base/")
    if name in public:
        return folder != "archive/base"
    if folder == "archive/base":
        return base and name[5:] in archive_base
    if folder == "archive":
        if os.path.basename(path) in public:
            return False
        return (base and name[5:] in archive_base) or os.path.exists(f"{root}/archive/{name}") or name in made
    tool = root + "/" + "/".join(path.split("/")[:2])
    if tool != root + "/tools/btfgen":
        # a customer of the library: its own headers, the programs', and helpers of the base
        return base or os.path.exists(f"{tool}/{name}") or os.path.exists(f"{root}/bpf/{name}")
    if not (os.path.exists(f"{root}/tools/btfgen/{name}") or (base and name[5:] in archive_base)):
        return False
    if folder == "tools/btfgen/base":
        return base
    if folder == "tools/btfgen/stage":
        return base or name == own(file)
    if folder == "tools/btfgen/source":
        return base or name.startswith("source/")
    if os.path.basename(path).startswith("cmd_"):
        return not name.startswith("cmd_")
    return True

for top in ("archive", "tools"):
    for folder, _, files in os.walk(f"{root}/{top}"):
        for file in files:
            if not file.endswith((".c", ".h")):
                continue
            full = os.path.join(folder, file)
            for number, line in enumerate(open(full), 1):
                found = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
                if not found:
                    continue
                name, quoted = found[2], found[1] == '"'
                if not quoted and name not in public:
                    continue
                seen += 1
                if not allowed(full, name, quoted):
                    broken.append(f"{os.path.relpath(full, root)}:{number}: {name}")
print("\n".join(broken))
if seen < 20:
    print(f"only {seen} includes were seen")
sys.exit(bool(broken) or seen < 20)
PYTHON
}
t "includes point down only" layers "$top"

# The check sees what it is for.
breaks() # FILE INCLUDE: the rule is broken by that
{
	rm -rf "$work/tree"
	mkdir -p "$work/tree"
	cp -R Makefile archive tools "$work/tree/"
	echo "#include \"$2\"" >>"$work/tree/$1"
	tap_run layers "$work/tree"
	[ "$tap_status" = 1 ] && grep -qF "$1:" "$work/.out" && grep -qF ": $2" "$work/.out"
}
t "a stage that includes another" breaks tools/btfgen/stage/encode.c stage/fetch.h
t "a stage that includes a source" breaks tools/btfgen/stage/plan.c source/manifest.h
t "a source that includes a stage" breaks tools/btfgen/source/catalogue.c stage/plan.h
t "base of the tools that includes a stage" breaks tools/btfgen/base/log.c stage/plan.h
t "base of the tools that includes a command's" breaks tools/btfgen/base/log.c options.h
t "base of the archive that includes the archive" breaks archive/base/buf.c format.h
t "base of the archive that includes the tools" breaks archive/base/buf.c base/log.h
t "the archive that includes the tools" breaks archive/select.c base/log.h
t "the tools that include the archive's format" breaks tools/btfgen/stage/pack.c format.h
t "a command that includes the archive's ident" breaks tools/btfgen/cmd_stats.c ident.h
t "the archive that includes what no rule makes" breaks archive/select.c unmade.h
t "a public header that includes a private one" breaks archive/kbtf.h base/buf.h

# ---- the shared library ----------------------------------------------------------------------
so=$(dirname "$btfgen")/libkbtf.so
exported()
{
	nm -D --defined-only "$so" | awk '{ print $3 }' | sed 's/@.*//' >"$work/symbols"
	[ "$(grep -c '^kbtf_' "$work/symbols")" -ge 20 ] && ! grep -v -e '^kbtf_' -e '^KBTF_0' "$work/symbols"
}
t "libkbtf.so exports kbtf_* and nothing else" exported
declared()
{
	grep -hoE '\bkbtf_[a-z0-9_]+\(' archive/kbtf*.h | tr -d '(' | sort -u >"$work/declared"
	grep '^kbtf_' "$work/symbols" | sort -u | comm -3 - "$work/declared" >"$work/differ"
	[ ! -s "$work/differ" ] || { cat "$work/differ"; return 1; }
}
t "which is what its headers declare" declared
needed()
{
	readelf -d "$so" | awk '/NEEDED/ { gsub(/[][]/, "", $NF); print $NF }' >"$work/needed"
	grep -q libbpf "$work/needed" && ! grep -E 'curl|libdw|archive|rpm|expat|inih|jansson' "$work/needed"
}
t "an agent needs no curl, libdw or libarchive for it" needed

finish
