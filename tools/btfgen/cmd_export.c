/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <string.h>

#include "base/cancel.h"
#include "base/file.h"
#include "base/log.h"
#include "base/objects.h"
#include "base/workdir.h"
#include "bytes.h"
#include "command.h"
#include "embedding.h"
#include "stage/plan.h"

struct exporting {
	struct entry_filter filter;
	struct text_list objects_given;
	const char *archive_given, *format, *out;
	struct kbtf_archive *archive;
	struct objects objects;
	const struct kbtf_profile *profile; /* NULL: full BTF */
	size_t written;
	bool no_match; /* the filter fits nothing */
};

static void exporting__free(struct exporting *it)
{
	entry_filter__free(&it->filter);
	text_list__free(&it->objects_given);
	objects__free(&it->objects);
	kbtf_archive__close(it->archive);
}

/* ---- one file ---------------------------------------------------------------------------- */

static int read_entry(const struct exporting *it, const struct kbtf_entry *entry, void **data,
		      size_t *size, struct error *err)
{
	const char *release = kbtf_entry__ident(entry)->kernel_release;
	int res = it->profile ? kbtf_entry__read_min(entry, it->profile, data, size)
			      : kbtf_entry__read_btf(entry, data, size);

	if (res == -ENOENT)
		return error__set(err, res, it->profile ?
				  "%s: the archive has no BTF minimized for these objects; run btfgen "
				  "build with the same --for" :
				  "%s: the archive has minimized BTF of it alone", release);
	if (res)
		return error__set(err, res, "%s: its BTF in the archive is damaged", release);
	return 0;
}

/* A .tar.xz with the one member RELEASE.btf, the same bytes each time. */
static int write_tar_xz(int fd, const char *member, const void *data, size_t size)
{
	struct archive *tar = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	bool good = tar && entry && archive_write_add_filter_xz(tar) == ARCHIVE_OK &&
		    archive_write_set_format_ustar(tar) == ARCHIVE_OK &&
		    archive_write_open_fd(tar, fd) == ARCHIVE_OK;

	if (good) {
		archive_entry_set_pathname(entry, member);
		archive_entry_set_size(entry, (la_int64_t)size);
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_entry_set_perm(entry, 0644);
		good = archive_write_header(tar, entry) == ARCHIVE_OK &&
		       archive_write_data(tar, data, size) == (la_ssize_t)size &&
		       archive_write_close(tar) == ARCHIVE_OK;
	}
	archive_entry_free(entry);
	if (tar)
		archive_write_free(tar);
	return good ? 0 : errno ? -errno : -EIO;
}

static int write_btfhub_file(const char *path, const char *release, const void *data, size_t size,
			     struct error *err)
{
	_cleanup_new_file_ struct new_file file = { .fd = -1 };
	_cleanup_free_ char *member = NULL;
	int res;

	if (asprintf(&member, "%s.btf", release) < 0) {
		member = NULL;
		return error__oom(err);
	}
	res = file__begin(&file, path, 0666);
	if (!res)
		res = write_tar_xz(file.fd, member, data, size);
	if (!res)
		res = file__commit(&file);
	return res ? error__set(err, res, "%s: can't write it: %s", path, strerror(-res)) : 0;
}

