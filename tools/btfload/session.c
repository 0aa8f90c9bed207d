/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json_text.h"
#include "base/log.h"
#include "cgroup.h"
#include "settings.h"

/* So many programs of one object may be left out, one a try. */
#define MAX_TRIES 64
/* What public tools give their maps where the object leaves the size to them. */
#define DEFAULT_ENTRIES 10240
#define DEFAULT_RING (256 * 1024)
/* kernel.perf_event_max_stack, as it is unless changed */
#define DEFAULT_STACK_DEPTH 127

/* One program that is attached: by a link, or else by the session's cgroup. */
struct attachment {
	const struct bpf_program *program;
	struct bpf_link *link;
};

static void detach(const struct session *session, struct attachment *attachment)
{
	/* to destroy the link of a perf event is to switch that off, pinned or not */
	if (attachment->link && session->pins.kept && bpf_link__pin_path(attachment->link))
		bpf_link__disconnect(attachment->link);
	if (attachment->link)
		bpf_link__destroy(attachment->link);
	else
		cgroup__detach(attachment->program, session->cgroup_fd);
}

static void close_object(struct session *session)
{
	for (size_t i = 0; i < session->attachment_count; i++)
		detach(session, &session->attachments[i]);
	free(session->attachments);
	session->attachments = NULL;
	session->attachment_count = 0;
	kbtf_object__close(session->object);
	session->object = NULL;
}

void session__free(struct session *session)
{
	close_object(session);
	pins__close(&session->pins);
	if (session->has_cgroup)
		close(session->cgroup_fd);
	kbtf_archive__close(session->archive);
	kbtf_host__free(session->host);
	text_list__free(&session->settings);
	for (size_t i = 0; i < session->left_out_count; i++)
		free(session->left_out[i]);
	free(session->left_out);
	json_decref(session->attached);
	free(session->unattached);
}

/* ---- what went wrong --------------------------------------------------------------------- */

static void log_remarks(const struct session *session, enum kbtf_remark_kind kind)
{
	for (size_t i = 0; i < kbtf_object__remark_count(session->object); i++) {
		const struct kbtf_remark *remark = kbtf_object__remark(session->object, i);

		if (remark->kind == kind && kind == KBTF_REMARK_PROBLEM) {
			if (!session->tells_problems)
				log__error("%s: %s", session->object_path, remark->text);
		} else if (remark->kind == kind && kind == KBTF_REMARK_WARNING) {
			log__warn("%s: %s", session->object_path, remark->text);
		} else if (remark->kind == kind) {
			log__info("%s: left out: %s", session->object_path, remark->text);
		}
	}
}

/* The mode that --legacy-globals names, or -1. */
static int legacy_mode(const struct session *session)
{
	static const struct {
		const char *name;
		enum kbtf_legacy_globals mode;
	} modes[] = { { "auto", KBTF_LEGACY_GLOBALS_AUTO }, { "force", KBTF_LEGACY_GLOBALS_FORCE },
		      { "off", KBTF_LEGACY_GLOBALS_OFF } };

	for (size_t i = 0; session->legacy_name && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(session->legacy_name, modes[i].name) == 0)
			return modes[i].mode;
	return session->legacy_name ? -1 : (int)KBTF_LEGACY_GLOBALS_AUTO;
}

bool session__is_valid(const struct session *session)
{
	if (legacy_mode(session) >= 0)
		return true;
	log__error("--legacy-globals: '%s' is none of auto, force, off", session->legacy_name);
	return false;
}

