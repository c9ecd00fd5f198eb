# SPDX-License-Identifier: GPL-2.0-or-later
"""Print what a page shows as an example: the literal block that begins with #! in the section of that title.

example.py PAGE TITLE
"""

import sys

import docutils.nodes
from docutils.core import publish_doctree

with open(sys.argv[1], encoding="utf-8") as page:
    tree = publish_doctree(page.read(), settings_overrides={"halt_level": 2})
sections = [one for one in tree.findall(docutils.nodes.section) if one.next_node(docutils.nodes.title).astext() == sys.argv[2]]
scripts = [block.astext() for section in sections for block in section.findall(docutils.nodes.literal_block)]
scripts = [script for script in scripts if script.startswith("#!")]
if len(scripts) != 1:
    sys.exit(f"{sys.argv[1]}: {len(scripts)} scripts in the section '{sys.argv[2]}'")
print(scripts[0])
