import json
import stat

import pytest
from typer.testing import CliRunner

from textkit.commands.migrate import app

PROGRAM = '''\
# coding: utf-8
"""A program for torchtext: import torchtext"""
import os, torchtext, re   # torchtext, as it was
import torchtext.data as D; import torchtext.vocab
from torchtext.legacy import data
from torchtext.data.utils import (
    get_tokenizer,  # from torchtext
)
try:
    from  torchtext . vocab  import build_vocab_from_iterator
except ImportError:
    é = "é"; from torchtext import vocab
from torchtextual import torchtext as other
from .torchtext import data as own
text = "import torchtext"
'''
REWRITTEN = '''\
# coding: utf-8
"""A program for torchtext: import torchtext"""
import os, textkit.compat.torchtext as torchtext, re   # torchtext, as it was
import textkit.compat.torchtext.data as D; import textkit.compat.torchtext as torchtext
from textkit.compat.torchtext import data
from textkit.compat.torchtext.data.utils import (
    get_tokenizer,  # from torchtext
)
try:
    from  textkit.compat.torchtext.vocab  import build_vocab_from_iterator
except ImportError:
    é = "é"; from textkit.compat.torchtext import vocab
from torchtextual import torchtext as other
from .torchtext import data as own
text = "import torchtext"
'''


@pytest.fixture
def migrate():
    def run(*arguments):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0
        return result.output

    return run


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_only_imports_change(tmp_path, migrate, line_end, mark):
    path = tmp_path / "train.py"
    path.write_bytes(mark + PROGRAM.replace("\n", line_end).encode())
    path.chmod(0o751)
    assert migrate(path) == f"{path}: 7 imports rewritten\n"
    assert path.read_bytes() == mark + REWRITTEN.replace("\n", line_end).encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o751
    assert migrate(path) == f"{path}: nothing to rewrite\n"
    assert path.read_bytes() == mark + REWRITTEN.replace("\n", line_end).encode()


def test_the_encoding_that_a_file_declares_stays(tmp_path, migrate):
    path = tmp_path / "old.py"
    before = '# -*- coding: latin-1 -*-\nname = "é"; import torchtext\n'.encode("latin-1")
    path.write_bytes(before)
    migrate(path)
    assert path.read_bytes() == before.replace(b"import torchtext", b"import textkit.compat.torchtext as torchtext")


def test_diff_writes_nothing(tmp_path, migrate):
    path = tmp_path / "train.py"
    path.write_text("import torch\nimport torchtext")
    assert migrate("--diff", path).splitlines() == [
        f"--- {path}",
        f"+++ {path}",
        "@@ -1,2 +1,2 @@",
        " import torch",
        "-import torchtext",
        "+import textkit.compat.torchtext as torchtext",
        f"{path}: 1 import to rewrite",
    ]
    assert path.read_text() == "import torch\nimport torchtext"


def test_what_is_not_there_is_listed_with_its_line(tmp_path, migrate):
    path = tmp_path / "train.py"
    path.write_text(
        "import torchtext\n"
        "from torchtext.models import ROBERTA_BASE_ENCODER\n"
        "from torchtext import data as D, nope\n"
        "from torchtext.datasets import IMDB, CoLA\n"
        "D.get_tokenizer\n"
        "x = torchtext.data.Nothing(\n"
        "    torchtext.utils.download_from_url('u'))\n"
        "import importlib; importlib.import_module('torchtext.data')\n"
        "from torchtext.vocab import *\n"
    )
    output = migrate(path).splitlines()
    assert output[0] == f"{path}: 4 imports rewritten"
    assert [line.removeprefix(f"{path}:").split(";")[0] for line in output[1:]] == [
        "2: torchtext.models is not in textkit",
        "3: torchtext.nope is not in textkit",
        "4: torchtext.datasets.CoLA is not in textkit",
        "6: torchtext.data.Nothing is not in textkit",
        "7: torchtext.utils is not in textkit",
        "8: 'torchtext.data' is a string",
        "9: the names of torchtext.vocab that an import of * binds are not checked",
    ]
    assert 'datasets.load_dataset("nyu-mll/glue", "cola")' in output[3]
    assert "from torchtext.models import" in path.read_text()  # there is nothing to import in its place
    assert migrate(path).splitlines()[1:] == output[1:]


