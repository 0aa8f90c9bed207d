/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "adding.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "archive_file.h"
#include "base/cancel.h"
#include "base/file_digest.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/words.h"
#include "report.h"

void adding__free(struct adding *adding)
{
	for (size_t i = 0; i < adding->count; i++)
		job_result__free(&adding->outcomes[i].result);
	free(adding->outcomes);
	words__free(adding->names);
	workdir__close(adding->work);
	profile_choice__free(&adding->profile);
	free(adding->archive_path);
}

int adding__begin(struct adding *adding)
{
	int exit_code = profile_choice__check(&adding->profile);
	struct error err = {};

	if (exit_code != EXIT_OK)
		return exit_code;
	adding->archive_path = archive_file__path(adding->archive_given);
	adding->work = workdir__open(adding->work_path, &err);
	if (!adding->archive_path || !adding->work ||
	    archive_file__check_place(adding->archive_path, &err)) {
		log__error("%s", err.text);
		return EXIT_FAILED;
	}
	meter__setup();
	adding->job = (struct job_opts){
		.archive_path = adding->archive_path,
		.work = adding->work,
		.objects = &adding->profile.objects,
		.min_only = adding->profile.min_only,
		.threads = (unsigned int)get_nprocs(),
		.keep = adding->keep,
		.normalize = adding->normalize,
	};
	return EXIT_OK;
}

/* Who runs out of memory for one line of a report gets no further anyway. */
struct task_outcome *adding__open(struct adding *adding, const char *name)
{
	struct task_outcome *grown = realloc(adding->outcomes,
					     (adding->count + 1) * sizeof(*grown));

	if (!grown || words__add(&adding->names, name))
		abort();
	adding->outcomes = grown;
	grown += adding->count++;
	*grown = (struct task_outcome){ .outcome = OUTCOME_INTERRUPTED };
	return grown;
}

int adding__run(struct adding *adding, const struct added_file *file,
		struct task_outcome *outcome)
{
	const char *slash = strrchr(file->path, '/');
	const char *keyrings[] = { adding->keyring, NULL };
	uint8_t digest[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];
	struct job_input input = {
		.path = file->path,
		.rpm_trust = { adding->keyring ? keyrings : NULL, NULL },
		.encoder = adding->profile.encoder,
		.known = *file->known,
		.override = !file->must_agree,
		.provenance = { .sz = sizeof(input.provenance),
				.package = slash ? slash + 1 : file->path,
				.package_sha256 = file->sha256 ? file->sha256 : hex,
				.notes = file->notes },
	};
	struct meter *meter;
	int res = 0;

	if (file->package)
		input.provenance.package = file->package;
	meter = meter__new(input.provenance.package);
	if (!file->sha256) {
		res = file_digest__sha256_of(file->path, meter, digest, &outcome->err);
		if (!res)
			hex__encode(digest, sizeof(digest), hex);
	}
	if (!res)
		res = job__run(&adding->job, &input, meter, &outcome->result,
			       &outcome->err);
	meter__free(meter);
	return res;
}

void adding__close(struct task_outcome *outcome, int res, const char *name)
{
	if (!res && outcome->result.yielded) {
		outcome->outcome = OUTCOME_SKIPPED;
		error__set(&outcome->err, 0, "the archive has an entry of %s with a build ID",
			   outcome->result.kernel_release);
	} else if (!res) {
		outcome->outcome = OUTCOME_DONE;
	} else if (!cancel__requested()) {
		outcome->outcome = OUTCOME_FAILED;
	}
	if (outcome->outcome == OUTCOME_FAILED)
		log__error("%s", outcome->err.text);
	if (outcome->outcome == OUTCOME_SKIPPED)
		log__info("%s: skipped: %s", name, outcome->err.text);
}

void adding__file(struct adding *adding, const struct added_file *file)
{
	struct task_outcome *outcome = adding__open(adding, file->path);
	int res;

	if (cancel__requested())
		return;
	res = adding__run(adding, file, outcome);
	/* a package without a kernel, an image without BTF beside its debug package */
	if (file->may_be_another && (res == -ENOENT || res == -ENODATA) &&
	    !cancel__requested()) {
		outcome->outcome = OUTCOME_SKIPPED;
		log__verbose("%s: passed over: %s", file->path, outcome->err.text);
		return;
	}
	adding__close(outcome, res, file->path);
}

void adding__one(struct adding *adding, const char *path, const struct kbtf_ident *known)
{
	adding__file(adding, &(struct added_file){ .path = path, .known = known });
}

static json_t *outcome_json(const struct task_outcome *outcome, const char *name)
{
	json_t *object = job_result__json(&outcome->result);

	json_object_set_new(object, "from", json_text(name));
	json_object_set_new(object, "status", json_string(outcome__name(outcome->outcome)));
	if (outcome->outcome != OUTCOME_DONE && *outcome->err.text)
		json_object_set_new(object, "reason", json_text(outcome->err.text));
	return object;
}

int adding__end(struct adding *adding)
{
	size_t by_outcome[4] = {};
	json_t *kernels = json_array();

	for (size_t i = 0; i < adding->count; i++) {
		by_outcome[adding->outcomes[i].outcome]++;
		json_array_append_new(kernels,
				      outcome_json(&adding->outcomes[i], adding->names[i]));
	}
	if (adding->json) {
		json__print(json_pack("{s:o, s:O}", "archive", json_text(adding->archive_path),
				      "kernels", kernels));
	} else {
		report__results(adding->outcomes, adding->count);
		printf("%zu done, %zu skipped, %zu failed; archive %s\n", by_outcome[OUTCOME_DONE],
		       by_outcome[OUTCOME_SKIPPED], by_outcome[OUTCOME_FAILED],
		       adding->archive_path);
	}
	json_decref(kernels);
	if (!adding->count)
		return EXIT_NOTHING;
	return by_outcome[OUTCOME_FAILED] || by_outcome[OUTCOME_INTERRUPTED] ? EXIT_FAILED
									      : EXIT_OK;
}
