#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The examples, called by stand-ins that keep to each manager's contract as the example's head tells it.

VN_COMMAND is virt-nested, VN_SOURCE the source tree. virt-install and libvirt themselves are in tests/guests/examples.sh.
"""
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

COMMAND = os.environ["VN_COMMAND"]
SOURCE = os.environ["VN_SOURCE"]
EXAMPLES = os.path.join(SOURCE, "examples")
LABEL = "<metadata><n:nested xmlns:n='urn:virt-nested:domain:1' policy='{}'/></metadata>"


def guest(label="", cpu="<cpu mode='host-passthrough'/>"):
    return (f"<?xml version='1.0' encoding='utf-8'?>\n<domain type='kvm'>\n  <name>wäb</name>\n  {LABEL.format(label) if label else ''}\n"
            f"  <os>\n    <type arch='x86_64'>hvm</type>\n  </os>\n  {cpu}\n</domain>\n")


OFF = "<cpu mode='host-model'><feature policy='disable' name='vmx'/></cpu>"


class Room(unittest.TestCase):
    """A folder for one test, with a virt-nested that takes a captured Intel machine for its host."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.bin = os.path.join(self.folder, "bin")
        os.mkdir(self.bin)
        root = os.path.join(SOURCE, "tests/roots/intel-nested-off")
        self.install("virt-nested", f'#!/bin/sh\ncommand=$1\nshift\nexec "{COMMAND}" "$command" --root "{root}" "$@"\n')
        self.environment = {"PATH": f"{self.bin}:{os.environ['PATH']}"}

    def install(self, name, text):
        path = os.path.join(self.bin, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o755)

    def install_example(self, name):
        with open(os.path.join(EXAMPLES, name), encoding="utf-8") as file:
            self.install(os.path.basename(name), file.read())

    def run_in(self, *words, stdin="", **environment):
        return subprocess.run(words, input=stdin, capture_output=True, text=True, timeout=60, env={**self.environment, **environment})

    def filtered(self, xml, *options):
        done = self.run_in("virt-nested", "inject", *options, "-", stdin=xml)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def unchanged(self, xml, *options):
        self.assertEqual(self.filtered(xml, *options), xml)


class Vdsm(Room):
    def before_vm_start(self, xml, **custom):
        """The hooks' folder has this one hook: its status, and what vdsm would go on with."""
        self.install_example("vdsm/50_virt_nested")
        file, path = tempfile.mkstemp(dir=self.folder)
        os.write(file, xml.encode("utf-8"))
        os.close(file)
        done = self.run_in(os.path.join(self.bin, "50_virt_nested"), _hook_domxml=path, **custom)
        self.assertEqual(done.stdout, "")
        with open(path, encoding="utf-8") as final:
            text = final.read()
        os.unlink(path)
        self.assertEqual(os.listdir(self.folder), ["bin"], "something was left behind")
        return done.returncode, text, done.stderr

    def test_the_property_and_the_label(self):
        self.assertEqual(self.before_vm_start(guest()), (0, guest(), ""))
        for policy in ("require", "forbid"):
            wanted = self.filtered(guest(), "--policy", policy)
            self.assertNotEqual(wanted, guest())
            self.assertEqual(self.before_vm_start(guest(), virt_nested=policy), (0, wanted, ""))
        self.assertEqual(self.before_vm_start(guest("require")), (0, self.filtered(guest("require")), ""))

    def test_what_cannot_be_fails_the_start_and_changes_nothing(self):
        for xml, custom, words in ((guest(cpu=OFF), {"virt_nested": "require"}, "the label says require"), (guest("maybe"), {}, "'maybe'"),
                                   (guest(), {"virt_nested": "yes"}, "is 'yes'"), (guest()[:60], {}, "not well-formed")):
            status, text, said = self.before_vm_start(xml, **custom)
            self.assertEqual((status, text), (2, xml))
            self.assertIn(words, said)


class KubeVirt(Room):
    # As Go's encoding/xml writes it.
    XML = ('<domain type="kvm" xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0"><name>default_nested</name><os><type arch="x86_64" '
           'machine="q35">hvm</type></os><features><acpi></acpi></features><cpu mode="host-passthrough"><topology sockets="1" cores="1" '
           'threads="1"></topology></cpu></domain>')
    VMI = json.dumps({"metadata": {"name": "nested"}, "spec": {"note": "--domain <domain/>"}})

    def shim(self, xml):
        self.install_example("kubevirt/onDefineDomain")
        return self.run_in("onDefineDomain", "--vmi", self.VMI, "--domain", xml)

    def test_the_answer_is_the_definition(self):
        done = self.shim(self.XML)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, self.XML.replace("</topology></cpu>", '</topology><feature policy="require" name="vmx"/></cpu>')
                         .replace('mode="host-passthrough"', 'mode="host-passthrough" check="full"'))
        self.assertEqual(self.shim(done.stdout).stdout, done.stdout)

    def test_an_error_is_no_answer(self):
        for xml in ("", "no XML", self.XML.replace("</topology>", "</topology><feature policy='disable' name='vmx'/>")):
            done = self.shim(xml)
            self.assertNotEqual(done.returncode, 0)
            self.assertEqual(done.stdout, "")
        self.assertNotEqual(self.run_in("onDefineDomain").returncode, 0)

    def test_the_vm_asks_for_the_sidecar(self):
        with open(os.path.join(EXAMPLES, "kubevirt/vm.yaml"), encoding="utf-8") as file:
            text = file.read()
        sidecars = json.loads(re.search(r"hookSidecars: >-\n\s+(.*)\n", text).group(1))
        self.assertEqual(sidecars[0]["args"][0], "--version")
        self.assertIn(sidecars[0]["args"][1], ("v1alpha1", "v1alpha2", "v1alpha3"))


class Terraform(Room):
    def test_the_stylesheet_of_0_8_leaves_nothing_to_inject(self):
        if not shutil.which("xsltproc"):
            if os.environ.get("CI") == "true":
                self.fail("xsltproc is missing; run: tests/need unit")
            self.skipTest("xsltproc is missing; run: tests/need unit")
        path = os.path.join(self.folder, "domain.xml")
        for cpu in ("<cpu mode='host-passthrough'></cpu>", "<cpu mode='host-model'><topology sockets='1' cores='2' threads='1'/></cpu>"):
            with open(path, "w", encoding="utf-8") as file:
                file.write(guest(cpu=cpu))
            done = self.run_in("xsltproc", "--nomkdir", "--nonet", "--nowrite", os.path.join(EXAMPLES, "terraform/nested-require.xsl"), path)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn('policy="require"/></metadata>', done.stdout)
            self.assertIn("<name>wäb</name>", done.stdout)
            self.unchanged(done.stdout)

    def test_the_attributes_of_0_9_leave_nothing_to_inject(self):
        with open(os.path.join(EXAMPLES, "terraform/provider-0.9.tf"), encoding="utf-8") as file:
            text = file.read()
        label = json.loads(re.search(r'\bxml = (".*")', text).group(1))
        mode, check = (re.search(rf'\b{name} += "([a-z-]+)"', text).group(1) for name in ("mode", "check"))
        feature, policy = re.search(r'features = \[\{ name = "(\w+)", policy = "(\w+)" \}\]', text).groups()
        cpu = f"<cpu mode='{mode}' check='{check}'><feature policy='{policy}' name='{feature}'/></cpu>"
        xml = guest(cpu=cpu).replace("<os>", f"<metadata>{label}</metadata><os>")
        self.unchanged(xml)
        self.unchanged(xml, "--policy", "forbid") # it is a label


if __name__ == "__main__":
    unittest.main()
