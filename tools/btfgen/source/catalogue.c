/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "source/catalogue.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/words.h"
#include "source/access.h"
#include "source/apt_mirrors.h"
#include "source/manifest.h"
#include "source/manifest_set.h"
#include "source/mirrors.h"
#include "source/suite_index.h"

#define THREADS 6

/* All of one call. */
struct loading {
	const struct catalogue_opts *opts;
	struct selection selection;
	struct manifest_set manifests;
	struct suite_indexes *suites;    /* the work list */
	size_t suite_count;
	struct access access;
	atomic_uint_fast64_t bytes_fetched;
	struct url_cache *answers;
	struct apt_config apt;
	/* the threads' */
	atomic_size_t next;
	pthread_mutex_t lock;
	int status;
	struct error error;
};

/* ---- the work list ---------------------------------------------------------------- */

static bool may_hold(const struct release *release, const struct pattern *pattern)
{
	if (!release->series[0])
		return true;
	for (size_t i = 0; release->series[i]; i++)
		if (pattern__may_match_series(pattern, release->series[i]))
			return true;
	return false;
}

/* Nothing there is signed: who wants signatures has the distribution's mirrors. */
static bool is_unsigned_service(const struct loading *loading, const struct suite *suite)
{
	return suite->repository->type == REPOSITORY_LAUNCHPAD && !loading->opts->allow_unsigned;
}

static void tell_unsigned_service(struct suite_index *item)
{
	item->code = error__set(&item->error, ENOKEY,
				"nothing that Launchpad says is signed: accept it with "
				"--allow-unsigned");
}

static int add_suite(struct loading *loading, const struct manifest *manifest,
		     const struct release *release, const struct suite *suite)
{
	struct suite_indexes *suites = reallocarray(loading->suites, loading->suite_count + 1,
						    sizeof(*suites));

	if (!suites)
		return -ENOMEM;
	loading->suites = suites;
	suites += loading->suite_count++;
	*suites = (struct suite_indexes){ .manifest = manifest, .release = release,
					  .suite = suite };
	suites->is_left_out = is_unsigned_service(loading, suite);
	for (size_t i = 0; i < manifest->arch_count; i++)
		if (selection__has_arch(&loading->selection, &manifest->arches[i]) &&
		    suite__has(release, suite, manifest->arches[i].name) &&
		    suite_indexes__add(suites, &manifest->arches[i]))
			return -ENOMEM;
	if (!suites->count)
		loading->suite_count--;
	return suite_indexes__load(suites, &loading->access);
}

static int plan(struct loading *loading, struct error *err)
{
	for (size_t i = 0; i < loading->manifests.count; i++) {
		const struct manifest *manifest = loading->manifests.items[i];

		for (size_t j = 0; j < manifest->release_count; j++) {
			const struct release *release = &manifest->releases[j];

			if (!selection__has_distro(&loading->selection, manifest) ||
			    !selection__has_release(&loading->selection, release) ||
			    !may_hold(release, loading->opts->pattern))
				continue;
			for (size_t k = 0; k < release->suite_count; k++)
				if (add_suite(loading, manifest, release, &release->suites[k]))
					return error__oom(err);
		}
	}
	return 0;
}

/* ---- the threads ------------------------------------------------------------------ */

/*
 * What only the user can give is missing. Who did not ask for this distribution by its
 * name does not want to hear of it as a failure.
 */
static void fail_all(struct loading *loading, struct suite_indexes *suite, int code,
		     const struct error *err)
{
	bool is_told = false;

	if (!loading->opts->distros) {
		/* one word for all releases of a distribution */
		pthread_mutex_lock(&loading->lock);
		for (size_t i = 0; i < loading->suite_count; i++)
			is_told |= loading->suites[i].is_left_out &&
				   loading->suites[i].manifest == suite->manifest;
		suite->is_left_out = true;
		pthread_mutex_unlock(&loading->lock);
		if (is_told)
			log__verbose("%s %s is left out: %s", suite->manifest->id,
				     suite->release->codename, err->text);
		else
			log__info("%s is left out: %s", suite->manifest->id, err->text);
	}
	for (size_t i = 0; i < suite->count; i++) {
		suite->items[i].error = *err;
		suite->items[i].code = code;
	}
}

