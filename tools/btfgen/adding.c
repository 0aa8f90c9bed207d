/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "adding.h"

#include <stdio.h>
#include <string.h>

#include "archive_file.h"
#include "base/cancel.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/sha256.h"
#include "report.h"

void adding__free(struct adding *adding)
{
	for (size_t i = 0; i < adding->count; i++)
		job_result__free(&adding->outcomes[i].result);
	free(adding->outcomes);
	objects__free(&adding->objects);
	workdir__close(adding->work);
	text_list__free(&adding->objects_given);
	free(adding->archive_path);
}

int adding__begin(struct adding *adding)
{
	struct error err = {};

	if (encoder__parse(adding->encoder_name, &adding->encoder, &err)) {
		log__error("%s", err.text);
		return EXIT_USAGE;
	}
	adding->archive_path = archive_file__path(adding->archive_given);
	adding->work = workdir__open(adding->work_path, &err);
	if (!adding->archive_path || !adding->work ||
	    archive_file__check_place(adding->archive_path, &err) ||
	    profile__choose(&adding->objects_given, adding->no_min, &adding->objects, &err)) {
		log__error("%s", err.text);
		return EXIT_FAILED;
	}
	meter__setup();
	adding->job = (struct job_opts){
		.archive_path = adding->archive_path,
		.work = adding->work,
		.objects = &adding->objects,
		.keep = adding->keep,
		.normalize = adding->normalize,
	};
	return EXIT_OK;
}

void adding__one(struct adding *adding, const char *path, const struct kbtf_ident *known)
{
	struct task_outcome *grown = realloc(adding->outcomes,
					     (adding->count + 1) * sizeof(*grown));
	const char *slash = strrchr(path, '/');
	const char *keyrings[] = { adding->keyring, NULL };
	uint8_t digest[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];
	struct job_input input = {
		.path = path,
		.rpm_trust = { adding->keyring ? keyrings : NULL, NULL },
		.encoder = adding->encoder,
		.known = *known,
		.override = true,
		.provenance = { .sz = sizeof(input.provenance),
				.package = slash ? slash + 1 : path,
				.package_sha256 = hex },
	};
	struct task_outcome *outcome;
	struct meter *meter;
	int res;

	if (!grown)
		abort();
	adding->outcomes = grown;
	outcome = &grown[adding->count++];
	*outcome = (struct task_outcome){ .outcome = OUTCOME_INTERRUPTED };
	if (cancel__requested())
		return;
	res = sha256__of_file(path, digest);
	if (res) {
		error__set(&outcome->err, res, "%s: %s", path, strerror(-res));
	} else {
		hex__encode(digest, sizeof(digest), hex);
		meter = meter__new(input.provenance.package);
		res = job__run(&adding->job, &input, meter, &outcome->result, &outcome->err);
		meter__free(meter);
	}
	if (!res)
		outcome->outcome = outcome->result.yielded ? OUTCOME_SKIPPED : OUTCOME_DONE;
	else if (!cancel__requested())
		outcome->outcome = OUTCOME_FAILED;
	if (outcome->outcome == OUTCOME_FAILED)
		log__error("%s", outcome->err.text);
	if (outcome->outcome == OUTCOME_SKIPPED)
		log__info("%s: skipped: the archive has an entry of %s with a build ID", path,
			  outcome->result.kernel_release);
}

static json_t *outcome_json(const struct task_outcome *outcome)
{
	json_t *object = job_result__json(&outcome->result);

	json_object_set_new(object, "status", json_string(outcome__name(outcome->outcome)));
	if (outcome->outcome == OUTCOME_FAILED)
		json_object_set_new(object, "reason", json_string(outcome->err.text));
	return object;
}

int adding__end(struct adding *adding)
{
	size_t by_outcome[4] = {};
	json_t *kernels = json_array();

	for (size_t i = 0; i < adding->count; i++) {
		by_outcome[adding->outcomes[i].outcome]++;
		json_array_append_new(kernels, outcome_json(&adding->outcomes[i]));
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
