// SPDX-License-Identifier: GPL-2.0-or-later
// Preloaded in a lab on a machine without KVM (lab.sh): QEMU, which emulates there, says that it has KVM switched on. libvirt
// believes that word, where it can open /dev/kvm as well, and takes definitions of guests of type kvm
// (src/qemu/qemu_capabilities.c, virQEMUCapsProbeQMPKVMState). Everything else that QEMU says is true, and no such guest starts.
#define _GNU_SOURCE
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// The beginnings of QEMU's answers (qapi/machine.json, qapi/accelerator.json), and what they become: of the same length, for that
// is done in QEMU's own buffer.
static const struct {
    const char *answer, *other;
} words[] = {
    {"{\"enabled\": false, \"present\": true}", "{\"enabled\": true , \"present\": true}"}, // query-kvm
    {"{\"enabled\": \"tcg\", \"present\": [", "{\"enabled\": \"kvm\", \"present\": ["},     // query-accelerators, QEMU 10.2
};

ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
    for (size_t i = 0; i < message->msg_iovlen; ++i) {
        const struct iovec* part = &message->msg_iov[i];
        for (size_t j = 0; part->iov_base && j < sizeof words / sizeof *words; ++j) {
            char* found = memmem(part->iov_base, part->iov_len, words[j].answer, strlen(words[j].answer));
            if (found)
                memcpy(found, words[j].other, strlen(words[j].other));
        }
    }
    return syscall(SYS_sendmsg, fd, message, flags);
}
