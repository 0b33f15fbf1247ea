"""One chapter -> its notebooks: which cells they have, and what is folded in them."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from book._site.execution import ROOT, join_streams, read_chapter

from .edition import Edition, Target
from .first_cell import first_cell
from .markdown import Writer
from .myst import NotPlain, Place

SOLUTION = "solution"  # the tag of every cell of a solution, so that tools can find them
# Who gets which cells: those of solutions are for teachers.
READERS = {"learner": False, "teacher": True}

# How the site's tags are said to JupyterLab (`jupyter`) and to Colab (`cellView`).
FOLDED = {"jupyter": {"source_hidden": True}, "cellView": "form"}
METADATA = {
    "hide-input": FOLDED,
    # It gives an answer away, in its output as well.
    "hide-cell": {"jupyter": {"source_hidden": True, "outputs_hidden": True}, "cellView": "form"},
    # On the site, the picture stands elsewhere, or the output of an unsolved exercise is left out.
    "remove-output": {},
}
# The assertions behind the sentences of a page. A learner who changes a setting would be stopped by
# one, for no fault.
LEFT_OUT = "remove-cell"


def notebooks_of(
    file: Path,
    edition: Edition,
    source: str = "",
    run: Callable[[NotebookNode], NotebookNode] | None = None,
) -> dict[str, NotebookNode]:
    """The notebooks of a chapter, for each kind of reader.

    `source` is where pip finds the helper package; `run` gives a chapter its outputs. Raises
    NotPlain, with the place, whatever it is that keeps the chapter from being a notebook.
    """
    chapter = read_chapter(file)
    places = places_of(chapter, file)
    cells = list(plain_cells(run(chapter) if run else chapter, places, Writer(edition)))
    title = cells[0].source.splitlines()[0].removeprefix("# ")
    cells_at = zip(places, chapter.cells, strict=True)
    code = {place: cell.source for place, cell in cells_at if cell.cell_type == "code"}
    first = new_code_cell(first_cell(code, edition, source), metadata=dict(FOLDED))
    last = new_markdown_cell(colophon(edition, edition.targets[file.name]))
    return {
        reader: finished(
            [first, *(c for c in cells if with_solutions or not is_solution(c)), last],
            chapter.metadata["kernelspec"],
            {"title": title, "lang": edition.language, "edition": reader},
        )
        for reader, with_solutions in READERS.items()
    }


def places_of(chapter: NotebookNode, file: Path) -> list[Place]:
    """Where each cell begins."""
    lines = file.read_text(encoding="utf-8").splitlines()
    name = file.relative_to(ROOT) if file.is_relative_to(ROOT) else file
    places = []
    for line in chapter.metadata["source_map"]:
        while not lines[line].strip():  # blank lines are not part of the cell
            line += 1
        places.append(Place(str(name), line + 1))
    return places


def plain_cells(
    chapter: NotebookNode, places: Iterable[Place], writer: Writer
) -> Iterator[NotebookNode]:
    """The cells of a notebook, those of solutions tagged as such."""
    solution = None
    for cell, place in zip(chapter.cells, places, strict=True):
        if cell.cell_type == "code":
            if LEFT_OUT not in cell.metadata.get("tags", []):
                yield tagged(code_cell(cell, place), solution)
            continue
        for piece in writer.pieces(cell.source, place):
            if isinstance(piece, str):
                if piece:
                    yield tagged(new_markdown_cell(piece), solution)
            elif (piece.name == "solution-start") == (solution is not None):
                raise piece.refuse("stands where it has no counterpart")
            elif piece.name == "solution-start":
                solution = piece
                yield tagged(new_markdown_cell(writer.solution_heading(piece)), solution)
            else:
                solution = None
    if solution is not None:
        raise solution.refuse("has no end")


def tagged(cell: NotebookNode, solution: object) -> NotebookNode:
    if solution is not None:
        cell.metadata["tags"] = [SOLUTION]
    return cell


def is_solution(cell: NotebookNode) -> bool:
    return SOLUTION in cell.metadata.get("tags", [])


def code_cell(cell: NotebookNode, place: Place) -> NotebookNode:
    """A cell as notebooks show it, with as much of its output as the page shows."""
    options = dict(cell.metadata)
    tags = options.pop("tags", [])
    if unknown := [*options, *(tag for tag in tags if tag not in METADATA)]:
        raise NotPlain(place, f"there is no rule for {unknown[0]!r} of a code cell")
    metadata = {key: value for tag in tags for key, value in METADATA[tag].items()}
    outputs = [plain_output(output) for output in join_streams(cell.outputs)]
    shown = [o for o in outputs if is_shown(o, is_removed="remove-output" in tags)]
    return new_code_cell(cell.source, metadata=metadata, outputs=shown)


def plain_output(output: NotebookNode) -> NotebookNode:
    """An output without the number of a run that was not the reader's."""
    plain = NotebookNode(output)
    if plain.output_type == "execute_result":
        plain.execution_count = None
    return plain


def is_shown(output: NotebookNode, is_removed: bool) -> bool:
    """Tell whether a page shows an output: if not under its cell, then by its name, as a figure."""
    if output.output_type == "stream" and output.name == "stderr":
        return False
    return not is_removed or "scrapbook" in output.get("metadata", {})


def finished(cells: list[NotebookNode], kernel: dict, metadata: dict) -> NotebookNode:
    """A valid notebook whose cells are called after what is in them: the same in every run."""
    count = Counter()
    for cell in cells:
        name = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        count[name] += 1
        cell.id = name if count[name] == 1 else f"{name}-{count[name]}"
    notebook = new_notebook(
        cells=cells,
        metadata={"kernelspec": kernel, "language_info": {"name": "python"}, **metadata},
    )
    nbformat.validate(notebook)
    return notebook


def colophon(edition: Edition, page: Target) -> str:
    """What course this is from, where its page is, and what may be done with it."""
    title, footer = edition.texts["title"], edition.texts["footer"]
    address = edition.address_of(page)
    return f"---\n\n{f'[{title}]({address})' if address else title}. {footer}"
