/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/log.h"
#include "bytes.h"
#include "command.h"
#include "embedding.h"
#include "linkable.h"
#include "places.h"

enum export_form { FORM_RAW, FORM_BTFHUB, FORM_BCC, FORM_EMBED, FORM_EMBED_C, FORM_EMBED_OBJECT, FORMS };

static const struct {
	const char *name;
	bool for_objects; /* of no use without --for */
} forms[] = {
	[FORM_RAW] = { "raw", false },
	[FORM_BTFHUB] = { "btfhub", false },
	[FORM_BCC] = { "bcc", true },
	[FORM_EMBED] = { "embed", true },
	[FORM_EMBED_C] = { "embed-c", true },
	[FORM_EMBED_OBJECT] = { "embed-object", true },
};

struct exporting {
	struct entry_filter filter;
	struct text_list objects_given;
	const char *archive_given, *form_given, *name_given, *out;
	const char *identity_given;
	enum export_form form;
	struct kbtf_archive *archive;
	struct objects objects;
	struct entry_source source;
	size_t written;
	unsigned int jobs;
};

static void exporting__free(struct exporting *it)
{
	entry_filter__free(&it->filter);
	text_list__free(&it->objects_given);
	objects__free(&it->objects);
	entry_source__free(&it->source);
	kbtf_archive__close(it->archive);
}

static int export_one(struct exporting *it, struct error *err)
{
	const struct kbtf_entry *entry;
	_cleanup_free_ void *data = NULL;
	size_t size;
	int res = entry_filter__pick(&it->filter, it->archive, &entry, err);

	if (res)
		return res == -ENOENT ? -ESRCH : res;
	if ((res = entry_source__read(&it->source, entry, &data, &size, err)) ||
	    (res = bytes__write(it->out, data, size, err)))
		return res;
	it->written = 1;
	return 0;
}

/* ---- what is embedded ------------------------------------------------------------------------- */

static enum embedding_identity identity(const struct exporting *it)
{
	return strcmp(it->identity_given, "full") == 0 ? EMBEDDING_FULL : EMBEDDING_SHORT;
}

static int embed_linkable(struct exporting *it, struct error *err)
{
	_cleanup_free_ char *name = it->name_given ? strdup(it->name_given)
						    : linkable__name_of(it->out);
	struct utsname host;

	if (!name)
		return error__oom(err);
	if (uname(&host) < 0)
		return error__set(err, errno, "uname: %s", strerror(errno));
	return embedding__write_linkable(&it->source, &it->filter, identity(it),
					 it->form == FORM_EMBED_C ? EMBEDDING_C : EMBEDDING_OBJECT,
					 name, it->filter.arch ?: host.machine, it->out, err);
}

static int embed(struct exporting *it, struct error *err)
{
	int written = it->form == FORM_EMBED ?
		embedding__write(&it->source, &it->filter, identity(it), it->out, err) :
		embed_linkable(it, err);

	if (written < 0)
		return written;
	it->written = (size_t)written;
	return 0;
}

/* ---- all of it --------------------------------------------------------------------------------- */

static int open_all(struct exporting *it, struct error *err)
{
	_cleanup_free_ char *path = archive_file__path(it->archive_given);
	int res = 0;

	it->archive = archive_file__open(path, err);
	if (!it->archive)
		return -EBADMSG;
	if (it->objects_given.count)
		res = objects__read(it->objects_given.items, it->objects_given.count, "",
				    &it->objects, err);
	it->source = entry_source__of(it->archive, &it->objects);
	return res;
}

/* -ESRCH: nothing matches. */
static int export(struct exporting *it, struct error *err)
{
	bool tree = it->form == FORM_BTFHUB || it->out[strlen(it->out) - 1] == '/';
	int res = open_all(it, err);

	if (res)
		return res;
	if (it->form == FORM_RAW && !tree)
		return export_one(it, err);
	res = entry_source__prepare(&it->source, &it->filter, it->jobs, err);
	if (res)
		return res;
	if (it->form >= FORM_EMBED)
		return embed(it, err);
	if (it->form == FORM_BCC)
		return places__write_bcc(&it->source, &it->filter, it->out, &it->written, err);
	return places__write_tree(&it->source, &it->filter, it->form == FORM_BTFHUB, it->out,
				  &it->written, err);
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len > end_len && strcmp(text + len - end_len, end) == 0;
}

static bool is_linkable(const struct exporting *it)
{
	return it->form == FORM_EMBED_C || it->form == FORM_EMBED_OBJECT;
}

/* Where C or an object may go: the header's name is made of it, and the variable's. */
static bool fits_linkable(const struct exporting *it)
{
	if (strcmp(it->out, "-") == 0)
		return it->name_given;
	return ends_with(it->out, it->form == FORM_EMBED_C ? ".c" : ".o");
}

