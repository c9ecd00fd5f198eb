/* SPDX-License-Identifier: GPL-2.0-or-later
 * What the kernel of this machine really does about nesting, asked by means of our own, apart from the code under test.
 *   kvm-truth          prints key=value lines; exit 0 when KVM offers nesting to guests, 1 when not, 2 without /dev/kvm
 *   kvm-truth hold S   keeps /dev/kvm open for S seconds, which pins the vendor module as an idle emulator would
 * x86: KVM_GET_SUPPORTED_CPUID (arch/x86/kvm/cpuid.c sets vmx and svm only with nested on), and a guest of a few
 * instructions that really runs.  POWER: KVM_CAP_PPC_NESTED_HV (Documentation/virt/kvm/api.rst).
 * IBM Z: the SIEF2 bit of KVM_S390_VM_CPU_MACHINE_FEAT (Documentation/virt/kvm/devices/vm.rst).
 * Arm64: whether a vCPU with EL2 can be made (arch/arm64/include/uapi/asm/kvm.h, KVM_ARM_VCPU_HAS_EL2, which Linux 6.1 lacks).
 * RISC-V: nothing to ask, KVM offers no guest the H extension (arch/riscv/kvm/vcpu_onereg.c).
 * Static, so that it runs in any initramfs. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__x86_64__)
/* Real mode at 0x1000: writes a text to a serial port, byte by byte, and halts. */
static const unsigned char guest[] = {
    0xbe, 0x0f, 0x10,       /* 1000: mov si, 0x100f */
    0xba, 0xf8, 0x03,       /* 1003: mov dx, 0x3f8 */
    0xac,                   /* 1006: lodsb */
    0x84, 0xc0,             /* 1007: test al, al */
    0x74, 0x03,             /* 1009: jz 100e */
    0xee,                   /* 100b: out dx, al */
    0xeb, 0xf8,             /* 100c: jmp 1006 */
    0xf4,                   /* 100e: hlt */
    'h', 'e', 'l', 'l', 'o', 0
};

/* 1 when the guest said its word and halted */
static int run_guest(int kvm)
{
    char said[16] = "";
    size_t length = 0;
    int vm = ioctl(kvm, KVM_CREATE_VM, 0);
    unsigned char *memory = mmap(NULL, 0x1000, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memcpy(memory, guest, sizeof guest);
    struct kvm_userspace_memory_region region = { .guest_phys_addr = 0x1000, .memory_size = 0x1000,
                                                  .userspace_addr = (unsigned long)memory };
    ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
    int cpu = ioctl(vm, KVM_CREATE_VCPU, 0);
    if (cpu < 0) { printf("guest=%s\n", strerror(errno)); return 0; }
    struct kvm_run *run = mmap(NULL, (size_t)ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE, MAP_SHARED, cpu, 0);
    struct kvm_sregs sregs;
    ioctl(cpu, KVM_GET_SREGS, &sregs);
    sregs.cs.base = sregs.cs.selector = sregs.ds.base = sregs.ds.selector = 0;
    ioctl(cpu, KVM_SET_SREGS, &sregs);
    struct kvm_regs regs = { .rip = 0x1000, .rflags = 2 };
    ioctl(cpu, KVM_SET_REGS, &regs);
    for (int turn = 0; turn < 32; turn++) {
        if (ioctl(cpu, KVM_RUN, 0) < 0) { printf("guest=%s\n", strerror(errno)); return 0; }
        if (run->exit_reason == KVM_EXIT_IO && length + 1 < sizeof said) {
            said[length++] = *((char *)run + run->io.data_offset);
            continue;
        }
        if (run->exit_reason == KVM_EXIT_HLT) break;
        printf("guest=exit-reason-%u\n", run->exit_reason);
        return 0;
    }
    printf("guest=%s\n", said);
    return strcmp(said, "hello") == 0;
}

static int nests(int kvm)
{
    int svm = 0, vmx = 0, npt = 0;
    struct kvm_cpuid2 *list = calloc(1, sizeof *list + 256 * sizeof(struct kvm_cpuid_entry2));
    list->nent = 256;
    if (ioctl(kvm, KVM_GET_SUPPORTED_CPUID, list) < 0) { perror("KVM_GET_SUPPORTED_CPUID"); exit(2); }
    for (unsigned i = 0; i < list->nent; i++) {
        const struct kvm_cpuid_entry2 *e = &list->entries[i];
        if (e->function == 1) vmx = (e->ecx >> 5) & 1;
        if (e->function == 0x80000001) svm = (e->ecx >> 2) & 1;
        if (e->function == 0x8000000a) npt = e->edx & 1;
    }
    printf("svm=%d\nvmx=%d\nnpt=%d\n", svm, vmx, npt);
    free(list);
    return svm || vmx;
}
#elif defined(__powerpc64__)
static int run_guest(int kvm) { (void)kvm; return 0; }
static int nests(int kvm) { return ioctl(kvm, KVM_CHECK_EXTENSION, 160) == 1; }
#elif defined(__s390x__)
static int run_guest(int kvm) { (void)kvm; return 0; }
static int nests(int kvm)
{
    unsigned long feature[16] = { 0 };
    int vm = ioctl(kvm, KVM_CREATE_VM, 0);
    struct kvm_device_attr attr = { .group = 3, .attr = 3, .addr = (unsigned long)feature };
    if (vm < 0 || ioctl(vm, KVM_GET_DEVICE_ATTR, &attr) < 0) return 0;
    return (int)((feature[0] >> 62) & 1);
}
#elif defined(__aarch64__)
static int run_guest(int kvm) { (void)kvm; return 0; }
static int nests(int kvm)
{
    struct kvm_vcpu_init with = { 0 };
    int vm = ioctl(kvm, KVM_CREATE_VM, 0);
    if (vm < 0 || ioctl(vm, KVM_ARM_PREFERRED_TARGET, &with) < 0) { perror("KVM_ARM_PREFERRED_TARGET"); exit(2); }
    /* the GIC comes first: without one of version 3 the kernel makes no vCPU with EL2 */
    struct kvm_create_device gic = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };
    printf("gicv3=%d\n", ioctl(vm, KVM_CREATE_DEVICE, &gic) == 0);
    int cpu = ioctl(vm, KVM_CREATE_VCPU, 0);
    with.features[0] |= 1U << 7;
    int made = cpu < 0 ? cpu : ioctl(cpu, KVM_ARM_VCPU_INIT, &with);
    printf("el2=%s\n", made < 0 ? strerror(errno) : "made");
    return made == 0;
}
#elif defined(__riscv)
static int run_guest(int kvm) { (void)kvm; return 0; }
static int nests(int kvm) { (void)kvm; return 0; }
#endif

int main(int argc, char **argv)
{
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (kvm < 0) { printf("open=%s\nnests=0\n", strerror(errno)); return 2; }
    if (argc > 2 && strcmp(argv[1], "hold") == 0) { sleep((unsigned)atoi(argv[2])); return 0; }
    printf("api=%d\n", ioctl(kvm, KVM_GET_API_VERSION, 0));
    int yes = nests(kvm);
    printf("ran=%d\nnests=%d\n", run_guest(kvm), yes);
    return yes ? 0 : 1;
}
