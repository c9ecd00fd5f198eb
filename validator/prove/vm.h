// SPDX-License-Identifier: GPL-2.0-or-later
// One VM with one CPU and a few MiB of memory (Documentation/virt/kvm/api.rst). What fails goes
// into the evidence, and the function returns false.
#pragma once

#include "core/fd.h"
#include "validator/prove/child.h"

#include <cstddef>
#include <cstring>
#include <string_view>

struct kvm_run;

namespace virt_nested::prove {

/// Memory that is unmapped when it goes.
class Mapping {
  public:
    Mapping() = default;
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping();

    bool map(size_t size, int flags, int fd);
    unsigned char* data() const { return data_; }

  private:
    unsigned char* data_ = nullptr;
    size_t size_ = 0;
};

class Vm {
  public:
    Vm(Evidence& evidence, const Telling& telling, size_t memory)
        : seen(evidence), telling_(telling), memory_size_(memory) {}

    bool open();   ///< /dev/kvm
    bool create(); ///< the VM alone
    bool add_cpu();

    enum class Came { back, interrupted, failed };
    Came run(); ///< until KVM hands control back: then kvm_run() says why

    /// At the beginning of a step.
    void reached(Step step);
    bool ends(Ending ending, uint64_t value = 0);

    bool on_kvm(unsigned long request, std::string_view name, void* argument = nullptr) {
        return call(kvm_.get(), request, name, number(argument)) >= 0;
    }
    bool on_vm(unsigned long request, std::string_view name, unsigned long argument) {
        return call(vm_.get(), request, name, argument) >= 0;
    }
    bool on_cpu(unsigned long request, std::string_view name, void* argument = nullptr) {
        return call(cpu_.get(), request, name, number(argument)) >= 0;
    }
    /// The bare ioctl, for what may fail; negative where it does.
    int ask_kvm(unsigned long request, unsigned long argument) const;
    int ask_cpu(unsigned long request, void* argument) const;

    volatile kvm_run* state() const;
    unsigned char* memory() const { return memory_.data(); }
    template<typename T>
    void put(size_t at, T value) {
        std::memcpy(memory() + at, &value, sizeof value);
    }
    template<typename T>
    T get(size_t at) const {
        T out;
        std::memcpy(&out, memory() + at, sizeof out);
        return out;
    }

    Evidence& seen;

  private:
    int call(int fd, unsigned long request, std::string_view name, unsigned long argument);
    static unsigned long number(const void* argument) {
        return reinterpret_cast<unsigned long>(argument);
    }

    const Telling& telling_;
    size_t memory_size_;
    Fd kvm_;
    Mapping memory_; ///< outlives the VM, which refers to it
    Mapping run_;
    Fd vm_;
    Fd cpu_;
};

/// While it lives, a signal takes the CPU out of its guest every 20 ms. Again and again, for one
/// that comes between a look at the clock and KVM_RUN must not be the last.
class Ticks {
  public:
    explicit Ticks(Vm& vm);
    Ticks(const Ticks&) = delete;
    Ticks& operator=(const Ticks&) = delete;
    ~Ticks();

    bool started() const { return started_; }

  private:
    bool started_ = false;
};

} // namespace virt_nested::prove
