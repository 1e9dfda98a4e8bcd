"""Files are written whole or not at all, and what stands in the way is said."""

import os
import signal

import pytest

from nnsim.experiments import ExperimentError
from nnsim.experiments.files import write_file


def test_text_and_bytes_and_what_writes(tmp_path):
    path = tmp_path / "a.txt"
    assert write_file(path, "ä") == path
    assert path.read_bytes() == "ä".encode()
    write_file(path, b"\0\1")
    assert path.read_bytes() == b"\0\1"
    write_file(path, lambda file: file.write(b"xyz"))
    assert path.read_bytes() == b"xyz"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_new_file_never_takes_the_place_of_another(tmp_path):
    path = tmp_path / "a.txt"
    write_file(path, "first", new=True)
    with pytest.raises(ExperimentError, match=r"a\.txt: there is such a file already"):
        write_file(path, "second", new=True)
    assert path.read_text() == "first"


def broken(file):
    file.write(b"half")
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("new", [False, True])
def test_a_full_disk_leaves_nothing_behind(tmp_path, new):
    path = tmp_path / "a.txt"
    if not new:
        path.write_text("before")
    with pytest.raises(ExperimentError, match=r"a\.txt: .*No space left on device"):
        write_file(path, broken, new=new)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == (
        [] if new else [("a.txt", "before")]
    )


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="limits of file sizes are Unix's")
def test_a_real_limit_of_the_system(tmp_path):
    import resource  # Unix only

    path = tmp_path / "a.txt"
    path.write_text("before")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(ExperimentError, match=r"a\.txt: the file can't be written"):
            write_file(path, b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a.txt", "before")]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "no file name"),
        ("a\0b", "no file name"),
        ("folder", "this is a folder"),
        ("none/a.txt", "there is no folder"),
        ("x" * 300, "can't be written"),
        ("~nobody-is-called-this/a", "can't be written"),
    ],
)
def test_what_is_no_place_to_write_to(tmp_path, monkeypatch, name, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(ExperimentError, match=sentence):
        write_file(name, "text")
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


def test_a_device_is_not_replaced():
    with pytest.raises(ExperimentError, match="no ordinary file"):
        write_file(os.devnull, "text")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_that_may_not_be_written_to_stays(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")
    path.chmod(0o444)
    with pytest.raises(ExperimentError, match="may not be written to"):
        write_file(path, "after")
    assert path.read_text() == "before"


@pytest.mark.skipif(os.name == "nt", reason="links and modes are Unix's here")
def test_a_link_stays_a_link_and_a_mode_stays(tmp_path):
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.write_text("before")
    real.chmod(0o640)
    link.symlink_to(real)
    write_file(link, "after")
    assert link.is_symlink()
    assert real.read_text() == "after"
    assert real.stat().st_mode & 0o777 == 0o640
