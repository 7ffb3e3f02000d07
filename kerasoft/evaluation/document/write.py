"""A document as files."""

import os

from kerasoft.evaluation.document.blocks import Document, check_file_name
from kerasoft.evaluation.document.html_page import render_html
from kerasoft.evaluation.document.markdown import render_markdown
from kerasoft.evaluation.files import replace_files


def write_document(
    document: Document, folder: str | os.PathLike[str], name: str = "report"
) -> None:
    """Write `document` as name.md with its light figures beside it, and as name.html, one file.

    All files are finished before the first old one is replaced; the HTML page comes last, so that
    it stands for a complete set. One document always gives the same bytes.

    Args:
        document: What to write.
        folder: Where; made where it is missing.
        name: Of the two pages, without the extension.

    Raises:
        InvalidArgumentError: If `name` is no plain file name.
        OSError: As the file system gives it.
    """
    check_file_name(name)
    contents = {
        f"{name}.html": render_html(document).encode(),
        f"{name}.md": render_markdown(document).encode(),
    }
    contents |= {f"{figure.name}.png": figure.light for figure in document.figures}
    replace_files(folder, contents)
