# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# For tests of `btfgen check`: source it after tap.sh. Skips the whole file where it can't be.
. "$top/tests/lib/core.sh"
for tool in clang llvm-objcopy python3; do
	command -v "$tool" >/dev/null || skip_all "$tool is missing"
done
cd "$work" || exit 1

kernel() # NAME [OPTION]...
{
	name=$1
	shift
	clang -target bpf -g -O2 "$@" -c "$fixtures/check_kernel.c" -o "$name.elf" &&
		dump_btf "$name.elf" "$name.btf"
}
# verdict EXIT VERDICT OBJECT KERNEL [OPTION]...: in a cell of the matrix
verdict()
{
	want=$1 words=$2 which=$3 where=$4
	shift 4
	"$btfgen" check "$@" "$which.bpf.o" "$where.btf" >verdict.txt 2>&1
	status=$?
	cat verdict.txt
	[ "$status" -eq "$want" ] || { echo "exit status $status"; return 1; }
	sed -n 2p verdict.txt | sed 's/ \[[0-9,-]*\]$//' | grep -q "  $words\$"
}
t "an old kernel" kernel old
t "a young one" kernel young -DYOUNG
