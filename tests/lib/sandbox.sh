# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
# End-to-end tests: source this after tap.sh. btfgen keeps to $work and to 127.0.0.1.
#
#   need TOOL...           skips the file unless all are there
#   serve FOLDER [OPTION]  faultd over it; $url, $server, $requests (its log)
#   json EXPR FILE         EXPR of Python holds for d, the JSON in FILE
#   kernel N R V [OPTION]  a small vmlinux $work/N of that `uname -r` and `uname -v`
#   fingerprint GNUPGHOME  of the one key in it
#   no_scratch             nothing is left in the work directory's tmp/
export XDG_DATA_HOME="$work/data" XDG_CACHE_HOME="$work/cache" HOME="$work/home" LC_ALL=C
# Whoever asks for another machine fails at once.
export http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9 no_proxy=127.0.0.1
unset BTFGEN_MANIFESTS BTFGEN_OBJECTS HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy NO_PROXY
mkdir -p "$HOME"
lib=$top/tests/lib
objects=${BTFGEN%/*}
[ -n "${BTFGEN:-}" ] && objects=$objects/bpf || objects=$top/build/bpf
servers=0

need()
{
	for tool; do
		command -v "$tool" >/dev/null || skip_all "$tool is missing"
	done
}

serve()
{
	servers=$((servers + 1))
	requests=$work/requests.$servers
	: >"$requests"
	mkfifo "$work/port.$servers"
	served=$1
	shift
	python3 "$top/tests/faultd.py" --log "$requests" "$@" "$served" >"$work/port.$servers" &
	server=$!
	at_exit "kill $server 2>/dev/null"
	read -r port <"$work/port.$servers"
	url=http://127.0.0.1:$port
}

json()
{
	python3 - "$1" "$2" <<'PYTHON'
import json, sys
d = json.load(open(sys.argv[2]))
if not eval("(" + sys.argv[1] + ")"):
    sys.exit("does not hold: " + sys.argv[1] + "\n" + json.dumps(d, indent=1))
PYTHON
}

kernel()
{
	kernel_out=$work/$1 kernel_release=$2 kernel_version=$3
	shift 3
	"$lib/make-vmlinux" --release "$kernel_release" --version "$kernel_version" "$@" "$kernel_out"
}

fingerprint()
{
	gpg --batch --homedir "$1" --with-colons --list-keys 2>/dev/null | awk -F: '/^fpr/ { print $10; exit }'
}

no_scratch()
{
	left=$(find "${1:-$XDG_CACHE_HOME/btfgen}/tmp" -mindepth 1 ! -name lock 2>/dev/null)
	[ -z "$left" ] || { echo "left behind: $left"; return 1; }
}
. "$lib/same.sh"