/* EXIT_OK, or EXIT_USAGE and why. */
static int check_line(struct exporting *it)
{
	while (it->form < FORMS && strcmp(it->form_given, forms[it->form].name) != 0)
		it->form++;
	if (!it->out || !*it->out)
		log__error("export: -o PATH is missing");
	else if (it->form == FORMS)
		log__error("--format: '%s' is none of raw, btfhub, bcc, embed, embed-c, embed-object",
			   it->form_given);
	else if (forms[it->form].for_objects && !it->objects_given.count)
		log__error("--format %s: --for says for which objects", it->form_given);
	else if (it->name_given && !is_linkable(it))
		log__error("--name is of --format embed-c and embed-object");
	else if (it->name_given && !linkable__is_name(it->name_given))
		log__error("--name: '%s' can't be a variable's name in C", it->name_given);
	else if (strcmp(it->identity_given, "short") != 0 && strcmp(it->identity_given, "full") != 0)
		log__error("--identity: '%s' is neither short nor full", it->identity_given);
	else if (is_linkable(it) && !fits_linkable(it))
		log__error("--format %s: -o must end with %s, or be - with a --name", it->form_given,
			   it->form == FORM_EMBED_C ? ".c" : ".o");
	else
		return EXIT_OK;
	return EXIT_USAGE;
}

int cmd_export(int argc, char **argv)
{
	struct exporting it __attribute__((__cleanup__(exporting__free))) = {
		.form_given = "raw", .identity_given = "short"
	};
	const struct option_def options[] = {
		ENTRY_FILTER_OPTIONS(it.filter),
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "Output" },
		{ OPTION_TEXT, "archive", 'a', "FILE", &it.archive_given,
		  "the archive (default:\n$XDG_DATA_HOME/btfgen/btfgen.kbtf)" },
		{ OPTION_TEXT, "format", 'F', "NAME", &it.form_given,
		  "raw: plain BTF; of one entry, or of all that\n"
		  "match into a tree if PATH ends with a slash\n"
		  "btfhub: a tree of KERNEL.btf.tar.xz files\n"
		  "bcc: a min_core_btfs.tar.gz for --for\n"
		  "embed: an archive of what --for needs, to ship\n"
		  "embed-c: the same as C, with a header\n"
		  "embed-object: the same as an object file for\n"
		  "--arch or else this machine, with a header" },
		{ OPTION_TEXT, "identity", 0, "short|full", &it.identity_given,
		  "embed...: by uname -r and 4 bytes of the build\n"
		  "ID (default), or all that the archive tells" },
		{ OPTION_TEXT, "name", 0, "NAME", &it.name_given,
		  "embed-c, embed-object: the variable's name\n(default: PATH's)" },
		{ OPTION_LIST, "for", 'f', "OBJ.bpf.o", &it.objects_given,
		  "the BTF minimized for these objects" },
		{ OPTION_TEXT, "output", 'o', "PATH", &it.out, "write here; - is stdout" },
		{ OPTION_NUMBER, "jobs", 'j', "N", &it.jobs,
		  "cores to minimize on (default: all)" },
		{},
	};
	const struct command_line line = {
		.name = "export",
		.arguments = "-o PATH [OPTION]...",
		.description = "Write BTF out of an archive. Trees are laid out as\n"
			       "DISTRO/RELEASE/ARCH/KERNEL.btf, as BTFHub's are.",
		.options = options,
		.epilogue = "Examples:\n  btfgen export -k 6.1.0-9-amd64 -o 6.1.0-9-amd64.btf\n"
			    "  btfgen export --distro debian --format btfhub -o btfhub-archive\n"
			    "  btfgen export --for agent.bpf.o --format embed -o agent.kbtf\n"
			    "  btfgen export --for agent.bpf.o --format embed-object -o agent_btf.o",
		.max_arguments = 0,
	};
	struct error err = {};
	int exit_code, res;

	if (options__parse(&line, argc, argv, &exit_code) < 0)
		return exit_code;
	exit_code = check_line(&it);
	if (exit_code != EXIT_OK)
		return exit_code;
	if (entry_filter__prepare(&it.filter, &err)) {
		log__error("--kernel: %s", err.text);
		return EXIT_USAGE;
	}
	res = export(&it, &err);
	if (res) {
		log__error("%s%s%s", res == -ENOTUNIQ && it.written ? it.out : "",
			   res == -ENOTUNIQ && it.written ? ": " : "", err.text);
		return res == -ESRCH ? EXIT_NOTHING : EXIT_FAILED;
	}
	log__info("%s: %zu written", it.out, it.written);
	return EXIT_OK;
}
