from autogrid_project.prepare import collect_static


def test_static_files_are_collected_when_they_changed(settings, tmp_path):
    source = tmp_path / "static"
    source.mkdir()
    (source / "page.css").write_text("a { color: red }")
    settings.STATICFILES_DIRS = [source]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = tmp_path / "collected"
    collected = tmp_path / "collected" / "page.css"

    collect_static()
    assert collected.read_text() == "a { color: red }"
    collected.unlink()
    collect_static()
    assert not collected.exists(), "nothing had changed"
    (source / "page.css").write_text("a { color: green }")
    collect_static()
    assert collected.read_text() == "a { color: green }"