static int open_sources(struct session *session, struct kbtf_object_opts *opts)
{
	struct kbtf_host_opts host_opts = { .sz = sizeof(host_opts),
					    .ident_file = session->ident_file,
					    .root = session->host_root,
					    .os_release = session->os_release };

	opts->legacy_globals = (enum kbtf_legacy_globals)legacy_mode(session);
	session->host = kbtf_host__new(&host_opts);
	if (!session->host) {
		log__error("%s: does not describe a machine: %s", session->ident_file ?
			   session->ident_file : session->os_release ? session->os_release : "uname",
			   strerror(errno));
		return -EINVAL;
	}
	if (session->archive_path) {
		session->archive = kbtf_archive__open(session->archive_path);
		if (!session->archive) {
			int err = -errno;

			log__error("%s: %s", session->archive_path, err == -EBADMSG ?
				   "is no archive, or is damaged" : err == -ENOTSUP ?
				   "is of another format than this program's; build it anew with "
				   "`btfgen build` of the same version" : strerror(-err));
			return err;
		}
	}
	opts->archive = session->archive;
	opts->host = session->host;
	opts->btf_file = session->btf_file;
	opts->no_kernel_btf = session->no_kernel_btf;
	opts->full_btf = session->full_btf;
	opts->infer = session->infer;
	opts->leave_out = !session->strict;
	return 0;
}

bool session__has_sources(const struct session *session)
{
	return session->host && (session->archive || !session->archive_path);
}

/* ---- before loading ------------------------------------------------------------------------- */

/* Types of maps whose number of entries is, or may be, left to the kernel. */
static bool may_be_unsized(enum bpf_map_type type)
{
	switch ((int)type) {
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
	case BPF_MAP_TYPE_CGROUP_STORAGE:
	case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
	case BPF_MAP_TYPE_SK_STORAGE:
	case BPF_MAP_TYPE_INODE_STORAGE:
	case BPF_MAP_TYPE_TASK_STORAGE:
	case BPF_MAP_TYPE_STRUCT_OPS:
	case 32: /* cgrp_storage, of Linux 6.2 */
		return true;
	default:
		return false;
	}
}

/* Tools set such sizes in their user space; an object run by itself has nobody else. */
static void size_maps(struct session *session)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, kbtf_object__bpf(session->object)) {
		enum bpf_map_type type = bpf_map__type(map);
		bool ring = type == BPF_MAP_TYPE_RINGBUF;
		int entries;

		if (type == BPF_MAP_TYPE_STACK_TRACE && !bpf_map__value_size(map)) {
			bpf_map__set_key_size(map, sizeof(__u32));
			bpf_map__set_value_size(map, DEFAULT_STACK_DEPTH * sizeof(__u64));
		}
		if (bpf_map__max_entries(map) || may_be_unsized(type))
			continue;
		/* one a CPU, of which there are no more */
		entries = type == BPF_MAP_TYPE_CPUMAP ? libbpf_num_possible_cpus() :
			  ring ? DEFAULT_RING : DEFAULT_ENTRIES;
		if (entries > 0 && bpf_map__set_max_entries(map, (uint32_t)entries) == 0)
			log__verbose("%s: map %s has no size: given %d", session->object_path,
				     bpf_map__name(map), entries);
	}
}

static int open_object(struct session *session, const struct kbtf_object_opts *opts)
{
	int err;

	close_object(session);
	err = kbtf_object__open(session->object_path, opts, &session->object);
	if (err) {
		if (session->object)
			log_remarks(session, KBTF_REMARK_PROBLEM);
		else if (!session->tells_problems)
			log__error("%s: %s", session->object_path, strerror(-err));
		return err;
	}
	if (!session->left_out_count)
		log_remarks(session, KBTF_REMARK_WARNING);
	size_maps(session);
	err = settings__apply(session->object, session->settings.items, session->settings.count);
	return err || !session->pins.dir ? err : pins__use_maps(&session->pins, session->object);
}

/* ---- loading ---------------------------------------------------------------------------------- */

static size_t count_wanted(const struct session *session)
{
	struct bpf_program *program;
	size_t count = 0;

	bpf_object__for_each_program(program, kbtf_object__bpf(session->object))
		count += bpf_program__autoload(program);
	return count;
}

/* To be loaded without it, or perhaps in its place. */
static bool has_others(const struct session *session, const struct bpf_program *failed)
{
	return count_wanted(session) > 1 || strstr(bpf_program__name(failed), "___");
}

