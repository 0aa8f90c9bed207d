/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* libbpf_load BTF OBJECT [attach]: what an agent does that has the right BTF file already. */
#include <bpf/libbpf.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = argv[1]);
	struct bpf_object *object = argc > 2 ? bpf_object__open_file(argv[2], &opts) : NULL;
	struct bpf_program *program;
	int count = 0;

	if (!object || bpf_object__load(object))
		return 1;
	if (argc > 3) {
		bpf_object__for_each_program(program, object)
			count += bpf_program__attach(program) != NULL;
		fprintf(stderr, "%d attached\n", count);
		pause(); /* until the measurer's SIGINT */
	}
	bpf_object__close(object);
	return 0;
}
