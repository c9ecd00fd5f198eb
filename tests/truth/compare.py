# SPDX-License-Identifier: GPL-2.0-or-later
"""The product's answers beside QEMU's, and the differences that are known, each with its reason (tests/truth/explained)."""

import collections
import fnmatch
import subprocess

import definitions

FIELDS = ("arch", "type", "machine", "model", "form", "said", "truth")

# truth: what QEMU may answer: True, False; None: it does not start. More than one where libvirt decides by its host.
Case = collections.namedtuple("Case", "arch type machine model form xml platform truth")
Difference = collections.namedtuple("Difference", FIELDS + ("why",))

REFUTED = {"certainly": False, "no": True}


def truths(answers, host_model=True):
    """{(a form's model, its switch): what QEMU may answer}. `answers`: {model: {switch: answer}}, DEFAULT among the models.
    host_model: libvirt has one, which it needs for host-model, match='minimum' and optional (src/cpu/cpu.c, virCPUUpdate)."""
    out = {(model, switch): {answer} for model, told in answers.items() for switch, answer in told.items()}
    found = {switch: {told[switch] for model, told in answers.items() if model not in ("", "host", "max")} for switch in (True, False)}
    for model, switch, truth in ((definitions.ANY, True, found[True]), (definitions.ANY, False, found[False]),
                                 (None, None, found[True] | found[False])):
        out[model, switch] = truth if host_model else {None}
    return out


def lines_of(command, questions):
    text = "".join("%s\t%s\n" % question for question in questions)
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == len(questions), "an answer a question"
    return lines


def said_of(delivers, cases):
    return [line.split("\t", 1) for line in lines_of([delivers], [(case.platform, case.xml) for case in cases])]


def models_said(delivers, platform, models):
    """{model: its row in the table of models, as words}"""
    return dict(zip(models, lines_of([delivers, "--models"], [(platform, model) for model in models])))


def word(answers):
    return "/".join(sorted({True: "yes", False: "no", None: "refused"}[answer] for answer in answers))


class Comparison:
    """Of any number of cases; what differs, and how sharp the product's answers are."""

    def __init__(self, delivers):
        self.delivers = delivers
        self.differences = []
        self.count = self.refused = self.vague = 0
        self.machines = set()
        self.models = set()

    def add(self, cases):
        for case, (said, why) in zip(cases, said_of(self.delivers, cases)):
            self.count += 1
            self.machines.add((case.arch, case.machine))
            self.models.add((case.arch, case.model))
            self.refused += case.truth == {None}
            self.vague += said == "possibly" and len(case.truth) == 1
            if said == "undetermined" or said in REFUTED and REFUTED[said] in case.truth:
                self.differences.append(Difference(case.arch, case.type, case.machine, case.model, case.form, said, word(case.truth), why))

    def figures(self):
        return ("%d definitions compared, %d machines, %d models; QEMU starts none of %d of them; of %d the product says `possibly` "
                "and QEMU one thing only" % (self.count, len(self.machines), len(self.models), self.refused, self.vague))


class Explained:
    """Rows ARCH | TYPE | MACHINE | MODEL | FORM | SAID | TRUTH | REASON, patterns of the shell all but the last."""

    def __init__(self, path):
        self.rows = []
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.startswith("#") or not line.strip():
                    continue
                row = [field.strip() for field in line.split("|", 7)]
                assert len(row) == 8, "%s:%d: not a row" % (path, number)
                self.rows.append((number, row[:7], row[7]))
        self.path = path

    def judge(self, differences, in_scope):
        """Sentences: differences that no row explains, and rows of this run's scope that explain nothing any more."""
        used = collections.Counter()
        unexplained = []
        for difference in differences:
            hits = [number for number, patterns, _ in self.rows
                    if all(fnmatch.fnmatchcase(value, pattern) for value, pattern in zip(difference, patterns))]
            used.update(hits)
            if not hits:
                unexplained.append(difference)
        problems = ["%s: the product says %s (%s), QEMU says %s" %
                    (", ".join(part for part in difference[:5] if part), difference.said, difference.why, difference.truth)
                    for difference in unexplained]
        for number, patterns, reason in self.rows:
            if in_scope(patterns) and not used[number]:
                problems.append("%s:%d: explains nothing any more: %s" % (self.path, number, reason))
            elif used[number]:
                print("known: %d differences, %s: %s" % (used[number], " | ".join(patterns), reason))
        return problems
