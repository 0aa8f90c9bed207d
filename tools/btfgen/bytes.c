/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "bytes.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/file_kind.h"
#include "base/vmlinux.h"
#include "base/vmlinuz.h"

#define BTF_LIMIT (1u << 30)

static int read_archived(const char *path, const struct entry_filter *filter, void **data,
			 size_t *size, struct error *err)
{
	_cleanup_kbtf_archive_ struct kbtf_archive *archive = archive_file__open(path, err);
	const struct kbtf_entry *entry;
	int res = archive ? entry_filter__pick(filter, archive, &entry, err) : -EBADMSG;

	if (res)
		return res == -ENOENT ? -ESRCH : res;
	res = kbtf_entry__read_btf(entry, data, size);
	return res ? error__set(err, res, "%s: the BTF of %s is damaged", path,
				kbtf_entry__ident(entry)->kernel_release) : 0;
}

static int read_kernel(const char *path, enum file_kind kind, void **data, size_t *size,
		       struct error *err)
{
	struct kernel_image image = {};
	int res = kind == FILE_KIND_ELF ? vmlinux__inspect(path, true, &image, err)
					: vmlinuz__inspect(path, &image, err);

	if (!res && !image.btf)
		res = error__set(err, ENODATA, "%s: has no .BTF; `btfgen encode` makes it from "
				 "DWARF", path);
	if (!res) {
		*data = steal_ptr(image.btf);
		*size = image.btf_size;
	}
	kernel_image__free(&image);
	return res;
}

int btf_bytes__read(const char *path, const struct entry_filter *filter, void **data,
		    size_t *size, struct error *err)
{
	int kind = file_kind__of(path), res;

	if (kind < 0)
		return error__set(err, kind, "%s: %s", path, strerror(-kind));
	if (kind == FILE_KIND_ARCHIVE)
		return read_archived(path, filter, data, size, err);
	if (kind != FILE_KIND_BTF)
		return read_kernel(path, kind, data, size, err);
	res = file__read(path, BTF_LIMIT, data, size);
	return res ? error__set(err, res, "%s: %s", path, strerror(-res)) : 0;
}

/* A device or a pipe is written to, and not replaced by a file: think of /dev/null. */
static bool is_special(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

static int write_through(const char *path, const void *data, size_t size)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : file__write(fd, data, size);
}

/* A link stays, and what it points to is replaced. */
static int replace_target(const char *path, const void *data, size_t size)
{
	_cleanup_free_ char *target = realpath(path, NULL);

	return file__replace(target ? target : path, data, size, 0666);
}

int bytes__write(const char *path, const void *data, size_t size, struct error *err)
{
	int res;

	if (strcmp(path, "-") == 0) {
		if (fwrite(data, 1, size, stdout) == size && fflush(stdout) == 0)
			return 0;
		return error__set(err, errno, "standard output: %s", strerror(errno));
	}
	res = is_special(path) ? write_through(path, data, size)
			       : replace_target(path, data, size);
	return res ? error__set(err, res, "%s: can't write it: %s", path, strerror(-res)) : 0;
}
