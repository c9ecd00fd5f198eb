#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The same decision as a hook in Python with ElementTree: what people would write instead. Only for the comparison."""
import sys
import xml.etree.ElementTree as tree

URI = "{urn:virt-nested:domain:1}nested"


def nests(root):
    with open(root + "/proc/cpuinfo", encoding="ascii") as cpuinfo:
        intel = "GenuineIntel" in cpuinfo.read(4096)
    module, feature = ("kvm_intel", "vmx") if intel else ("kvm_amd", "svm")
    with open(f"{root}/sys/module/{module}/parameters/nested", encoding="ascii") as parameter:
        return parameter.read().strip() in ("1", "Y"), feature


def main():
    root, (name, operation) = sys.argv[2], sys.argv[3:5]
    if operation not in ("prepare", "start", "started", "migrate"):
        return 0
    domain = tree.parse(sys.stdin).getroot()
    label = domain.find("metadata/" + URI)
    if label is None:
        return 0
    on, feature = nests(root)
    cpu = domain.find("cpu")
    mode = cpu.get("mode") if cpu is not None else None
    asked = {f.get("name"): f.get("policy", "require") for f in cpu.findall("feature")} if cpu is not None else {}
    delivers = mode in ("host-passthrough", "maximum") and asked.get(feature) not in ("disable", "forbid") or asked.get(feature) in ("require", "force")
    policy = label.get("policy")
    if policy == "require" and not (on and delivers) or policy == "forbid" and on and delivers:
        sys.stderr.write(f"'{name}' refused: labelled {policy}")
        return 1
    return 0


sys.exit(main())
