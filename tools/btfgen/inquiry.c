/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "inquiry.h"

#include "base/json_text.h"
#include "base/log.h"
#include "profile.h"

void inquiry__free(struct inquiry *it)
{
	objects__free(&it->objects);
	kbtf_archive__close(it->archive);
	free(it->archive_path);
	operands__free(&it->operands);
	entry_filter__free(&it->filter);
}

static bool chooses_entries(const struct entry_filter *filter)
{
	return filter->pattern_text || filter->build_id || filter->distro || filter->release ||
	       filter->arch;
}

static int open_archive(struct inquiry *it, struct error *err)
{
	size_t index = 0;

	it->archive_path = archive_file__path(it->operands.archive);
	if (!it->archive_path)
		return error__oom(err);
	it->archive = archive_file__open(it->archive_path, err);
	if (!it->archive)
		return -EBADMSG;
	if (!entry_filter__next(&it->filter, it->archive, &index))
		return error__set(err, ESRCH, "%s: no kernel there matches; `btfgen stats --list` "
				  "shows what it holds", it->archive_path);
	return 0;
}

static int begin(struct inquiry *it, char **arguments, int count, bool needs_kernels,
		 struct error *err)
{
	int res = operands__sort(&it->operands, arguments, (size_t)count, err);

	if (!res)
		res = profile__read_usable(&it->operands.objects, &it->objects, err);
	for (size_t i = 0; !res && i < it->objects.unusable_count; i++)
		log__error("%s", it->objects.unusable[i].why);
	if (!res && (it->operands.archive || chooses_entries(&it->filter) ||
		     (needs_kernels && !it->operands.kernels.count)))
		res = open_archive(it, err);
	return res;
}

int inquiry__begin(struct inquiry *it, char **arguments, int count, bool needs_kernels)
{
	struct error err = {};
	int res;

	if (entry_filter__prepare(&it->filter, &err)) {
		log__error("--kernel: %s", err.text);
		return EXIT_USAGE;
	}
	res = begin(it, arguments, count, needs_kernels, &err);
	if (!res && !it->objects.count)
		return EXIT_FAILED;
	return res ? inquiry__failed(res, &err) : EXIT_OK;
}

int inquiry__failed(int res, const struct error *err)
{
	log__error("%s", err->text);
	return res == -ESRCH ? EXIT_NOTHING : EXIT_FAILED;
}

int inquiry__each_kernel(const struct inquiry *it, inquiry_kernel_fn fn, void *ctx,
			 struct error *err)
{
	const struct kbtf_entry *entry;
	size_t index = 0;
	int res = 0;

	for (size_t i = 0; !res && i < it->operands.kernels.count; i++)
		res = fn(ctx, NULL, it->operands.kernels.items[i], err);
	while (!res && it->archive &&
	       (entry = entry_filter__next(&it->filter, it->archive, &index)))
		res = fn(ctx, entry, NULL, err);
	return res;
}

void inquiry__add_unusable(const struct inquiry *it, json_t *array)
{
	for (size_t i = 0; i < it->objects.unusable_count; i++)
		json_array_append_new(array, json_pack("{s:o, s:o}", "object",
						       json_text(it->objects.unusable[i].path),
						       "error",
						       json_text(it->objects.unusable[i].why)));
}

void inquiry__name_error(const struct kbtf_entry *entry, const char *path, const char *error)
{
	log__error("%s: %s", entry ? kbtf_entry__ident(entry)->kernel_release : path, error);
}
