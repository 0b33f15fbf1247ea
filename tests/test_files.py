import pytest

from recsys_helpers.files import written_whole


def test_a_file_appears_when_it_is_done(tmp_path):
    path = tmp_path / "result.json"
    path.write_text("old")
    with written_whole(path) as unfinished:
        unfinished.write_text("new")
        assert path.read_text() == "old"
        assert unfinished.name == path.name  # its ending tells some writers the format
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_appears_when_it_is_done(tmp_path):
    with written_whole(tmp_path / "folder") as unfinished:
        unfinished.mkdir()
        (unfinished / "file").write_text("whole")
        assert not (tmp_path / "folder").exists()
    assert (tmp_path / "folder" / "file").read_text() == "whole"


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_half_a_file_never_appears(tmp_path, error):
    path = tmp_path / "result.json"
    path.write_text("old")

    def write_half():
        with written_whole(path) as unfinished:
            unfinished.write_text("ne")
            raise error

    with pytest.raises(error):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_it_is_written_beside_its_place_because_no_rename_leaves_a_disk(tmp_path):
    with written_whole(tmp_path / "file") as unfinished:
        assert unfinished.is_relative_to(tmp_path)
        unfinished.touch()


def test_without_the_folder_it_fails_before_anything_is_written(tmp_path):
    with pytest.raises(OSError, match="missing"), written_whole(tmp_path / "missing" / "file"):
        pytest.fail("there is nothing to write to")
