"""Links between the documents lead to files that exist, and the index lists every decision record."""

from __future__ import annotations

import re

from serving import ROOT

DOCUMENTS = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/**/*.md"),
    *ROOT.glob("clients/*/*.md"),
    *ROOT.glob("examples/*/*.md"),
]


def anchor(heading: str) -> str:
    """Return the anchor that GitHub gives to a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-")


def test_links_in_documents_lead_to_files_and_headings() -> None:
    broken = []
    for document in DOCUMENTS:
        for link in re.findall(r"\]\(((?!https?:)[^)\s]+)\)", document.read_text(encoding="utf-8")):
            name, _, fragment = link.partition("#")
            target = (document.parent / name).resolve() if name else document
            if not target.exists():
                broken.append(f"{document.relative_to(ROOT)}: {link}")
            elif fragment:
                headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
                if fragment not in map(anchor, headings):
                    broken.append(f"{document.relative_to(ROOT)}: {link}")
    assert not broken


def test_the_index_lists_every_decision_record() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\((\d{3}-[^)]+)\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert listed == sorted(path.name for path in folder.glob("[0-9]*.md"))
