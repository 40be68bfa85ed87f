import hashlib
import io
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from textkit.data import catalog
from textkit.data.catalog import CatalogEntry
from textkit.data.data_files import DataFile, find_file
from textkit.data.download import download

TEXT = b"Once upon a time\n"


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def server(monkeypatch):
    """A web server on the loopback; give it contents by path, and it counts what it was asked for."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    contents, asked = {}, []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            content, promised = contents.get(self.path, (None, 0))
            if content is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(promised))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    class Site:
        def __init__(self, port):
            self.root = f"http://127.0.0.1:{port}"
            self.asked = asked

        def put(self, path, content, promised=None):
            contents[path] = (content, len(content) if promised is None else promised)
            return self.root + path

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield Site(httpd.server_address[1])
        httpd.shutdown()
        thread.join()


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()


def tarred(members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("link.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(link)
    return buffer.getvalue()


def files_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_file_with_the_right_hash_is_kept_and_not_downloaded_again(server, tmp_path):
    file = DataFile(path="lm/a.txt", sha256=sha256(TEXT), address=server.put("/a.txt", TEXT))
    path = download(file, tmp_path)
    assert path == tmp_path / "lm" / "a.txt"
    assert path.read_bytes() == TEXT
    assert find_file(file, tmp_path, keep_aside=True) == path
    assert server.asked == ["/a.txt"]


def test_a_file_of_unknown_hash_is_taken(server, tmp_path):
    assert download(DataFile(path="a.txt", address=server.put("/a.txt", TEXT)), tmp_path).read_bytes() == TEXT


def test_the_unpacked_file_takes_the_place_of_the_packed_one(server, tmp_path):
    file = DataFile(
        path="a.txt.xz",
        sha256="0" * 64,
        unpacked_sha256=sha256(TEXT),
        address=server.put("/raw.txt", TEXT),
    )
    assert download(file, tmp_path) == tmp_path / "a.txt"
    assert find_file(file, tmp_path, keep_aside=True) == tmp_path / "a.txt"


def test_a_wrong_hash_keeps_the_file_aside_and_names_both(server, tmp_path):
    file = DataFile(path="a.txt", sha256="0" * 64, address=server.put("/a.txt", TEXT))
    with pytest.raises(ValueError, match="must have the SHA-256") as error:
        download(file, tmp_path)
    for part in ("0" * 64, sha256(TEXT), str(tmp_path / "a.txt.bad")):
        assert part in str(error.value)
    assert files_in(tmp_path) == ["a.txt.bad"]
    assert (tmp_path / "a.txt.bad").read_bytes() == TEXT


def test_a_dead_address_is_named(server, tmp_path):
    with pytest.raises(ConnectionError, match=r"/gone.txt could not be downloaded: 404"):
        download(DataFile(path="a.txt", address=f"{server.root}/gone.txt"), tmp_path)
    assert files_in(tmp_path) == []


def test_a_transfer_that_breaks_off_leaves_nothing(server, tmp_path):
    address = server.put("/a.txt", TEXT, promised=1_000_000)
    with pytest.raises(ConnectionError, match=r"a.txt could not be downloaded"):
        download(DataFile(path="a.txt", address=address), tmp_path)
    assert files_in(tmp_path) == []


def test_a_closed_port_is_a_connection_error(monkeypatch, tmp_path):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(ConnectionError, match=r"http://127.0.0.1:9/a.txt could not be downloaded"):
        download(DataFile(path="a.txt", address="http://127.0.0.1:9/a.txt"), tmp_path)


def test_only_web_addresses_are_followed(tmp_path):
    with pytest.raises(ValueError, match="address must begin with http"):
        download(DataFile(path="a.txt", address="file:///etc/hostname"), tmp_path)


@pytest.mark.parametrize(
    ("name", "archive"),
    [
        ("a.zip", zipped(set__train="train\n", set__test="test\n")),
        ("a.tgz", tarred({"set/train": b"train\n", "set/test": b"test\n"})),
    ],
)
def test_members_come_from_one_download_of_the_archive(server, tmp_path, name, archive):
    address = server.put(f"/{name}", archive)
    for split in ("train", "test"):
        file = DataFile(path=f"{split}.txt", address=address, member=f"set/{split}", address_sha256=sha256(archive))
        assert download(file, tmp_path).read_text() == f"{split}\n"
    assert server.asked == [f"/{name}"]


def test_a_wrong_archive_is_kept_aside_and_never_opened(server, tmp_path):
    address = server.put("/a.zip", b"not a zip")
    file = DataFile(path="a.txt", address=address, member="a", address_sha256="0" * 64)
    with pytest.raises(ValueError, match="must have the SHA-256"):
        download(file, tmp_path)
    assert [path.endswith("-a.zip.bad") for path in files_in(tmp_path)] == [True]


def test_a_damaged_archive_in_the_cache_is_kept_aside(server, tmp_path):
    archive = zipped(a="a\n")
    file = DataFile(path="a.txt", address=server.put("/a.zip", archive), member="a", address_sha256=sha256(archive))
    download(file, tmp_path).unlink()
    (source,) = (tmp_path / "sources").iterdir()
    source.write_bytes(b"damaged")
    with pytest.raises(ValueError, match="was renamed to"):
        download(file, tmp_path)
    assert download(file, tmp_path).read_text() == "a\n"


@pytest.mark.parametrize(
    "archive",
    [b"no archive at all", zipped(a="a\n")[:30], tarred({"a": b"a" * 10_000})[:60]],
    ids=["none", "zip", "tar"],  # archives have the time of day in them, and each process makes its own
)
def test_what_is_no_whole_archive_is_an_error(server, tmp_path, archive):
    file = DataFile(path="a.txt", address=server.put("/a.zip", archive), member="a")
    with pytest.raises(ValueError, match="must be a complete archive"):
        download(file, tmp_path)
    assert not (tmp_path / "a.txt").exists()


@pytest.mark.parametrize("member", ["b", "../../evil", "link.txt"])
def test_only_a_file_of_exactly_that_name_is_taken_out(server, tmp_path, member):
    archive = tarred({"a": b"a\n"})
    file = DataFile(path="a.txt", address=server.put("/a.tgz", archive), member=member)
    with pytest.raises(ValueError, match="must contain"):
        download(file, tmp_path)


def test_a_hostile_member_name_writes_only_to_the_target(server, tmp_path):
    archive = tarred({"../../evil": b"harmless\n"})
    cache = tmp_path / "deep" / "cache"
    file = DataFile(path="a.txt", address=server.put("/a.tgz", archive), member="../../evil")
    assert download(file, cache).read_text() == "harmless\n"
    assert files_in(tmp_path) == ["deep/cache/a.txt", *[p for p in files_in(tmp_path) if "sources" in p]]


def test_a_made_file_with_a_wrong_hash_is_kept_aside(server, tmp_path):
    file = DataFile(path="a.txt", sha256="0" * 64, address=server.put("/a.zip", zipped(a="a\n")), member="a")
    with pytest.raises(ValueError, match=r"a.txt.bad must have the SHA-256"):
        download(file, tmp_path)
    assert not (tmp_path / "a.txt").exists()


def test_latin_1_becomes_utf_8(server, tmp_path):
    made = "caf\u00e9\n"
    file = DataFile(
        path="a.txt",
        sha256=sha256(made.encode()),
        address=server.put("/a.txt", made.encode("latin-1")),
        encoding="latin-1",
    )
    assert download(file, tmp_path).read_text(encoding="utf-8") == made


def test_the_trailer_is_cut_off(server, tmp_path):
    address = server.put("/a.txt", TEXT + b"\n\n\nEnd of the book, and so on\n")
    assert download(DataFile(path="a.txt", address=address, until="End of"), tmp_path).read_bytes() == TEXT
    with pytest.raises(ValueError, match="must have a line that begins with 'Fin'"):
        download(DataFile(path="b.txt", address=address, until="Fin"), tmp_path)


def test_imdb_becomes_a_table(server, tmp_path):
    archive = tarred(
        {
            "aclImdb/train/pos/7_10.txt": b"fine\tfilm",
            "aclImdb/train/pos/10_8.txt": b"good",
            "aclImdb/train/neg/3_1.txt": b"bad\r\nvery",
            "aclImdb/train/unsup/0_0.txt": b"?",
            "aclImdb/test/neg/0_1.txt": b"other half",
        }
    )
    file = DataFile(path="t.tsv", address=server.put("/a.tgz", archive), member="aclImdb/train", build="imdb")
    assert download(file, tmp_path).read_text().splitlines() == [
        "label\trating\tid\ttext",
        "0\t1\t3\tbad very",
        "1\t10\t7\tfine film",
        "1\t8\t10\tgood",
    ]
    with pytest.raises(ValueError, match="must contain reviews in aclImdb/dev/neg"):
        download(DataFile(path="u.tsv", address=file.address, member="aclImdb/dev", build="imdb"), tmp_path)
    bad = server.put("/b.tgz", tarred({"aclImdb/train/pos/7_10.txt": b"\xff"}))
    with pytest.raises(ValueError, match="a review must be UTF-8"):
        download(DataFile(path="v.tsv", address=bad, member="aclImdb/train", build="imdb"), tmp_path)


def test_a_folder_is_downloaded_file_by_file_and_only_what_is_missing(server, tmp_path, monkeypatch):
    names = {"A.txt": b"a\n", "B.txt": b"b\n"}
    for name, content in names.items():
        server.put(f"/names/{name}", content)
    hashes = {name: sha256(content) for name, content in names.items()}
    file = DataFile(path="names", files=hashes, address=f"{server.root}/names/")
    entry = CatalogEntry(name="folder", title="t", kind="text", license="l", files={"all": file})
    monkeypatch.setattr(catalog, "_catalog", lambda: {"folder": entry})
    monkeypatch.setenv("TEXTKIT_CACHE", str(tmp_path))
    monkeypatch.delenv("TEXTKIT_DATA", raising=False)
    (tmp_path / "names").mkdir()
    (tmp_path / "names" / "A.txt").write_bytes(b"a\n")
    assert catalog.locate("folder") == tmp_path / "names"
    assert files_in(tmp_path / "names") == ["A.txt", "B.txt"]
    assert server.asked == ["/names/B.txt"]
