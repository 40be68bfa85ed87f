"""Upload saved things to the Hugging Face Hub, each in one commit: a cut connection leaves nothing half."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textkit.hub.card import is_unedited
from textkit.hub.errors import built_in_errors, hub_library
from textkit.hub.layouts import CONFIG, Layout, found_class

_CARD = "README.md"


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a thing is uploaded to, and how.

    Attributes:
        repo_id: The repository, as "user/name" or "name"; it is created if there is none.
        private: Whether it must be private; None for the default of its owner.
        token: Token of the user; None for the one that is logged in.
        revision: Branch, which is created if there is none; None for the main branch.
        create_pr: Whether to open a pull request instead.
        commit_message: First line of the commit.
        replace_card: Whether to replace a card that was edited.
    """

    repo_id: str
    private: bool | None = None
    token: str | bool | None = None
    revision: str | None = None
    create_pr: bool = False
    commit_message: str | None = None
    replace_card: bool = False


def upload(folder: Path, layout: Layout, write_card: Callable[[str], str], target: Target) -> str:
    """Upload the files of a folder and a card.

    Args:
        folder: The files of one saved thing.
        layout: Files of its class; what the repository holds of them besides is deleted.
        write_card: Returns the card, given the full name of the repository.
        target: Where to.

    Returns:
        Address of the commit, or of the pull request.

    Raises:
        ValueError: If the repository holds another thing, or is public and must be private.
        PermissionError: If the token does not permit it.
        ConnectionError: If the Hub is not in reach.
    """
    hub = hub_library()
    api = hub.HfApi(token=target.token, library_name="textkit")
    with built_in_errors(target.repo_id, target.revision):
        repo_id = api.create_repo(target.repo_id, private=target.private, exist_ok=True).repo_id
        revision = target.revision
        if revision is not None and not target.create_pr and not revision.startswith("refs/"):
            api.create_branch(repo_id, branch=revision, exist_ok=True)
        info = api.model_info(repo_id, revision=revision)
        if target.private and info.private is False:
            raise ValueError(
                f"private must be None for {repo_id}, which is public, got True; change its settings first"
            )
        present = {file.rfilename for file in info.siblings or ()}

        def downloaded(name: str) -> Path:
            return Path(hub.hf_hub_download(repo_id, name, revision=info.sha, token=target.token))

        new = {path.name: path for path in sorted(folder.iterdir())}
        _check_replaceable(repo_id, layout, present, set(new), downloaded(CONFIG) if CONFIG in present else None)
        operations: list[Any] = [hub.CommitOperationAdd(name, path) for name, path in new.items()]
        operations += [hub.CommitOperationDelete(name) for name in layout.files if name in present and name not in new]
        if _CARD not in present or target.replace_card or _is_ours(downloaded(_CARD)):
            operations.append(hub.CommitOperationAdd(_CARD, write_card(repo_id).encode()))
        else:
            warnings.warn(
                f"{_CARD} of {repo_id} was edited, and is left as it is, with its figures; pass replace_card=True to "
                "write it anew",
                stacklevel=4,
            )
        commit = api.create_commit(
            repo_id,
            operations,
            commit_message=target.commit_message or f"Upload {layout.name} with textkit",
            revision=revision,
            create_pr=target.create_pr,
            parent_commit=info.sha,
        )
    return str(commit.pr_url if target.create_pr else commit.commit_url)


def _check_replaceable(repo_id: str, layout: Layout, present: set[str], new: set[str], config: Path | None) -> None:
    """Refuse to replace anything but a thing of the same class."""
    found = found_class(present, config)
    if found is None and (others := sorted(present & new)):
        raise ValueError(
            f"repo_id must hold no model of another program, got {repo_id!r} with {others[0]}; choose another"
        )
    if found not in (None, layout.name):
        raise ValueError(
            f"repo_id must hold a {layout.name} or nothing, got {repo_id!r} with a {found}; choose another"
        )


def _is_ours(card: Path) -> bool:
    return is_unedited(card.read_text(encoding="utf-8", errors="replace"))