static int refresh(struct loading *loading, struct suite_indexes *suite, struct error *err)
{
	cleanup(mirrors__free) struct mirrors mirrors = { 0 };
	const struct repository *repository = suite->suite->repository;
	struct access access = loading->access;
	struct transfer_identity identity;
	int ret;

	/* Launchpad's pages are of one architecture: nobody asks for them again */
	if (repository->type == REPOSITORY_SNAPSHOT)
		access.answers = loading->answers;
	if (suite->is_left_out) {
		for (size_t i = 0; i < suite->count; i++)
			tell_unsigned_service(&suite->items[i]);
		return 0;
	}
	ret = mirrors__find(suite->manifest, suite->suite, loading->opts->mirrors, &loading->apt,
			    &mirrors, err);
	if (!ret)
		ret = identity__find(repository, &suite->identity, err);
	/* a mirror of the user's own may not ask who comes */
	if (ret && ret != -ENOMEM && mirrors.are_given)
		ret = 0;
	if (ret == -ENOMEM)
		return ret;
	if (ret) {
		fail_all(loading, suite, ret, err);
		return 0;
	}
	identity = identity__files(&suite->identity);
	access.identity = &identity;
	return suite_indexes__refresh(suite, &access, &mirrors, err);
}

static void *work(void *context)
{
	struct loading *loading = context;
	struct error err;

	for (;;) {
		size_t i = atomic_fetch_add(&loading->next, 1);
		int ret;

		if (i >= loading->suite_count)
			return NULL;
		if (cancel__requested())
			ret = error__set(&err, ECANCELED, "stopped while indexes were fetched");
		else
			ret = refresh(loading, &loading->suites[i], &err);
		if (!ret)
			continue;
		pthread_mutex_lock(&loading->lock);
		if (!loading->status) {
			loading->status = ret;
			loading->error = err;
		}
		pthread_mutex_unlock(&loading->lock);
		return NULL;
	}
}

static int refresh_all(struct loading *loading, struct error *err)
{
	pthread_t threads[THREADS];
	size_t count = 0;

	while (count < THREADS && count < loading->suite_count &&
	       !pthread_create(&threads[count], NULL, work, loading))
		count++;
	/* Where no thread can be had, this one does. */
	if (!count)
		work(loading);
	while (count)
		pthread_join(threads[--count], NULL);
	if (loading->status)
		*err = loading->error;
	return loading->status;
}

/* Its mirror, or a certificate for it: who has none has never seen its index. */
static bool needs_user(const struct suite_indexes *suite)
{
	const struct repository *repository = suite->suite->repository;
	bool needs = repository->client_certificate;

	if (repository->mirror_of)
		repository = manifest__repository(suite->manifest, repository->mirror_of);
	return needs || repository->mirrors_from_user;
}

static void fail_unknown(struct loading *loading)
{
	for (size_t i = 0; i < loading->suite_count; i++) {
		struct suite_indexes *suite = &loading->suites[i];

		suite->is_left_out |= needs_user(suite) && !loading->opts->distros;
		for (size_t j = 0; j < suite->count; j++) {
			struct suite_index *item = &suite->items[j];

			item->is_fresh = item->has_index;
			if (item->is_refused)
				item->code = error__set(&item->error, ENOKEY,
							"none of the keys at hand signed what is "
							"known of it: name those that did with "
							"--keyring, or ask its mirrors with "
							"'btfgen index --distro %s'",
							suite->manifest->id);
			else
				item->code = error__set(&item->error, ENOENT,
							"nothing is known of it yet: 'btfgen index "
							"--distro %s' asks its mirrors",
							suite->manifest->id);
			if (is_unsigned_service(loading, suite->suite))
				tell_unsigned_service(item);
		}
	}
}

/* ---- what comes out ---------------------------------------------------------------- */

static bool set_text(char **field, const char *text)
{
	*field = text ? strdup(text) : NULL;
	return !text || *field;
}

static bool set_words(char ***field, const char *const *words)
{
	*field = words__split(NULL);
	for (; *field && words && *words; words++)
		if (words__add(field, *words))
			return false;
	return *field;
}

/* By the file's name: a directory may hold both. */
static bool is_rpm_package(const struct index_package *package)
{
	const char *dot = package->name ? strrchr(package->path, '.') : NULL;

	return dot && !strcmp(dot, ".rpm");
}

