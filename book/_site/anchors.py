"""The same anchors in every language: a section is known by its label, not by its heading.

Sphinx names a section after its heading first, so that its links would change with the language,
and would be `#id3` in Korean.
"""

from docutils import nodes
from docutils.transforms.references import PropagateTargets
from sphinx.transforms import SphinxTransform


class LabelsAsIds(SphinxTransform):
    # PropagateTargets hands the label over to the section that it stands before.
    default_priority = PropagateTargets.default_priority + 1

    def apply(self, **kwargs) -> None:
        is_label, ids = self.document.nametypes, self.document.nameids
        for section in self.document.findall(nodes.section):
            labels = [ids[name] for name in section["names"] if is_label.get(name)]
            section["ids"] = labels or section["ids"]


def setup(app) -> None:
    app.add_transform(LabelsAsIds)
