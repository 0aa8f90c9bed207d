/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "image.h"

#include <bpf/btf.h>
#include <fcntl.h>
#include <kbtf_write.h>
#include <string.h>

#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/file_kind.h"
#include "base/vmlinuz.h"
#include "stage/encode.h"

#define BTF_LIMIT (1u << 30)
#define COPY_CHUNK (1u << 20)

DEFINE_CLEANUP(btf_freep, struct btf, btf__free)

void image__free(struct image *image)
{
	kernel_image__free(&image->about);
	free(image->btf);
	free(image->path);
	*image = (struct image){};
}

void image_btf__free(struct image_btf *btf)
{
	free(btf->btf);
	free(btf->version);
	free(btf->flags);
	free(btf->notes);
	*btf = (struct image_btf){};
}

int image__open(const char *path, bool is_copy, enum encoder encoder, struct image *image,
		struct error *err)
{
	int kind = file_kind__of(path), res;

	*image = (struct image){ .path = strdup(path), .is_copy = is_copy };
	if (!image->path)
		return error__oom(err);
	if (kind < 0)
		return error__set(err, kind, "%s: %s", path, strerror(-kind));
	switch (kind) {
	case FILE_KIND_ELF:
		return vmlinux__inspect(path, encoder == ENCODER_AUTO || encoder == ENCODER_EMBEDDED,
					&image->about, err);
	case FILE_KIND_BTF:
		res = file__read(path, BTF_LIMIT, &image->btf, &image->btf_size);
		return res ? error__set(err, res, "%s: %s", path, strerror(-res)) : 0;
	case FILE_KIND_ARCHIVE:
		return error__set(err, ENOEXEC, "%s: is an archive of btfgen's own, which -a names",
				  path);
	default:
		return vmlinuz__inspect(path, &image->about, err);
	}
}

/* Everything of image_btf but the bytes. */
static int describe(struct image_btf *out, const char *encoder, const char *version,
		    const char *flags, const char *notes, struct error *err)
{
	out->encoder = encoder;
	out->version = strdup(version);
	out->flags = strdup(flags);
	out->notes = strdup(notes);
	return out->version && out->flags && out->notes ? 0 : error__oom(err);
}

/* BTF that somebody else encoded, taken as it is. */
static int take(struct image *image, void *bytes, size_t size, const char *encoder,
		struct image_btf *out, struct error *err)
{
	struct btf *btf __attribute__((__cleanup__(btf_freep))) = btf__new(bytes, size);

	out->btf = bytes;
	out->size = size;
	if (!btf)
		return error__set(err, EBADMSG, "%s: its BTF can't be parsed; is the file whole, or "
				  "its kernel newer than this program's libbpf?", image->path);
	/* a kernel's own BTF without it is a broken build; what a user adds may be cut */
	if (image->about.has_btf && btf__find_by_name_kind(btf, "task_struct", BTF_KIND_STRUCT) < 0)
		return error__set(err, EBADMSG, "%s: its BTF has no struct task_struct; use "
				  "--encoder pahole", image->path);
	return describe(out, encoder, "", "", "", err);
}

/* Encoding may change the file, which must not be the user's. */
static int make_copy(struct image *image, const char *scratch, struct error *err)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ void *chunk = malloc(COPY_CHUNK);
	_cleanup_close_ int out = -1;
	_cleanup_close_ int in = open(image->path, O_RDONLY | O_CLOEXEC);
	ssize_t len = 0;
	int res = in < 0 ? -errno : 0;

	if (!chunk || asprintf(&path, "%s/image", scratch) < 0) {
		path = NULL;
		return error__oom(err);
	}
	/* scratch: what a crash makes of it is of no interest, so nothing is flushed */
	if (!res)
		out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (!res && out < 0)
		res = -errno;
	while (!res && (len = read(in, chunk, COPY_CHUNK)) > 0)
		res = cancel__requested() ? -ECANCELED : file__write(out, chunk, len);
	if (!res && len < 0)
		res = -errno;
	if (!res && close(steal_fd(&out)) < 0)
		res = -errno;
	if (res)
		return error__set(err, res, "%s: can't copy it to %s: %s", image->path, path,
				  strerror(-res));
	free(image->path);
	image->path = steal_ptr(path);
	image->is_copy = true;
	return 0;
}

