# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# BPF objects that other people wrote and compiled, out of Debian's packages; after tap.sh and
# real-kernels.sh. foreign_objects OUT_DIR; skips the test where there is no apt.
foreign_objects()
{
	packages="libbpf-tools xdp-tools libxdp1 ir-keytable"
	need_debian
	mkdir -p "$work/packages" "$work/files" "$1"
	# shellcheck disable=SC2086 # words
	(cd "$work/packages" && apt-get download -q $packages) >"$work/apt.log" 2>&1 ||
		skip_all "apt can't download $packages: $(tail -n 1 "$work/apt.log")"
	for package in "$work"/packages/*.deb; do
		dpkg-deb -x "$package" "$work/files" || exit 1
	done
	carve_objects "$work/files" "$1"
}

# Skeletons hold their objects whole: each ELF file for BPF, wherever it begins.
carve_objects()
{
	python3 - "$1" "$2" <<'CARVE'
import os, struct, sys
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        path = os.path.join(folder, name)
        if os.path.islink(path):
            continue
        data, at = open(path, "rb").read(), -1
        while (at := data.find(b"\x7fELF\x02\x01\x01", at + 1)) >= 0:
            if len(data) - at < 64 or struct.unpack_from("<HH", data, at + 16) != (1, 247):
                continue
            table, = struct.unpack_from("<Q", data, at + 40)
            size, count = struct.unpack_from("<HH", data, at + 58)
            end = at + table + size * count
            if end <= len(data):
                base = name.removesuffix(".o")
                open(f"{sys.argv[2]}/{base}-{at}.bpf.o", "wb").write(data[at:end])
CARVE
}
