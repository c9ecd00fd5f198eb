// SPDX-License-Identifier: GPL-2.0-or-later
// Preloaded: /dev/kvm of an AMD host that offers svm to guests as kvm_amd's parameter in /sys says, the way
// svm_set_cpu_caps does (Linux: arch/x86/kvm/svm/svm.c).
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int nested(void) {
    char text[8] = "";
    const int fd = (int)syscall(SYS_openat, AT_FDCWD, "/sys/module/kvm_amd/parameters/nested", O_RDONLY);
    if (fd < 0)
        return 0;
    if (read(fd, text, sizeof text - 1) < 0)
        text[0] = '0';
    close(fd);
    return text[0] == '1';
}

int ioctl(int fd, unsigned long request, ...) {
    va_list list;
    va_start(list, request);
    void* argument = va_arg(list, void*);
    va_end(list);
    if (request == KVM_GET_API_VERSION)
        return 12;
    if (request == KVM_GET_SUPPORTED_CPUID) {
        struct kvm_cpuid2* cpuid = argument;
        if (cpuid->nent < 2) {
            errno = E2BIG;
            return -1;
        }
        memset(cpuid->entries, 0, 2 * sizeof cpuid->entries[0]);
        cpuid->nent = 2;
        cpuid->entries[0].function = 0x80000001;
        cpuid->entries[0].ecx = nested() ? 1U << 2 : 0;
        cpuid->entries[1].function = 0x8000000A;
        cpuid->entries[1].edx = nested() ? 1 : 0;
        return 0;
    }
    return (int)syscall(SYS_ioctl, fd, request, argument);
}
