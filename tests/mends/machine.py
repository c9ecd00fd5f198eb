# SPDX-License-Identifier: GPL-2.0-or-later
"""A captured machine's copy that lives: its modules come and go, it boots anew, and its files then say so."""
import dataclasses
import pathlib
import re
import shutil
import subprocess

from boot import next_entry
from images import files_in
from options import FOLDERS, Options, arguments

TRUE = {"1", "y", "Y", "on", ""}
FALSE = {"0", "n", "N", "off"}
# Kernel messages that the hardware, or who gives it, will cause again.
LASTS = re.compile(r"by bios|outside TXT|SEV guest|TDX|Parent hypervisor|HYP mode|not support", re.I)


def kstrtobool(value):
    """By its first one or two characters alone (lib/kstrtox.c); None: refused."""
    first, two = value[:1].lower(), value[:2].lower()
    if not value:  # the bare name
        return True
    return True if first in ("y", "1") or two == "on" else False if first in ("n", "0") or two == "of" else None


class Failed(Exception):
    """A command ended with an error, as the real one would have, or a step cannot be carried out."""


@dataclasses.dataclass(frozen=True)
class Kind:
    """A module that nests; as the kernel's own source has it."""
    module: str
    flag: str             # of the CPU; empty: it is not told by one
    boolean: bool         # type of `nested`; else a number
    on_since: tuple       # Linux, by default
    paging: str = ""


KINDS = (
    (r"GenuineIntel", Kind("kvm_intel", "vmx", True, (4, 20), "ept")),
    (r"AuthenticAMD|HygonGenuine", Kind("kvm_amd", "svm", False, (2, 6), "npt")),
    (r"IBM/S390", Kind("kvm", "sie", False, (99, 0))),
    (r"POWER|pSeries|PowerNV", Kind("kvm_hv", "", True, (4, 20))),
    (r"CPU implementer", Kind("", "", True, (99, 0))),
)