static bool fill_package(struct package *package, const struct index_package *from,
			 const struct index_kernel *kernel, const struct loading *loading,
			 const struct suite_indexes *suite, const struct suite_index *item,
			 const char *member)
{
	bool is_rpm = is_rpm_package(from);
	const struct identity *identity = &suite->identity;
	const struct index *index = &item->index;
	/* who wrote an unsigned index chose the files' names, too */
	bool must_be_signed = (is_rpm || index->verification == KBTF_UNVERIFIED) &&
			      !loading->access.allow_unsigned;
	bool is_vouched_for = from->sha256 && index->verification != KBTF_UNVERIFIED;

	if (!from->name)
		return true;
	package->size = from->size;
	package->format = is_rpm ? PACKAGE_RPM : PACKAGE_DEB;
	package->verification = is_vouched_for ? index->verification : KBTF_UNVERIFIED;
	package->allow_unsigned = loading->access.allow_unsigned;
	package->bases = (const char *const *)item->bases;
	package->base_len = strlen(index->base);
	if (asprintf(&package->url, "%s/%s", index->base, from->path) < 0)
		package->url = NULL;
	return package->url && set_text(&package->name, from->name) &&
	       set_text(&package->version, kernel->version) &&
	       set_text(&package->sha256, from->sha256) && set_text(&package->member, member) &&
	       set_text(&package->verified_by, !is_vouched_for ? NULL :
						       from->signer ? from->signer : index->signer) &&
	       set_text(&package->client_certificate, identity->certificate) &&
	       set_text(&package->client_key, identity->key) &&
	       set_text(&package->ca_file, identity->ca_file) &&
	       (!must_be_signed ||
		((package->keyrings = access__keyrings(&loading->access, suite->release)) &&
		 set_words(&package->keys, (const char *const *)suite->release->keys)));
}

static int add_kernel(const struct loading *loading, const struct suite_indexes *suite,
		      const struct suite_index *item, const struct index_kernel *from,
		      struct kernel_list *list)
{
	const struct release *release = suite->release;
	struct kernel kernel = { .expect_embedded =
					 release__embeds(release, from->kernel_release) };
	bool filled = set_text(&kernel.distro, suite->manifest->id) &&
		      set_text(&kernel.distro_release, release->version) &&
		      set_text(&kernel.codename, release->codename) &&
		      set_text(&kernel.suite, item->path) &&
		      set_text(&kernel.arch, item->arch->name) &&
		      set_text(&kernel.kernel_release, from->kernel_release) &&
		      fill_package(&kernel.debug, &from->debug, from, loading, suite, item,
				   release->debug.member) &&
		      fill_package(&kernel.image, &from->image, from, loading, suite, item,
				   release->image.member);

	if (filled)
		return kernel_list__add(list, &kernel);
	kernel__free(&kernel);
	return -ENOMEM;
}

static int add_failure(struct catalogue *catalogue, const struct suite_indexes *suite,
		       const struct suite_index *item)
{
	struct index_failure *failures = reallocarray(
		catalogue->failures, catalogue->failure_count + 1, sizeof(*failures));

	if (!failures)
		return -ENOMEM;
	catalogue->failures = failures;
	failures += catalogue->failure_count++;
	*failures = (struct index_failure){ .code = item->code, .is_known = item->has_index };
	return set_text(&failures->distro, suite->manifest->id) &&
			       set_text(&failures->codename, suite->release->codename) &&
			       set_text(&failures->arch, item->arch->name) &&
			       set_text(&failures->url, item->url) &&
			       set_text(&failures->reason, item->error.text) ?
		       0 :
		       -ENOMEM;
}

/* The kernels outlive the suite, and lend the list of its mirrors. */
static int keep_bases(struct catalogue *catalogue, struct suite_index *item)
{
	char ***bases;

	if (!item->bases)
		return 0;
	bases = reallocarray(catalogue->bases, catalogue->bases_count + 1, sizeof(*bases));
	if (!bases)
		return -ENOMEM;
	catalogue->bases = bases;
	bases[catalogue->bases_count++] = item->bases;
	return 0;
}

static int add_left_out(struct catalogue *catalogue, const struct suite_indexes *suite)
{
	struct left_out *list = reallocarray(catalogue->left_out, catalogue->left_out_count + 1,
					     sizeof(*list));

	if (!list)
		return -ENOMEM;
	catalogue->left_out = list;
	list += catalogue->left_out_count++;
	*list = (struct left_out){ 0 };
	return set_text(&list->distro, suite->manifest->id) &&
			       set_text(&list->codename, suite->release->codename) &&
			       set_text(&list->repository, suite->suite->repository->name) &&
			       set_text(&list->suite, suite->suite->path) &&
			       set_text(&list->reason, suite->items[0].error.text) ?
		       0 :
		       -ENOMEM;
}

