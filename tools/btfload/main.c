/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "events.h"
#include "list.h"
#include "programs.h"
#include "session.h"

static void print_help(FILE *out)
{
	fprintf(out, "btfload: one BPF object on every kernel\n\n"
		     "Usage: btfload PROGRAM [OPTION]...       a bundled program\n"
		     "       btfload run OBJ.bpf.o [OPTION]... any CO-RE object\n"
		     "       btfload list                      the bundled programs\n"
		     "       btfload unpin DIR                 remove what --pin has pinned\n\n"
		     "Programs:\n");
	for (const struct bundled *program = bundled_programs; program->name; program++)
		fprintf(out, "  %-12s%s\n", program->name, program->summary);
	fprintf(out, "\nOptions:\n"
		     "  -h, --help     this help; `btfload run --help` tells more\n"
		     "  -V, --version  version of libkbtf and libbpf\n\n"
		     "Exit status: 0 it ran, 1 it failed, 2 usage, 3 nothing could be attached.\n");
}

/* ---- one object ----------------------------------------------------------------------------- */

/* What `program` has collected; of an object that is not bundled (NULL), all maps. */
static int print_end(const struct session *session, const struct bundled *program)
{
	int map_fd, err;

	if (!program) {
		events__print_maps(session);
		return 0;
	}
	if (!program->print_end)
		return 0;
	map_fd = bpf_object__find_map_fd_by_name(kbtf_object__bpf(session->object),
						 program->end_map);
	err = map_fd < 0 ? map_fd : program->print_end(map_fd, session->json);
	if (err)
		log__error("%s: its map %s can't be read: %s", session->object_path,
			   program->end_map, strerror(-err));
	return err;
}

/* `program`: NULL for an object that is not bundled */
static int run(struct session *session, const char *object_path, const struct bundled *program)
{
	int err;

	if (!session__is_valid(session))
		return EXIT_USAGE;
	err = session__load(session, object_path);
	if (err) {
		if (session->explain)
			session__explain(session);
		return EXIT_FAILED;
	}
	if (!session->load_only)
		err = session__attach(session);
	if (err >= 0 && session__pin(session) < 0)
		return EXIT_FAILED;
	if (session->explain || (session->load_only && session->json))
		session__explain(session);
	session->pins.kept = err >= 0;
	if (session->load_only)
		return EXIT_OK;
	if (err < 0) {
		if (session->attached)
			log__error("%s: nothing could be attached: %s", object_path, strerror(-err));
		return EXIT_NOTHING;
	}
	if (program && program->print_heading && !session->json && !session->explain)
		program->print_heading();
	log__info("%s: %d attached; Ctrl-C ends", object_path, err);
	err = events__run(session, program ? program->print : NULL);
	if (print_end(session, program) != 0 || err)
		session->pins.kept = false;
	return session->pins.kept ? EXIT_OK : EXIT_FAILED;
}

static int cmd_run(int argc, char **argv)
{
	struct session session __attribute__((__cleanup__(session__free))) = {};
	const struct option_def options[] = {
		SESSION_OPTIONS(session),
		{ OPTION_FLAG, "load-only", 'l', NULL, &session.load_only,
		  "load, and attach nothing" },
		{},
	};
	const struct command_line line = {
		.program = "btfload",
		.name = "run",
		.arguments = "[OPTION]... OBJ.bpf.o",
		.description = "Load a BPF object, attach its programs, and print what they send. What "
			       "this\nkernel can't have is adapted or left out, and named.",
		.options = options,
		.epilogue = "Examples:\n  btfload run opensnoop.bpf.o --set target_pid=1 -D 10\n"
			    "  btfload run agent.bpf.o -a agent.kbtf --explain --load-only",
		.min_arguments = 1,
		.max_arguments = 1,
	};
	int exit_code, first = options__parse(&line, argc, argv, &exit_code);

	return first < 0 ? exit_code : run(&session, argv[first], NULL);
}

