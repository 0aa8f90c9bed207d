/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/file_kind.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

static const struct {
	enum file_kind kind;
	const char *magic;
	size_t size;
	size_t offset;
} magics[] = {
	{ FILE_KIND_ELF, "\x7f" "ELF", 4, 0 },
	{ FILE_KIND_BTF, "\x9f\xeb\x01", 3, 0 },
	{ FILE_KIND_BTF, "\xeb\x9f\x01", 3, 0 },
	{ FILE_KIND_DEB, "!<arch>\ndebian-binary", 21, 0 },
	{ FILE_KIND_RPM, "\xed\xab\xee\xdb", 4, 0 },
	{ FILE_KIND_ARCHIVE, "\x89KBTF\r\n\x1a", 8, 0 },
	{ FILE_KIND_TAR, "\xfd" "7zXZ", 5, 0 },
	{ FILE_KIND_TAR, "\x28\xb5\x2f\xfd", 4, 0 },
	{ FILE_KIND_TAR, "BZh", 3, 0 },
	{ FILE_KIND_TAR, "ustar", 5, 257 },
};

/* gzip holds a tar here, or a kernel: arm64's Image.gz has no tar header inside. */
static int kind_of_gzip(const char *path)
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	return strstr(name, ".tar") || strstr(name, ".tgz") ? FILE_KIND_TAR : FILE_KIND_OTHER;
}

int file_kind__of(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned char head[512];
	struct stat st;
	ssize_t len;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	len = pread(fd, head, sizeof(head), 0);
	if (len < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if ((size_t)len >= magics[i].offset + magics[i].size &&
		    memcmp(head + magics[i].offset, magics[i].magic, magics[i].size) == 0)
			return magics[i].kind;
	if (len > 2 && head[0] == 0x1f && head[1] == 0x8b)
		return kind_of_gzip(path);
	return FILE_KIND_OTHER;
}

bool file_kind__is_web_page(int fd)
{
	char head[512] = {};
	ssize_t len = pread(fd, head, sizeof(head) - 1, 0);

	return len > 0 && (strcasestr(head, "<html") || strcasestr(head, "<!doctype html"));
}