static bool leave_out(struct session *session, const char *name)
{
	char **grown = realloc(session->left_out,
			       (session->left_out_count + 2) * sizeof(*grown));
	char *copy = strdup(name);

	if (grown)
		session->left_out = grown;
	if (!grown || !copy) {
		free(copy);
		return false;
	}
	grown[session->left_out_count++] = copy;
	grown[session->left_out_count] = NULL;
	return true;
}

int session__load(struct session *session, const char *object_path)
{
	struct kbtf_object_opts opts = { .sz = sizeof(opts) };
	int err;

	session->object_path = object_path;
	err = open_sources(session, &opts);
	if (!err && session->pin_dir)
		err = pins__open(&session->pins, session->pin_dir);
	for (int tries = 0; !err; tries++) {
		struct bpf_program *failed;

		opts.refused = (const char *const *)session->left_out;
		err = open_object(session, &opts);
		if (err)
			break;
		if (!count_wanted(session)) {
			log_remarks(session, KBTF_REMARK_LEFT_OUT);
			if (!session->tells_problems)
				log__error("%s: none of its programs can be loaded on this kernel",
					   object_path);
			return -EOPNOTSUPP;
		}
		err = kbtf_object__load(session->object);
		if (!err)
			break;
		failed = kbtf_object__failed_program(session->object);
		log_remarks(session, KBTF_REMARK_PROBLEM);
		if (session->strict || !failed || !has_others(session, failed) ||
		    tries == MAX_TRIES || !leave_out(session, bpf_program__name(failed)))
			return err;
		log__info("%s: left out: %s", object_path, bpf_program__name(failed));
		err = 0;
	}
	if (!err)
		log_remarks(session, KBTF_REMARK_LEFT_OUT);
	if (!err && session->pins.dir)
		err = pins__take_up_programs(&session->pins, session->object);
	return err;
}

/* ---- attaching ----------------------------------------------------------------------------------- */

/* A section like "kprobe" names a kind of program and nothing to attach it to: for tail calls. */
static bool is_attached_elsewhere(const struct bpf_program *program, int err)
{
	return err == -EOPNOTSUPP && !strchr(bpf_program__section_name(program), '/');
}

static const char *find_reason(struct session *session, const char *section, int err)
{
	if (!session->found_means)
		session->means = attach_means__find();
	session->found_means = true;
	return attach_reason__of(section, err, &session->means);
}

/* What is the same for many programs is not said with each. */
static void say_remedy(struct session *session, const char *reason)
{
	const char *remedy = attach_reason__remedy(reason);

	if (!remedy || remedy == session->remedy)
		return;
	session->remedy = remedy;
	log__warn("%s: %s", reason, remedy);
}

/* The first, but one that something can be done about before others. */
static void keep_unattached(struct session *session, const char *name, const char *reason,
			    bool remediable)
{
	char *text;

	if ((session->unattached && !remediable) ||
	    asprintf(&text, "%s does not attach: %s", name, reason) < 0)
		return;
	free(session->unattached);
	session->unattached = text;
}

static void note_attachment(struct session *session, const struct bpf_program *program, int err)
{
	const char *name = bpf_program__name(program), *section = bpf_program__section_name(program);
	const char *reason = err ? find_reason(session, section, err) : NULL;
	bool missing = err && !is_attached_elsewhere(program, err);

	if (missing)
		log__warn("%s: %s (%s) does not attach: %s%s%s", session->object_path, name, section,
			  strerror(-err), reason ? "; " : "", reason ? reason : "");
	if (missing)
		keep_unattached(session, name, reason ? reason : strerror(-err),
				reason && !session->remedy && attach_reason__remedy(reason));
	if (missing && reason)
		say_remedy(session, reason);
	json_array_append_new(session->attached,
			      json_pack("{s:o, s:o, s:b, s:s}", "program", json_text(name), "section",
					json_text(section), "attached", !err, "reason",
					reason ? reason : err ? strerror(-err) : ""));
}