class Machine:
    def __init__(self, captured, place):
        self.root = pathlib.Path(place)
        shutil.copytree(captured, self.root, symlinks=True)
        subprocess.run(["chmod", "-R", "u+w,go-w", str(self.root)], check=True)
        cpuinfo = self.read("/proc/cpuinfo")
        self.kind = next((kind for pattern, kind in KINDS if re.search(pattern, cpuinfo)), None)
        self.elsewhere = []  # changes of the command line where no file of this machine's holds it: (added, argument)
        self.made_next = None  # the next command line, where a tool keeps it in files that are not captured
        self.gone = {}  # by file: lines that are no more, of those that the plan counts
        self.reboots = 0
        shown = self.read(f"/sys/module/{self.module}/parameters/nested").strip()
        self.digits = shown.isdigit() if shown else not (self.kind and self.kind.boolean)
        self.hidden = self._hides()
        # What it loads without an option: vendors of older kernels have their own.
        seen = shown and self.module == "kvm_intel" and self.version < (4, 20) and "nested" not in self.options().values
        self.default = shown in TRUE if seen else None
        if self.files("/usr/bin/virt-nested-hook") and not self.files("/etc/libvirt/hooks/qemu.d/99*"):
            self.write("/usr/bin/virt-nested-judge", "")  # the package has both
        # A parameter that says yes while KVM says no: this hardware, or who gives it, cannot.
        self.lies = shown in TRUE - {""} and "nesting=0" in self.read("/dev/kvm")
        self.hash_by_choice = "disable_radix" in self.cmdline.split()

    def _hides(self):
        """The kernel is told to hide the CPU's flag."""
        return self.kind is not None and any(self.kind.flag in value.split(",") for value in arguments(self.cmdline, "clearcpuid"))

    # --- files
    def at(self, path):
        return self.root / str(path).lstrip("/")

    def read(self, path):
        try:
            return self.at(path).read_text(errors="surrogateescape")
        except OSError:
            return ""

    def write(self, path, text):
        self.at(path).parent.mkdir(parents=True, exist_ok=True)
        self.at(path).write_text(text, errors="surrogateescape")

    def files(self, pattern):
        """Paths inside the root."""
        return sorted("/" + str(path.relative_to(self.root)) for path in self.root.glob(pattern.lstrip("/")) if path.is_file())

    def modprobe_files(self):
        return {path: self.read(path) for folder in FOLDERS for path in self.files(folder + "/*")}

    # --- what it is
    @property
    def module(self):
        return self.kind.module if self.kind else ""

    @property
    def cmdline(self):
        return self.read("/proc/cmdline")

    @property
    def release(self):
        return self.read("/proc/sys/kernel/osrelease").strip()

    @property
    def version(self):
        numbers = re.match(r"(\d+)\.(\d+)", self.release)
        return tuple(map(int, numbers.groups())) if numbers else (0, 0)

    def built_in(self):
        config = self.read(f"/boot/config-{self.release}")
        listed = "".join(self.read(f"{lib}/modules/{self.release}/modules.builtin") for lib in ("/lib", "/usr/lib"))
        return re.search(rf"/{self.module.replace('_', '[-_]')}\.ko", listed) is not None or f"CONFIG_{self.module.upper()}=y" in config

    def has_module(self):
        names = "".join(self.read(f"{lib}/modules/{self.release}/modules.dep") for lib in ("/lib", "/usr/lib"))
        return re.search(rf"/{self.module.replace('_', '[-_]')}\.ko", names) is not None

    def options(self, files=None, more=""):
        return Options(self.modprobe_files() if files is None else files, self.cmdline, self.module, more)

    def loaded(self):
        return self.read(f"/sys/module/{self.module}/initstate").strip() == "live"

    # --- modules
    def unload(self, module):
        if module != self.module or not self.loaded():
            raise Failed(f"modprobe: FATAL: Module {module} is not loaded, or none of ours")
        if self.read(f"/sys/module/{module}/refcnt").strip() not in ("", "0"):
            raise Failed(f"modprobe: FATAL: Module {module} is in use.")
        if self.read("/proc/sys/kernel/modules_disabled").strip() == "1":
            raise Failed("modprobe: Operation not permitted: kernel.modules_disabled")
        shutil.rmtree(self.at(f"/sys/module/{module}"))
        self.write("/dev/kvm", "device=absent\n")

    def load(self, module, at_boot=False, files=None, more=""):
        """modprobe; at boot by the device's alias, which blacklist stops."""
        if module != self.module:
            raise Failed(f"modprobe: FATAL: {module}: this machine's module is {self.module}")
        if not self.has_module() and files is None:
            raise Failed(f"modprobe: FATAL: Module {module} not found in directory /lib/modules/{self.release}")
        if self.read("/proc/sys/kernel/modules_disabled").strip() == "1":
            raise Failed("modprobe: Operation not permitted: kernel.modules_disabled")
        options = self.options(files, more)
        if options.never or module != "kvm" and Options(self.modprobe_files() if files is None else files, self.cmdline, "kvm").never:
            raise Failed(f"modprobe: ERROR: {module}: its install command, or that of kvm, loads nothing")
        if at_boot and options.blocked:
            raise Failed(f"{module} is blacklisted")
        self._run(options.values)

    def _run(self, values):
        kind = self.kind
        nested = values.get("nested")
        default = self.version >= kind.on_since if self.default is None else self.default
        on = default if nested is None else kstrtobool(nested) if kind.boolean else int(nested) != 0 if nested.isdigit() else None
        if on is None:
            raise Failed(f"{kind.module}: `{nested}' invalid for parameter `nested'")
        if kind.module == "kvm" and on and values.get("hpage", "0") in TRUE:
            raise Failed("A KVM host that supports nesting cannot back its KVM guests with huge pages")
        if kind.flag and not re.search(rf"\b{kind.flag}\b", self.read("/proc/cpuinfo")) or LASTS.search(self.read("/var/log/dmesg")):
            raise Failed(f"modprobe: ERROR: could not insert '{kind.module}': Operation not supported")
        paging = values.get(kind.paging, "1") in TRUE
        folder = f"/sys/module/{kind.module}"
        self.write(f"{folder}/initstate", "live\n")
        self.write(f"{folder}/refcnt", "0\n")
        if kind.paging:
            self.write(f"{folder}/parameters/{kind.paging}", "Y\n" if paging else "N\n")
        self.set_nested(on)

    def set_nested(self, on):
        """As the parameter, KVM's answer follows; a parameter of POWER can be written to."""
        self.write(f"/sys/module/{self.module}/parameters/nested", ("01" if self.digits else "NY")[on] + "\n")
        self._answer(on)

    def _answer(self, on):
        on = on and not self.lies
        paging = self.read(f"/sys/module/{self.module}/parameters/{self.kind.paging}").strip() not in FALSE
        self.write("/dev/kvm", f"nesting={int(on)}\n" + (f"nested_paging={int(on and paging)}\n" if self.kind.paging else ""))

    # --- boots
    def reboot(self):
        self.reboots += 1
        entry = next_entry(self)
        cmdline = entry.cmdline if entry else self.cmdline.strip()
        if not entry:
            for added, argument in self.elsewhere:
                words = [word for word in cmdline.split(" ") if word != argument]
                cmdline = " ".join(words + [argument] * added)
        self.write("/proc/cmdline", cmdline + "\n")
        kernels = sorted({path.split("/")[-2] for lib in ("lib", "usr/lib") for path in self.files(f"{lib}/modules/*/modules.dep")})
        if entry and entry.release in kernels or not self.has_module() and kernels:
            self.write("/proc/sys/kernel/osrelease", (entry.release if entry and entry.release in kernels else kernels[-1]) + "\n")
        self._power_on()
        self._start_modules(entry)

    def _power_on(self):
        log = "".join(line for line in self.read("/var/log/dmesg").splitlines(True) if LASTS.search(line))
        if self.at("/var/log/dmesg").exists():
            self.write("/var/log/dmesg", log)
        if self.at("/proc/sys/kernel/modules_disabled").exists():
            self.write("/proc/sys/kernel/modules_disabled", "0\n")
        cpuinfo = self.read("/proc/cpuinfo")
        if self.hidden and not self._hides():
            self.write("/proc/cpuinfo", re.sub(r"(?m)^(flags\s*:.*)$", rf"\1 {self.kind.flag}", cpuinfo))
        if self.hash_by_choice and "disable_radix" not in self.cmdline.split():
            self.lies = False
            self.write("/proc/cpuinfo", re.sub(r"(?m)^(MMU\s*:) Hash", r"\1 Radix", cpuinfo))
        for guest in self.files("/run/libvirt/qemu/*.xml"):
            self.at(guest).unlink()

    def _start_modules(self, entry):
        if self.kind is None:
            return
        if not self.module:
            on = arguments(self.cmdline, "kvm-arm.mode")[-1:] == ["nested"] and self.version >= (6, 16) and not LASTS.search(self.read("/var/log/dmesg"))
            self.write("/dev/kvm", f"nesting={int(on)}\n")
            return
        built_in = self.built_in()
        shutil.rmtree(self.at(f"/sys/module/{self.module}"), ignore_errors=True)
        self.write("/dev/kvm", "device=absent\n")
        try:
            if built_in:
                self._run(Options({}, self.cmdline, self.module).values)
                self.at(f"/sys/module/{self.module}/initstate").unlink()
                self.at(f"/sys/module/{self.module}/refcnt").unlink()
            else:
                self.load(self.module, True, self._early_files(entry), self._named_for_boot())
        except Failed as why:
            self.write("/var/log/dmesg", self.read("/var/log/dmesg") + f"[    4.1] {why}\n")

    def _early_files(self, entry):
        """What counts where the initramfs has the module: its own copy of modprobe.d. None: the module comes later."""
        image = entry.initrd_bytes(self) if entry and entry.source else b"".join(
            self.at(path).read_bytes() for path in self.files(f"/boot/init*{self.release}*")[:1])
        inside = files_in(image)
        if not any(re.search(rf"/{self.module.replace('_', '[-_]')}\.ko", name) for name in inside):
            return None
        return {"/" + name: data.decode(errors="surrogateescape") for name, data in inside.items() if "modprobe.d/" in name}

    def _named_for_boot(self):
        """Arguments of OpenRC's lists of modules, which come before the command line's."""
        out = re.search(rf"(?m)^{self.module}[ \t]+(.+)$", self.read("/etc/modules"))
        if out:
            return out.group(1)
        out = re.search(rf'(?m)^module_{self.module}_args="(.*)"$', self.read("/etc/conf.d/modules"))
        return out.group(1) if out else ""
