/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>

#include "base/child.h"
#include "base/file.h"
#include "base/log.h"
#include "base/workdir.h"
#include "bytes.h"
#include "command.h"
#include "image.h"
#include "stage/minimize.h"
#include "table.h"

struct encoding {
	struct text_list objects_given;
	const char *out, *encoder_name, *work_path;
	unsigned int timeout_s;
	bool in_place, normalize;

	enum encoder encoder;
	struct objects objects;
	struct workdir *work;
	char *scratch;
	struct image image;
	struct image_btf encoded;
	void *min;
	size_t min_size;
};

static void encoding__free(struct encoding *it)
{
	text_list__free(&it->objects_given);
	objects__free(&it->objects);
	image__free(&it->image);
	image_btf__free(&it->encoded);
	free(it->min);
	if (it->scratch)
		workdir__drop(it->scratch, 0);
	workdir__close(it->work);
}

/* llvm-objcopy and not binutils': it takes files of any architecture. */
static int add_section(const char *vmlinux, const char *btf_path, const char *out_path,
		       struct error *err)
{
	_cleanup_free_ char *section = NULL;
	const char *argv[] = { "llvm-objcopy", "--remove-section=.BTF", "--add-section", NULL,
			       vmlinux, out_path, NULL };
	const struct child_opts opts = { .argv = argv };
	struct child_result result = {};
	char tail[300];
	int res;

	if (asprintf(&section, ".BTF=%s", btf_path) < 0) {
		section = NULL;
		return error__oom(err);
	}
	argv[3] = section;
	res = child__run(&opts, &result, err);
	if (!res && result.exit_code)
		res = error__set(err, EIO, "%s: llvm-objcopy can't add .BTF: %s", vmlinux,
				 child_result__tail(&result, tail, sizeof(tail)));
	child_result__free(&result);
	return res;
}

/* The user's file gets the section, but none of the work copy's changes. */
static int write_in_place(struct encoding *it, const char *vmlinux, const void *btf, size_t size,
			  struct error *err)
{
	_cleanup_new_file_ struct new_file file = { .fd = -1 };
	_cleanup_free_ char *btf_path = NULL, *target = NULL;
	struct stat st;
	int res;

	if (asprintf(&btf_path, "%s/section.btf", it->scratch) < 0) {
		btf_path = NULL;
		return error__oom(err);
	}
	if (stat(vmlinux, &st) < 0)
		return error__set(err, errno, "%s: %s", vmlinux, strerror(errno));
	res = bytes__write(btf_path, btf, size, err);
	if (res)
		return res;
	target = realpath(vmlinux, NULL); /* a link stays one */
	if (!target)
		return error__set(err, errno, "%s: %s", vmlinux, strerror(errno));
	res = file__begin(&file, target, st.st_mode & 07777);
	if (res)
		return error__set(err, res, "%s: can't replace it: %s", vmlinux, strerror(-res));
	res = add_section(vmlinux, btf_path, file.tmp_path, err);
	if (res)
		return res;
	/* llvm-objcopy may have put another file there, with its own owner and mode */
	close(steal_fd(&file.fd));
	file.fd = open(file.tmp_path, O_RDWR | O_CLOEXEC);
	if (file.fd < 0 || (fchown(file.fd, st.st_uid, st.st_gid) < 0 && errno != EPERM) ||
	    fchmod(file.fd, st.st_mode & 07777) < 0)
		res = -errno;
	else
		res = file__commit(&file);
	return res ? error__set(err, res, "%s: can't replace it: %s", vmlinux, strerror(-res)) : 0;
}

