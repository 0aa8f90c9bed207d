/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <curl/curl.h>
#include <elfutils/version.h>
#include <errno.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/cancel.h"
#include "base/log.h"
#include "base/meter.h"
#include "command.h"
#include "kbtf.h"
#include "base/options.h"
#include "stage/encode.h"

static const struct command {
	const char *name;
	const char *alias;
	int (*run)(int argc, char **argv);
	const char *summary;
} commands[] = {
	{ "build", NULL, cmd_build, "fetch, encode, minimize and archive kernels" },
	{ "list", NULL, cmd_list, "the kernels known, and which are archived" },
	{ "plan", NULL, cmd_plan, "what build would do, as jobs for several machines" },
	{ "index", NULL, cmd_index, "refresh what is known from signed indexes" },
	{ "status", NULL, cmd_status, "coverage: known, archived, failed and why" },
	{ "add", NULL, cmd_add, "archive local packages, vmlinux files and BTF" },
	{ "import", NULL, cmd_import, "archive a BTFHub tree" },
	{ "export", NULL, cmd_export, "write BTF out of an archive" },
	{ "encode", NULL, cmd_encode, "make BTF of one vmlinux" },
	{ "minimize", "min", cmd_minimize, "cut BTF down to what BPF objects need" },
	{ "check", NULL, cmd_check, "which BPF objects work on which kernels, and why not" },
	{ "explain", NULL, cmd_explain, "what each relocation of an object comes to, and why" },
	{ "show", NULL, cmd_show, "print types as C or raw" },
	{ "diff", NULL, cmd_diff, "what changed between the types of two kernels" },
	{ "which", NULL, cmd_which, "what this machine would use, and why" },
	{ "verify", NULL, cmd_verify, "check an archive, digest by digest" },
	{ "stats", NULL, cmd_stats, "what an archive holds and what it takes" },
	{ "compact", NULL, cmd_compact, "store an archive's kernels anew, in less" },
	{ "merge", NULL, cmd_merge, "bring archives together in one" },
	{ "rm", NULL, cmd_rm, "drop kernels from an archive" },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_help(FILE *out)
{
	fprintf(out, "btfgen: BTF for every Linux kernel\n\n"
		     "Usage: btfgen --kernel PATTERN [OPTION]...    same as: btfgen build ...\n"
		     "       btfgen COMMAND [OPTION]... [ARGUMENT]...\n\nCommands:\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-12s%s\n", commands[i].name, commands[i].summary);
	fprintf(out, "\nOptions:\n"
		     "  -h, --help     this help; `btfgen COMMAND --help` tells more\n"
		     "  -V, --version  versions of btfgen and of what it works with\n\n"
		     "Examples:\n"
		     "  btfgen --kernel 4.18                 BTF of every 4.18 kernel there is\n"
		     "  btfgen list --distro debian --kernel 5.10\n"
		     "  btfgen add vmlinux                   one that you built yourself\n"
		     "  btfgen show FILE 'struct task_struct'\n\n"
		     "Exit status: 0 all done, 1 something failed, 2 usage, 3 nothing matched.\n");
}

static int print_version(void)
{
	char *version = NULL, *flags = NULL;
	struct error err = {};

	encode__plan("", &version, &flags, &err);
	printf("btfgen %s\nlibbpf %u.%u\npahole %s\nlibdw (elfutils) 0.%d\nzstd %s\nlibcurl %s\n",
	       kbtf__version(), libbpf_major_version(), libbpf_minor_version(),
	       version ? version : "not found", _ELFUTILS_VERSION, ZSTD_versionString(),
	       curl_version_info(CURLVERSION_NOW)->version);
	free(version);
	free(flags);
	return EXIT_OK;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(name, commands[i].name) == 0 ||
		    (commands[i].alias && strcmp(name, commands[i].alias) == 0))
			return &commands[i];
	return NULL;
}

static int help_of(const char *name)
{
	const struct command *command = find_command(name);
	char *argv[] = { (char *)name, (char *)"--help", NULL };

	if (command)
		return command->run(2, argv);
	fprintf(stderr, "btfgen: no command '%s'. Try 'btfgen --help'.\n", name);
	return EXIT_USAGE;
}

static bool names_kernels(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], "--kernel", 8) == 0 || strncmp(argv[i], "-k", 2) == 0 ||
		    strcmp(argv[i], "--help") == 0)
			return true;
	return false;
}

static int dispatch(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0 ||
	    (strcmp(argv[1], "help") == 0 && argc == 2)) {
		print_help(stdout);
		return EXIT_OK;
	}
	if (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0)
		return print_version();
	if (strcmp(argv[1], "help") == 0)
		return help_of(argv[2]);
	/* only options: the main job, if they say of what; a slip must not build the world */
	if (argv[1][0] == '-') {
		if (names_kernels(argc, argv))
			return cmd_build(argc, argv);
		fprintf(stderr, "btfgen: which kernels? Give --kernel PATTERN, or `btfgen build` for "
				"all that are known.\nTry 'btfgen --help'.\n");
		return EXIT_USAGE;
	}
	command = find_command(argv[1]);
	if (!command) {
		fprintf(stderr, "btfgen: no command '%s'. Try 'btfgen --help'.\n", argv[1]);
		return EXIT_USAGE;
	}
	return command->run(argc - 1, argv + 1);
}

/* libbpf's own words would come between ours; errors reach us by its return values. */
static int silence(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
	return 0;
}

int main(int argc, char **argv)
{
	int exit_code;

	cancel__install();
	libbpf_set_print(silence);
	exit_code = dispatch(argc, argv);
	/* a full disk or a closed pipe shows only here */
	if (fflush(stdout) != 0 || ferror(stdout)) {
		log__error("can't write the output: %s", strerror(errno));
		exit_code = EXIT_FAILED;
	}
	if (cancel__requested())
		cancel__reraise();
	return exit_code;
}
