/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every file that is removed by name, and every attempt that fails in the file system, with
 * its path from the root of that: vfs_unlink() knows of no mounts.
 *
 * By fentry and fexit (5.5), which read the kernel's structs like their own memory, or else
 * by kprobe and kretprobe, which probe. A path may have any number of names of up to 255
 * bytes, which fit neither on 512 bytes of stack nor, without loops, in 4,096 instructions:
 * a program sends a few, each as an event, and goes on in itself by a tail call.
 */
#include "program.h"

#include "registers.h"
#include "send_event.h"
#include "unlinksnoop.h"

/* Kernels allow 32 (some 33) tail calls in a row, each for four names. */
#define FIRST_PROGRAM 0

/* A call under way: the dentry's address and what is gone when the call is over. */
struct call {
	__u64 dentry;
	__u64 inode;
	__s64 size;
	__u32 links;
};

/* By thread. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_CALLS);
	__type(key, __u32);
	__type(value, struct call);
} calls SEC(".maps");

/* Where a walk stands when one program hands over to the next, on the same processor. */
struct walk {
	__u64 dentry; /* to be told next; 0: no walk is under way */
	__u32 index;
	__u32 unused;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct walk);
} walks SEC(".maps");

/*
 * 5.12 put the mount's user namespace in front of vfs_unlink()'s arguments, 6.3 made it an ID
 * mapping. What is looked for came with these; struct renamedata, which came along, is in late
 * 5.10 kernels as well.
 */
struct vfsmount___5_12_to_6_1 {
	void *mnt_userns;
} __attribute__((preserve_access_index));

struct mnt_idmap___since_6_2 {
	int unused;
};

static __always_inline bool has_mapping_argument(void)
{
	return bpf_core_field_exists(struct vfsmount___5_12_to_6_1, mnt_userns) ||
	       bpf_core_type_exists(struct mnt_idmap___since_6_2);
}

static __always_inline void enter(struct call *call)
{
	__u32 tid = bpf_get_current_pid_tgid();

	bpf_map_update_elem(&calls, &tid, call, MAP_UPDATE_ANY);
}

/* The parts that are not of the file but of who removes it. */
static __always_inline void describe_caller(struct unlinksnoop_part *part, __s32 ret)
{
	__u64 pid_tid = bpf_get_current_pid_tgid();

	part->pid = pid_tid >> 32;
	part->uid = bpf_get_current_uid_gid();
	part->ret = ret;
	bpf_get_current_comm(part->comm, sizeof(part->comm));
}

/* ---- the way up ------------------------------------------------------------------------ */

/* Send the name of the walk's dentry; false: it was the last. */
static __always_inline bool send_name(void *ctx, struct walk *walk, struct unlinksnoop_part *part)
{
	const struct dentry *dentry = (const void *)walk->dentry;
	const struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
	bool goes_on = BPF_CORE_READ(parent, d_parent) != parent;

	part->index = walk->index;
	part->length = BPF_CORE_READ(dentry, d_name.len);
	if (bpf_probe_read_kernel(part->name, sizeof(part->name), BPF_CORE_READ(dentry, d_name.name)))
		part->length = 0;
	if (!goes_on)
		part->flags |= UNLINKSNOOP_LAST;
	send_event(ctx, part, sizeof(*part));
	walk->index++;
	walk->dentry = goes_on ? (__u64)parent : 0;
	return goes_on;
}

/* Four names, or as many as there are; true: there are more. */
static __always_inline bool send_names(void *ctx, struct walk *walk)
{
	struct unlinksnoop_part part;

	__builtin_memset(&part, 0, sizeof(part));
	part.tid = bpf_get_current_pid_tgid();
	return walk->dentry && send_name(ctx, walk, &part) && send_name(ctx, walk, &part) &&
	       send_name(ctx, walk, &part) && send_name(ctx, walk, &part);
}

/* Where the kernel allows no more tail calls. */
static __always_inline void send_cut(void *ctx, struct walk *walk)
{
	struct unlinksnoop_part part;

	__builtin_memset(&part, 0, sizeof(part));
	part.tid = bpf_get_current_pid_tgid();
	part.index = walk->index;
	part.flags = UNLINKSNOOP_LAST | UNLINKSNOOP_CUT;
	send_event(ctx, &part, sizeof(part));
	walk->dentry = 0;
}

#define LOOK_UP_WALK()                                          \
	({                                                      \
		__u32 _zero = 0;                                \
		(struct walk *)bpf_map_lookup_elem(&walks, &_zero); \
	})

/* One program of this array only, which is its own continuation: filled in by libbpf. */
#define DEFINE_WALK(program, array)                                      \
	int program(void *ctx);                                          \
	struct {                                                         \
		__uint(type, BPF_MAP_TYPE_PROG_ARRAY);                   \
		__uint(max_entries, 1);                                  \
		__uint(key_size, sizeof(__u32));                         \
		__array(values, int(void *));                            \
	} array SEC(".maps") = { .values = { [FIRST_PROGRAM] = &program } }; \
	int program(void *ctx)                                           \
	{                                                                \
		struct walk *walk = LOOK_UP_WALK();                      \
									 \
		if (!walk || !send_names(ctx, walk))                     \
			return 0;                                        \
		bpf_tail_call(ctx, &array, FIRST_PROGRAM);               \
		send_cut(ctx, walk);                                     \
		return 0;                                                \
	}

/* ---- by fentry: the structs are read directly ----------------------------------------- */

/*
 * It is attached, too, by who attaches all programs; but without a walk under way it does
 * nothing. Its target must be that of the program that calls it.
 */
