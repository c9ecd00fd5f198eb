// SPDX-License-Identifier: GPL-2.0-or-later
// Preloaded in a lab on a machine without KVM (lab.sh): QEMU, which emulates there, says that it has KVM switched on.
// libvirt believes that word, where it can open /dev/kvm as well, and takes definitions of guests of type kvm
// (src/qemu/qemu_capabilities.c, virQEMUCapsProbeQMPKVMState). Everything else that QEMU says is true, and no such guest starts.
#define _GNU_SOURCE
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
    // query-kvm's answer (QEMU: qapi/machine.json, KvmInfo), made another of the same length in QEMU's own buffer.
    static const char asked[] = "{\"enabled\": false, \"present\": true}";
    for (size_t i = 0; i < message->msg_iovlen; ++i) {
        const struct iovec* part = &message->msg_iov[i];
        char* found = part->iov_base ? memmem(part->iov_base, part->iov_len, asked, sizeof asked - 1) : NULL;
        if (found)
            memcpy(found + strlen("{\"enabled\": "), "true ", strlen("true "));
    }
    return syscall(SYS_sendmsg, fd, message, flags);
}
