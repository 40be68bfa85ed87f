"""``push_to_hub`` and ``from_pretrained``, for all classes that can be saved."""

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, TypeVar, cast

from textkit.hub.card import Card, CardOptions, Results, write_card
from textkit.hub.download import Source, find_files, is_url, parse_url
from textkit.hub.layouts import Layout
from textkit.hub.upload import Target, upload

_Saved = TypeVar("_Saved", bound="Shared")


class Shared:
    """The part of a class with ``save`` and ``load`` that uses the Hugging Face Hub."""

    _layout: ClassVar[Layout]

    def _card(self) -> Card:
        raise NotImplementedError

    def push_to_hub(
        self,
        repo_id: str,
        *,
        private: bool | None = None,
        token: str | bool | None = None,
        revision: str | None = None,
        commit_message: str | None = None,
        create_pr: bool = False,
        license: str | None = None,
        language: str | Sequence[str] | None = None,
        datasets: Sequence[str] = (),
        results: Results | None = None,
        replace_card: bool = False,
    ) -> str:
        """Upload what `save` writes to the Hugging Face Hub, with a model card, in one commit.

        The card (README.md) says how to load it, how it was trained, and its figures. A card that was edited on the
        Hub is left as it is, with a warning.

        Args:
            repo_id: The repository, as "user/name"; it is created if there is none.
            private: Whether a new repository is private; None for the default of its owner. An existing one must be
                private for True.
            token: Token with the right to write; None for that of ``hf auth login`` or ``HF_TOKEN``.
            revision: Branch, which is created if there is none; None for the main branch.
            commit_message: Message of the commit; None for one that names the class.
            create_pr: Whether to open a pull request instead.
            license: License, for the card, such as "apache-2.0".
            language: Language of the texts, for the card, such as "en", or several.
            datasets: Data sets of the training, for the card: names in the catalog or on the Hub.
            results: Reports of evaluations by the name of their data set, for the card, such as
                ``{"imdb": classifier.evaluate(texts, labels)}``; or dictionaries such as ``{"accuracy": 0.9}``.
            replace_card: Whether to replace a card that was edited.

        Returns:
            Address of the commit, or of the pull request.

        Raises:
            ImportError: If huggingface_hub is not installed.
            ValueError: If it cannot be saved, the repository holds another thing or is public in spite of ``private``.
            PermissionError: If the token does not permit it.
            ConnectionError: If the Hub is not in reach.
        """
        options = CardOptions(license=license, language=language, datasets=datasets, results=results or {})
        target = Target(
            repo_id=repo_id,
            private=private,
            token=token,
            revision=revision,
            create_pr=create_pr,
            commit_message=commit_message,
            replace_card=replace_card,
        )
        layout = self._layout
        with TemporaryDirectory() as temporary:
            folder = Path(temporary) / "saved"
            if layout.kind is None:
                folder.mkdir()
            cast(Any, self).save(folder if layout.kind is not None else folder / layout.files[0])
            card = self._card()
            write_card(card, options, layout.name, repo_id)  # wrong options are known before anything is created
            return upload(folder, layout, lambda name: write_card(card, options, layout.name, name), target)

    @classmethod
    def from_pretrained(
        cls: type[_Saved],
        repo_id: str | os.PathLike[str],
        *,
        filename: str | None = None,
        revision: str | None = None,
        token: str | bool | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
        local_files_only: bool = False,
        **options: Any,
    ) -> _Saved:
        """Load what `push_to_hub` uploaded, from the Hugging Face Hub or its cache.

        Only the files of this class are downloaded, those that have changed. Nothing is unpickled.

        Args:
            repo_id: The repository, as "user/name"; or a folder, or a file, of this machine.
            filename: Name of the file of vectors, a vocabulary or phrases, if it is not the one that `push_to_hub`
                writes, such as "model.bin" of fastText. None for models.
            revision: Branch, tag or commit; None for the main branch. A commit never changes.
            token: Token with the right to read; None for that of ``hf auth login`` or ``HF_TOKEN``, False for none.
            cache_dir: Folder of the cache; None for that of huggingface_hub.
            local_files_only: Whether to read the cache only, as with ``HF_HUB_OFFLINE=1``.
            options: Arguments of `load`, such as ``trust_tokenizer``.

        Returns:
            What `load` returns.

        Raises:
            ImportError: If huggingface_hub is not installed.
            FileNotFoundError: If there is no such repository, or it is not in the cache while the Hub is offline.
            PermissionError: If the repository is gated, or private and the token does not permit it.
            ValueError: If the repository holds something else (the message says what), there is no such revision, or
                for a reason of `load`.
            ConnectionError: If the Hub is not in reach, and the cache holds no copy.
        """
        layout, path = cls._layout, Path(repo_id)
        if path.exists():
            if path.is_dir() and layout.kind is None:
                names = layout.files if filename is None else (filename,)
                path = next((path / name for name in names if (path / name).is_file()), path / names[0])
        else:
            name = os.fspath(repo_id)
            if is_url(repo_id):
                name, of_url, file = parse_url(repo_id)
                revision, filename = revision or of_url, filename or file
            source = Source(
                repo_id=name,
                revision=revision,
                token=token,
                cache_dir=cache_dir,
                local_files_only=local_files_only,
            )
            path = find_files(source, layout, filename)
        return cast(_Saved, cast(Any, cls).load(path, **options))
