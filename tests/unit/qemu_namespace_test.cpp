// SPDX-License-Identifier: GPL-2.0-or-later
// What a definition hands to QEMU past libvirt: what is known to leave the CPU alone, and that all
// else is in doubt and named.
#include "core/qemu_list.h"
#include "core/qemu_namespace.h"
#include "core/text.h"

#include <gtest/gtest.h>

#include <fstream>

using namespace virt_nested;

namespace {

using Words = std::vector<std::string>;

Domain with_arguments(const Words& arguments) {
    Domain domain;
    for (const std::string& argument : arguments)
        domain.qemu.push_back({QemuPiece::argument, {}, argument});
    return domain;
}

std::string doubt(const Words& arguments, const Words& vouched = {}) {
    return doubt_of(with_arguments(arguments), {{}, vouched}).what;
}

Domain read(const std::string& inside) {
    const Result<Domain> domain = parse_domain(
        "<domain xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'>" + inside + "</domain>");
    EXPECT_TRUE(domain) << inside;
    return domain ? *domain : Domain();
}

QemuDoubt doubt_in(const std::string& inside, const Words& vouched = {}) {
    return doubt_of(read(inside), {{}, vouched});
}

std::string variable(const std::string& name, const std::string& value = "x") {
    return "<q:commandline><q:env name='" + name + "' value='" + value + "'/></q:commandline>";
}

std::string override(const std::string& alias, const std::string& property) {
    return "<q:override><q:device alias='" + alias + "'><q:frontend><q:property name='" + property +
           "' type='string' value='x'/></q:frontend></q:device></q:override>";
}

} // namespace

TEST(QemuArguments, WhatLeavesTheCpuAlone) {
    const std::vector<Words> all = {
        {},
        {"-fw_cfg", "name=opt/a,string=b"},
        {"--fw_cfg", "-machine"}, // its value, whatever it looks like
        {"-smbios", "type=1,serial=x"},
        {"-acpitable", "file=x"},
        {"-netdev", "user,id=n", "-device", "virtio-net-pci,netdev=n"},
        {"-chardev", "stdio,mux=on,id=c", "-serial", "chardev:c"},
        {"-serial", "stdio"},
        {"-drive", "file=/x,if=none,id=d"},
        {"-blockdev", "{\"driver\":\"file\",\"filename\":\"/x\"}"},
        {"-fsdev", "local,id=f,path=/,security_model=none"},
        {"-audiodev", "pa,id=a,server=/run/x"},
        {"-display", "gtk,gl=on"},
        {"-rtc", "base=localtime"},
        {"-boot", "menu=on"},
        {"-overcommit", "mem-lock=on"},
        {"-object", "memory-backend-file,id=m,mem-path=/dev/shm/x,size=32M,share=on"},
        {"-object", "qom-type=memory-backend-ram,id=m,size=1M"},
        {"-object", "input-linux,id=k,evdev=/dev/input/by-id/x"},
        {"-object", "rng-random,id=r"},
        {"-object", "secret,id=s,data=,,x"},
        {"-device", "isa-applesmc,osk=ourhardworkbythesewords(c)AppleComputerInc"},
        {"-device", "driver=ivshmem-plain,memdev=m"},
        {"-device", "usb-kbd"},
        {"-global", "q35-pcihost.pci-hole64-size=512G"},
        {"-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off"},
        {"-global", "driver=cfi.pflash01,property=secure,value=on"},
        {"-set", "device.hostdev0.x-igd-opregion=on"},
        {"-set", "device.hostdev0.driver=vfio-pci-nohotplug"},
        {"-audiodev", "alsa,id=a,out.dev=hw:0,,0"},
        {"-netdev", "tap,id=n,script=no,downscript=no"},
        {"-no-reboot", "-snapshot", "-usb"},
        {"-localtime", "-device", "pvpanic"},
    };
    for (const Words& words : all)
        EXPECT_EQ(doubt(words), "") << join(words, " ");
}