SEC("fexit/vfs_unlink")
DEFINE_WALK(walk___fexit, walk_on_fexit)

/*
 * Each word of the context is read at its own offset, behind a test of its own: an offset that
 * is computed is refused, and a kernel refuses words that are no such argument of its.
 */
static __always_inline struct dentry *traced_dentry(__u64 *ctx)
{
	__u64 dentry = 0;

	if (!has_mapping_argument())
		dentry = ctx[1];
	barrier_var(dentry);
	if (has_mapping_argument())
		dentry = ctx[2];
	return (struct dentry *)dentry;
}

static __always_inline __s32 traced_result(__u64 *ctx)
{
	__u64 ret = 0;

	if (!has_mapping_argument())
		ret = ctx[3];
	barrier_var(ret);
	if (has_mapping_argument())
		ret = ctx[4];
	return ret;
}

SEC("fentry/vfs_unlink")
int enter___fentry(__u64 *ctx)
{
	struct dentry *dentry = traced_dentry(ctx);
	struct inode *inode = dentry->d_inode;
	struct call call = {
		.dentry = (__u64)dentry,
		.inode = inode->i_ino,
		.size = inode->i_size,
		.links = inode->i_nlink,
	};

	enter(&call);
	return 0;
}

/* By its own declaration: vmlinux.h of an older kernel does not know it. */
enum bpf_func_id___since_5_11 {
	BPF_FUNC_get_current_task_btf___since_5_11 = 158,
};

/* The task as a struct to be read directly can be had from 5.11 on. */
static __always_inline bool is_below_subreaper_direct(void)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id___since_5_11,
				       BPF_FUNC_get_current_task_btf___since_5_11)) {
		struct signal_struct *signal = bpf_get_current_task_btf()->signal;

		return BPF_CORE_READ_BITFIELD(signal, has_child_subreaper);
	}
	return false;
}

SEC("fexit/vfs_unlink")
int leave___fexit(__u64 *ctx)
{
	struct dentry *dentry = traced_dentry(ctx);
	__u32 tid = bpf_get_current_pid_tgid();
	struct walk *walk = LOOK_UP_WALK();
	struct unlinksnoop_part part;
	struct dentry *parent;
	struct call *call;

	call = bpf_map_lookup_elem(&calls, &tid);
	if (!walk || !call)
		return 0;
	__builtin_memset(&part, 0, sizeof(part));
	part.tid = tid;
	part.inode = call->inode;
	part.size = call->size;
	part.links = call->links;
	bpf_map_delete_elem(&calls, &tid);
	describe_caller(&part, traced_result(ctx));
	bpf_probe_read_kernel(part.device, sizeof(part.device), dentry->d_sb->s_id);
	part.length = dentry->d_name.len;
	if (bpf_probe_read_kernel(part.name, sizeof(part.name), dentry->d_name.name))
		part.length = 0;
	parent = dentry->d_parent;
	part.flags = parent->d_parent == parent ? UNLINKSNOOP_LAST : 0;
	if (is_below_subreaper_direct())
		part.flags |= UNLINKSNOOP_BELOW_SUBREAPER;
	send_event(ctx, &part, sizeof(part));
	if (part.flags & UNLINKSNOOP_LAST)
		return 0;
	walk->dentry = (__u64)parent;
	walk->index = 1;
	bpf_tail_call(ctx, &walk_on_fexit, FIRST_PROGRAM);
	return 0;
}

/* ---- by kprobe ---------------------------------------------------------------------------- */

/* Sections without a function are attached by nobody. */
SEC("kretprobe")
DEFINE_WALK(walk___kretprobe, walk_on_kretprobe)

SEC("kprobe/vfs_unlink")
int enter___kprobe(void *ctx)
{
	struct dentry *dentry;
	struct inode *inode;
	struct call call;

	__builtin_memset(&call, 0, sizeof(call));
	dentry = (struct dentry *)registers__argument_2(ctx);
	if (has_mapping_argument())
		dentry = (struct dentry *)registers__argument_3(ctx);
	inode = BPF_CORE_READ(dentry, d_inode);
	call.dentry = (__u64)dentry;
	call.inode = BPF_CORE_READ(inode, i_ino);
	call.size = BPF_CORE_READ(inode, i_size);
	call.links = BPF_CORE_READ(inode, i_nlink);
	enter(&call);
	return 0;
}

static __always_inline bool is_below_subreaper(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct signal_struct *signal = BPF_CORE_READ(task, signal);

	return BPF_CORE_READ_BITFIELD_PROBED(signal, has_child_subreaper);
}

SEC("kretprobe/vfs_unlink")
int leave___kretprobe(void *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct unlinksnoop_part part;
	const struct dentry *dentry;
	struct walk *walk;
	struct call *call;

	call = bpf_map_lookup_elem(&calls, &tid);
	if (!call)
		return 0;
	__builtin_memset(&part, 0, sizeof(part));
	part.tid = tid;
	part.inode = call->inode;
	part.size = call->size;
	part.links = call->links;
	dentry = (const void *)call->dentry;
	bpf_map_delete_elem(&calls, &tid);
	walk = LOOK_UP_WALK();
	if (!walk)
		return 0;
	describe_caller(&part, registers__return_value(ctx));
	BPF_CORE_READ_INTO(&part.device, dentry, d_sb, s_id);
	if (is_below_subreaper())
		part.flags = UNLINKSNOOP_BELOW_SUBREAPER;
	walk->dentry = (__u64)dentry;
	walk->index = 0;
	if (send_name(ctx, walk, &part))
		bpf_tail_call(ctx, &walk_on_kretprobe, FIRST_PROGRAM);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
