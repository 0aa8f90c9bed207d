/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "stage/extract.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/member_path.h"
#include "base/rpm_header.h"
#include "base/rpm_payload.h"
#include "base/xz_stream.h"

#define DEFAULT_MAX_SIZE ((uint64_t)8 << 30)
#define READ_SIZE ((size_t)256 << 10)
#define AR_HEADER_SIZE 60

DEFINE_CLEANUP(read_freep, struct archive, archive_read_free)
DEFINE_CLEANUP(digest_freep, struct rpm_digest, rpm_digest__free)

/*
 * The layers that bytes come through: the file; for a .deb the ar archive in it, whose
 * data.tar.* is read as a stream; and for .xz our own decompressor.
 */
struct source {
	const char *path;
	struct error *err;
	int rc;                   /* the first failure below libarchive, with *err set */
	int fd;
	uint64_t size;
	uint8_t buffer[READ_SIZE];
	struct archive *outer;
	struct xz_stream *xz;
	const struct rpm_header *header;
	struct rpm_payload *payload; /* above libarchive: of RPM's format 6 */
};

static void source__close(struct source *source)
{
	rpm_payload__free(source->payload);
	xz_stream__free(source->xz);
	if (source->outer)
		archive_read_free(source->outer);
	if (source->fd >= 0)
		close(source->fd);
}

static int damaged(const char *path, const char *what, struct error *err)
{
	return error__set(err, EBADMSG,
			  "%s: %s: the package is damaged or was cut off; get it again", path,
			  what ?: "it can't be read");
}

/* What libarchive gave up on; a failure that we gave it goes first. */
static int archive_failed(const struct source *source, struct archive *archive,
			  struct error *err)
{
	if (source->rc)
		return source->rc;
	if (archive_errno(archive) == ENOMEM)
		return error__oom(err);
	return damaged(source->path, archive_error_string(archive), err);
}

/* ---- the layers -------------------------------------------------------------------- */

static la_ssize_t pull_file(struct archive *archive, void *context, const void **data)
{
	struct source *source = context;
	ssize_t got;

	if (cancel__requested()) {
		source->rc = error__set(source->err, ECANCELED, "%s: interrupted", source->path);
	} else {
		do
			got = read(source->fd, source->buffer, sizeof(source->buffer));
		while (got < 0 && errno == EINTR);
		*data = source->buffer;
		if (got >= 0)
			return got;
		source->rc = error__set(source->err, errno, "cannot read %s: %s", source->path,
					strerror(errno));
	}
	archive_set_error(archive, -source->rc, "%s", source->err->text);
	return ARCHIVE_FATAL;
}

/* The bytes of data.tar.*, out of the ar archive. */
static ssize_t pull_data_member(void *context, const void **data)
{
	struct source *source = context;
	la_int64_t offset;
	size_t size = 0;
	int rc;

	do
		rc = archive_read_data_block(source->outer, data, &size, &offset);
	while (rc == ARCHIVE_OK && !size);
	if (rc == ARCHIVE_EOF)
		return 0;
	if (rc != ARCHIVE_OK) {
		source->rc = archive_failed(source, source->outer, source->err);
		return source->rc;
	}
	return size;
}

static la_ssize_t pull_inner(struct archive *archive, void *context, const void **data)
{
	struct source *source = context;
	ssize_t got = source->xz ? xz_stream__read(source->xz, data) :
				   pull_data_member(source, data);

	if (got >= 0)
		return got;
	if (!source->rc && got == -ENOMEM)
		source->rc = error__set(source->err, ENOMEM,
					"%s: not enough memory to decompress it", source->path);
	else if (!source->rc)
		source->rc = damaged(source->path, "its .xz data is broken", source->err);
	archive_set_error(archive, -source->rc, "%s", source->err->text);
	return ARCHIVE_FATAL;
}

/* Not all that libarchive knows: some of its filters run other programs. */
static void support_filters(struct archive *archive)
{
	archive_read_support_filter_gzip(archive);
	archive_read_support_filter_bzip2(archive);
	archive_read_support_filter_xz(archive);
	archive_read_support_filter_lzma(archive);
	archive_read_support_filter_zstd(archive);
}