def test_variables_called_like_a_module_are_their_own(tmp_path, migrate):
    path = tmp_path / "train.py"
    path.write_text("from torchtext import data\nfor data in [1]:\n    data.real_value\n")
    assert migrate(path) == f"{path}: 1 import rewritten\n"


def notebook(*cells):
    return {"cells": list(cells), "metadata": {"é": 1.50}, "nbformat": 4, "nbformat_minor": 5}


def code(source):
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source}


@pytest.mark.parametrize(("indent", "ascii"), [(1, False), (None, True)])
def test_notebooks_keep_every_other_byte(tmp_path, migrate, indent, ascii):
    content = notebook(
        {"cell_type": "markdown", "metadata": {}, "source": ["import torchtext\n"]},
        code(
            [
                "%matplotlib inline\n",
                "!pip install torchtext\n",
                "é = '😀'; import torchtext\n",
                "from torchtext import data",
            ]
        ),
        code("import torchtext.vocab\ndata.Nothing\ndata?"),
        code(["%%bash\n", "import torchtext"]),
        code(["not python import torchtext"]),
        code([]),
    )
    raw = json.dumps(content, indent=indent, ensure_ascii=ascii).replace("Nothing", "N\\u006fthing")
    path = tmp_path / "lesson.ipynb"
    path.write_bytes(raw.encode())
    lines = migrate(path).splitlines()
    assert lines[0] == f"{path}: 3 imports rewritten"
    assert lines[1] == f"{path}:cell 5:1 must be Python 3, got invalid syntax; correct the line first"
    assert lines[2].startswith(f"{path}:cell 3:2: torchtext.data.Nothing is not in textkit")
    expected = raw.replace("; import torchtext", "; import textkit.compat.torchtext as torchtext")
    expected = expected.replace("import torchtext.vocab", "import textkit.compat.torchtext as torchtext")
    expected = expected.replace("from torchtext import data", "from textkit.compat.torchtext import data")
    assert path.read_bytes() == expected.encode()
    assert migrate(path).splitlines()[0] == f"{path}: nothing to rewrite"


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("a.py", b"import torchtext\nprint 'x'\n", r"a\.py:2 must be Python 3"),
        ("a.py", b"x = '\xe9'\n", r"a\.py must be text in the encoding that it declares"),
        ("a.py", b"# coding: nonsense\n", r"a\.py must be text in the encoding that it declares"),
        ("a.py", b"x = '\0'\n", r"a\.py:1 must be Python 3"),
        ("a.ipynb", b'{"cells": [\n}', r"a\.ipynb:2 must be a notebook \(JSON\)"),
        ("a.ipynb", b'{"worksheets": []}', r"a\.ipynb must be a notebook of version 4"),
        ("a.ipynb", b"[]", r"a\.ipynb must be a notebook of version 4"),
        ("a.ipynb", b'{"cells": "\xff"}', r"a\.ipynb must be UTF-8"),
    ],
)
def test_bad_files_are_named_and_nothing_is_written(tmp_path, migrate, name, raw, message):
    good = tmp_path / "good.py"
    good.write_text("import torchtext\n")
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(ValueError, match=message):
        migrate(good, tmp_path / name)
    assert good.read_text() == "import torchtext\n"
    assert (tmp_path / name).read_bytes() == raw


def test_files_that_are_none(tmp_path, migrate):
    with pytest.raises(FileNotFoundError, match="FILE must exist"):
        migrate(tmp_path / "none.py")
    with pytest.raises(IsADirectoryError, match=r"pass its files: .*/\*\.py"):
        migrate(tmp_path)