static int encode_by_pahole(struct image *image, const struct image_encoding *given,
			    struct image_btf *out, struct error *err)
{
	const struct encode_opts opts = {
		.scratch = given->scratch,
		.kernel_release = given->kernel_release,
		.timeout_s = given->timeout_s,
		.memory_limit = given->memory_limit,
		.meter = given->meter,
	};
	struct encoded encoded = {};
	_cleanup_free_ char *name = strdup(image->path);
	int res = !name ? error__oom(err) : image->is_copy ? 0 : make_copy(image, given->scratch, err);

	if (!res)
		res = encode__vmlinux(image->path, &opts, &encoded, err);
	/* of a copy that is gone by then nobody need hear */
	if (res && name)
		error__rename(err, image->path, name);
	if (!res) {
		out->btf = steal_ptr(encoded.btf);
		out->size = encoded.size;
		res = describe(out, "pahole", encoded.encoder_version, encoded.flags, encoded.notes,
			       err);
	}
	encoded__free(&encoded);
	return res;
}

static int encode_wanted(const struct image *image, const struct image_encoding *given,
			 struct image_btf *out, struct error *err)
{
	const struct encode_wanted_opts opts = {
		.kernel_release = given->kernel_release,
		.objects = given->objects,
		.threads = given->threads,
		.nested_arrays = given->nested_arrays,
		.meter = given->meter,
	};
	struct encoded encoded = {};
	int res = encode__wanted(image->path, &opts, &encoded, err);

	if (!res) {
		out->btf = steal_ptr(encoded.btf);
		out->size = encoded.size;
		out->is_partial = true;
		res = describe(out, "dwarf", encoded.encoder_version, encoded.flags, encoded.notes,
			       err);
	}
	encoded__free(&encoded);
	return res;
}

static int encode(struct image *image, enum encoder encoder, const struct image_encoding *opts,
		  struct image_btf *out, struct error *err)
{
	if (image->btf && encoder != ENCODER_AUTO)
		return error__set(err, ENODATA, "%s: is BTF already; nothing is left to encode",
				  image->path);
	if (image->btf)
		return take(image, steal_ptr(image->btf), image->btf_size, "import", out, err);
	if ((encoder == ENCODER_AUTO || encoder == ENCODER_EMBEDDED) && image->about.btf)
		return take(image, steal_ptr(image->about.btf), image->about.btf_size, "embedded",
			    out, err);
	if (encoder == ENCODER_EMBEDDED)
		return error__set(err, ENODATA, "%s: the kernel has no BTF of its own; use --encoder "
				  "pahole on its debug package", image->path);
	if (!image->about.has_dwarf)
		return error__set(err, ENODATA, "%s: the kernel is stripped: it has neither .BTF nor "
				  ".debug_info; take its distribution's debug package", image->path);
	if (encoder != ENCODER_PAHOLE && opts->objects && opts->objects->count && opts->min_only &&
	    !opts->normalize)
		return encode_wanted(image, opts, out, err);
	if (encoder == ENCODER_DWARF)
		return error__set(err, EINVAL, "%s: --encoder dwarf makes BTF that is minimized for "
				  "BPF objects, and none are named; use --encoder pahole", image->path);
	return encode_by_pahole(image, opts, out, err);
}

static int explain_normalizing(const struct image *image, const struct kbtf_normalization *about,
			       int res, struct error *err)
{
	if (res == -EIO)
		return error__set(err, res, "%s: can't be normalized: %s would not be what it is; "
				  "leave --normalize out, and report this", image->path,
				  about->at_fault);
	return error__set(err, res, "%s: can't be normalized: %s", image->path,
			  res == -EINVAL ? "its types contradict each other" : strerror(-res));
}

static int normalize(const struct image *image, struct image_btf *out, struct error *err)
{
	struct kbtf_normalization about = { .sz = sizeof(about) };
	void *normal;
	char *notes;
	int res = kbtf_btf__normalize(out->btf, out->size, &normal, &out->size, &about);

	if (res)
		return explain_normalizing(image, &about, res, err);
	free(out->btf);
	out->btf = normal;
	if (asprintf(&notes, "%s%snormalized: %u types became %u; %u member names lost their unit "
		     "counter", out->notes, *out->notes ? "\n" : "", about.types,
		     about.types_left, about.counters) < 0)
		return error__oom(err);
	free(out->notes);
	out->notes = notes;
	return 0;
}

int image__encode(struct image *image, enum encoder encoder, const struct image_encoding *opts,
		  struct image_btf *out, struct error *err)
{
	int res;

	*out = (struct image_btf){};
	res = encode(image, encoder, opts, out, err);
	return res || !opts->normalize ? res : normalize(image, out, err);
}