static int open_outer(struct source *source, struct error *err)
{
	source->outer = archive_read_new();
	if (!source->outer)
		return error__oom(err);
	archive_read_support_format_ar(source->outer);
	if (archive_read_open(source->outer, source, NULL, pull_file, NULL) != ARCHIVE_OK)
		return archive_failed(source, source->outer, err);
	return 0;
}

static bool ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* Go to the data member of a .deb and make ready to read it. */
static int enter_deb(struct source *source, struct error *err)
{
	struct archive_entry *entry;
	uint64_t end;
	int rc = open_outer(source, err);

	if (rc)
		return rc;
	for (;;) {
		const char *name;

		rc = archive_read_next_header(source->outer, &entry);
		if (rc == ARCHIVE_EOF)
			return damaged(source->path, "it has no data.tar member", err);
		if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
			return archive_failed(source, source->outer, err);
		name = archive_entry_pathname(entry);
		if (!name || strncmp(name, "data.tar", 8) != 0)
			continue;
		/* found now, not after half a gigabyte was unpacked */
		end = archive_read_header_position(source->outer) + AR_HEADER_SIZE +
		      archive_entry_size(entry);
		if (end > source->size)
			return damaged(source->path, "it ends inside its data.tar member", err);
		if (!ends_in(name, ".xz"))
			return 0;
		source->xz = xz_stream__new(pull_data_member, source);
		return source->xz ? 0 : error__oom(err);
	}
}

