#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What `btfgen check` says of this kernel is what the kernel says: of the bundled programs, and of
# objects that fail in one way each, loaded by btfload without leaving anything out.
. "$(dirname "$0")/../lib/tap.sh"
btfload=$(dirname "$btfgen")/btfload
objects=$(dirname "$btfgen")/bpf
own=/sys/kernel/btf/vmlinux
[ "$(id -u)" -eq 0 ] || skip_all "loading BPF takes root"
[ -r $own ] || skip_all "this kernel has no BTF of its own"
command -v clang >/dev/null || skip_all "clang is missing"

# agrees OBJECT: both say that it works, or that it does not
agrees()
{
	"$btfgen" check --strict "$1" $own
	said=$?
	[ $said -le 1 ] || return 1
	"$btfload" run --load-only --strict "$1"
	[ $? -eq $said ] || { echo "btfgen check: $said"; return 1; }
}
# makes LINE...: $work/NAME.bpf.o of a program with these lines
makes()
{
	name=$1
	shift
	{
		cat <<'END'
typedef unsigned long long u64;
#define SEC(name) __attribute__((section(name), used))
#define CORE __attribute__((preserve_access_index))
struct task_struct { int pid, no_such_member; } CORE;
static struct task_struct *(*current)(void) = (void *)35;
static int (*read)(void *to, unsigned int size, const void *from) = (void *)113;
static int (*none)(void) = (void *)1000;
char LICENSE[] SEC("license") = "GPL";
const volatile int wanted = 0;
END
		printf '%s\n' "$@"
	} >"$work/$name.c"
	clang -target bpf -g -O2 -c "$work/$name.c" -o "$work/$name.bpf.o"
}
exists='__builtin_preserve_field_info(((struct task_struct *)0)->no_such_member, 2)'
kprobe='SEC("kprobe/do_exit") int program(void *ctx) { int value = 0;'
absent='read(&value, 4, &current()->no_such_member);'

t "fine" makes fine "$kprobe" 'read(&value, 4, &current()->pid);' 'return value; }'
t "a member that is not there" makes member "$kprobe" "$absent" 'return value; }'
t "the same behind a question" makes guarded "$kprobe" "if ($exists)" "$absent" 'return value; }'
t "the same behind a variable" makes variable "$kprobe" "if (wanted)" "$absent" 'return value; }'
address='void *at; asm("%0 = %1 ll" : "=r"(at) : "i"(&WHAT)); if (!at)' # which clang knows nothing of
t "the same behind no address of a map" makes of_map \
	'struct { int (*type)[2]; int (*max_entries)[1]; int *key; u64 *value; } map SEC(".maps");' \
	"$kprobe" "$(echo "$address" | sed s/WHAT/map/)" "$absent" 'return value; }'
t "and of a variable" makes of_variable 'int there = 1;' \
	"$kprobe" "$(echo "$address" | sed s/WHAT/there/)" "$absent" 'return value; }'
t "the same in a function that everybody may call" makes everybody \
	"__attribute__((noinline)) int all(int any) { int value = 0; if (any) $absent return value; }" \
	"$kprobe" 'return all(0); }'
t "in one that is the object's own" makes own_function \
	"static __attribute__((noinline)) int its(int any) { int value = 0; if (any) $absent" \
	'return value + any; }' "$kprobe" 'asm("%0 = 0" : "=r"(value)); return its(value); }'
t "a helper that is not there" makes helper "$kprobe" 'return none(); }'
t "a function that is not there" makes target \
	'SEC("fentry/no_such_function") int program(u64 *ctx) { return 0; }'
t "an argument that is not there" makes argument \
	'SEC("fentry/vfs_unlink") int program(u64 *ctx) { *(volatile u64 *)&ctx[7]; return 0; }'
t "one that is there" makes first \
	'SEC("fentry/vfs_unlink") int program(u64 *ctx) { *(volatile u64 *)&ctx[0]; return 0; }'
t "a tracepoint that is not there" makes tracepoint \
	'SEC("tp_btf/no_such_tracepoint") int program(u64 *ctx) { return 0; }'
for name in fine guarded first; do
	t_exit 0 "$name works" "$btfgen" check "$work/$name.bpf.o" $own
done
for name in member helper target argument tracepoint; do
	t_exit 1 "$name does not" "$btfgen" check "$work/$name.bpf.o" $own
done
# some machines let nobody load programs for functions, though their BTF has them
case $("$btfload" run --load-only --strict "$work/first.bpf.o" 2>&1) in
*"not permitted"*) skip "the kernel agrees: first" "it permits no program of this type" ;;
*) t "the kernel agrees: first" agrees "$work/first.bpf.o" ;;
esac
for name in fine member guarded variable of_map of_variable everybody own_function helper target argument tracepoint; do
	t "the kernel agrees: $name" agrees "$work/$name.bpf.o"
done
for object in "$objects"/*.bpf.o; do
	[ -e "$object" ] || { skip "the bundled programs" "none in $objects: make bpf"; break; }
	t "the kernel agrees: ${object##*/}" agrees "$object"
done
finish
