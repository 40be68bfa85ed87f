"""A server with the part of the Hugging Face Hub's interface that huggingface_hub calls for models."""

import base64
import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

TOKEN = "hf_right"
_LARGE = (".safetensors", ".bin")  # sent as LFS files


@dataclass
class Repository:
    private: bool = False
    gated: bool = False
    commits: dict = field(default_factory=dict)  # the files of each
    branches: dict = field(default_factory=dict)  # the commit of each

    def commit(self, files, branch="main"):
        """Set files of a branch, and delete those that are None."""
        files = {**self.commits.get(self.branches.get(branch), {}), **files}
        files = {name: content for name, content in files.items() if content is not None}
        sha = hashlib.sha1(repr((sorted(files.items()), len(self.commits))).encode()).hexdigest()
        self.commits[sha], self.branches[branch] = files, sha
        return sha

    @property
    def files(self):
        return self.commits[self.branches["main"]]


class FakeHub:
    """The repositories, and all requests as (method, path)."""

    def __init__(self):
        self.repositories, self.requests, self.objects = {}, [], {}
        self.cut = None  # path at which the connection is cut
        hub = self

        class Handler(_Handler):
            fake = hub

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def add(self, repo_id, files, **options):
        repository = self.repositories[repo_id] = Repository(**options)
        repository.commit(files)
        return repository

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class RefusedError(Exception):
    def __init__(self, status, code="", **body):
        self.status, self.code, self.body = status, code, body


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def _answer(self):
        body = self._body()
        path = unquote(urlsplit(self.path).path)
        self.fake.requests.append((self.command, path))
        if self.fake.cut and self.fake.cut in path:
            self.close_connection = True
            self.connection.close()
            return
        status, headers = 200, {}
        try:
            for pattern, method in _ROUTES:
                if found := re.fullmatch(pattern, path):
                    content, headers = method(self, body, **found.groupdict())
                    break
            else:
                raise RefusedError(404)
        except RefusedError as refused:
            status, content = refused.status, json.dumps({"error": refused.code, **refused.body}).encode()
            headers = {"X-Error-Code": refused.code} if refused.code else {}
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = _answer  # noqa: N815

    def _body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _writer(self):
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise RefusedError(401)

    def _repository(self, repo):
        found = self.fake.repositories.get(repo)
        permitted = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        if found is None or (found.private and not permitted):
            raise RefusedError(401 if not permitted else 404, "RepoNotFound")
        return found

    def _files(self, repo, revision, *, read=False):
        repository = self._repository(repo)
        if read and repository.gated:
            raise RefusedError(403, "GatedRepo")
        sha = repository.branches.get(revision or "main", revision)
        if sha not in repository.commits:
            raise RefusedError(404, "RevisionNotFound")
        return sha, repository.commits[sha]

    def create(self, body):
        self._writer()
        asked = json.loads(body)
        repo = f"{asked.get('organization') or 'user'}/{asked['name']}"
        url = f"{self.fake.url}/{repo}"
        if repo in self.fake.repositories:
            raise RefusedError(409, url=url)
        self.fake.add(
            repo,
            {".gitattributes": b"*.bin filter=lfs\n"},
            private="private" in (asked.get("visibility"), asked.get("private") and "private"),
        )
        return _json(url=url)

    def branch(self, _, repo, branch):
        self._writer()
        repository = self._repository(repo)
        if branch in repository.branches:
            raise RefusedError(409)
        repository.branches[branch] = repository.branches["main"]
        return _json()

    def info(self, _, repo, revision=None):
        sha, files = self._files(repo, revision)
        return _json(
            id=repo, sha=sha, private=self._repository(repo).private, siblings=[{"rfilename": name} for name in files]
        )

    def tree(self, _, repo, revision):
        _, files = self._files(repo, revision)
        listed = []
        for name, content in files.items():
            lfs = {"lfs": {"oid": _sha256(content), "size": len(content), "pointerSize": 130}}
            entry = {"type": "file", "path": name, "size": len(content), "oid": _git(content)}
            listed.append(entry | (lfs if name.endswith(_LARGE) else {}))
        return json.dumps(listed).encode(), {"Content-Type": "application/json"}

    def validate(self, body):
        assert json.loads(body)["content"].startswith("---\n")
        return _json(errors=[], warnings=[])

    def preupload(self, body, repo, revision):
        self._writer()
        _, files = self._files(repo, revision)
        asked = json.loads(body)["files"]
        return _json(
            files=[
                {
                    "path": file["path"],
                    "uploadMode": "lfs" if file["path"].endswith(_LARGE) else "regular",
                    "shouldIgnore": False,
                    "oid": _git(files[file["path"]]) if file["path"] in files else None,
                }
                for file in asked
            ]
        )

    def batch(self, body, repo):
        self._writer()
        objects = []
        for asked in json.loads(body)["objects"]:
            upload = {"upload": {"href": f"{self.fake.url}/objects/{asked['oid']}", "header": {}}}
            objects.append(asked | ({} if asked["oid"] in self.fake.objects else {"actions": upload}))
        return _json(objects=objects, transfer="basic")

    def upload(self, body, oid):
        assert _sha256(body) == oid
        self.fake.objects[oid] = body
        return b"", {}

    def commit(self, body, repo, revision):
        self._writer()
        repository, files = self._repository(repo), {}
        for line in body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif entry["key"] == "lfsFile":
                files[value["path"]] = self.fake.objects[value["oid"]]
            elif entry["key"] == "deletedFile":
                files[value["path"]] = None
        pull = "create_pr=1" in self.path
        sha = repository.commit(files, "refs/pr/1" if pull else revision)
        address = f"{self.fake.url}/{repo}/commit/{sha}"
        pulled = {"pullRequestUrl": f"{self.fake.url}/{repo}/discussions/1"} if pull else {}
        return _json(success=True, commitOid=sha, commitUrl=address, **pulled)

    def resolve(self, _, repo, revision, name):
        sha, files = self._files(repo, revision, read=True)
        if name not in files:
            raise RefusedError(404, "EntryNotFound")
        content = files[name]
        etag = _sha256(content) if name.endswith(_LARGE) else _git(content)
        return content, {"ETag": f'"{etag}"', "X-Repo-Commit": sha}


def _json(**values):
    return json.dumps(values).encode(), {"Content-Type": "application/json"}


def _sha256(content):
    return hashlib.sha256(content).hexdigest()


def _git(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


_REPO = r"(?P<repo>[^/]+/[^/]+?)"
_ROUTES = [
    (r"/api/repos/create", _Handler.create),
    (r"/api/validate-yaml", _Handler.validate),
    (rf"/api/models/{_REPO}/branch/(?P<branch>.+)", _Handler.branch),
    (rf"/api/models/{_REPO}/revision/(?P<revision>.+)", _Handler.info),
    (rf"/api/models/{_REPO}/tree/(?P<revision>.+)", _Handler.tree),
    (rf"/api/models/{_REPO}/preupload/(?P<revision>.+)", _Handler.preupload),
    (rf"/api/models/{_REPO}/commit/(?P<revision>.+)", _Handler.commit),
    (rf"/api/models/{_REPO}", _Handler.info),
    (rf"/{_REPO}\.git/info/lfs/objects/batch", _Handler.batch),
    (r"/objects/(?P<oid>.+)", _Handler.upload),
    (rf"/{_REPO}/resolve/(?P<revision>[^/]+)/(?P<name>.+)", _Handler.resolve),
]
