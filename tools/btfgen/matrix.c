/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "matrix.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "bytes.h"
#include "profile.h"

#define OBJECT_LIMIT (256u << 20)
#define WORDS 300
#define THREADS_MAX 64

static const struct kbtf_finding other_objects = {
	.verdict = KBTF_VERDICT_UNKNOWN, .subject = KBTF_SUBJECT_BTF, .program = "", .section = "",
	.kind = "", .what = "", .nearest = "", .file = "", .source = "",
	.text = "the archive's BTF of it is minimized for other objects",
};
static const struct kbtf_report unknown_report = {
	.verdict = KBTF_VERDICT_UNKNOWN, .findings = &other_objects, .finding_count = 1,
};

static int add_object(struct kbtf_checker *checker, const char *path, struct error *err)
{
	_cleanup_free_ void *data = NULL;
	char why[WORDS] = "";
	size_t size;
	int res = file__read(path, OBJECT_LIMIT, &data, &size);

	if (res)
		return error__set(err, res, "%s: %s", path, strerror(-res));
	res = kbtf_checker__add(checker, path, data, size, why, sizeof(why));
	return res ? error__set(err, -res, "%s", why) : 0;
}

int matrix__init(struct matrix *matrix, const struct objects *objects, struct error *err)
{
	int res = 0;

	*matrix = (struct matrix){ .objects = objects, .checker = kbtf_checker__new() };
	if (!matrix->checker)
		return error__oom(err);
	for (size_t i = 0; !res && i < objects->count; i++)
		res = add_object(matrix->checker, objects->paths[i], err);
	return res;
}

void matrix__free(struct matrix *matrix)
{
	for (size_t i = 0; i < matrix->count; i++) {
		free(matrix->rows[i].reports);
		free(matrix->rows[i].error);
	}
	free(matrix->rows);
	kbtf_checker__free(matrix->checker);
	*matrix = (struct matrix){};
}

int matrix__add_row(struct matrix *matrix, const struct kbtf_entry *entry, const char *path,
		    struct error *err)
{
	/* room for a power of two of them */
	if (!(matrix->count & (matrix->count - 1))) {
		size_t room = matrix->count ? 2 * matrix->count : 1;
		struct matrix_row *grown = realloc(matrix->rows, room * sizeof(*grown));

		if (!grown)
			return error__oom(err);
		matrix->rows = grown;
	}
	matrix->rows[matrix->count] = (struct matrix_row){
		.entry = entry, .path = path,
		.reports = calloc(matrix->objects->count + 1, sizeof(const struct kbtf_report *)),
	};
	return matrix->rows[matrix->count++].reports ? 0 : error__oom(err);
}

/* ---- one kernel ----------------------------------------------------------------------------- */

/* `entry`: whose minimized BTF it is; or NULL. */
static int run(const struct matrix *matrix, const void *btf, size_t size,
	       const struct kbtf_entry *entry, const struct kbtf_report **reports,
	       struct error *err)
{
	struct kbtf_check_opts opts = { .sz = sizeof(opts), .data_types = entry,
					.minimized = entry, .strict = matrix->strict,
					.kernel = entry ? kbtf_entry__ident(entry) : NULL };
	char why[WORDS] = "no memory";
	int res = kbtf_checker__run(matrix->checker, btf, size, &opts, reports, why, sizeof(why));

	return res ? error__set(err, -res, "its BTF can't be used: %s", why) : 0;
}

/* What one profile's BTF tells of the objects that it was minimized for. */
static int check_min(const struct matrix *matrix, const struct matrix_row *row,
		     const struct kbtf_profile *profile, struct error *err)
{
	const struct objects *objects = matrix->objects;
	_cleanup_free_ const struct kbtf_report **reports = calloc(objects->count + 1,
								   sizeof(*reports));
	_cleanup_free_ void *btf = NULL;
	bool any = false;
	size_t size;
	int res;

	for (size_t i = 0; i < objects->count; i++)
		any |= profile__has_object(profile, &objects->refs[i]);
	if (!any || !kbtf_entry__min_size(row->entry, profile))
		return 0;
	if (!reports)
		return error__oom(err);
	res = kbtf_entry__read_min(row->entry, profile, &btf, &size);
	if (res)
		return error__set(err, -res, "its BTF in the archive is damaged");
	res = run(matrix, btf, size, row->entry, reports, err);
	for (size_t i = 0; !res && i < objects->count; i++)
		if (profile__has_object(profile, &objects->refs[i]))
			row->reports[i] = reports[i];
	return res;
}

static int check_minimized(const struct matrix *matrix, const struct matrix_row *row,
			   struct error *err)
{
	int res = 0;

