"""Import ``huggingface_hub`` when it is needed, and raise built-in errors that name the remedy in place of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

_LOG_IN = "log in with 'hf auth login', or pass token="


def hub_library() -> ModuleType:
    """Import ``huggingface_hub``, which is optional and takes half a second.

    Raises:
        ImportError: If it is not installed.
    """
    try:
        import huggingface_hub
    except ImportError:
        raise ImportError(
            "the Hugging Face Hub needs huggingface_hub, which is not installed; pip install textkit[huggingface]"
        ) from None
    return huggingface_hub


@contextmanager
def built_in_errors(repo_id: str, revision: str | None) -> Iterator[None]:
    """Translate the errors of ``huggingface_hub``.

    Args:
        repo_id: The repository, for messages.
        revision: Its revision; None for the main branch.

    Raises:
        FileNotFoundError: If there is no such repository, or it is not in the cache while the Hub is offline.
        PermissionError: If the repository is gated, or the token does not permit the request.
        ValueError: If the name is malformed, or there is no such revision.
        ConnectionError: If the Hub does not answer as expected.
        RuntimeError: If it has another cause than these.
    """
    hub_library()
    from huggingface_hub import errors

    # The common base of its errors and those of the HTTP client.
    http_error: type[Exception] = errors.HfHubHTTPError.__bases__[0]
    try:
        yield
    except errors.HFValidationError as error:
        raise ValueError(f"repo_id must be 'user/name', got {repo_id!r}: {error}") from error
    except errors.GatedRepoError as error:
        raise PermissionError(
            f"repo_id must be a repository that you may read, got {repo_id!r}, which is gated; accept its conditions "
            f"on its page, and {_LOG_IN}"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise FileNotFoundError(
            f"repo_id must be a repository on the Hugging Face Hub, got {repo_id!r}, which does not exist or is "
            f"private; check its spelling, or {_LOG_IN}"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise ValueError(f"revision must be a branch, tag or commit of {repo_id}, got {revision!r}") from error
    except errors.LocalEntryNotFoundError as error:
        offline = isinstance(error.__cause__, errors.OfflineModeIsEnabled) or error.__cause__ is None
        if not offline:
            raise ConnectionError(
                f"{repo_id} must be in the cache or the Hugging Face Hub in reach, got neither: {error.__cause__}"
            ) from error
        raise FileNotFoundError(
            f"{repo_id} must be in the cache of the Hugging Face Hub while it is offline, got no complete copy of it; "
            "unset HF_HUB_OFFLINE, or leave out local_files_only, to download it"
        ) from error
    except errors.OfflineModeIsEnabled as error:
        raise ConnectionError(f"{repo_id} needs the Hugging Face Hub, got HF_HUB_OFFLINE; unset it") from error
    except errors.HfHubHTTPError as error:
        status = None if error.response is None else error.response.status_code
        if status in (401, 403):
            raise PermissionError(f"token must permit this in {repo_id}, got: {error}; {_LOG_IN}") from error
        raise ConnectionError(f"the Hugging Face Hub refused the request for {repo_id}: {error}") from error
    except (http_error, RuntimeError) as error:
        # A large file that cannot be sent is a RuntimeError with the true one as its cause.
        if isinstance(error, RuntimeError) and not isinstance(error.__cause__, http_error | OSError):
            raise
        raise ConnectionError(f"the Hugging Face Hub must be in reach for {repo_id}, got: {error}") from error
