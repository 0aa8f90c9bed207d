/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "job.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/file_kind.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/sha256.h"
#include "image.h"
#include "stage/extract.h"
#include "stage/minimize.h"
#include "stage/pack.h"

/* Of a vmlinux that is held in memory: the largest seen has 1 GB. */
#define IN_MEMORY_MAX (UINT64_C(5) << 28)

const char *job_stage__name(enum job_stage stage)
{
	static const char *const names[] = { "fetch", "extract", "encode", "minimize", "pack" };

	return stage < STAGE_COUNT ? names[stage] : "?";
}

/* ---- the state of one job ------------------------------------------------------------ */

struct job {
	const struct job_opts *opts;
	const struct job_input *input;
	struct meter *meter;
	struct job_result *result;
	struct error *err;
	char *scratch;
	struct timespec began;
	struct sparse_image part;
	struct image image;
	struct image_btf full;
	void *min;
	size_t min_size;
};

static void job__drop(struct job *job)
{
	image__free(&job->image);
	image_btf__free(&job->full);
	sparse_image__close(&job->part);
	free(job->min);
	if (job->scratch)
		workdir__drop(job->scratch, job->opts->keep);
}

static void end_stage(struct job *job)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	job->result->seconds[job->result->stage] += (double)(now.tv_sec - job->began.tv_sec) +
						    (double)(now.tv_nsec - job->began.tv_nsec) / 1e9;
}

static void begin_stage(struct job *job, enum job_stage stage)
{
	job->result->stage = stage;
	clock_gettime(CLOCK_MONOTONIC, &job->began);
}

static bool set_text(char **field, const char *text)
{
	free(*field);
	*field = strdup(text ? text : "");
	return *field;
}

/* Remarks on how the entry came about, a line each. */
static int add_note(struct job *job, const char *note)
{
	char **notes = &job->result->notes, *joined;

	if (!note || !*note)
		return 0;
	if (asprintf(&joined, "%s%s%s", *notes ? *notes : "", *notes && **notes ? "\n" : "",
		     note) < 0)
		return error__oom(job->err);
	free(*notes);
	*notes = joined;
	return 0;
}

/* ---- extract --------------------------------------------------------------------------- */

static int make_scratch(struct job *job)
{
	job->scratch = workdir__scratch(job->opts->work, job->err);
	return job->scratch ? 0 : -EIO;
}

/* `fd` over 0: into this in place of the path, and no more than memory is for. */
static int extract_image(struct job *job, const char *out_path, int fd)
{
	struct extracted extracted = {};
	const struct extract_opts opts = {
		.package_path = job->input->path,
		.member = job->input->member ? job->input->member : JOB_USUAL_MEMBERS,
		.out_path = out_path,
		.out_fd = fd,
		.max_size = fd ? IN_MEMORY_MAX : 0,
		.rpm_trust = job->input->rpm_trust,
		.meter = job->meter,
	};
	int res = extract__member(&opts, &extracted, job->err);

	if (!res && extracted.signed_by) {
		job->result->verification = KBTF_VERIFIED_SIGNED_PACKAGE;
		if (!set_text(&job->result->verified_by, extracted.signed_by))
			res = error__oom(job->err);
	}
	extracted__free(&extracted);
	return res;
}

/* Of a package no more is wanted than its vmlinux's types and identity. */
static bool parts_do(const struct job *job)
{
	return job->opts->min_only && job->opts->objects->count && !job->opts->normalize &&
	       (job->input->encoder == ENCODER_DWARF || job->input->encoder == ENCODER_AUTO);
}

static int open_parts(struct job *job)
{
	struct package_place place = { .path = job->input->path };
	char path[64];
	int res;

	if (job->input->remote)
		place = *job->input->remote;
	place.member = job->input->member ? job->input->member : JOB_USUAL_MEMBERS;
	place.want_btf = job->input->encoder == ENCODER_AUTO;
	place.threads = job->opts->threads;
	place.meter = job->meter;
	res = sparse_image__open(&place, &job->part, job->err);
	if (job->input->remote)
		job->result->fetched += job->part.package_read;
	if (res)
		return res;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", job->part.fd);
	return image__open(path, false, job->input->encoder, &job->image, job->err);
}

/* -EFBIG: it has no room there. */
static int open_in_memory(struct job *job)
{
	char path[64];
	int res;

	job->part.fd = memfd_create("vmlinux", MFD_CLOEXEC);
	if (job->part.fd < 0)
		return error__set(job->err, EFBIG, "no memory for a vmlinux: %s", strerror(errno));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", job->part.fd);
	res = extract_image(job, path, job->part.fd);
	return res ? res : image__open(path, false, job->input->encoder, &job->image, job->err);
}

