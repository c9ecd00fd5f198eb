# SPDX-License-Identifier: GPL-2.0-or-later
"""What a module is loaded with: modprobe.d and the kernel's command line, by modprobe.d(5) and nothing of the product's."""
import re
import shlex

FOLDERS = ("/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d", "/usr/lib/modprobe.d", "/lib/modprobe.d")


def underscores(name):
    return name.replace("-", "_")


def in_force(files):
    """Texts of {path: text} in modprobe's order: by name, and a file masks those of its name in later folders."""
    chosen = {}
    for folder in FOLDERS:
        for path, text in files.items():
            if path.rpartition("/")[0] == folder and path.endswith(".conf"):
                chosen.setdefault(path.rpartition("/")[2], text)
    return [chosen[name] for name in sorted(chosen)]


def directives(files):
    for text in in_force(files):
        for line in re.sub(r"\\\r?\n", " ", text).splitlines():
            words = line.split()
            if len(words) > 1 and not words[0].startswith("#"):
                yield words


def words_of(cmdline):
    """The kernel's own words: blanks inside double quotes do not part them."""
    return re.findall(r'(?:[^\s"]|"[^"]*")+', cmdline)


def arguments(cmdline, name):
    """The values of an argument, in order."""
    out = []
    for word in words_of(cmdline):
        key, _, value = word.partition("=")
        if underscores(key) == underscores(name):
            out.append(value.strip('"'))
    return out


class Options:
    """Of one module: `values`, last one wins; `blocked` at boot; `never`: its install line loads nothing."""

    def __init__(self, files, cmdline, module, more=""):
        self.values, self.blocked, self.never = {}, False, False
        install = None
        for words in directives(files):
            if words[0] == "options" and underscores(words[1]) == module:
                self._take(words[2:])
            elif words[0] == "blacklist" and underscores(words[1]) == module:
                self.blocked = True
            elif words[0] == "install" and underscores(words[1]) == module and install is None:
                install = " ".join(words[2:])
        self._take(more.split())
        for word in words_of(cmdline):
            owner, _, option = word.partition(".")
            if option and underscores(owner) == module:
                self._take([option])
        for name in ("modprobe.blacklist", "module_blacklist"):
            if any(module in underscores(value).split(",") for value in arguments(cmdline, name)):
                self.blocked = True
                self.never = self.never or name == "module_blacklist"
        if install is not None:
            self._installed_by(install, module)

    def _take(self, words):
        for word in words:
            key, _, value = word.partition("=")
            self.values[underscores(key)] = value

    def _installed_by(self, command, module):
        """Only modprobe's own way to load it all the same is followed: `modprobe --ignore-install`, with more options."""
        words = shlex.split(command.split(";")[0].split("&&")[0])
        if not words or not words[0].endswith("modprobe") or not {"-i", "--ignore-install"} & set(words):
            self.never = True
            return
        at = next(i for i, word in enumerate(words) if underscores(word) == module)
        configured = dict(self.values)  # $CMDLINE_OPTS: all that the first modprobe would have given the module
        for word in words[at + 1:]:
            if word == "$CMDLINE_OPTS":
                self.values.update(configured)
            else:
                self._take([word])