TEST(QemuArguments, WhatMayTouchItIsNamed) {
    const std::vector<Words> all = {
        {"-cpu"},
        {"-cpu", "host"},
        {"--cpu", "host"},
        {"-cpu=host"},
        {"-smp", "1,maxcpus=2"},
        {"-qmp", "tcp:localhost:1"},
        {"-mon", "chardev=c"},
        {"-monitor", "stdio"},
        {"-gdb", "tcp::1"},
        {"-s"},
        {"-plugin", "/tmp/x.so"},
        {"-preconfig"},
        {"--preconfig"},
        {"-machine", "q35"},
        {"-M", "q35"},
        {"-accel", "kvm"},
        {"-enable-kvm"},
        {"-readconfig", "/x"},
        {"-incoming", "defer"},
        {"-loadvm", "x"},
        {"-numa", "cpu,node-id=0"},
        {"-nographic"},
        {"-cpux"},
        // monitors
        {"-serial", "unix:/tmp/x,server=on,wait=off,mux=on"},
        {"-parallel", "telnet:127.0.0.1:4444,server=on,mux"},
        {"-debugcon", "tcp:127.0.0.1:4444,server=on,mux=on"},
        {"-display", "{\"type\":\"gtk\"}"}, // an escape can hide its name
        // code of others, and commands
        {"-audiodev", "alsa,id=a,out.dev=plug:{SLAVE {type ladspa}}"},
        {"-audiodev", "alsa,id=a,out.dev=file:'|id',,raw"},
        {"-device", "ccid-card-emulated,backend=certificates,db=sql:/tmp/x"},
        {"-object", "authz-pam,id=a,service=x"},
        {"-netdev", "tap,id=n,helper=/tmp/x"},
        {"-netdev", "tap,id=n,script=/tmp/x"},
        {"-netdev", "user,id=n,guestfwd=tcp:10.0.2.1:80-cmd:/tmp/x"},
        {"-set", "device.w.driver=qemu64-x86_64-cpu"},
        {"-of-the-future"},
        // no options
        {""},
        {"-"},
        {"--"},
        {"disk.img"},
        {"-no-reboot", "disk.img"},
        // the end of the list is not the end of the line
        {"-device"},
        {"-fw_cfg", "x", "-smbios"},
        // CPUs and what they are
        {"-device", "qemu64-x86_64-cpu,socket-id=1,svm=on"},
        {"-device", "driver=host-x86_64-cpu"},
        {"-device", "usb-kbd,driver=host-x86_64-cpu"},
        {"-device", "driver=host-s390x-cpu,driver=usb-kbd"},
        {"-device", "power9_v2.0-spapr-cpu-core,core-id=8"},
        {"-device", "usb-kbd,a,,driver=host-x86_64-cpu"},
        {"-device", "id=x"},
        {"-device", "{\"driver\":\"usb-kbd\"}"},
        {"-device", "usb-kbd,,x"},
        {"-device", ""},
        {"-global", "cpu.svm=on"},
        {"-global", "x86_64-cpu.svm=on"},
        {"-global", "device.svm=on"},
        {"-global", "object.svm=on"},
        {"-global", "driver=x86_64-cpu,property=svm,value=on"},
        {"-global", "property=svm,value=on,driver=max-x86_64-cpu"},
        {"-global", "driver=usb-kbd,driver=cpu,property=svm,value=on"},
        // longer than QEMU takes for the short form: what follows is the long one
        {"-global", "a." + std::string(64, 'b') + "=x,driver=x86_64-cpu,property=svm,value=on"},
        {"-global", std::string(64, 'a') + ".b=x,driver=x86_64-cpu,property=svm,value=on"},
        {"-global", "a.=x,driver=x86_64-cpu,property=svm,value=on"},
        {"-global", "usb-kbd"},
        {"-object", "sev-guest,id=s"},
        {"-object", "tdx-guest,id=t"},
        {"-object", "memory-backend-ram,id=m,qom-type=qtest"},
        {"-object", "{\"qom-type\":\"memory-backend-ram\"}"},
        {"-object", "memory-backendless,id=m"},
        {"-set", "device.vcpu1.svm=on"},
        {"-set", "device.hostdev0.driver=max-x86_64-cpu"},
        {"-set", "machine.x.y=z"},
        {"-set", "device.hostdev0"},
        // monitors by other doors
        {"-serial", "mon:stdio"},
        {"-debugcon", "mon:stdio"},
        {"-display", "spice-app"},
        {"-display", "type=spice-app,gl=on"},
    };
    for (const Words& words : all) {
        const std::string what = doubt(words);
        EXPECT_NE(what, "") << join(words, " ");
        EXPECT_EQ(printable(what, 512), what);
    }
    EXPECT_EQ(doubt({"-fw_cfg", "x", "-cpu", "host"}), "-cpu");
    EXPECT_EQ(doubt({"-device", "max-x86_64-cpu"}), "-device max-x86_64-cpu");
    EXPECT_EQ(doubt({"-device"}), "-device without its value");
    EXPECT_EQ(doubt({"-\x1b[2J"}), "-\\x1b[2J");
}