/* A name from an archive becomes one component of a path, whatever it says. */
static bool is_component(const char *name)
{
	return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int export_into_tree(struct exporting *it, const struct kbtf_entry *entry,
			    struct error *err)
{
	const struct kbtf_ident *ident = kbtf_entry__ident(entry);
	const char *distro = *ident->distro ? ident->distro : "unknown";
	const char *release = *ident->distro_release ? ident->distro_release : "unknown";
	_cleanup_free_ char *dir = NULL, *path = NULL;
	_cleanup_free_ void *data = NULL;
	size_t size;
	int res;

	if (!is_component(distro) || !is_component(release) || !is_component(ident->arch) ||
	    !is_component(ident->kernel_release))
		return error__set(err, EINVAL, "%s: the entry's names can't be a path",
				  ident->kernel_release);
	res = read_entry(it, entry, &data, &size, err);
	if (res)
		return res;
	if (asprintf(&dir, "%s/%s/%s/%s", it->out, distro, release, ident->arch) < 0 ||
	    asprintf(&path, "%s/%s.btf%s", dir, ident->kernel_release,
		     strcmp(it->format, "btfhub") == 0 ? ".tar.xz" : "") < 0)
		return error__oom(err);
	res = make_dirs(dir);
	if (res)
		return error__set(err, res, "%s: can't make this directory: %s", dir,
				  strerror(-res));
	return strcmp(it->format, "btfhub") == 0
		? write_btfhub_file(path, ident->kernel_release, data, size, err)
		: bytes__write(path, data, size, err);
}

/* A tree has one place for all builds of a release; entries are sorted by these four first. */
static bool same_place(const struct kbtf_entry *a, const struct kbtf_entry *b)
{
	const struct kbtf_ident *x = kbtf_entry__ident(a), *y = kbtf_entry__ident(b);

	return strcmp(x->distro, y->distro) == 0 &&
	       strcmp(x->distro_release, y->distro_release) == 0 &&
	       strcmp(x->arch, y->arch) == 0 && strcmp(x->kernel_release, y->kernel_release) == 0;
}

static int export_tree(struct exporting *it, struct error *err)
{
	const struct kbtf_entry *last = NULL;
	int left_out = 0;

	for (size_t i = 0; i < kbtf_archive__entry_count(it->archive); i++) {
		const struct kbtf_entry *entry = kbtf_archive__entry(it->archive, i);
		int res;

		if (!entry_filter__matches(&it->filter, entry))
			continue;
		if (cancel__requested())
			return error__set(err, ECANCELED, "interrupted");
		if (last && same_place(last, entry)) {
			const struct kbtf_ident *ident = kbtf_entry__ident(entry);

			left_out = error__set(err, ENOTUNIQ, "%s: a tree has one place for it, and "
					      "the archive more than one build of it: %s is left "
					      "out; name one with --build-id",
					      ident->kernel_release, ident->kernel_version);
			log__error("%s", err->text);
			continue;
		}
		res = export_into_tree(it, entry, err);
		if (res)
			return res;
		it->written++;
		last = entry;
	}
	if (left_out)
		return error__set(err, left_out, "%s: %zu written, not all", it->out, it->written);
	it->no_match = !it->written;
	return it->written ? 0 : error__set(err, ENOENT, "the archive has no such entry; `btfgen "
					    "stats --list` shows what it holds");
}

static int export_one(struct exporting *it, struct error *err)
{
	const struct kbtf_entry *entry;
	_cleanup_free_ void *data = NULL;
	size_t size;
	int res;

	res = entry_filter__pick(&it->filter, it->archive, &entry, err);
	it->no_match = res == -ENOENT;
	if (res || (res = read_entry(it, entry, &data, &size, err)) ||
	    (res = bytes__write(it->out, data, size, err)))
		return res;
	it->written = 1;
	return 0;
}

/* ---- all of it --------------------------------------------------------------------------------- */

static int embed(struct exporting *it, struct error *err)
{
	int written;

	if (!it->objects_given.count)
		return error__set(err, EINVAL, "--format embed: --for says for which objects");
	written = embedding__write(it->archive, &it->filter, &it->objects, it->profile, it->out, err);
	it->no_match = written == -ENOENT;
	it->written = written > 0 ? (size_t)written : 0;
	return written < 0 ? written : 0;
}

static int open_all(struct exporting *it, struct error *err)
{
	_cleanup_free_ char *path = archive_file__path(it->archive_given);
	int res;

	it->archive = archive_file__open(path, err);
	if (!it->archive)
		return -EBADMSG;
	if (!it->objects_given.count)
		return 0;
	res = objects__read(it->objects_given.items, it->objects_given.count, "", &it->objects, err);
	if (res)
		return res;
	it->profile = plan__find_profile(it->archive, &it->objects);
	return it->profile || strcmp(it->format, "embed") == 0 ? 0 : error__set(err, ESTALE, "%s: nothing in it was minimized for just "
					    "these objects; run btfgen build with the same --for",
					    path);
}

int cmd_export(int argc, char **argv)
{
	struct exporting it __attribute__((__cleanup__(exporting__free))) = { .format = "raw" };
	const struct option_def options[] = {
		ENTRY_FILTER_OPTIONS(it.filter),
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "Output" },
		{ OPTION_TEXT, "archive", 'a', "FILE", &it.archive_given,
		  "the archive (default:\n$XDG_DATA_HOME/btfgen/btfgen.kbtf)" },
		{ OPTION_TEXT, "format", 'F', "NAME", &it.format,
		  "raw: plain BTF; of one entry, or of all that\n"
		  "match into a tree if PATH ends with a slash\n"
		  "btfhub: a tree of KERNEL.btf.tar.xz files\n"
		  "embed: an archive of what --for needs, to ship" },
		{ OPTION_LIST, "for", 'f', "OBJ.bpf.o", &it.objects_given,
		  "the BTF minimized for these objects" },
		{ OPTION_TEXT, "output", 'o', "PATH", &it.out, "write here; - is stdout" },
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
			    "  btfgen export --for agent.bpf.o --format embed -o agent.kbtf",
		.max_arguments = 0,
	};
	struct error err = {};
	size_t len;
	int exit_code, res;

	if (options__parse(&line, argc, argv, &exit_code) < 0)
		return exit_code;
	if (!it.out || !*it.out) {
		log__error("export: -o PATH is missing");
		return EXIT_USAGE;
	}
	if (strcmp(it.format, "raw") != 0 && strcmp(it.format, "btfhub") != 0 &&
	    strcmp(it.format, "embed") != 0) {
		log__error("--format: '%s' is none of raw, btfhub, embed", it.format);
		return EXIT_USAGE;
	}
	if (entry_filter__prepare(&it.filter, &err)) {
		log__error("--kernel: %s", err.text);
		return EXIT_USAGE;
	}
	res = open_all(&it, &err);
	len = strlen(it.out);
	if (!res && strcmp(it.format, "embed") == 0)
		res = embed(&it, &err);
	else if (!res)
		res = strcmp(it.format, "btfhub") == 0 || it.out[len - 1] == '/'
			? export_tree(&it, &err) : export_one(&it, &err);
	if (res) {
		log__error("%s", err.text);
		return it.no_match ? EXIT_NOTHING : EXIT_FAILED;
	}
	log__info("%s: %zu written", it.out, it.written);
	return EXIT_OK;
}