static int cmd_unpin(int argc, char **argv)
{
	const struct option_def options[] = { {} };
	const struct command_line line = {
		.program = "btfload",
		.name = "unpin",
		.arguments = "[OPTION]... DIR",
		.description = "Remove what --pin has pinned in a directory; programs whose links it "
			       "holds are\ndetached.",
		.options = options,
		.min_arguments = 1,
		.max_arguments = 1,
	};
	int exit_code, first = options__parse(&line, argc, argv, &exit_code);

	if (first < 0)
		return exit_code;
	return pins__remove(argv[first]) ? EXIT_FAILED : EXIT_OK;
}

/* ---- bundled programs -------------------------------------------------------------------------- */

/* As --set target_pid=PID; `text` must live as long as the session. */
static bool set_pid(struct session *session, unsigned int pid, char *text, size_t size)
{
	struct text_list *settings = &session->settings;
	const char **grown = realloc(settings->items, (settings->count + 2) * sizeof(*grown));

	if (!grown)
		return false;
	snprintf(text, size, "target_pid=%u", pid);
	settings->items = grown;
	grown[settings->count++] = text;
	grown[settings->count] = NULL;
	return true;
}

static int run_bundled(const struct bundled *program, int argc, char **argv)
{
	char pid_setting[sizeof("target_pid=4294967295")];
	struct session session __attribute__((__cleanup__(session__free))) = {};
	_cleanup_free_ char *path = bundled__path(program->name);
	unsigned int pid = 0;
	const struct option_def pid_option = { OPTION_NUMBER, "pid", 'p', "PID", &pid,
					       "watch this process only" };
	const struct option_def options[] = {
		SESSION_OPTIONS(session),
		{ OPTION_FLAG, "load-only", 'l', NULL, &session.load_only,
		  "load, and attach nothing" },
		program->takes_pid ? pid_option : (struct option_def){},
		{},
	};
	const struct command_line line = {
		.program = "btfload",
		.name = program->name,
		.arguments = "[OPTION]...",
		.description = program->description,
		.options = options,
		.max_arguments = 0,
	};
	int exit_code;

	if (options__parse(&line, argc, argv, &exit_code) < 0)
		return exit_code;
	if (!path)
		return EXIT_FAILED;
	if (pid && !set_pid(&session, pid, pid_setting, sizeof(pid_setting)))
		return EXIT_FAILED;
	return run(&session, path, program);
}

/* ---- the program --------------------------------------------------------------------------------- */

/* libbpf's words would come between ours; what it finds reaches us by return values. */
static int silence(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level == LIBBPF_DEBUG || !log__is_verbose())
		return 0;
	return vfprintf(stderr, format, args);
}

static int dispatch(int argc, char **argv)
{
	if (argc < 2) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0) {
		print_help(stdout);
		return EXIT_OK;
	}
	if (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0) {
		printf("btfload %s\nlibbpf %u.%u\n", kbtf__version(), libbpf_major_version(),
		       libbpf_minor_version());
		return EXIT_OK;
	}
	if (strcmp(argv[1], "run") == 0)
		return cmd_run(argc - 1, argv + 1);
	if (strcmp(argv[1], "unpin") == 0)
		return cmd_unpin(argc - 1, argv + 1);
	if (strcmp(argv[1], "list") == 0)
		return cmd_list(argc - 1, argv + 1);
	for (const struct bundled *program = bundled_programs; program->name; program++)
		if (strcmp(argv[1], program->name) == 0)
			return run_bundled(program, argc - 1, argv + 1);
	fprintf(stderr, "btfload: no program or command '%s'. Try 'btfload --help'.\n", argv[1]);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	int exit_code;

	cancel__install();
	libbpf_set_print(silence);
	log__set_program("btfload");
	exit_code = dispatch(argc, argv);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		log__error("can't write the output: %s", strerror(errno));
		exit_code = EXIT_FAILED;
	}
	return exit_code;
}
