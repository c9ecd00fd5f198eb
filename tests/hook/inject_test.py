#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""inject as a filter: what comes in, what comes out, and every way in which it refuses, with nothing on standard output then.

VN_COMMAND is virt-nested, VN_ROOTS the folder with the captured machines.
"""
import json
import os
import pty
import subprocess
import tempfile
import unittest

COMMAND = os.environ["VN_COMMAND"]
ROOTS = os.environ["VN_ROOTS"]
SLOW = int(os.environ.get("VN_SLOW", "1"))   # a sanitizer or an emulator: each SLOWth machine
URI = "urn:virt-nested:domain:1"
ARCHES = {"power": "ppc64le", "z14": "s390x", "arm64": "aarch64"}


def guest(attributes="policy='require'", cpu="<cpu mode='host-passthrough'/>", arch="x86_64", more=""):
    label = f"<metadata>\n    <n:nested xmlns:n='{URI}' {attributes}/>\n  </metadata>\n  " if attributes is not None else ""
    machine = "pseries" if arch == "ppc64le" else "virt"
    return f"<!-- kept -->\n<domain type='kvm'>\n  <name>web1</name>\n  {label}<os><type arch='{arch}' machine='{machine}'>hvm</type></os>\n  {cpu}\n  {more}\n</domain>\n"


def run(*words, stdin=""):
    data = stdin if isinstance(stdin, bytes) else stdin.encode()
    done = subprocess.run([COMMAND, *words], input=data, capture_output=True, timeout=60)
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def root(name):
    return os.path.join(ROOTS, name)


AMD = ("--root", root("amd-nested-2"))


class Filter(unittest.TestCase):
    def test_delivers_on_every_machine_and_a_second_time_changes_nothing(self):
        delivered = 0
        for name in sorted(os.listdir(ROOTS))[::SLOW]:
            if not os.path.isdir(root(name)):
                continue
            arch = next((arch for begin, arch in ARCHES.items() if name.startswith(begin)), "x86_64")
            with self.subTest(root=name):
                xml = guest(arch=arch)
                status, out, said = run("inject", "--root", root(name), "-", stdin=xml)
                if status == 3:
                    self.assertEqual(out, "")
                    self.assertRegex(said, "the platform of the host is not known|nothing is known about guests")
                    continue
                self.assertEqual(status, 0, said)
                self.assertEqual(run("inject", "--root", root(name), "-", stdin=out)[:2], (0, out))
                told = json.loads(run("explain", "--root", root(name), "--format", "json", "-", stdin=out)[1])
                fact = next(fact for fact in told["facts"] if fact["name"].startswith("the definition delivers"))
                self.assertEqual(fact["state"], "on", told)
                delivered += 1
        self.assertGreater(delivered, 40 // SLOW)

    def test_the_host_may_be_another_one_by_its_facts(self):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "facts.json")
            for name, feature in (("amd-nested-2", "svm"), ("intel-debian12", "vmx")):
                facts = run("facts", "--root", root(name))[1]
                with open(file, "w") as out:
                    out.write(facts)
                status, out, said = run("inject", "--for", file, "-", stdin=guest())
                self.assertEqual((status, said), (0, ""))
                self.assertIn(f"name='{feature}'", out)
                self.assertEqual(run("inject", "--root", root(name), "-", stdin=guest())[1], out)
            # A pipe, as <(ssh host virt-nested facts) is one.
            definition = os.path.join(folder, "web1.xml")
            with open(definition, "w") as to:
                to.write(guest())
            self.assertEqual(run("inject", "--for", "/dev/stdin", definition, stdin=facts), (0, out, ""))
            self.assertEqual(run("inject", "--for", file, "--root", root("amd-nested-2"), "-", stdin=guest())[0], 2)
            self.assertEqual(run("inject", "--for", file, "web1")[0], 2)
            for text, words in (("", "cannot be read, or is empty"), ("x", "is not what virt-nested facts prints"), ("[]", "is not what"),
                                ('{"version":1}', "is not what"), (facts.replace('"version":1', '"version":2'), "has facts of version 2"),
                                (facts[:40], "is not what"), (" " * 70000 + facts, "is not what")):
                with self.subTest(text=text[:30]):
                    with open(file, "w") as out:
                        out.write(text)
                    status, out, said = run("inject", "--for", file, "-", stdin=guest())
                    self.assertEqual((status, out), (2, ""))
                    self.assertIn(words, said)
            with open(file, "w") as out:
                out.write(facts.replace('"Intel"', '"VAX"'))
            status, out, said = run("inject", "--for", file, "-", stdin=guest())
            self.assertEqual((status, out), (3, ""))
            self.assertIn("name VAX (x86_64)", said)
            self.assertEqual(run("inject", "--for", folder + "/none", "-", stdin=guest())[0], 2)

    def test_passes_what_asks_for_nothing_byte_for_byte(self):
        latin = b"<?xml version='1.0' encoding='ISO-8859-1'?>\r\n<domain type='kvm'><name>w\xe4b</name></domain>"
        for xml in (guest(None), guest("policy='allow'"), guest("policy='forbid'", cpu=""), "<domain/>", guest(None).rstrip("\n")):
            self.assertEqual(run("inject", *AMD, "-", stdin=xml), (0, xml, ""))
        done = subprocess.run([COMMAND, "inject", *AMD, "-"], input=latin, capture_output=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout), (0, latin))

    def test_a_file_and_the_diff(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "web1")
            with open(path, "w", encoding="utf-8") as file:
                file.write(guest())
            status, out, said = run("inject", *AMD, path)
            self.assertEqual((status, said), (0, ""))
            self.assertEqual(out, run("inject", *AMD, "-", stdin=guest())[1])
            self.assertIn("<feature policy='require' name='svm'/>", out)
            self.assertIn("injected='feature.svm=require check=full'", out)
            status, diff, said = run("inject", *AMD, "--dry-run", path)
            self.assertEqual((status, said), (0, ""))
            self.assertTrue(diff.startswith(f"--- {path}\n+++ {path} (injected)\n@@ "), diff)
            self.assertIn("\n+    <feature policy='require' name='svm'/>\n", diff)
            with open(path, encoding="utf-8") as file:
                self.assertEqual(file.read(), guest(), "a file is only read")
            self.assertEqual(run("inject", *AMD, "--dry-run", "-", stdin=out), (0, "", ""))

    def test_the_policy(self):
        status, out, said = run("inject", *AMD, "--policy", "require", "-", stdin=guest(None, cpu=""))
        self.assertEqual((status, said), (0, ""))
        self.assertIn("<cpu mode='host-passthrough' check='full'>", out)
        self.assertNotIn(URI, out)
        self.assertIn("policy='disable' name='svm'", run("inject", *AMD, "--policy", "forbid", "-", stdin=guest(None))[1])
        self.assertIn("policy='disable' name='svm'", run("inject", *AMD, "--policy", "require", "-", stdin=guest("policy='forbid'"))[1])

    def test_warnings_are_no_part_of_the_definition(self):
        status, out, said = run("inject", *AMD, "-", stdin=guest(cpu="<cpu mode='host-passthrough'><feature policy='require' name='aes'/></cpu>"))
        self.assertEqual(status, 0)
        self.assertIn("standard input: check='full' is left out", said)
        self.assertTrue(out.endswith("</domain>\n"))

    def refuses(self, status, words, *arguments, stdin=""):
        with self.subTest(arguments=arguments, words=words):
            got, out, said = run("inject", *arguments, stdin=stdin)
            self.assertEqual((got, out), (status, ""), said)
            self.assertIn(words, said)
            self.assertEqual(said.count("\n"), 1, said)
            self.assertNotIn("\x1b", said)

    def test_refuses_what_is_no_definition(self):
        whole = guest()
        self.refuses(3, "there is nothing in it", "-")
        self.refuses(3, "there is nothing in it", "-", stdin=" \n")
        self.refuses(3, "not well-formed", "-", stdin="no XML\x1b[2J")
        self.refuses(3, "not well-formed", "-", stdin=whole[:len(whole) // 2])
        self.refuses(3, "not well-formed", "-", stdin=whole[:-4])
        self.refuses(3, "there is more behind its end", "-", stdin=guest(None) + guest(None))
        self.refuses(3, "there is more behind its end", "-", stdin=guest(None) + "junk")
        self.refuses(3, "is 'pool', not 'domain'", "-", stdin="<pool/>")
        self.refuses(3, "document type", "-", stdin="<!DOCTYPE domain><domain/>")
        self.refuses(3, "larger than 16 MiB", "-", stdin=guest(None) + " " * 20_000_000)
        self.refuses(3, "not in UTF-8", *AMD, "-", stdin=guest().encode("utf-16"))
        self.refuses(3, "deeper than 256", "-", stdin="<domain>" + "<a>" * 300 + "</a>" * 300 + "</domain>")

    def test_refuses_what_cannot_be_done(self):
        off = "<cpu mode='host-model'><feature policy='disable' name='svm'/></cpu>"
        self.refuses(1, "the label says require, but the definition says svm policy='disable'", *AMD, "-", stdin=guest(cpu=off))
        self.assertEqual(run("inject", *AMD, "--override", "-", stdin=guest(cpu=off))[0], 0)
        self.refuses(1, "policy 'maybe' is none of", *AMD, "-", stdin=guest("policy='maybe'"))
        self.refuses(1, "'more' is not understood", *AMD, "-", stdin=guest("policy='require' injected='more'"))
        self.refuses(1, "masks", "--root", root("intel-nested-off"), "-", stdin=guest(more="<launchSecurity type='tdx'/>"))
        self.refuses(3, "nothing is known about guests of x86_64", "--root", root("power9-radix"), "-", stdin=guest())
        self.refuses(3, "cannot be determined", *AMD, "-", stdin=guest(
            more="<commandline xmlns='http://libvirt.org/schemas/domain/qemu/1.0'><arg value='-cpu'/></commandline>"))

    def test_refuses_wrong_usage(self):
        self.refuses(2, "one definition at a time", "-", "-")
        self.refuses(2, "one definition at a time", "./a", "./b")
        self.refuses(2, "one definition at a time", "web1", "-")
        self.refuses(2, "guests that libvirt knows", "--all", "-")
        self.refuses(2, "guests that libvirt knows", "--watch", "-")
        self.refuses(2, "guests that libvirt knows", "--connect", "qemu:///system", "./a")
        self.refuses(2, "'./none': No such file", "./none")
        self.refuses(2, "not a regular file", "/")
        self.refuses(2, "not a regular file", "/dev/zero")
        self.refuses(2, "--policy is for a definition", "--policy", "require", "web1")
        self.refuses(2, "--root is for a definition", "--root", "/", "--all")
        self.refuses(2, "is none of require and forbid", "--policy", "allow", "-")
        self.refuses(2, "is not a folder", "--root", "/none", "-")
        ours, theirs = pty.openpty()
        done = subprocess.run([COMMAND, "inject", "-"], stdin=theirs, capture_output=True, text=True, timeout=60)
        os.close(ours)
        os.close(theirs)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("standard input is a terminal", done.stderr)

    def test_says_where_the_output_was_lost(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([COMMAND, "inject", *AMD, "-"], input=guest(), stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("could not be written", done.stderr)


if __name__ == "__main__":
    unittest.main()
