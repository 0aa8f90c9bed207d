/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What distributions' kernels say of themselves, and which os-release that allows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "vendor.h"

static const struct {
	const char *kernel_release, *kernel_version, *signature;
	const char *distro; /* the only one; "": several or none */
	const char *release, *package_version;
	const char *allowed, *refused; /* "ID VERSION_ID" of os-release, NULL: none to try */
} table[] = {
	/* Debian 8 to 13, backports and cloud kernels */
	{ "3.16.0-11-amd64", "#1 SMP Debian 3.16.84-1 (2020-06-09)", "", "debian", "", "3.16.84-1",
	  "debian 8", "ubuntu 14.04" },
	{ "4.9.0-19-amd64", "#1 SMP Debian 4.9.320-2 (2022-06-30)", "", "debian", "", "4.9.320-2",
	  "debian 9", "centos 7" },
	{ "4.9.0-6-amd64", "#1 SMP Debian 4.9.82-1+deb9u3 (2018-03-02)", "", "debian", "9",
	  "4.9.82-1+deb9u3", "debian 9", "debian 12" },
	{ "4.19.0-27-amd64", "#1 SMP Debian 4.19.316-1 (2024-06-25)", "", "debian", "", "4.19.316-1",
	  "debian 10", "alpine 3.19" },
	{ "4.19.0-6-cloud-amd64", "#1 SMP Debian 4.19.67-2+deb10u2 (2019-11-11)", "", "debian", "10",
	  "4.19.67-2+deb10u2", "debian 10", "debian 11" },
	{ "4.19.0-0.bpo.9-amd64", "#1 SMP Debian 4.19.118-2+deb10u1~bpo9+1 (2020-06-09)", "", "debian",
	  "9", "4.19.118-2+deb10u1~bpo9+1", "debian 9", "debian 10" },
	{ "5.10.0-0.deb10.24-amd64", "#1 SMP Debian 5.10.179-5~deb10u1 (2023-08-08)", "", "debian",
	  "10", "5.10.179-5~deb10u1", "debian 10", "debian 1" },
	{ "5.10.0-28-amd64", "#1 SMP Debian 5.10.209-2 (2024-01-31)", "", "debian", "", "5.10.209-2",
	  "debian 11", "devuan 4" },
	{ "6.1.0-0.deb11.17-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.69-1~bpo11+1 (2024-01-05)", "",
	  "debian", "11", "6.1.69-1~bpo11+1", "debian 11", "debian 12" },
	{ "6.1.0-18-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)", "", "debian", "",
	  "6.1.76-1", "debian 12", "fedora 39" },
	{ "6.12.43+deb13-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.12.43-1 (2025-08-27)", "", "debian",
	  "13", "6.12.43-1", "debian 13", "debian 12" },
	{ "6.12.43+deb13-arm64", "#1 SMP Debian 6.12.43-1 (2025-08-27)", "", "debian", "13",
	  "6.12.43-1", "debian ", "ubuntu 24.04" },
	/* cut at 64 bytes in the middle of the version */
	{ "6.1.0-0.deb11.17-rt-amd64", "#1 SMP PREEMPT_RT PREEMPT_DYNAMIC something Debian 6.1.69-1~bpo1",
	  "", "debian", "11", "", "debian 11", NULL },
	{ "6.6.31+rpt-rpi-v8", "#1 SMP PREEMPT Debian 1:6.6.31-1+rpt1 (2024-05-29)", "", "", "",
	  "1:6.6.31-1+rpt1", "raspbian 12", "ubuntu 24.04" },
	{ "6.6.9-amd64", "#1 SMP PREEMPT_DYNAMIC Kali 6.6.9-1kali1 (2024-01-08)", "", "kali", "", "",
	  "kali 2024.1", "debian 12" },
	/* Ubuntu 14.04 to 24.10: of the release, of later ones (~), of clouds, of makers */
	{ "3.13.0-170-generic", "#220-Ubuntu SMP Thu May 9 12:40:49 UTC 2019",
	  "Ubuntu 3.13.0-170.220-generic 3.13.11-ckt39", "ubuntu", "", "3.13.0-170.220",
	  "ubuntu 14.04", "debian 8" },
	{ "4.4.0-210-generic", "#242-Ubuntu SMP Fri Apr 16 09:57:56 UTC 2021",
	  "Ubuntu 4.4.0-210.242-generic 4.4.262", "ubuntu", "", "4.4.0-210.242", "ubuntu 16.04",
	  "centos 7" },
	{ "4.4.0-1128-aws", "#142-Ubuntu SMP Fri Apr 16 12:42:33 UTC 2021", "", "ubuntu", "",
	  "4.4.0-1128.142", "ubuntu 16.04", NULL },
	{ "4.15.0-142-generic", "#146~16.04.1-Ubuntu SMP Tue Apr 13 09:27:15 UTC 2021",
	  "Ubuntu 4.15.0-142.146~16.04.1-generic 4.15.18", "ubuntu", "16.04",
	  "4.15.0-142.146~16.04.1", "ubuntu 16.04", "ubuntu 18.04" },
	{ "4.15.0-213-generic", "#224-Ubuntu SMP Mon Jun 19 13:30:12 UTC 2023", "", "ubuntu", "18.04",
	  "4.15.0-213.224", "ubuntu 18.04", "ubuntu 22.04" },
	{ "4.15.0-1063-oem", "#72-Ubuntu SMP Fri Nov 8 10:53:01 UTC 2019", "", "ubuntu", "",
	  "4.15.0-1063.72", "ubuntu 18.04", NULL },
	{ "5.4.0-150-generic", "#167~18.04.1-Ubuntu SMP Wed May 24 00:51:42 UTC 2023",
	  "Ubuntu 5.4.0-150.167~18.04.1-generic 5.4.233", "ubuntu", "18.04",
	  "5.4.0-150.167~18.04.1", "ubuntu 18.04", "ubuntu 20.04" },
	{ "5.4.0-1103-aws", "#111~18.04.1-Ubuntu SMP Tue May 23 20:04:10 UTC 2023", "", "ubuntu",
	  "18.04", "5.4.0-1103.111~18.04.1", "ubuntu 18.04", "amzn 2" },
	{ "5.4.0-193-generic", "#213-Ubuntu SMP Fri Aug 2 19:14:16 UTC 2024", "", "ubuntu", "20.04",
	  "5.4.0-193.213", "ubuntu 20.04", "linuxmint 20.3" },
	{ "5.6.0-1056-oem", "#60-Ubuntu SMP Fri Apr 23 13:20:17 UTC 2021", "", "ubuntu", "",
	  "5.6.0-1056.60", "ubuntu 20.04", NULL },
	{ "5.15.0-1062-gcp", "#70~20.04.1-Ubuntu SMP Fri May 24 20:12:18 UTC 2024", "", "ubuntu",
	  "20.04", "5.15.0-1062.70~20.04.1", "ubuntu 20.04", "ubuntu 22.04" },
	{ "5.15.0-1064-azure", "#73-Ubuntu SMP Tue Apr 30 14:24:24 UTC 2024", "", "ubuntu", "22.04",
	  "5.15.0-1064.73", "ubuntu 22.04", "debian 12" },
	{ "6.8.0-31-generic", "#31-Ubuntu SMP PREEMPT_DYNAMIC Sat Apr 20 00:40:06 UTC 2024",
	  "Ubuntu 6.8.0-31.31-generic 6.8.1", "ubuntu", "24.04", "6.8.0-31.31", "ubuntu 24.04",
	  "ubuntu 22.04" },
	{ "6.11.0-17-generic", "#17~24.04.2-Ubuntu SMP PREEMPT_DYNAMIC Mon Jan 20 22:48:29 UTC 2", "",
	  "ubuntu", "24.04", "6.11.0-17.17~24.04.2", "ubuntu 24.04", "ubuntu 24.10" },
	{ "6.8.0-1010-generic-64k", "#10-Ubuntu SMP PREEMPT_DYNAMIC Sat Apr 20 00:40:06 UTC 2024",
	  "Ubuntu 6.8.0-1010.10-generic-64k 6.8.1", "ubuntu", "", "6.8.0-1010.10", "ubuntu 24.04",
	  NULL },
	/* a signature that is of another kernel */
	{ "5.4.0-193-generic", "#213-Ubuntu SMP Fri Aug 2 19:14:16 UTC 2024",
	  "Ubuntu 4.15.0-142.146~16.04.1-generic 4.15.18", "ubuntu", "20.04", "5.4.0-193.213",
	  "ubuntu 20.04", NULL },
	/* built from upstream, for whoever wants it */
	{ "5.4.0-050400-generic", "#201911242031 SMP Mon Nov 25 01:35:10 UTC 2019", "", "", "", "",
	  "ubuntu 18.04", NULL },
	/* RHEL and what is built from it */
	{ "2.6.32-754.el6.x86_64", "#1 SMP Tue Jun 19 21:26:04 UTC 2018", "", "", "6", "", "centos 6",
	  "centos 7" },
	{ "3.10.0-1160.el7.x86_64", "#1 SMP Mon Oct 19 16:18:59 UTC 2020", "", "", "7", "", "rhel 7.9",
	  "debian 12" },
	{ "4.18.0-147.el8.x86_64", "#1 SMP Wed Dec 4 21:51:45 UTC 2019", "", "", "8", "", "rhel 8.1",
	  "centos 7" },
	{ "4.18.0-553.8.1.el8_10.x86_64", "#1 SMP Tue Jul 2 17:10:26 UTC 2024", "", "", "8", "",
	  "rocky 8.10", "rocky 9.4" },
	{ "5.14.0-362.8.1.el9_3.aarch64", "#1 SMP PREEMPT_DYNAMIC Tue Oct 3 11:12:36 EDT 2023", "", "",
	  "9", "", "almalinux 9.3", "ubuntu 22.04" },
	{ "3.10.0-1160.el7.centos.plus.x86_64", "#1 SMP Tue Oct 20 16:53:08 UTC 2020", "", "centos",
	  "7", "", "centos 7", "rhel 7.9" },
	{ "4.14.35-2047.515.3.el7uek.x86_64", "#2 SMP Mon Jul 4 16:35:31 PDT 2022", "", "ol", "7", "",
	  "ol 7.9", "centos 7" },
	{ "5.4.17-2136.300.7.el8uek.x86_64", "#2 SMP Fri Oct 8 16:23:01 PDT 2021", "", "ol", "8", "",
	  "ol 8.4", "ol 7.9" },
	{ "5.4.1-1.el7.elrepo.x86_64", "#1 SMP Fri Nov 29 10:21:13 EST 2019", "", "", "", "",
	  "centos 7", NULL },
	/* Amazon Linux 1, 2, 2023 */
	{ "4.14.336-179.559.amzn1.x86_64", "#1 SMP Mon Jan 15 16:27:40 UTC 2024", "", "amzn", "", "",
	  "amzn 2018.03", "centos 6" },
	{ "4.14.336-257.566.amzn2.x86_64", "#1 SMP Sat Jan 13 15:04:04 UTC 2024", "", "amzn", "2", "",
	  "amzn 2", "amzn 2023" },
	{ "6.1.61-85.141.amzn2023.x86_64", "#1 SMP PREEMPT_DYNAMIC Wed Nov 8 00:39:18 UTC 2023", "",
	  "amzn", "2023", "", "amzn 2023", "amzn 2" },
	/* SUSE: one kernel for SLES and Leap */
	{ "4.12.14-122.37-default", "#1 SMP Tue Sep 29 16:01:13 UTC 2020 (0ecdf4f)", "", "", "", "",
	  "sles 12.5", "ubuntu 18.04" },
	{ "5.3.18-150300.59.106-default", "#1 SMP Mon Dec 12 13:16:24 UTC 2022 (774239c)", "", "",
	  "15.3", "", "opensuse-leap 15.3", "sles 15.4" },
	{ "5.14.21-150400.24.100-default", "#1 SMP PREEMPT_DYNAMIC Wed Nov 15 11:10:24 UTC 2023 (b3ff5cd)",
	  "", "", "15.4", "", "sles 15.4", "debian 12" },
	{ "6.6.6-1-default", "#1 SMP PREEMPT_DYNAMIC Thu Dec 7 08:44:35 UTC 2023 (a946a9f)", "", "", "",
	  "", "opensuse-tumbleweed 20231215", "fedora 39" },
	/* Fedora, openEuler, and others */
	{ "5.3.7-301.fc31.x86_64", "#1 SMP Mon Oct 21 19:18:58 UTC 2019", "", "fedora", "31", "",
	  "fedora 31", "fedora 39" },
	{ "4.19.90-2112.8.0.0131.oe1.x86_64", "#1 SMP Thu Dec 30 10:14:33 UTC 2021", "", "openEuler", "",
	  "", "openEuler 20.03", "centos 7" },
	{ "5.10.0-60.18.0.50.oe2203.x86_64", "#1 SMP Wed Mar 30 03:12:24 UTC 2022", "", "openEuler",
	  "22.03", "", "openEuler 22.03", "openEuler 20.03" },
	{ "5.10.0-136.12.0.86.oe2203sp1.aarch64", "#1 SMP Tue Dec 27 17:50:15 CST 2022", "", "openEuler",
	  "22.03", "", "openEuler 22.03", "debian 12" },
	{ "5.15.131.1-2.cm2", "#1 SMP Tue Sep 19 17:14:05 UTC 2023", "", "mariner", "2.0", "",
	  "mariner 2.0", "ubuntu 22.04" },
	{ "6.6.35.1-5.azl3", "#1 SMP PREEMPT_DYNAMIC Tue Jul 30 18:41:48 UTC 2024", "", "azurelinux",
	  "3.0", "", "azurelinux 3.0", "mariner 2.0" },
	{ "4.19.198-1.ph3", "#1-photon SMP Thu Jul 22 20:48:28 UTC 2021", "", "photon", "3.0", "",
	  "photon 3.0", "photon 4.0" },
	{ "6.1.64-0-virt", "#1-Alpine SMP PREEMPT_DYNAMIC Wed, 29 Nov 2023 18:56:40 +0000", "", "alpine",
	  "", "", "alpine 3.18.5", "debian 12" },
	{ "6.6.10-arch1-1", "#1 SMP PREEMPT_DYNAMIC Fri, 05 Jan 2024 16:20:41 +0000", "", "arch", "", "",
	  "arch ", "debian 12" },
	{ "5.15.148-flatcar", "#1 SMP Mon Feb 5 21:58:01 -00 2024", "", "flatcar", "", "",
	  "flatcar 3760.2.0", "ubuntu 22.04" },
	/* no mark: whatever os-release says may be true */
	{ "6.18.44-fc-v595", "#1 SMP PREEMPT_DYNAMIC @0", "", "", "", "", "debian 12", NULL },
	{ "5.10.165", "#1 SMP Thu Feb 2 02:06:41 UTC 2023", "", "", "", "", "bottlerocket 1.12", NULL },
	{ "4.19.elephant", "", "", "", "", "", " ", NULL },
	{ "", "", "", "", "", "", "debian 12", NULL },
	{ "x", "# Debian ", "", "debian", "", "", "debian 12", NULL },
	{ "5.4", "#-Ubuntu", "Ubuntu ", "ubuntu", "", "", "ubuntu 20.04", NULL },
	{ "5.4.0-", "#1~-Ubuntu", "Ubuntu -", "ubuntu", "", "", "ubuntu 20.04", NULL },
};

static bool allows(const struct vendor *vendor, const char *os_release)
{
	const char *space = strchr(os_release, ' ');
	char distro[32];

	snprintf(distro, sizeof(distro), "%.*s", (int)(space - os_release), os_release);
	return vendor__allows(vendor, distro, space + 1);
}

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct vendor vendor;

		print_message("# %s %s\n", table[i].kernel_release, table[i].kernel_version);
		vendor__of(table[i].kernel_release, table[i].kernel_version, table[i].signature,
			   &vendor);
		assert_string_equal(vendor__only(&vendor) ? vendor__only(&vendor) : "",
				    table[i].distro);
		assert_string_equal(vendor.release, table[i].release);
		assert_string_equal(vendor.package_version, table[i].package_version);
		assert_true(allows(&vendor, table[i].allowed));
		if (table[i].refused)
			assert_false(allows(&vendor, table[i].refused));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests_name("vendor", tests, NULL, NULL);
}