static int add_results(const struct loading *loading, struct suite_indexes *suite,
		       struct catalogue *catalogue)
{
	if (suite->is_left_out && suite->count && !suite->items[0].is_fresh &&
	    add_left_out(catalogue, suite))
		return -ENOMEM;
	for (size_t i = 0; i < suite->count; i++) {
		struct suite_index *item = &suite->items[i];
		const struct index *index = &item->index;

		catalogue->index_count++;
		log__verbose("index %s %s: %zu kernels%s", item->path, item->arch->name,
			     index->count, item->is_fresh ? "" : ", as known before");
		if (!item->is_fresh && !suite->is_left_out && add_failure(catalogue, suite, item))
			return -ENOMEM;
		for (size_t j = 0; item->has_index && j < index->count; j++)
			if (pattern__matches(loading->opts->pattern,
					     index->kernels[j].kernel_release) &&
			    add_kernel(loading, suite, item, &index->kernels[j],
				       &catalogue->kernels))
				return -ENOMEM;
		if (keep_bases(catalogue, item))
			return -ENOMEM;
		item->bases = NULL;
	}
	return 0;
}

static void loading__free(struct loading *loading)
{
	for (size_t i = 0; i < loading->suite_count; i++)
		suite_indexes__free(&loading->suites[i]);
	free(loading->suites);
	manifest_set__free(&loading->manifests);
	apt_config__free(&loading->apt);
	url_cache__free(loading->answers);
	pthread_mutex_destroy(&loading->lock);
}

static int load(struct loading *loading, struct error *err)
{
	const struct catalogue_opts *opts = loading->opts;
	int ret = manifest_set__read(&loading->selection, &loading->manifests, err);

	if (!ret)
		ret = plan(loading, err);
	if (ret)
		return ret;
	if (opts->cached_only) {
		fail_unknown(loading);
		return 0;
	}
	loading->answers = url_cache__new();
	if (!loading->answers)
		return error__oom(err);
	ret = apt_config__read(opts->apt_root ? opts->apt_root : "", &loading->apt, err);
	return ret ? ret : refresh_all(loading, err);
}

int catalogue__load(const struct catalogue_opts *opts, struct workdir *work,
		    struct transfers *transfers, struct catalogue *catalogue, struct error *err)
{
	cleanup(loading__free) struct loading loading = {
		.opts = opts,
		.selection = { opts->manifest_dir, opts->distros, opts->releases, opts->arches,
			       opts->mirrors },
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.access = { .transfers = transfers, .index_dir = workdir__index(work),
			    .pattern = opts->pattern, .keyring = opts->keyring, .allow_unsigned = opts->allow_unsigned,
			    .allow_expired = opts->allow_expired,
			    .is_for_counts = opts->for_counts,
			    .bytes_fetched = &loading.bytes_fetched },
	};
	char *scratch = NULL;
	int ret = 0;

	*catalogue = (struct catalogue){ 0 };
	if (!opts->cached_only) {
		scratch = workdir__scratch(work, err);
		if (!scratch)
			return errno ? -errno : -EIO;
	}
	loading.access.scratch = scratch;
	ret = load(&loading, err);
	for (size_t i = 0; !ret && i < loading.suite_count; i++)
		if (add_results(&loading, &loading.suites[i], catalogue))
			ret = error__oom(err);
	if (scratch)
		workdir__drop(scratch, 0);
	if (ret) {
		catalogue__free(catalogue);
		return ret;
	}
	kernel_list__sort(&catalogue->kernels);
	catalogue->bytes_fetched = atomic_load(&loading.bytes_fetched);
	return 0;
}

void catalogue__free(struct catalogue *catalogue)
{
	kernel_list__free(&catalogue->kernels);
	for (size_t i = 0; i < catalogue->bases_count; i++)
		words__free(catalogue->bases[i]);
	free(catalogue->bases);
	for (size_t i = 0; i < catalogue->failure_count; i++) {
		struct index_failure *failure = &catalogue->failures[i];

		free(failure->distro);
		free(failure->codename);
		free(failure->arch);
		free(failure->url);
		free(failure->reason);
	}
	free(catalogue->failures);
	for (size_t i = 0; i < catalogue->left_out_count; i++) {
		struct left_out *left_out = &catalogue->left_out[i];

		free(left_out->distro);
		free(left_out->codename);
		free(left_out->repository);
		free(left_out->suite);
		free(left_out->reason);
	}
	free(catalogue->left_out);
	*catalogue = (struct catalogue){ 0 };
}
