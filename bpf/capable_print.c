/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "capable_print.h"

#include <linux/types.h>

#include "capable.h"
#include "print_json.h"

/* By number, as in linux/capability.h; new ones come at the end. */
static const char *const names[] = {
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID",
	"CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW",
	"CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
	"CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE",
	"CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ",
	"CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
};

static const char *name_of(int capability)
{
	size_t count = sizeof(names) / sizeof(names[0]);

	return capability >= 0 && (size_t)capability < count ? names[capability] : "?";
}

void capable__print_heading(void)
{
	printf("%7s %6s %4s %4s %-22s %s\n", "PID", "UID", "RET", "CAP", "NAME", "COMM");
}

int capable__print(const void *data, size_t size, bool json)
{
	const struct capable_event *event = data;

	if (size < sizeof(*event))
		return -1;
	if (json) {
		printf("{\"pid\":%u,\"uid\":%u,\"ret\":%d,\"capability\":%d,\"name\":\"%s\",\"comm\":",
		       event->pid, event->uid, event->ret, event->capability,
		       name_of(event->capability));
		print_json_text(event->comm, sizeof(event->comm));
		printf("}\n");
		return 0;
	}
	printf("%7u %6u %4d %4d %-22s ", event->pid, event->uid, event->ret, event->capability,
	       name_of(event->capability));
	print_text(event->comm, sizeof(event->comm), 0);
	putchar('\n');
	return 0;
}