static int run(struct encoding *it, const char *vmlinux, struct error *err)
{
	const void *btf;
	size_t size;
	int res;

	if (it->objects_given.count &&
	    (res = objects__read(it->objects_given.items, it->objects_given.count, "", &it->objects,
				 err)))
		return res;
	it->work = workdir__open(it->work_path, err);
	it->scratch = it->work ? workdir__scratch(it->work, err) : NULL;
	if (!it->scratch)
		return -EIO;
	res = image__open(vmlinux, false, it->encoder, &it->image, err);
	if (!res) {
		const struct image_encoding opts = {
			.scratch = it->scratch,
			.kernel_release = it->image.about.kernel_release,
			.timeout_s = it->timeout_s,
			.objects = &it->objects,
			.min_only = it->objects.count > 0,
			.threads = (unsigned int)get_nprocs(),
			.normalize = it->normalize,
		};

		res = image__encode(&it->image, it->encoder, &opts, &it->encoded, err);
	}
	if (res)
		return res;
	btf = it->encoded.btf;
	size = it->encoded.size;
	if (it->objects.count) {
		res = minimize__btf(&it->objects, btf, size, &it->min, &it->min_size, err);
		if (res)
			return res;
		btf = it->min;
		size = it->min_size;
	}
	return it->in_place ? write_in_place(it, vmlinux, btf, size, err)
			    : bytes__write(it->out, btf, size, err);
}

int cmd_encode(int argc, char **argv)
{
	struct encoding it __attribute__((__cleanup__(encoding__free))) = {};
	const struct option_def options[] = {
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "Output" },
		{ OPTION_TEXT, "output", 'o', "OUT.btf", &it.out, "raw BTF here; - is stdout" },
		{ OPTION_FLAG, "in-place", 0, NULL, &it.in_place,
		  "as section .BTF of the file itself" },
		{ OPTION_LIST, "for", 'f', "OBJ.bpf.o", &it.objects_given,
		  "minimized for these BPF objects, together" },
		{ OPTION_HEADING, NULL, 0, NULL, NULL, "How" },
		{ OPTION_TEXT, "encoder", 'e', "NAME", &it.encoder_name,
		  "auto, pahole, embedded or dwarf, as for build" },
		{ OPTION_FLAG, "normalize", 0, NULL, &it.normalize,
		  "merge types that CO-RE can't tell apart" },
		{ OPTION_NUMBER, "encode-timeout", 0, "SECONDS", &it.timeout_s,
		  "stop the encoder after this long\n(default: 1800)" },
		{ OPTION_TEXT, "work", 'w', "DIR", &it.work_path,
		  "scratch (default: $XDG_CACHE_HOME/btfgen)" },
		{},
	};
	const struct command_line line = {
		.name = "encode",
		.arguments = "-o OUT.btf|--in-place [OPTION]... VMLINUX",
		.description = "Make BTF of one vmlinux (or take that of a vmlinuz), without an "
			       "archive.",
		.options = options,
		.min_arguments = 1,
		.max_arguments = 1,
	};
	struct error err = {};
	int exit_code, first = options__parse(&line, argc, argv, &exit_code);

	if (first < 0)
		return exit_code;
	if (!it.out == !it.in_place) {
		log__error("encode: give either -o OUT.btf or --in-place");
		return EXIT_USAGE;
	}
	if (encoder__parse(it.encoder_name, &it.encoder, &err)) {
		log__error("%s", err.text);
		return EXIT_USAGE;
	}
	if (it.encoder == ENCODER_DWARF && (!it.objects_given.count || it.normalize)) {
		log__error("encode: --encoder dwarf makes BTF for the objects that --for names, and of "
			   "no others%s", it.normalize ? "; there is nothing to normalize" : "");
		return EXIT_USAGE;
	}
	if (run(&it, argv[first], &err)) {
		log__error("%s", err.text);
		return EXIT_FAILED;
	}
	log__info("%s: %zu bytes of BTF by %s%s%s", it.in_place ? argv[first] : it.out,
		  it.min ? it.min_size : it.encoded.size, it.encoded.encoder,
		  *it.encoded.version ? " " : "", it.encoded.version);
	return EXIT_OK;
}
