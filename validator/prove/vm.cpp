// SPDX-License-Identifier: GPL-2.0-or-later
// One VM with one CPU.
#include "validator/prove/vm.h"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>

namespace virt_nested::prove {

namespace {

kvm_run* ticking = nullptr;

/// Documentation/virt/kvm/api.rst, immediate_exit; where KVM does not know it (before Linux 4.11)
/// the signal alone ends KVM_RUN.
void tick(int /*signal*/) {
    if (ticking)
        __atomic_store_n(&ticking->immediate_exit, 1, __ATOMIC_RELAXED);
}

} // namespace

Mapping::~Mapping() {
    if (data_)
        ::munmap(data_, size_);
}

bool Mapping::map(size_t size, int flags, int fd) {
    void* at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (at == MAP_FAILED)
        return false;
    data_ = static_cast<unsigned char*>(at);
    size_ = size;
    return true;
}

int Vm::call(int fd, unsigned long request, std::string_view name, unsigned long argument) {
    const int out = ::ioctl(fd, request, argument);
    if (out < 0) {
        seen.error = errno;
        seen.name_call(name);
        ends(Ending::call_failed);
    }
    return out;
}

int Vm::ask_kvm(unsigned long request, unsigned long argument) const {
    return ::ioctl(kvm_.get(), request, argument);
}

int Vm::ask_cpu(unsigned long request, void* argument) const {
    return ::ioctl(cpu_.get(), request, argument);
}

void Vm::reached(Step step) {
    seen.step = step;
    telling_.tell(seen);
}

bool Vm::ends(Ending ending, uint64_t value) {
    seen.ending = ending;
    seen.value = value;
    return false;
}

bool Vm::open() {
    kvm_ = Fd(::open("/dev/kvm", O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (kvm_.get() < 0) {
        seen.error = errno;
        seen.name_call("/dev/kvm");
        return ends(Ending::call_failed);
    }
    const int version = call(kvm_.get(), KVM_GET_API_VERSION, "/dev/kvm", 0);
    if (version < 0 || version == KVM_API_VERSION)
        return version >= 0;
    return ends(Ending::other_version, static_cast<uint64_t>(version));
}

bool Vm::create() {
    vm_ = Fd(call(kvm_.get(), KVM_CREATE_VM, "KVM_CREATE_VM", 0));
    return vm_.get() >= 0;
}

bool Vm::add_cpu() {
    // Populated: where a page appears, or is copied, while L2 runs, KVM drops what it shadows, and
    // on some machines is in the kernel for a minute.
    if (!memory_.map(memory_size_, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1)) {
        seen.error = errno;
        seen.name_call("memory for the guest");
        return ends(Ending::call_failed);
    }
    kvm_userspace_memory_region region{};
    region.memory_size = memory_size_;
    region.userspace_addr = reinterpret_cast<uintptr_t>(memory());
    if (call(vm_.get(), KVM_SET_USER_MEMORY_REGION, "KVM_SET_USER_MEMORY_REGION", number(&region)) <
        0)
        return false;
    cpu_ = Fd(call(vm_.get(), KVM_CREATE_VCPU, "KVM_CREATE_VCPU", 0));
    if (cpu_.get() < 0)
        return false;
    const int size = call(kvm_.get(), KVM_GET_VCPU_MMAP_SIZE, "KVM_GET_VCPU_MMAP_SIZE", 0);
    if (size < 0)
        return false;
    if (run_.map(static_cast<size_t>(size), MAP_SHARED, cpu_.get()))
        return true;
    seen.error = errno;
    seen.name_call("memory that is shared with KVM");
    return ends(Ending::call_failed);
}

volatile kvm_run* Vm::state() const {
    return reinterpret_cast<volatile kvm_run*>(run_.data());
}

Vm::Came Vm::run() {
    if (::ioctl(cpu_.get(), KVM_RUN, nullptr) == 0)
        return Came::back;
    if (errno == EINTR || errno == EAGAIN) {
        state()->immediate_exit = 0;
        return Came::interrupted;
    }
    seen.error = errno;
    seen.name_call("KVM_RUN");
    ends(Ending::call_failed);
    return Came::failed;
}

// An interval timer and not timer_create(): the kernel needs no memory for it, which a limit on
// pending signals could refuse.
Ticks::Ticks(Vm& vm) {
    ticking = reinterpret_cast<kvm_run*>(const_cast<kvm_run*>(vm.state()));
    struct sigaction action {};
    action.sa_handler = tick;
    sigset_t alarm;
    ::sigemptyset(&alarm);
    ::sigaddset(&alarm, SIGALRM);
    const itimerval every{{0, 20'000}, {0, 20'000}};
    started_ = ::sigaction(SIGALRM, &action, nullptr) == 0 &&
               ::sigprocmask(SIG_UNBLOCK, &alarm, nullptr) == 0 &&
               ::setitimer(ITIMER_REAL, &every, nullptr) == 0;
    if (started_)
        return;
    vm.seen.error = errno;
    vm.seen.name_call("no timer to end it by");
    vm.seen.step = Step::machine;
    vm.ends(Ending::call_failed);
}

Ticks::~Ticks() {
    const itimerval never{};
    ::setitimer(ITIMER_REAL, &never, nullptr);
    ticking = nullptr;
}

} // namespace virt_nested::prove
