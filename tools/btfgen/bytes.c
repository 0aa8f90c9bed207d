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
#include "base/workdir.h"
#include "stage/extract.h"

#define BTF_LIMIT (1u << 30)

static int read_picked(const struct kbtf_archive *archive, const struct entry_filter *filter,
		       const char *path, void **data, size_t *size, struct error *err)
{
	const struct kbtf_entry *entry;
	int res = entry_filter__pick(filter, archive, &entry, err);

	if (res)
		return res == -ENOENT ? -ESRCH : res;
	res = kbtf_entry__read_btf(entry, data, size);
	if (res == -ENOENT)
		return error__set(err, res, "%s: has minimized BTF alone of %s", path,
				  kbtf_entry__ident(entry)->kernel_release);
	return res ? error__set(err, res, "%s: the BTF of %s is damaged", path,
				kbtf_entry__ident(entry)->kernel_release) : 0;
}

static int read_archived(const char *path, const struct entry_filter *filter, void **data,
			 size_t *size, struct error *err)
{
	_cleanup_kbtf_archive_ struct kbtf_archive *archive = archive_file__open(path, err);

	return archive ? read_picked(archive, filter, path, data, size, err) : -EBADMSG;
}

/* BTFHub's .btf.tar.xz and its like: the one BTF file in it. */
static int read_packed(const char *path, void **data, size_t *size, struct error *err)
{
	_cleanup_free_ char *out = NULL;
	struct workdir *work = workdir__open(NULL, err);
	char *scratch = work ? workdir__scratch(work, err) : NULL;
	struct extract_opts opts = { .package_path = path, .member = "*.btf",
				     .max_size = BTF_LIMIT };
	struct extracted extracted = {};
	int res = scratch ? 0 : -EIO;

	if (!res && asprintf(&out, "%s/member.btf", scratch) < 0) {
		out = NULL;
		res = error__oom(err);
	}
	opts.out_path = out;
	if (!res)
		res = extract__member(&opts, &extracted, err);
	if (!res && file_kind__of(out) != FILE_KIND_BTF)
		res = error__set(err, EBADMSG, "%s: %s in it is no BTF", path, extracted.member);
	if (!res && (res = file__read(out, BTF_LIMIT, data, size)))
		error__set(err, res, "%s: %s", path, strerror(-res));
	extracted__free(&extracted);
	if (scratch)
		workdir__drop(scratch, 0);
	workdir__close(work);
	return res;
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
	if (kind == FILE_KIND_TAR)
		return read_packed(path, data, size, err);
	if (kind != FILE_KIND_BTF)
		return read_kernel(path, kind, data, size, err);
	res = file__read(path, BTF_LIMIT, data, size);
	return res ? error__set(err, res, "%s: %s", path, strerror(-res)) : 0;
}

static bool is_file(const char *text)
{
	struct stat st;

	return strchr(text, '/') || (stat(text, &st) == 0 && !S_ISDIR(st.st_mode));
}

/* A release, or a pattern of one; else a build ID's beginning, where that fits an entry. */
static int read_named(const char *name, const struct kbtf_archive *archive, const char *path,
		      const struct entry_filter *given, void **data, size_t *size,
		      struct error *err)
{
	struct entry_filter filter = *given;
	int res;

	filter.pattern_text = name;
	filter.pattern = NULL;
	filter.build_id = NULL;
	res = entry_filter__prepare(&filter, err);
	if (!res)
		res = read_picked(archive, &filter, path, data, size, err);
	entry_filter__free(&filter);
	if ((res != -ESRCH && res != -EINVAL) || name[strspn(name, "0123456789abcdefABCDEF")])
		return res;
	filter.build_id = name;
	return read_picked(archive, &filter, path, data, size, err);
}

int btf_bytes__read_side(const char *text, const char *archive_given,
			 const struct entry_filter *filter, void **data, size_t *size,
			 struct error *err)
{
	_cleanup_kbtf_archive_ struct kbtf_archive *archive = NULL;
	_cleanup_free_ char *path = NULL;
	int res;

	if (is_file(text))
		return btf_bytes__read(text, filter, data, size, err);
	path = archive_file__path(archive_given);
	if (!path)
		return error__oom(err);
	archive = archive_file__open_if_any(path, &res, err);
	if (!archive)
		return res ? res : error__set(err, ENOENT, "%s: no such file, and no archive %s that "
					      "could have such a kernel", text, path);
	res = read_named(text, archive, path, filter, data, size, err);
	return res == -ESRCH ? error__set(err, ESRCH, "%s: neither a file nor a kernel in %s; `btfgen "
					  "stats --list` shows what it holds", text, path) : res;
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