/* What the parts lack, or how they can't be had, may be otherwise with the whole. */
static bool whole_may_do(int res)
{
	return res && res != -ECANCELED && res != -ENOMEM;
}

/* Open the kernel's own file, out of its package if it is in one. */
static int open_image(struct job *job)
{
	int kind, res;
	_cleanup_free_ char *path = NULL;

	if (job->input->remote)
		return open_parts(job);
	kind = file_kind__of(job->input->path);

	if (kind < 0)
		return error__set(job->err, kind, "%s: %s", job->input->path, strerror(-kind));
	if (job->input->must_be_rpm && kind != FILE_KIND_RPM)
		return error__set(job->err, EKEYREJECTED, "%s: it is no RPM package, so that no "
				  "key can have signed it", job->input->path);
	if (kind != FILE_KIND_DEB && kind != FILE_KIND_RPM && kind != FILE_KIND_TAR)
		return image__open(job->input->path, false, job->input->encoder, &job->image,
				   job->err);
	if (kind == FILE_KIND_DEB && parts_do(job)) {
		res = open_parts(job);
		if (!whole_may_do(res))
			return res;
		log__verbose("%s: not read in parts: %s", job->input->path, job->err->text);
		image__free(&job->image);
		sparse_image__close(&job->part);
	}
	if (asprintf(&path, "%s/image", job->scratch) < 0) {
		path = NULL;
		return error__oom(job->err);
	}
	/* nothing that is as large need be written where only types are wanted */
	if (parts_do(job)) {
		res = open_in_memory(job);
		if (res != -EFBIG)
			return res;
		sparse_image__close(&job->part);
	}
	res = extract_image(job, path, 0);
	return res ? res : image__open(path, true, job->input->encoder, &job->image, job->err);
}

/* ---- who it is --------------------------------------------------------------------------- */

static int agree(struct job *job, const char *what, char **field, const char *known,
		 const char *found)
{
	known = known ? known : "";
	found = found ? found : "";
	if (*known && *found && strcmp(known, found) != 0 && !job->input->override)
		return error__set(job->err, EBADMSG, "%s: its %s is %s, but the package is of %s",
				  job->input->path, what, found, known);
	return set_text(field, *known ? known : found) ? 0 : error__oom(job->err);
}

static int identify(struct job *job)
{
	const struct kbtf_ident *known = &job->input->known;
	struct kernel_image *image = &job->image.about;
	struct job_result *result = job->result;
	int res;

	if (!set_text(&result->distro, known->distro) ||
	    !set_text(&result->distro_release, known->distro_release))
		return error__oom(job->err);
	if ((res = agree(job, "architecture", &result->arch, known->arch, image->arch)) ||
	    (res = agree(job, "kernel release", &result->kernel_release, known->kernel_release,
			 image->kernel_release)) ||
	    (res = agree(job, "version string", &result->kernel_version, known->kernel_version,
			 image->kernel_version)))
		return res;
	if (known->build_id_len) {
		if (!image->build_id_len && !job->input->override)
			return error__set(job->err, EBADMSG, "%s: has no build ID, where that was "
					  "what it is known by", job->input->path);
		if (!job->input->override &&
		    (image->build_id_len != known->build_id_len ||
		     memcmp(image->build_id, known->build_id, known->build_id_len) != 0))
			return error__set(job->err, EBADMSG, "%s: has another build ID than was "
					  "given for it", job->input->path);
		memcpy(image->build_id, known->build_id, known->build_id_len);
		image->build_id_len = known->build_id_len;
	}
	hex__encode(image->build_id, image->build_id_len, result->build_id);
	if (!*result->kernel_release)
		return error__set(job->err, EINVAL, "%s: does not say which kernel it is of; give "
				  "its `uname -r` with --kernel", job->input->path);
	if (!*result->arch)
		return error__set(job->err, EINVAL, "%s: does not say which architecture it is "
				  "for; give it with --arch", job->input->path);
	return 0;
}

/* ---- encode --------------------------------------------------------------------------------- */

static int name_encoder(struct job *job, const char *name, const char *version,
			const char *flags)
{
	struct job_result *result = job->result;

	return set_text(&result->encoder, name) && set_text(&result->encoder_version, version) &&
	       set_text(&result->encoder_flags, flags) ? 0 : error__oom(job->err);
}