	for (size_t i = 0; i < matrix->objects->count; i++)
		row->reports[i] = &unknown_report;
	for (size_t i = 0; !res && i < kbtf_archive__profile_count(matrix->archive); i++)
		res = check_min(matrix, row, kbtf_archive__profile(matrix->archive, i), err);
	return res;
}

static int check_file(const struct matrix *matrix, const struct matrix_row *row, struct error *err)
{
	struct entry_filter none = {};
	_cleanup_free_ void *btf = NULL;
	size_t size;
	int res = btf_bytes__read(row->path, &none, &btf, &size, err);

	return res ? res : run(matrix, btf, size, NULL, row->reports, err);
}

/* ---- kernels with full BTF in the archive ---------------------------------------------------- */

/* Those are asked for together: what one has in common with another is looked at once. */
static bool is_in_archive(const struct matrix_row *row)
{
	return row->entry && kbtf_entry__btf_size(row->entry);
}

struct asked {
	const struct matrix *matrix;
	struct matrix_row **rows; /* by number */
};

static int take_reports(void *ctx, size_t number, int err, const struct kbtf_report *const *reports,
			const char *why)
{
	const struct asked *asked = ctx;
	struct matrix_row *row = asked->rows[number];

	if (err)
		row->error = strdup(why);
	else
		memcpy(row->reports, reports, asked->matrix->objects->count * sizeof(*reports));
	return err && !row->error ? -ENOMEM : 0;
}

static int check_entries(struct matrix *matrix, unsigned int threads)
{
	struct kbtf_check_opts opts = { .sz = sizeof(opts), .strict = matrix->strict };
	_cleanup_free_ const struct kbtf_entry **entries = calloc(matrix->count + 1,
								  sizeof(*entries));
	_cleanup_free_ struct matrix_row **rows = calloc(matrix->count + 1, sizeof(*rows));
	struct asked asked = { matrix, rows };
	size_t count = 0;

	if (!entries || !rows)
		return -ENOMEM;
	for (size_t i = 0; i < matrix->count; i++)
		if (is_in_archive(&matrix->rows[i])) {
			entries[count] = matrix->rows[i].entry;
			rows[count++] = &matrix->rows[i];
		}
	return kbtf_checker__run_entries(matrix->checker, entries, count, &opts, threads,
					 take_reports, &asked);
}

/* ---- all others, one by one -------------------------------------------------------------------- */

/* Rows [first, end), which are one thread's. */
struct work {
	struct matrix *matrix;
	size_t first, end;
	bool out_of_memory;
};

static void *check_rows(void *ctx)
{
	struct work *work = ctx;

	for (size_t i = work->first; !work->out_of_memory && i < work->end; i++) {
		struct matrix_row *row = &work->matrix->rows[i];
		struct error err = {};
		int res = 0;

		if (!is_in_archive(row))
			res = row->entry ? check_minimized(work->matrix, row, &err)
					 : check_file(work->matrix, row, &err);
		if (res)
			row->error = strdup(err.text);
		work->out_of_memory = res && !row->error;
	}
	return NULL;
}

int matrix__check(struct matrix *matrix, unsigned int threads, struct error *err)
{
	struct work works[THREADS_MAX];
	pthread_t others[THREADS_MAX];
	unsigned int count = threads < 1 ? 1 : threads < THREADS_MAX ? threads : THREADS_MAX;
	bool started[THREADS_MAX] = {};
	bool out_of_memory = check_entries(matrix, count) != 0;

	for (unsigned int i = 0; i < count; i++) {
		works[i] = (struct work){ .matrix = matrix, .first = matrix->count * i / count,
					  .end = matrix->count * (i + 1) / count };
		started[i] = i && !pthread_create(&others[i], NULL, check_rows, &works[i]);
	}
	for (unsigned int i = 0; i < count; i++) {
		if (started[i])
			pthread_join(others[i], NULL);
		else
			check_rows(&works[i]);
		out_of_memory |= works[i].out_of_memory;
	}
	return out_of_memory ? error__oom(err) : 0;
}

enum kbtf_verdict matrix__worst(const struct matrix *matrix)
{
	enum kbtf_verdict worst = KBTF_VERDICT_OK;

	for (size_t i = 0; i < matrix->count; i++) {
		if (matrix->rows[i].error)
			return KBTF_VERDICT_FAILS;
		for (size_t k = 0; k < matrix->objects->count; k++)
			if (matrix->rows[i].reports[k]->verdict > worst)
				worst = matrix->rows[i].reports[k]->verdict;
	}
	return worst;
}