/* If some program is for one; said once, and not for each program. */
static int open_cgroup(struct session *session)
{
	struct bpf_program *program;
	int fd = -1;

	bpf_object__for_each_program(program, kbtf_object__bpf(session->object)) {
		if (bpf_program__fd(program) < 0 || !cgroup__takes(program))
			continue;
		fd = cgroup__open(session->cgroup_path);
		if (fd < 0)
			return fd;
		session->has_cgroup = true;
		session->cgroup_fd = fd;
		break;
	}
	return 0;
}

static int attach(struct session *session, struct attachment *attachment)
{
	if (session->pins.dir)
		attachment->link = pins__take_up_link(&session->pins, attachment->program,
						      session->has_cgroup &&
						      cgroup__takes(attachment->program) ?
						      session->cgroup_fd : -1);
	if (attachment->link)
		return 0;
	if (cgroup__takes(attachment->program))
		return session->has_cgroup ? cgroup__attach(attachment->program, session->cgroup_fd,
							    &attachment->link) : -ENOENT;
	attachment->link = bpf_program__attach(attachment->program);
	return attachment->link ? 0 : -errno;
}

int session__attach(struct session *session)
{
	struct bpf_object *object = kbtf_object__bpf(session->object);
	struct bpf_program *program;
	size_t count = 0;
	int last_err = open_cgroup(session);

	/* others may do without, unless it was asked for */
	if (last_err && session->cgroup_path)
		return last_err;
	bpf_object__for_each_program(program, object)
		count++;
	session->attachments = calloc(count + 1, sizeof(*session->attachments));
	session->attached = json_array();
	if (!session->attachments)
		return -ENOMEM;
	bpf_object__for_each_program(program, object) {
		struct attachment attachment = { .program = program };
		int err;

		if (bpf_program__fd(program) < 0)
			continue;
		err = attach(session, &attachment);
		note_attachment(session, program, err);
		if (err)
			last_err = err;
		else
			session->attachments[session->attachment_count++] = attachment;
	}
	if (session->attachment_count)
		return (int)session->attachment_count;
	return last_err ? last_err : -ENOENT;
}

int session__pin(struct session *session)
{
	int err;

	if (!session->pins.dir)
		return 0;
	err = pins__keep_programs(&session->pins, session->object);
	for (size_t i = 0; !err && i < session->attachment_count; i++)
		err = pins__keep_link(&session->pins, session->attachments[i].program,
				      session->attachments[i].link);
	if (!err)
		pins__tell(&session->pins);
	return err;
}

/* ---- explaining ------------------------------------------------------------------------------------ */

static const char *kind_name(enum kbtf_remark_kind kind)
{
	static const char *const names[] = { "btf", "probe", "adapted", "left-out", "problem",
					     "chosen", "warning" };

	return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "?";
}

void session__explain(const struct session *session)
{
	json_t *remarks = json_array(), *whole;

	for (size_t i = 0; session->object && i < kbtf_object__remark_count(session->object); i++) {
		const struct kbtf_remark *remark = kbtf_object__remark(session->object, i);

		if (session->json)
			json_array_append_new(remarks, json_pack("{s:s, s:o}", "kind",
								 kind_name(remark->kind), "text",
								 json_text(remark->text)));
		else
			printf("%-9s %s\n", kind_name(remark->kind), remark->text);
	}
	for (size_t i = 0; !session->json && i < session->left_out_count; i++)
		printf("%-9s %s, which does not load\n", "left-out", session->left_out[i]);
	if (session->json) {
		whole = json_pack("{s:o}", "remarks", remarks);
		if (session->attached)
			json_object_set(whole, "programs", session->attached);
		if (session->pins.dir)
			json_object_set_new(whole, "pins", pins__to_json(&session->pins));
		json_dumpf(whole, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(whole);
	} else {
		json_decref(remarks);
	}
	fflush(stdout);
}