static int encode(struct job *job)
{
	const struct image_encoding opts = {
		.scratch = job->scratch,
		.kernel_release = job->result->kernel_release,
		.timeout_s = job->opts->timeout_s,
		.memory_limit = job->opts->memory_limit,
		.meter = job->meter,
		.objects = job->opts->objects,
		.min_only = job->opts->min_only,
		.threads = job->opts->threads,
		.normalize = job->opts->normalize,
	};
	int res = image__encode(&job->image, job->input->encoder, &opts, &job->full, job->err);

	if (!res)
		res = name_encoder(job, job->full.encoder, job->full.version, job->full.flags);
	return res ? res : add_note(job, job->full.notes);
}

/* ---- minimize and pack ------------------------------------------------------------------------ */

static int minimize(struct job *job)
{
	const struct objects *objects = job->opts->objects;

	if (!objects->count)
		return 0;
	return minimize__btf(objects, job->full.btf, job->full.size, &job->min, &job->min_size,
			     job->err);
}

static int pack(struct job *job)
{
	const struct objects *objects = job->opts->objects;
	bool min_only = job->opts->min_only || job->full.is_partial;
	struct job_result *result = job->result;
	struct kbtf_new_min min = {
		.profile = objects->name,
		.objects = objects->refs,
		.object_count = objects->count,
		.btf = job->min,
		.btf_size = job->min_size,
	};
	struct kbtf_new_entry entry = {
		.sz = sizeof(entry),
		.ident = { .sz = sizeof(entry.ident),
			   .distro = result->distro,
			   .distro_release = result->distro_release,
			   .arch = result->arch,
			   .kernel_release = result->kernel_release,
			   .kernel_version = result->kernel_version,
			   .build_id = job->image.about.build_id,
			   .build_id_len = job->image.about.build_id_len },
		.provenance = job->input->provenance,
		.btf = min_only ? NULL : job->full.btf,
		.btf_size = min_only ? 0 : job->full.size,
		.mins = &min,
		.min_count = objects->count ? 1 : 0,
	};
	struct packed packed = {};
	int res;

	entry.provenance.verification = result->verification;
	entry.provenance.verified_by = result->verified_by;
	entry.provenance.encoder = result->encoder;
	entry.provenance.encoder_version = result->encoder_version;
	entry.provenance.encoder_flags = result->encoder_flags;
	entry.provenance.notes = result->notes;
	res = pack__entry(job->opts->archive_path, &entry, &packed, job->err);
	result->yielded = packed.added == KBTF_ADDED_YIELDED;
	result->full_size = entry.btf_size;
	result->min_size = job->min_size;
	return res;
}

static int run_stage(struct job *job, enum job_stage stage, int (*run)(struct job *))
{
	int res;

	if (cancel__requested())
		return error__set(job->err, ECANCELED, "interrupted");
	begin_stage(job, stage);
	/* extract and encode show their own, which they know the size of */
	if (stage == STAGE_MINIMIZE || stage == STAGE_PACK)
		meter__stage(job->meter, job_stage__name(stage), 0);
	res = run(job);
	end_stage(job);
	return res;
}

static int extract(struct job *job)
{
	int res = open_image(job);

	return res ? res : identify(job);
}

static int begin(struct job *job)
{
	const struct kbtf_provenance *prov = &job->input->provenance;

	job->err->text[0] = '\0';
	job->result->verification = prov->verification;
	if (!set_text(&job->result->package, prov->package) ||
	    !set_text(&job->result->verified_by, prov->verified_by) ||
	    !set_text(&job->result->notes, prov->notes))
		return error__oom(job->err);
	return make_scratch(job);
}

/*
 * What went wrong with the copy in scratch went wrong with the package or file it came from:
 * that one the user knows, and it is still there. So it is with a file of the cache, which is
 * named by its digest, and the package.
 */
static void name_input(struct job *job)
{
	_cleanup_free_ char *copy = NULL;
	int len = 0;

	if (job->part.fd >= 0)
		len = asprintf(&copy, "/proc/self/fd/%d", job->part.fd);
	else if (!job->opts->keep && job->scratch)
		len = asprintf(&copy, "%s/image", job->scratch);
	if (len < 0) {
		copy = NULL;
		return;
	}
	if (copy)
		error__rename(job->err, copy, job->input->path);
	if (job->input->name)
		error__rename(job->err, job->input->path, job->input->name);
}

