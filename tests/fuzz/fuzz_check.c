/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A check of a BPF object that somebody hands over on a kernel whose BTF somebody else does: the
 * input is as fuzz_core's. Whatever they are, what is reported does not contradict itself.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kbtf_core.h>

#include "harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_finding(const struct kbtf_finding *finding)
{
	const char *const texts[] = { finding->program, finding->section, finding->kind,
				      finding->what, finding->text, finding->nearest,
				      finding->file, finding->source };

	expect(finding->verdict > KBTF_VERDICT_OK && finding->verdict <= KBTF_VERDICT_FAILS);
	expect(strcmp(kbtf_subject__name(finding->subject), "?") != 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		expect(texts[i] && strlen(texts[i]) < 1 << 20);
	expect(*finding->text || *finding->what);
}

static void expect_report(const struct kbtf_report *report, bool strict)
{
	enum kbtf_verdict worst = KBTF_VERDICT_OK;

	for (size_t i = 0; i < report->finding_count; i++) {
		expect_finding(&report->findings[i]);
		if (report->findings[i].verdict > worst)
			worst = report->findings[i].verdict;
	}
	expect(report->loaded_count <= report->program_count);
	expect(report->verdict <= worst);
	/* what fails is told of; it may leave others that load */
	if (report->verdict != worst)
		expect(!strict && report->verdict == KBTF_VERDICT_IN_PART);
	if (report->verdict == KBTF_VERDICT_IN_PART)
		expect(report->loaded_count && report->loaded_count < report->program_count);
	if (report->program_count && !report->loaded_count)
		expect(report->verdict == KBTF_VERDICT_FAILS);
	if (report->loaded_count < report->program_count)
		expect(report->verdict >= KBTF_VERDICT_IN_PART);
}

static void check(struct kbtf_checker *checker, const void *btf, size_t size)
{
	const struct kbtf_check_opts opts[] = {
		{ .sz = sizeof(opts[0]) },
		{ .sz = sizeof(opts[0]), .strict = true },
		{ .sz = sizeof(opts[0]), .minimized = true },
		{ .sz = sizeof(opts[0]), .data_types = true },
	};
	const struct kbtf_report *reports[4], *again;
	char why[200] = "";

	for (size_t i = 0; i < sizeof(opts) / sizeof(opts[0]); i++) {
		int err = kbtf_checker__run(checker, btf, size, &opts[i], &reports[i], why,
					    sizeof(why));

		if (err) {
			expect(*why && (err == -EINVAL || err == -ENOTSUP));
			return;
		}
		expect_report(reports[i], opts[i].strict);
	}
	expect(!kbtf_checker__run(checker, btf, size, NULL, &again, NULL, 0));
	expect(again == reports[0]);
	expect(reports[1]->verdict >= reports[0]->verdict);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kbtf_checker *checker;
	uint32_t object_size;
	char why[200] = "";
	int err;

	libbpf_set_print(silence);
	if (size < 4)
		return 0;
	object_size = data[0] | data[1] << 8 | data[2] << 16 | (uint32_t)data[3] << 24;
	if (object_size > size - 4)
		return 0;
	checker = kbtf_checker__new();
	expect(checker);
	err = kbtf_checker__add(checker, "object", data + 4, object_size, why, sizeof(why));
	expect(!err || (*why && (err == -EBADMSG || err == -ENOTSUP)));
	if (!err)
		check(checker, data + 4 + object_size, size - 4 - object_size);
	kbtf_checker__free(checker);
	return 0;
}
