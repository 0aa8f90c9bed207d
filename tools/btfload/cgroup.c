/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cgroup.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <mntent.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/log.h"

bool cgroup__takes(const struct bpf_program *program)
{
	switch (bpf_program__type(program)) {
	case BPF_PROG_TYPE_CGROUP_SKB:
	case BPF_PROG_TYPE_CGROUP_SOCK:
	case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
	case BPF_PROG_TYPE_CGROUP_DEVICE:
	case BPF_PROG_TYPE_CGROUP_SYSCTL:
	case BPF_PROG_TYPE_CGROUP_SOCKOPT:
	case BPF_PROG_TYPE_SOCK_OPS:
		return true;
	default:
		return false;
	}
}

/* Where the hierarchy (v2) is mounted; malloc'ed, NULL if it is not. */
static char *find_root(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	struct mntent *mount;
	char *root = NULL;

	while (mounts && !root && (mount = getmntent(mounts)))
		if (strcmp(mount->mnt_type, "cgroup2") == 0)
			root = strdup(mount->mnt_dir);
	if (mounts)
		endmntent(mounts);
	return root;
}

int cgroup__open(const char *path)
{
	_cleanup_free_ char *root = path ? NULL : find_root();
	const char *dir = path ? path : root;
	struct statfs fs;
	int fd;

	if (!dir) {
		log__error("no cgroup hierarchy (v2) is mounted: mount -t cgroup2 none /sys/fs/cgroup, "
			   "or give a cgroup by --cgroup");
		return -ENOENT;
	}
	if (statfs(dir, &fs) == 0 && fs.f_type != CGROUP2_SUPER_MAGIC) {
		log__error("%s: is no cgroup of the hierarchy v2", dir);
		return -EINVAL;
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	log__error("%s: %s", dir, strerror(errno));
	return -errno;
}

/* By a run that was killed, whose program was pinned. */
static bool is_attached(const struct bpf_program *program, int cgroup_fd)
{
	__u32 ids[64], count = sizeof(ids) / sizeof(ids[0]), size = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = {};

	if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) < 0 ||
	    bpf_prog_query(cgroup_fd, bpf_program__expected_attach_type(program), 0, NULL, ids,
			   &count) < 0)
		return false;
	for (__u32 i = 0; i < count; i++)
		if (ids[i] == info.id)
			return true;
	return false;
}

/* Beside others' programs where the kernel allows that (4.15), or else alone. */
static int attach_without_link(const struct bpf_program *program, int cgroup_fd)
{
	enum bpf_attach_type type = bpf_program__expected_attach_type(program);
	int fd = bpf_program__fd(program);

	if (is_attached(program, cgroup_fd) ||
	    bpf_prog_attach(fd, cgroup_fd, type, BPF_F_ALLOW_MULTI) == 0 ||
	    (errno == EINVAL && bpf_prog_attach(fd, cgroup_fd, type, 0) == 0))
		return 0;
	return -errno;
}

int cgroup__attach(const struct bpf_program *program, int cgroup_fd, struct bpf_link **link)
{
	*link = bpf_program__attach_cgroup(program, cgroup_fd);
	if (*link)
		return 0;
	return errno == EINVAL ? attach_without_link(program, cgroup_fd) : -errno;
}

void cgroup__detach(const struct bpf_program *program, int cgroup_fd)
{
	bpf_prog_detach2(bpf_program__fd(program), cgroup_fd,
			 bpf_program__expected_attach_type(program));
}
