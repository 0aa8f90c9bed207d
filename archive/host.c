/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <kbtf.h>

#include <elf.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/assignments.h"
#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/file.h"
#include "base/sha256.h"
#include "ident.h"

#define TEXT_LIMIT (1 << 20)
#define KERNEL_BTF "/sys/kernel/btf/vmlinux"

struct kbtf_host {
	struct kbtf_ident ident;
	char *strings[5]; /* what ident's strings point to, where they are not "" */
	uint8_t build_id[KBTF_BUILD_ID_MAX];
	char *kernel_btf;
};

DEFINE_CLEANUP(kbtf_host__freep, struct kbtf_host, kbtf_host__free)

void kbtf_host__free(struct kbtf_host *host)
{
	if (!host)
		return;
	for (size_t i = 0; i < sizeof(host->strings) / sizeof(host->strings[0]); i++)
		free(host->strings[i]);
	free(host->kernel_btf);
	free(host);
}

static int read_under(const char *root, const char *path, void **data, size_t *size)
{
	_cleanup_free_ char *full = NULL;

	if (asprintf(&full, "%s%s", root, path) < 0) {
		full = NULL;
		return -ENOMEM;
	}
	return file__read(full, TEXT_LIMIT, data, size);
}

/* ELF notes as /sys/kernel/notes gives them: in the machine's own byte order, 4-aligned. */
static void find_build_id(struct kbtf_host *host, const void *data, size_t size)
{
	struct cursor cur = cursor__over(data, size);
	const uint8_t *header;

	while ((header = cursor__take(&cur, sizeof(Elf64_Nhdr)))) {
		Elf64_Nhdr note;
		const uint8_t *name, *desc;

		memcpy(&note, header, sizeof(note));
		name = cursor__take(&cur, (note.n_namesz + UINT64_C(3)) & ~UINT64_C(3));
		desc = cursor__take(&cur, (note.n_descsz + UINT64_C(3)) & ~UINT64_C(3));
		if (!name || !desc)
			return;
		if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != 4 ||
		    memcmp(name, "GNU", 4) != 0 || !note.n_descsz ||
		    note.n_descsz > KBTF_BUILD_ID_MAX)
			continue;
		memcpy(host->build_id, desc, note.n_descsz);
		host->ident.build_id_len = note.n_descsz;
		return;
	}
}

static int lend(struct kbtf_host *host, size_t slot, const char **field, char *value)
{
	host->strings[slot] = value;
	*field = value ? value : "";
	return value ? 0 : -ENOMEM;
}

static int from_system(struct kbtf_host *host, const char *root)
{
	_cleanup_free_ void *notes = NULL, *release = NULL;
	struct kbtf_ident *ident = &host->ident;
	struct utsname uts;
	size_t size;
	int err;

	if (uname(&uts) < 0)
		return -errno;
	if ((err = lend(host, 0, &ident->arch, strdup(uts.machine))) ||
	    (err = lend(host, 1, &ident->kernel_release, strdup(uts.release))) ||
	    (err = lend(host, 2, &ident->kernel_version, strdup(uts.version))))
		return err;
	if (read_under(root, "/sys/kernel/notes", &notes, &size) == 0)
		find_build_id(host, notes, size);
	if (read_under(root, "/etc/os-release", &release, &size) == 0 ||
	    read_under(root, "/usr/lib/os-release", &release, &size) == 0) {
		lend(host, 3, &ident->distro, assignments__get(release, "ID"));
		lend(host, 4, &ident->distro_release, assignments__get(release, "VERSION_ID"));
	}
	if (asprintf(&host->kernel_btf, "%s" KERNEL_BTF, root) < 0) {
		host->kernel_btf = NULL;
		return -ENOMEM;
	}
	if (access(host->kernel_btf, R_OK) < 0) {
		free(host->kernel_btf);
		host->kernel_btf = NULL;
	}
	return 0;
}

static int from_file(struct kbtf_host *host, const char *path)
{
	_cleanup_free_ char *text = NULL, *build_id = NULL;
	struct kbtf_ident *ident = &host->ident;
	size_t size, len;
	int err = file__read(path, TEXT_LIMIT, (void **)&text, &size);

	if (err)
		return err;
	lend(host, 0, &ident->arch, assignments__get(text, "ARCH"));
	lend(host, 1, &ident->kernel_release, assignments__get(text, "KERNEL_RELEASE"));
	lend(host, 2, &ident->kernel_version, assignments__get(text, "KERNEL_VERSION"));
	lend(host, 3, &ident->distro, assignments__get(text, "DISTRO"));
	lend(host, 4, &ident->distro_release, assignments__get(text, "DISTRO_RELEASE"));
	build_id = assignments__get(text, "BUILD_ID");
	len = build_id ? strlen(build_id) / 2 : 0;
	if (len > KBTF_BUILD_ID_MAX || (build_id && strlen(build_id) % 2) || (len && !hex__decode(build_id, host->build_id, len)))
		return -EINVAL;
	ident->build_id_len = len;
	return *ident->kernel_release || len ? 0 : -EINVAL;
}

struct kbtf_host *kbtf_host__new(const struct kbtf_host_opts *given)
{
	struct kbtf_host *host __attribute__((__cleanup__(kbtf_host__freep))) =
		calloc(1, sizeof(*host));
	struct kbtf_host_opts opts = {};
	int err = host ? 0 : -ENOMEM;

	if (!err && given)
		err = versioned__copy(&opts, sizeof(opts), given);
	if (!err) {
		struct kbtf_ident unknown = { .sz = sizeof(unknown) };

		ident__normalize(&unknown, &host->ident);
		host->ident.build_id = host->build_id;
		err = opts.ident_file ? from_file(host, opts.ident_file)
				      : from_system(host, opts.root ? opts.root : "");
	}
	if (err) {
		errno = -err;
		return NULL;
	}
	return steal_ptr(host);
}

const struct kbtf_ident *kbtf_host__ident(const struct kbtf_host *host)
{
	return &host->ident;
}

const char *kbtf_host__kernel_btf(const struct kbtf_host *host)
{
	return host->kernel_btf;
}
