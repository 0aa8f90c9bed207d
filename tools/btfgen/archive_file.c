/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "archive_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json_text.h"
#include "base/sha256.h"
#include "base/paths.h"

char *archive_file__path(const char *given)
{
	return given ? strdup(given) : paths__default_archive();
}

/* 0: it can't be told. */
static uint32_t format_of(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t version[4];

	if (fd < 0 || pread(fd, version, sizeof(version), 8) != (ssize_t)sizeof(version))
		return 0;
	return (uint32_t)version[0] | (uint32_t)version[1] << 8 | (uint32_t)version[2] << 16 |
	       (uint32_t)version[3] << 24;
}

static int other_format(const char *path, struct error *err)
{
	uint32_t format = format_of(path);

	if (!format || format >= KBTF_FORMAT_VERSION)
		return error__set(err, ENOTSUP, "%s: was made by a newer version of this program; use "
				  "that one", path);
	return error__set(err, ENOTSUP, "%s: is of the older format %u, and this program's is %u; move it "
			  "away and build it anew: `btfgen build -a %s --kernel PATTERN`", path, format,
			  KBTF_FORMAT_VERSION, path);
}

struct kbtf_archive *archive_file__open_if_any(const char *path, int *res, struct error *err)
{
	struct kbtf_archive *archive = kbtf_archive__open(path);

	*res = archive || errno == ENOENT ? 0 : -errno;
	if (*res == -EBADMSG)
		error__set(err, *res, "%s: is no archive, or is damaged; restore it from a copy, or "
			   "move it away and build anew", path);
	else if (*res == -ENOTSUP)
		other_format(path, err);
	else if (*res)
		error__set(err, *res, "%s: %s", path, strerror(-*res));
	return archive;
}

struct kbtf_archive *archive_file__open(const char *path, struct error *err)
{
	int res;
	struct kbtf_archive *archive = archive_file__open_if_any(path, &res, err);

	if (!archive && !res)
		error__set(err, ENOENT, "%s: no such archive; `btfgen build` makes one, -a names "
			   "another", path);
	return archive;
}

bool archive_file__exists(const char *path, struct error *err)
{
	_cleanup_kbtf_archive_ struct kbtf_archive *archive = archive_file__open(path, err);

	return archive != NULL;
}

uint64_t archive_file__size(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

int archive_file__check_place(const char *path, struct error *err)
{
	_cleanup_free_ char *target = realpath(path, NULL);
	_cleanup_free_ char *copy = strdup(target ? target : path);
	const char *dir = copy ? dirname(copy) : path;

	if (access(dir, W_OK | X_OK) == 0)
		return 0;
	return error__set(err, errno, "%s: no archive can be written there: %s: %s", path, dir,
			  strerror(errno));
}

static void put(json_t *object, const char *name, const char *value)
{
	if (*value)
		json_object_set_new(object, name, json_text(value));
}

json_t *entry__json(const struct kbtf_entry *entry)
{
	const struct kbtf_ident *ident = kbtf_entry__ident(entry);
	const struct kbtf_provenance *prov = kbtf_entry__provenance(entry);
	char build_id[2 * KBTF_BUILD_ID_MAX + 1];
	json_t *object = json_object();

	put(object, "distro", ident->distro);
	put(object, "release", ident->distro_release);
	put(object, "arch", ident->arch);
	put(object, "kernel", ident->kernel_release);
	put(object, "version", ident->kernel_version);
	put(object, "build_id", hex__encode(ident->build_id, ident->build_id_len, build_id));
	if (ident->build_id_short)
		json_object_set_new(object, "build_id_short", json_true());
	put(object, "package", prov->package);
	put(object, "package_version", prov->package_version);
	put(object, "package_sha256", prov->package_sha256);
	put(object, "verification", kbtf_verification__name(prov->verification));
	put(object, "verified_by", prov->verified_by);
	put(object, "encoder", prov->encoder);
	put(object, "encoder_version", prov->encoder_version);
	put(object, "encoder_flags", prov->encoder_flags);
	put(object, "notes", prov->notes);
	json_object_set_new(object, "btf_bytes",
			    json_integer((json_int_t)kbtf_entry__btf_size(entry)));
	return object;
}

void json__print(json_t *object)
{
	json_dumpf(object, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(4));
	putchar('\n');
	json_decref(object);
}

int entry_filter__prepare(struct entry_filter *filter, struct error *err)
{
	return filter->pattern_text ? pattern__parse(filter->pattern_text, &filter->pattern, err) : 0;
}

void entry_filter__free(struct entry_filter *filter)
{
	pattern__free(filter->pattern);
	filter->pattern = NULL;
}

bool entry_filter__matches(const struct entry_filter *filter, const struct kbtf_entry *entry)
{
	const struct kbtf_ident *ident = kbtf_entry__ident(entry);
	char build_id[2 * KBTF_BUILD_ID_MAX + 1];
	size_t digits = filter->build_id ? strlen(filter->build_id) : 0;

	hex__encode(ident->build_id, ident->build_id_len, build_id);
	if (ident->build_id_short && digits > strlen(build_id))
		digits = strlen(build_id);
	return pattern__matches(filter->pattern, ident->kernel_release) &&
	       (!filter->build_id ||
		strncasecmp(build_id, filter->build_id, digits) == 0) &&
	       (!filter->distro || strcasecmp(ident->distro, filter->distro) == 0) &&
	       (!filter->release || strcmp(ident->distro_release, filter->release) == 0) &&
	       (!filter->arch || strcmp(ident->arch, filter->arch) == 0);
}

const struct kbtf_entry *entry_filter__next(const struct entry_filter *filter,
					    const struct kbtf_archive *archive, size_t *index)
{
	while (*index < kbtf_archive__entry_count(archive)) {
		const struct kbtf_entry *entry = kbtf_archive__entry(archive, (*index)++);

		if (entry_filter__matches(filter, entry))
			return entry;
	}
	return NULL;
}

static int not_unique(const struct kbtf_entry *first, const struct kbtf_entry *second,
		      struct error *err)
{
	const struct kbtf_ident *a = kbtf_entry__ident(first), *b = kbtf_entry__ident(second);
	char a_id[2 * KBTF_BUILD_ID_MAX + 1], b_id[2 * KBTF_BUILD_ID_MAX + 1];

	return error__set(err, ENOTUNIQ, "more than one entry fits: %s %s %s (build ID %s), "
			  "%s %s %s (build ID %s); say which with --kernel, --build-id, --distro "
			  "or --arch", a->distro, a->arch, a->kernel_release,
			  hex__encode(a->build_id, a->build_id_len, a_id), b->distro, b->arch,
			  b->kernel_release, hex__encode(b->build_id, b->build_id_len, b_id));
}

int entry_filter__pick(const struct entry_filter *filter, const struct kbtf_archive *archive,
		       const struct kbtf_entry **entry, struct error *err)
{
	const struct kbtf_entry *second;
	size_t index = 0;

	*entry = entry_filter__next(filter, archive, &index);
	second = *entry ? entry_filter__next(filter, archive, &index) : NULL;
	if (second)
		return not_unique(*entry, second, err);
	if (*entry)
		return 0;
	return error__set(err, ENOENT, "the archive has no such entry; `btfgen stats --list` shows "
			  "what it holds");
}
