"""Files are replaced whole, in their place, with their permissions, or not at all."""

import os
from stat import S_IMODE

import pytest

from rnnbook._files import replacing


def write(path, text="new"):
    with replacing(path) as temporary:
        temporary.write_text(text)


def mode(path):
    return S_IMODE(path.stat().st_mode)


def test_a_write_that_fails_half_way_leaves_the_old_file(tmp_path):
    path = tmp_path / "poem.txt"
    path.write_text("old")
    with pytest.raises(OSError, match="full"), replacing(path) as temporary:
        temporary.write_text("ne")
        raise OSError("full")
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["poem.txt"]


def test_who_has_the_old_file_open_reads_it_to_its_end(tmp_path):
    path = tmp_path / "poem.txt"
    path.write_text("old")
    with open(path) as old:
        write(path)
        assert old.read() == "old"
    assert path.read_text() == "new"


def test_a_file_of_the_users_is_no_temporary_file(tmp_path):
    theirs = tmp_path / "poem.txt.tmp"
    theirs.write_text("theirs")
    write(tmp_path / "poem.txt")
    assert theirs.read_text() == "theirs" and len(os.listdir(tmp_path)) == 2


def test_two_writers_at_once_do_not_mix(tmp_path):
    path = tmp_path / "poem.txt"
    with replacing(path) as one, replacing(path) as two:
        one.write_text("one")
        two.write_text("two")
    assert path.read_text() == "one"


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "poem.txt", tmp_path / "poem.txt"
    link.symlink_to(target)
    for text in ("first", "second"):  # the first makes the file that the link points to
        write(link, text)
        assert link.is_symlink() and target.read_text() == text


@pytest.mark.parametrize("permissions", [0o600, 0o640, 0o444])
def test_permissions_stay(tmp_path, permissions):
    path = tmp_path / "poem.txt"
    path.write_text("old")
    path.chmod(permissions)
    with replacing(path) as temporary:
        assert mode(temporary) == 0o600  # nobody else reads what is half written
        temporary.write_text("new")
    assert mode(path) == permissions and path.read_text() == "new"


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "other").write_text("")
    write(tmp_path / "poem.txt")
    assert mode(tmp_path / "poem.txt") == mode(tmp_path / "other")


def test_a_missing_folder_is_named_and_a_folder_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no such folder: '.*nowhere'$"):
        write(tmp_path / "nowhere" / "poem.txt")
    with pytest.raises(FileExistsError, match=rf"no file, .*: '{tmp_path}'$"):
        write(tmp_path)
    assert os.listdir(tmp_path) == []