static int open_source(const char *path, struct source *source, struct error *err)
{
	struct stat st;

	source->path = path;
	source->err = err;
	source->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (source->fd < 0 || fstat(source->fd, &st) < 0)
		return error__set(err, errno, "cannot open %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return damaged(path, "it is no regular file", err);
	source->size = st.st_size;
	return 0;
}

enum container { CONTAINER_DEB, CONTAINER_RPM, CONTAINER_TAR };

/* By content: names of cached packages tell nothing. */
static enum container container_of(const struct source *source)
{
	char magic[8] = {};

	if (pread(source->fd, magic, sizeof(magic), 0) < 4)
		return CONTAINER_TAR;
	if (memcmp(magic, "!<arch>\n", 8) == 0)
		return CONTAINER_DEB;
	return memcmp(magic, "\xed\xab\xee\xdb", 4) == 0 ? CONTAINER_RPM : CONTAINER_TAR;
}

/* *inner gives the package's files, one after the other. */
static int open_inner(struct source *source, enum container container, struct archive **inner,
		      struct error *err)
{
	archive_read_callback *pull = pull_file;

	if (container == CONTAINER_DEB) {
		int rc = enter_deb(source, err);

		if (rc)
			return rc;
		pull = pull_inner;
	}
	*inner = archive_read_new();
	if (!*inner)
		return error__oom(err);
	if (!source->xz)
		support_filters(*inner);
	if (container == CONTAINER_RPM) {
		archive_read_support_filter_rpm(*inner);
		archive_read_support_format_cpio(*inner);
		archive_read_support_format_raw(*inner);
	} else {
		archive_read_support_format_tar(*inner);
	}
	if (archive_read_open(*inner, source, NULL, pull, NULL) != ARCHIVE_OK)
		return archive_failed(source, *inner, err);
	return 0;
}

/* What is no cpio is RPM's own kind, or nothing that is known. */
static int next_entry(struct source *source, struct archive *inner, struct archive_entry **entry)
{
	if (!source->payload) {
		int rc = archive_read_next_header(inner, entry);

		if ((rc != ARCHIVE_OK && rc != ARCHIVE_WARN) ||
		    archive_format(inner) != ARCHIVE_FORMAT_RAW)
			return rc;
		source->payload = rpm_payload__new(inner, source->header);
		if (!source->payload) {
			archive_set_error(inner, ENOMEM, "out of memory");
			return ARCHIVE_FATAL;
		}
	}
	return rpm_payload__next_header(source->payload, entry);
}

static int read_block(const struct source *source, struct archive *inner, const void **data,
		      size_t *size, la_int64_t *offset)
{
	if (source->payload)
		return rpm_payload__read_data_block(source->payload, data, size, offset);
	return archive_read_data_block(inner, data, size, offset);
}

/* ---- the member --------------------------------------------------------------------- */

/* What was met on the way, for the message when nothing was found. */
struct sighting {
	char *link;               /* a link of the wanted name, and where it points */
	char *link_target;
	char *largest;            /* the largest regular file */
	uint64_t largest_size;
	uint64_t files;
};

static void sighting__free(struct sighting *seen)
{
	free(seen->link);
	free(seen->link_target);
	free(seen->largest);
}

static void take_string(char **to, const char *text)
{
	free(*to);
	*to = strdup(text ?: "");
}

/* Without leading "./" and "/"; NULL for a name that can't be represented. */
static const char *entry_path(struct archive_entry *entry)
{
	const char *path = archive_entry_pathname_utf8(entry) ?: archive_entry_pathname(entry);

	return path ? member_path__relative(path) : NULL;
}

/*
 * A name only, not a file's content. In cpio, all names of a file with several come
 * without its content but the last.
 */
static bool is_link(struct archive_entry *entry)
{
	return archive_entry_filetype(entry) == AE_IFLNK || archive_entry_hardlink(entry) ||
	       (archive_entry_nlink(entry) > 1 && archive_entry_size(entry) == 0);
}

static void note_sighting(struct sighting *seen, struct archive_entry *entry, const char *path,
			  bool wanted)
{
	uint64_t size = archive_entry_size(entry);

	if (wanted && is_link(entry) && !seen->link) {
		take_string(&seen->link, path);
		take_string(&seen->link_target,
			    archive_entry_hardlink(entry) ?: archive_entry_symlink(entry));
	}
	if (archive_entry_filetype(entry) != AE_IFREG)
		return;
	seen->files++;
	if (size > seen->largest_size) {
		seen->largest_size = size;
		take_string(&seen->largest, path);
	}
}

static int not_found(const struct extract_opts *opts, const struct sighting *seen,
		     struct error *err)
{
	if (seen->link)
		return error__set(err, ENOENT,
				  "%s: no file matches '%s': %s is only a link to '%s', and links are "
				  "not followed; name the file itself", opts->package_path,
				  opts->member, seen->link, seen->link_target ?: "");
	if (!seen->files)
		return error__set(err, ENOENT, "%s: no file matches '%s': it holds no file at all",
				  opts->package_path, opts->member);
	return error__set(err, ENOENT,
			  "%s: no file matches '%s': it holds %" PRIu64 " other files, the largest "
			  "is %s; is it the right package?", opts->package_path, opts->member,
			  seen->files, seen->largest ?: "empty");
}

/* Go to the wanted file; its name becomes *path (malloc'ed). */
static int find_member(const struct extract_opts *opts, struct source *source,
		       struct archive *inner, struct archive_entry **entry, char **path,
		       struct error *err)
{
	cleanup(sighting__free) struct sighting seen = {};

	for (;;) {
		int rc = next_entry(source, inner, entry);
		const char *name;
		bool wanted;

		if (rc == ARCHIVE_EOF)
			return not_found(opts, &seen, err);
		if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
			return archive_failed(source, inner, err);
		if (cancel__requested())
			return error__set(err, ECANCELED, "%s: interrupted", opts->package_path);
		name = entry_path(*entry);
		if (!name)
			continue;
		wanted = member_path__matches(name, opts->member);
		note_sighting(&seen, *entry, name, wanted);
		if (!wanted || archive_entry_filetype(*entry) != AE_IFREG || is_link(*entry))
			continue;
		if (member_path__has_dot_dot(name))
			return error__set(err, EBADMSG,
					  "%s: its member '%s' has '..' in its path, which no honest "
					  "package has: don't use it", opts->package_path, name);
		*path = strdup(name);
		return *path ? 0 : error__oom(err);
	}
}

/* ---- writing ------------------------------------------------------------------------ */

struct sink {
	const struct extract_opts *opts;
	const char *member;
	uint64_t max_size;
	int fd;
	struct rpm_digest *digest;
	uint64_t size;            /* as the archive lists it */
	uint64_t written;
};

static int no_space(const struct extract_opts *opts, uint64_t want, struct error *err)
{
	_cleanup_free_ char *copy = strdup(opts->out_path);

	return error__set(err, ENOSPC,
			  "no room for %" PRIu64 " MiB in %s: free some, or choose another place "
			  "with --work", (want >> 20) + 1, copy ? dirname(copy) : opts->out_path);
}

/* All that can be known before the first byte. */
static int check_member(const struct sink *sink, struct archive_entry *entry, struct error *err)
{
	const struct extract_opts *opts = sink->opts;
	_cleanup_free_ char *copy = strdup(opts->out_path);
	struct statvfs disk;

	if (archive_entry_sparse_count(entry) > 0)
		return error__set(err, EFBIG,
				  "%s: %s is a sparse file, as no package's vmlinux is: refused",
				  opts->package_path, sink->member);
	if (sink->size > sink->max_size)
		return error__set(err, EFBIG,
				  "%s: %s would take %" PRIu64 " MiB, over the limit of %" PRIu64
				  " MiB: refused", opts->package_path, sink->member,
				  sink->size >> 20, sink->max_size >> 20);
	if (!opts->out_fd && copy && statvfs(dirname(copy), &disk) == 0 &&
	    sink->size / disk.f_frsize >= disk.f_bavail && disk.f_blocks)
		return no_space(opts, sink->size, err);
	return 0;
}

static int write_block(struct sink *sink, const void *data, size_t size, la_int64_t offset,
		       struct error *err)
{
	const struct extract_opts *opts = sink->opts;
	int rc;

	if (offset < 0 || (uint64_t)offset != sink->written)
		return error__set(err, EFBIG, "%s: %s is a sparse file: refused",
				  opts->package_path, sink->member);
	if (size > sink->max_size - sink->written)
		return error__set(err, EFBIG, "%s: %s is over the limit of %" PRIu64
				  " MiB: refused", opts->package_path, sink->member,
				  sink->max_size >> 20);
	rc = file__write(sink->fd, data, size);
	if (rc == -ENOSPC || rc == -EDQUOT)
		return no_space(opts, sink->size - sink->written, err);
	if (rc)
		return error__set(err, rc, "cannot write %s: %s", opts->out_path, strerror(-rc));
	if (sink->digest)
		rpm_digest__update(sink->digest, data, size);
	sink->written += size;
	meter__advance(opts->meter, sink->written, sink->size);
	return 0;
}

static int copy_data(const struct source *source, struct archive *inner, struct sink *sink,
		     struct error *err)
{
	for (;;) {
		const void *data;
		la_int64_t offset;
		size_t size;
		int rc = read_block(source, inner, &data, &size, &offset);

		if (rc == ARCHIVE_EOF)
			break;
		if (rc != ARCHIVE_OK)
			return archive_failed(source, inner, err);
		if (cancel__requested())
			return error__set(err, ECANCELED, "%s: interrupted", source->path);
		rc = size ? write_block(sink, data, size, offset, err) : 0;
		if (rc)
			return rc;
	}
	if (sink->written != sink->size)
		return damaged(source->path, "its member is shorter than it says", err);
	return 0;
}

static int copy_checked(const struct source *source, struct archive *inner, struct sink *sink,
			struct error *err)
{
	int rc = copy_data(source, inner, sink, err);

	if (!rc && sink->digest && !rpm_digest__matches(sink->digest))
		rc = error__set(err, EBADMSG,
				"%s: %s has not the digest that the package's header lists: get "
				"the package again", source->path, sink->member);
	return rc;
}

static int write_member(const struct source *source, struct archive *inner, struct sink *sink,
			struct error *err)
{
	const char *out_path = sink->opts->out_path;
	int rc;

	if (sink->opts->out_fd) {
		sink->fd = sink->opts->out_fd;
		return copy_checked(source, inner, sink, err);
	}
	/* whatever stands there, also a link to elsewhere, is not written through */
	unlink(out_path);
	sink->fd = open(out_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (sink->fd < 0 && errno == ENOSPC)
		return no_space(sink->opts, sink->size, err);
	if (sink->fd < 0)
		return error__set(err, errno, "cannot write %s: %s", out_path, strerror(errno));
	rc = copy_checked(source, inner, sink, err);
	if (close(sink->fd) < 0 && !rc)
		rc = errno == ENOSPC || errno == EDQUOT ?
			     no_space(sink->opts, sink->size, err) :
			     error__set(err, errno, "cannot write %s: %s", out_path,
					strerror(errno));
	if (rc)
		unlink(out_path);
	return rc;
}

/* What the header says of the member; a signature is worth its digest. */
static int find_digest(const struct extract_opts *opts, const struct rpm_header *header,
		       const char *member, struct rpm_digest **digest, struct error *err)
{
	const struct rpm_file *file = rpm_header__find(header, member);

	if (opts->rpm_trust.keyrings && (!file || !rpm_file__is_strong(file)))
		return error__set(err, EKEYREJECTED,
				  "%s: its signed header lists no SHA-2 or SHA-3 digest of %s, so the "
				  "signature says nothing about it", opts->package_path, member);
	if (!file || !file->digest_len)
		return 0;
	*digest = rpm_digest__new(file);
	if (!*digest)
		return error__set(err, EBADMSG,
				  "%s: the digest of %s is of an unknown kind (%d)",
				  opts->package_path, member, file->digest_algorithm);
	return 0;
}

static int extract_from(const struct extract_opts *opts, struct source *source,
			const struct rpm_header *header, enum container container,
			struct extracted *extracted, struct error *err)
{
	cleanup(read_freep) struct archive *inner = NULL;
	cleanup(digest_freep) struct rpm_digest *digest = NULL;
	struct archive_entry *entry;
	struct sink sink = {
		.opts = opts,
		.max_size = opts->max_size ?: DEFAULT_MAX_SIZE,
	};
	int rc = open_inner(source, container, &inner, err);

	source->header = header;
	if (!rc)
		rc = find_member(opts, source, inner, &entry, &extracted->member, err);
	if (rc)
		return rc;
	sink.member = extracted->member;
	sink.size = archive_entry_size(entry);
	rc = check_member(&sink, entry, err);
	if (!rc && container == CONTAINER_RPM)
		rc = find_digest(opts, header, sink.member, &digest, err);
	sink.digest = digest;
	if (!rc)
		rc = write_member(source, inner, &sink, err);
	extracted->size = sink.written;
	return rc;
}

int extract__member(const struct extract_opts *opts, struct extracted *extracted,
		    struct error *err)
{
	cleanup(rpm_header__free) struct rpm_header header = {};
	_cleanup_free_ struct source *source = calloc(1, sizeof(*source));
	enum container container;
	int rc;

	*extracted = (struct extracted){};
	if (!source)
		return error__oom(err);
	meter__stage(opts->meter, "extract", 0);
	rc = open_source(opts->package_path, source, err);
	container = rc ? CONTAINER_TAR : container_of(source);
	if (!rc && container == CONTAINER_RPM)
		rc = rpm_header__read(opts->package_path, &opts->rpm_trust, &header, err);
	else if (!rc && opts->rpm_trust.keyrings)
		rc = damaged(opts->package_path, "it is no RPM package", err);
	if (!rc)
		rc = extract_from(opts, source, &header, container, extracted, err);
	source__close(source);
	extracted->signed_by = steal_ptr(header.signed_by);
	if (rc)
		extracted__free(extracted);
	return rc;
}

void extracted__free(struct extracted *extracted)
{
	free(extracted->member);
	free(extracted->signed_by);
	*extracted = (struct extracted){};
}
