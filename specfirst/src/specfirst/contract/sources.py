"""Where the text of a contract is from: a file, a URL, or a revision in git."""

from __future__ import annotations

import os
import posixpath
import re
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from specfirst.contract.document import DocumentError

_TIMEOUT = 30.0
"""Seconds without data after which a URL counts as unreachable."""

_LARGEST = 100_000_000
"""The maximum size of a document at a URL, in bytes."""

_URL = re.compile(r"https?://", re.IGNORECASE)


class Source(Protocol):
    """The place of a text. Two sources are equal if they are the same place."""

    @property
    def name(self) -> str:
        """Return how the source is called in messages."""
        ...

    @property
    def path(self) -> str:
        """Return its path with slashes, absolute or not, from which the names of components are made."""
        ...

    def read(self) -> bytes:
        """Return the bytes of the text. Raises DocumentError."""
        ...

    def at(self, reference: str) -> Source:
        """Return the source that a relative or absolute URL without a fragment means here (RFC 3986, 5)."""
        ...


@dataclass(frozen=True)
class FileSource:
    """A file. `path` is as the user wrote it, or relative to such a path; `place` tells files apart."""

    path: str = field(compare=False)
    place: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "place", os.path.abspath(self.path))

    @property
    def name(self) -> str:
        return self.path

    def read(self) -> bytes:
        try:
            return Path(self.path).read_bytes()
        except (OSError, ValueError) as error:
            # A path with a null character is a ValueError.
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise DocumentError(
                f"the file cannot be read: {reason}",
                remedy="use a file that exists and that you may read",
                file=self.name,
            ) from None

    def at(self, reference: str) -> Source:
        if _URL.match(reference):
            return URLSource(reference)
        return FileSource(_joined(self.path, reference))


@dataclass(frozen=True)
class URLSource:
    """An http or https URL."""

    url: str

    @property
    def name(self) -> str:
        return self.url

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.url).path)

    def read(self) -> bytes:
        if not _URL.match(self.url):
            raise self._unreadable("it is not an http or https URL")
        try:
            request = urllib.request.Request(self.url, headers={"User-Agent": "specfirst"})  # noqa: S310  # As checked.
            with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:  # noqa: S310  # As checked.
                data: bytes = response.read(_LARGEST + 1)
        except urllib.error.HTTPError as error:
            error.close()
            raise self._unreadable(f"the response is {error.code} {error.reason}") from None
        except urllib.error.URLError as error:
            raise self._unreadable(str(error.reason)) from None
        except (OSError, HTTPException, ValueError) as error:
            raise self._unreadable(str(error) or type(error).__name__) from None
        if len(data) > _LARGEST:
            raise self._unreadable(f"it is larger than {_LARGEST // 1_000_000} MB")
        return data

    def _unreadable(self, reason: str) -> DocumentError:
        return DocumentError(
            f"the URL cannot be read: {' '.join(reason.split())}",
            remedy="check the URL and the network, or download the file and use it",
            file=self.name,
        )

    def at(self, reference: str) -> Source:
        return URLSource(urldefrag(urljoin(self.url, reference)).url)


@dataclass(frozen=True)
class GitSource:
    """A file in a revision of the git repository that contains `folder`.

    `path` is relative to the root of the repository, as in git's own REVISION:PATH.
    """

    revision: str
    path: str
    folder: str = "."

    @property
    def name(self) -> str:
        return f"{self.revision}:{self.path}"

    def read(self) -> bytes:
        # Without this check, git reads a revision such as `--help` as an option.
        commit = self._git(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{self.revision}^{{commit}}"
        )
        if commit.returncode != 0:
            # git explains when there is no repository or no access to it.
            reason = commit.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
            raise DocumentError(
                f"{self.revision!r} is not a revision in git" + (f": {reason}" if reason else ""),
                remedy="use a branch, a tag or a commit (in CI: fetch it first)",
                file=self.name,
            )
        content = self._git("cat-file", "blob", f"{commit.stdout.decode().strip()}:{self.path}")
        if content.returncode != 0:
            raise DocumentError(
                f"{self.path} does not exist in {self.revision}",
                remedy="use another revision, or a path from the root of the repository",
                file=self.name,
            )
        return content.stdout

    def at(self, reference: str) -> Source:
        if _URL.match(reference):
            return URLSource(reference)
        return GitSource(self.revision, _joined(self.path, reference), self.folder)

    def _git(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return run_git(self.folder, *arguments)


def source(text: str, *, beside: str | None = None) -> Source:
    """Return the source that a user names: a file, an http(s) URL, `git:REVISION:PATH` or `git:REVISION`.

    The path of `git:REVISION:PATH` is relative to the root of the repository, or to the working directory if
    it begins with `./` or `../`, as in git. `git:REVISION` is the file `beside` in that revision. Raises
    DocumentError for `git:REVISION` without a file `beside`, and for a URL of another scheme.
    """
    if _URL.match(text):
        return URLSource(urldefrag(text).url)
    if not text.startswith("git:"):
        if (scheme := re.match(r"([A-Za-z][A-Za-z0-9+.-]+)://", text)) and not Path(text).exists():
            raise DocumentError(
                f"URLs of the scheme {scheme[1]} are not supported",
                remedy="use a file, an http or https URL, or git:REVISION:PATH",
            )
        return FileSource(text)
    revision, _, path = text.removeprefix("git:").partition(":")
    if not path:
        if beside is None or _URL.match(beside) or beside.startswith("git:"):
            raise DocumentError(
                f"{text} names no file", remedy="write git:REVISION:PATH, such as git:main:openapi.yaml"
            )
        return git_source(revision, Path(beside))
    if path.startswith(("./", "../")):
        return git_source(revision, Path(path))
    return GitSource(revision, posixpath.normpath(path))


def git_source(revision: str, path: Path) -> GitSource:
    """Return the source of a file's path, which need not exist now, in a revision. Raises DocumentError."""
    folder = path.absolute().parent
    while not folder.is_dir():
        folder = folder.parent
    prefix = run_git(str(folder), "rev-parse", "--show-prefix")
    if prefix.returncode != 0:
        reason = prefix.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
        raise DocumentError(
            f"git cannot read {folder}: {reason}", remedy="use it in a repository, or name a file or a URL"
        )
    below = posixpath.relpath(path.absolute().as_posix(), folder.as_posix())
    return GitSource(revision, posixpath.normpath(prefix.stdout.decode().strip() + below), str(folder))


def run_git(folder: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run git in a folder. Raises DocumentError if git is not installed."""
    try:
        return subprocess.run(["git", "-C", folder, *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        raise DocumentError(
            "git was not found", remedy="install it, or use a file instead of a revision"
        ) from None


def _joined(path: str, reference: str) -> str:
    """Resolve a relative URL from a path, as RFC 3986 does, but keep a relative path relative."""
    decoded = unquote(urlsplit(reference).path)
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), decoded))
