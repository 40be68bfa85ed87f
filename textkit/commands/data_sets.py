"""``textkit data``: list the catalog of data sets."""

import json
from typing import Annotated, Any, Literal

import typer

from textkit.commands.shared import examples
from textkit.data import catalog
from textkit.data.data_files import data_folder
from textkit.display.terminal import size_text, wrapped

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(epilog=examples("textkit data trec imdb", "textkit data --kind pairs"))
def data_sets(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Data sets to show.", show_default="all")
    ] = None,
    kind: Annotated[
        Literal["text", "table", "pairs", "analogies"] | None,
        typer.Option(metavar="<name>", help="Only text, table, pairs or analogies.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the data sets that textkit knows by name, with their sizes, licenses and files."""
    listed = [catalog.entry(name) for name in names or catalog.names(kind)]
    described = [_described(data_set) for data_set in listed if kind in (None, data_set.kind)]
    if as_json:
        print(json.dumps(described, ensure_ascii=False, indent=2))
        return
    for number, data_set in enumerate(described):
        print(f"{chr(10) * bool(number)}{data_set['name']} ({data_set['kind']}): {data_set['title']}")
        details = {"license": data_set["license"], "home": data_set["home"], "note": data_set["note"]}
        details["hub"] = " ".join(data_set["huggingface"])
        for name, value in details.items():
            if value:
                print(wrapped(f"    {name}", value, column=14))
        for split, file in data_set["splits"].items():
            size = "size unknown" if file["bytes"] is None else size_text(file["bytes"])
            print(wrapped(f"    {split}", f"{size}, {_place(file)}", column=14))


def _described(data_set: catalog.CatalogEntry) -> dict[str, Any]:
    splits = {}
    for split, file in data_set.files.items():
        found = catalog.find(data_set.name, split)
        splits[split] = {
            "bytes": file.bytes,
            "found": None if found is None else str(found),
            "path": file.path,
            "downloadable": bool(file.address),
        }
    return {
        "name": data_set.name,
        "kind": data_set.kind,
        "title": data_set.title,
        "license": data_set.license,
        "home": data_set.home,
        "note": data_set.note,
        "huggingface": list(data_set.huggingface),
        "splits": splits,
    }


def _place(file: dict[str, Any]) -> str:
    """Say where a file is, or how to get it."""
    if file["found"]:
        return str(file["found"])
    if file["downloadable"]:
        return "downloaded when it is used"
    root = data_folder()
    return f"not here: put it at {'$TEXTKIT_DATA' if root is None else root}/{file['path']}"
