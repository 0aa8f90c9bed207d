/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An agent as its authors would write it: a skeleton, and an archive with BTF for the
 * kernels that have none, both linked in. Usage: agent ROUNDS [force] [archive]
 */
#include <errno.h>
#include <kbtf_load.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent.skel.h"
#include "agent_btf.h"

static int play(struct agent *agent, struct kbtf_object *object, int rounds)
{
	int err;

	agent->rodata->target_pid = getpid();
	agent->rodata->target_call = SYS_getppid;
	agent->data->step = 3;
	if ((err = kbtf_object__load_skeleton(object, agent->skeleton)) ||
	    (err = agent__attach(agent)))
		return err;
	for (int i = 0; i < rounds; i++)
		syscall(SYS_getppid);
	if ((err = kbtf_object__pull_globals(object)))
		return err;
	printf("step %d calls %llu\n", agent->data->step, agent->bss->calls);
	printf("parent %d comm %.16s kernel %d.%d\n", agent->bss->seen.parent, agent->bss->seen.comm,
	       agent->bss->seen.kernel >> 16, agent->bss->seen.kernel >> 8 & 0xff);
	agent->data->step = 1000; /* a change while it runs */
	if ((err = kbtf_object__push_globals(object)))
		return err;
	syscall(SYS_getppid);
	if ((err = kbtf_object__pull_globals(object)))
		return err;
	printf("step %d calls %llu\n", agent->data->step, agent->bss->calls);
	return 0;
}

int main(int argc, char **argv)
{
	struct kbtf_archive *archive = kbtf_archive__open_mem(agent_btf, agent_btf_size);
	struct kbtf_object_opts opts = { .sz = sizeof(opts), .archive = archive };
	struct agent *agent = calloc(1, sizeof(*agent));
	struct kbtf_object *object = NULL;
	int err = archive && agent ? agent__create_skeleton(agent) : -errno;

	for (int i = 2; i < argc; i++) {
		opts.no_kernel_btf |= strcmp(argv[i], "archive") == 0;
		if (strcmp(argv[i], "force") == 0)
			opts.legacy_globals = KBTF_LEGACY_GLOBALS_FORCE;
	}
	if (!err && !(err = kbtf_object__open_skeleton(agent->skeleton, &opts, &object)))
		err = play(agent, object, atoi(argv[1]));
	for (size_t i = 0; object && i < kbtf_object__remark_count(object); i++)
		printf("%d: %s\n", kbtf_object__remark(object, i)->kind,
		       kbtf_object__remark(object, i)->text);
	if (err)
		fprintf(stderr, "agent: %s\n", strerror(-err));
	kbtf_object__close(object); /* before the skeleton, which then has no object to close */
	agent__destroy(agent);
	kbtf_archive__close(archive);
	return err != 0;
}
