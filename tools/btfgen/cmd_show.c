/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <bpf/btf.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "bytes.h"
#include "command.h"
#include "raw_type.h"
#include "wanted_type.h"

DEFINE_CLEANUP(btf_freep, struct btf, btf__free)
DEFINE_CLEANUP(btf_dump_freep, struct btf_dump, btf_dump__free)

static bool is_wanted(const struct btf *btf, const struct btf_type *type,
		      const struct wanted_type *wanted)
{
	const char *name = btf__name_by_offset(btf, type->name_off);

	return name && wanted_type__is(wanted, raw_type__keyword(type), name);
}

static void print_text(void *ctx, const char *format, va_list args)
{
	(void)ctx;
	vprintf(format, args);
}

static int show_type(const struct btf *btf, struct btf_dump *dump, __u32 id)
{
	if (dump)
		return btf_dump__dump_type(dump, id);
	raw_type__print(btf, id);
	return 0;
}

/* How many types of the name were shown; -errno if one can't be. */
static int show_wanted(const struct btf *btf, struct btf_dump *dump, const struct wanted_type *wanted)
{
	int shown = 0;

	for (__u32 id = 1; id < btf__type_cnt(btf); id++) {
		int res;

		if (!is_wanted(btf, btf__type_by_id(btf, id), wanted))
			continue;
		res = show_type(btf, dump, id);
		if (res)
			return res;
		shown++;
	}
	return shown;
}

static int show(const struct btf *btf, bool as_c, char **types, int count)
{
	struct btf_dump *dump __attribute__((__cleanup__(btf_dump_freep))) = NULL;
	int exit_code = EXIT_OK;

	if (as_c) {
		dump = btf_dump__new(btf, print_text, NULL, NULL);
		if (!dump) {
			log__error("can't print this BTF as C: %s", strerror(errno));
			return EXIT_FAILED;
		}
	}
	for (__u32 id = 1; !count && id < btf__type_cnt(btf); id++)
		if (show_type(btf, dump, id))
			exit_code = EXIT_FAILED;
	for (int i = 0; i < count; i++) {
		struct wanted_type wanted = wanted_type__parse(types[i]);
		int shown = show_wanted(btf, dump, &wanted);

		if (shown < 0)
			exit_code = EXIT_FAILED;
		if (shown <= 0)
			log__error("%s: %s", types[i], shown ? strerror(-shown) : "no such type");
		if (!shown && exit_code == EXIT_OK)
			exit_code = EXIT_NOTHING;
	}
	return exit_code;
}

int cmd_show(int argc, char **argv)
{
	struct entry_filter filter __attribute__((__cleanup__(entry_filter__free))) = {};
	struct btf *btf __attribute__((__cleanup__(btf_freep))) = NULL;
	_cleanup_free_ void *data = NULL;
	const char *format = "c";
	const struct option_def options[] = {
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "Output" },
		{ OPTION_TEXT, "format", 'F', "c|raw", &format,
		  "C definitions, with what they need before\nthem, or a line a type with offsets" },
		ENTRY_FILTER_OPTIONS(filter),
		{},
	};
	const struct command_line line = {
		.name = "show",
		.arguments = "[OPTION]... BTF|ARCHIVE [TYPE]...",
		.description = "Print types of raw BTF, of a .btf.tar.xz, of a vmlinux or vmlinuz, or of "
			       "an\narchive's entry. TYPE is a name, or a kind and a name; without it all types "
			       "are\nprinted.",
		.options = options,
		.epilogue = "Examples:\n  btfgen show out.btf 'struct task_struct'\n"
			    "  btfgen show --format raw --kernel 6.1.0-9-amd64 all.kbtf sk_buff",
		.min_arguments = 1,
		.max_arguments = -1,
	};
	struct error err = {};
	size_t size;
	int exit_code, res, first = options__parse(&line, argc, argv, &exit_code);

	if (first < 0)
		return exit_code;
	if (strcmp(format, "c") != 0 && strcmp(format, "raw") != 0) {
		log__error("--format: '%s' is neither c nor raw", format);
		return EXIT_USAGE;
	}
	if (entry_filter__prepare(&filter, &err)) {
		log__error("--kernel: %s", err.text);
		return EXIT_USAGE;
	}
	res = btf_bytes__read(argv[first], &filter, &data, &size, &err);
	if (res) {
		log__error("%s", err.text);
		return res == -ESRCH ? EXIT_NOTHING : EXIT_FAILED;
	}
	btf = btf__new(data, size);
	if (!btf) {
		log__error("%s: its BTF can't be parsed; is the file whole?", argv[first]);
		return EXIT_FAILED;
	}
	return show(btf, format[0] == 'c', argv + first + 1, argc - first - 1);
}