int job__run(const struct job_opts *opts, const struct job_input *input, struct meter *meter,
	     struct job_result *result, struct error *err)
{
	struct job job __attribute__((__cleanup__(job__drop))) = {
		.opts = opts, .input = input, .meter = meter, .result = result, .err = err,
		.part = { .fd = -1 },
	};
	int res = begin(&job);

	if (!res)
		res = run_stage(&job, STAGE_EXTRACT, extract);
	if (!res)
		res = run_stage(&job, STAGE_ENCODE, encode);
	if (!res)
		res = run_stage(&job, STAGE_MINIMIZE, minimize);
	if (!res)
		res = run_stage(&job, STAGE_PACK, pack);
	if (res)
		name_input(&job);
	return res;
}

/* ---- minimizing what is archived ---------------------------------------------------------------- */

static int read_archived(struct job *job, const struct kbtf_entry *entry)
{
	const struct kbtf_ident *ident = kbtf_entry__ident(entry);
	struct job_result *result = job->result;
	int res = kbtf_entry__read_btf(entry, &job->full.btf, &job->full.size);

	if (res)
		return error__set(job->err, res, "%s: the archived BTF of %s is damaged; remove "
				  "the archive and build anew", job->opts->archive_path,
				  ident->kernel_release);
	memcpy(job->image.about.build_id, ident->build_id, ident->build_id_len);
	job->image.about.build_id_len = ident->build_id_len;
	hex__encode(ident->build_id, ident->build_id_len, result->build_id);
	if (!set_text(&result->distro, ident->distro) ||
	    !set_text(&result->distro_release, ident->distro_release) ||
	    !set_text(&result->arch, ident->arch) ||
	    !set_text(&result->kernel_release, ident->kernel_release) ||
	    !set_text(&result->kernel_version, ident->kernel_version))
		return error__oom(job->err);
	return name_encoder(job, job->input->provenance.encoder,
			    job->input->provenance.encoder_version,
			    job->input->provenance.encoder_flags);
}

int job__minimize(const struct job_opts *opts, const struct kbtf_entry *entry,
		  struct meter *meter, struct job_result *result, struct error *err)
{
	const struct job_input input = {
		.path = opts->archive_path,
		.provenance = *kbtf_entry__provenance(entry),
	};
	struct job job __attribute__((__cleanup__(job__drop))) = {
		.opts = opts, .input = &input, .meter = meter, .result = result, .err = err,
		.part = { .fd = -1 },
	};
	int res = begin(&job);

	if (!res)
		res = read_archived(&job, entry);
	if (!res)
		res = run_stage(&job, STAGE_MINIMIZE, minimize);
	if (!res)
		res = run_stage(&job, STAGE_PACK, pack);
	return res;
}

/* ---- results --------------------------------------------------------------------------------------- */

void job_result__free(struct job_result *result)
{
	char *strings[] = { result->distro, result->distro_release, result->arch,
			    result->kernel_release, result->kernel_version, result->package,
			    result->encoder, result->encoder_version, result->encoder_flags,
			    result->notes, result->verified_by };

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		free(strings[i]);
	*result = (struct job_result){};
}

static void put(json_t *object, const char *name, const char *value)
{
	if (value && *value)
		json_object_set_new(object, name, json_text(value));
}

json_t *job_result__json(const struct job_result *result)
{
	json_t *object = json_object(), *seconds = json_object();

	put(object, "distro", result->distro);
	put(object, "release", result->distro_release);
	put(object, "arch", result->arch);
	put(object, "kernel", result->kernel_release);
	put(object, "version", result->kernel_version);
	put(object, "build_id", result->build_id);
	put(object, "package", result->package);
	put(object, "verification", kbtf_verification__name(result->verification));
	put(object, "verified_by", result->verified_by);
	put(object, "encoder", result->encoder);
	put(object, "encoder_version", result->encoder_version);
	put(object, "encoder_flags", result->encoder_flags);
	put(object, "notes", result->notes);
	json_object_set_new(object, "fetched_bytes", json_integer((json_int_t)result->fetched));
	if (result->full_size)
		json_object_set_new(object, "btf_bytes", json_integer((json_int_t)result->full_size));
	if (result->min_size)
		json_object_set_new(object, "min_bytes", json_integer((json_int_t)result->min_size));
	for (int i = 0; i < STAGE_COUNT; i++)
		if (result->seconds[i] > 0)
			json_object_set_new(seconds, job_stage__name(i),
					    json_real(result->seconds[i]));
	json_object_set_new(object, "seconds", seconds);
	return object;
}