TEST(QemuArguments, VouchedForEachByItself) {
    EXPECT_EQ(doubt({"-cpu", "host"}, {"-cpu", "host"}), "");
    EXPECT_EQ(doubt({"-cpu", "host,+svm"}, {"-cpu", "host*"}), "");
    EXPECT_EQ(doubt({"-cpu", "host"}, {"-cpu"}), "host");
    EXPECT_EQ(doubt({"-cpu", "host"}, {"host"}), "-cpu");
    EXPECT_EQ(doubt({"-cpu", "host"}, {"-cp"}), "-cpu");
    EXPECT_EQ(doubt({"-preconfig", "-fw_cfg", "x"}, {"-preconfig"}), "");
    EXPECT_EQ(doubt({"-device", "max-x86_64-cpu"}, {"max-x86_64-cpu"}), "");
    EXPECT_EQ(doubt({"-device", "max-x86_64-cpu"}, {"-device"}), "-device max-x86_64-cpu");
    EXPECT_EQ(doubt({"-device", "usb-kbd"}, {"-device"}), "");
    EXPECT_EQ(doubt({"disk.img"}, {"disk.img"}), "");
    EXPECT_EQ(doubt({"-cpu", "-fw_cfg", "-machine", "x"}, {"-cpu"}), "-fw_cfg")
        << "it is -cpu's value, and -machine the option";
    EXPECT_EQ(doubt({"-cpu", "-enable-kvm", "-fw_cfg", "-machine"}, {"-cpu", "-enable-kvm"}), "");
}

TEST(QemuDriver, CanBeACpu) {
    for (const char* driver :
         {"cpu", "x86_64-cpu", "host-x86_64-cpu", "Max-CPU", "power9_v2.0-spapr-cpu-core",
          "cpu-core", "cpu-cluster", "device", "object", "resettable", "vmstate-if", "interface",
          "", "usb kbd", "usb-kbd,x", "device::resettable"})
        EXPECT_TRUE(can_be_cpu(driver)) << driver;
    for (const char* driver : {"usb-kbd", "ICH9-LPC", "q35-pcihost", "pci-device", "sys-bus-device",
                               "virtio-net-pci", "cfi.pflash01", "isa-applesmc", "devices"})
        EXPECT_FALSE(can_be_cpu(driver)) << driver;
}

TEST(QemuDriver, EveryTypeThatQemuSaysACpuIs) {
    for (const char* arch : {"i386", "x86_64"}) {
        std::ifstream list(std::string(VN_TEST_DATA) + "/truth/cpu-types." + arch);
        size_t types = 0;
        for (std::string type; std::getline(list, type);) {
            types += !type.starts_with('#');
            EXPECT_TRUE(type.starts_with('#') || can_be_cpu(type)) << type;
        }
        EXPECT_GT(types, 100U) << arch;
    }
}

TEST(QemuVariables, OnlyWhatBringsNoCode) {
    for (const char* name : {"QEMU_AUDIO_DRV", "QEMU_PA_SAMPLES", "PULSE_SERVER", "DISPLAY",
                             "XDG_RUNTIME_DIR", "PIPEWIRE_LATENCY", "SDL_VIDEODRIVER"})
        EXPECT_EQ(doubt_in(variable(name)).what, "") << name;
    for (const char* name : {"LD_PRELOAD", "LD_LIBRARY_PATH", "QEMU_MODULE_DIR", "GCONV_PATH",
                             "GLIBC_TUNABLES", "HOME", "PULSE_CLIENTCONFIG", "SPA_PLUGIN_DIR",
                             "SDL_DYNAMIC_API", "LIBGL_DRIVERS_PATH", "display", "A", ""})
        EXPECT_EQ(doubt_in(variable(name)).what, "the variable " + std::string(name)) << name;
    EXPECT_EQ(doubt_in(variable("A", "b"), {"A=b"}).what, "");
    EXPECT_EQ(doubt_in(variable("A", "b c"), {"A=*"}).what, "");
    EXPECT_NE(doubt_in(variable("A", "c"), {"A=b"}).what, "");
    EXPECT_NE(doubt_in(variable("A", "b"), {"A"}).what, "");
    EXPECT_TRUE(doubt_in(variable("A")).vouchable);
    EXPECT_EQ(doubt_in(variable("A")).where, "<qemu:commandline>");
}

TEST(QemuElements, CapabilitiesOverridesAndWhateverComes) {
    EXPECT_EQ(doubt_in("<q:capabilities/>").what, "");
    EXPECT_EQ(doubt_in("<q:capabilities><q:add capability='a'/></q:capabilities>").what, "a");
    EXPECT_EQ(doubt_in("<q:capabilities><q:del capability='a'/></q:capabilities>").where,
              "<qemu:capabilities>");
    EXPECT_EQ(doubt_in("<q:deprecation behavior='crash'/>").what, "");
    EXPECT_EQ(doubt_in(override("sound0", "audiodev")).what, "");
    EXPECT_EQ(doubt_in(override("ua-x", "x-vga")).what, "");
    EXPECT_EQ(doubt_in(override("sound0", "driver")).what, "the property driver of sound0");
    EXPECT_EQ(doubt_in(override("vcpu1", "svm")).what, "the property svm of vcpu1");
    EXPECT_FALSE(doubt_in(override("vcpu1", "svm"), {"*"}).vouchable);
    EXPECT_EQ(doubt_in("<q:later a='b'/>").what, "<qemu:later>");
    EXPECT_EQ(doubt_in("<q:commandline><q:later/></q:commandline>").what, "<qemu:later>");
    EXPECT_EQ(doubt_in("<q:capabilities><q:later/></q:capabilities>").what, "<qemu:later>");
    EXPECT_EQ(doubt_in("<devices><q:later/></devices><metadata><q:later/></metadata>").what, "")
        << "libvirt reads it below <domain> alone";
    EXPECT_EQ(doubt_in("<x:commandline xmlns:x='urn:x'><x:arg value='-cpu'/></x:commandline>").what,
              "");
}

TEST(QemuNamespace, IsReadInItsOrderAndBounded) {
    const Domain domain = read("<q:commandline><q:arg value='-a'/><q:env name='N' value='V'/>"
                               "</q:commandline>" +
                               override("ua-x", "p"));
    const std::vector<QemuPiece> expected = {{QemuPiece::argument, "", "-a"},
                                             {QemuPiece::variable, "N", "V"},
                                             {QemuPiece::property, "ua-x", "p"}};
    EXPECT_EQ(domain.qemu, expected);
    EXPECT_FALSE(domain.more_qemu);
    std::string many = "<q:commandline>";
    for (int i = 0; i < 5000; ++i)
        many += "<q:arg value='-usb'/>";
    EXPECT_EQ(read(many + "</q:commandline>").qemu.size(), 4096U);
    EXPECT_EQ(doubt_in(many + "</q:commandline>").what, "more than anybody reads");
    std::string long_one = "<q:commandline><q:arg value='-append'/>";
    for (int i = 0; i < 3; ++i)
        long_one += "<q:arg value='" + std::string(400000, 'x') + "'/><q:arg value='-append'/>";
    EXPECT_TRUE(read(long_one + "</q:commandline>").more_qemu);
    EXPECT_NE(doubt_in(long_one + "</q:commandline>").what, "");
}
