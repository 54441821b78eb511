"""`mynah teams package`: a zip that Teams takes."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

from PIL import Image

from tests.mynah_command import Mynah
from tests.openid import APP
from tests.tiny_student import Tiny


def test_the_package_holds_the_manifest_and_two_icons(tmp_path: Path) -> None:
    run = Mynah(Tiny(tmp_path / "s", tmp_path / "d.db"), tmp_path)
    done = run("teams", "package", teams_app_id=APP, public_url="https://mynah.example")
    assert (done.code, done.err) == (0, "")
    with zipfile.ZipFile(tmp_path / "mynah-teams.zip") as zipped:
        assert zipped.namelist() == ["manifest.json", "color.png", "outline.png"]
        told = json.loads(zipped.read("manifest.json"))
        icons = [Image.open(io.BytesIO(zipped.read(name))) for name in zipped.namelist()[1:]]
    assert told["id"] == told["bots"][0]["botId"] == APP
    assert told["bots"][0]["scopes"] == ["personal", "team", "groupChat"]
    assert told["bots"][0]["supportsFiles"]
    assert told["validDomains"] == ["mynah.example"]
    assert len(told["description"]["short"]) <= 80 < len(told["description"]["full"]) <= 4000
    assert len(told["name"]["short"]) <= 30
    assert all(len(c["title"]) <= 32 and len(c["description"]) <= 128
               for each in told["bots"][0]["commandLists"] for c in each["commands"])  # fmt: skip
    assert [icon.size for icon in icons] == [(192, 192), (32, 32)]
    outline = icons[1].convert("RGBA")
    assert {pixel[:3] for pixel in outline.get_flattened_data() if pixel[3] == 255} == {(255, 255, 255)}
    assert {pixel[3] for pixel in icons[0].convert("RGBA").get_flattened_data()} == {255}


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    run = Mynah(Tiny(tmp_path / "s", tmp_path / "d.db"), tmp_path)
    for settings, wanted in (
        ({}, "teams_app_id"), ({"teams_app_id": "mine"}, "teams_app_id"),
        ({"teams_app_id": APP, "public_url": "http://mynah.example"}, "https"),
    ):  # fmt: skip
        done = run("teams", "package", **settings)
        assert done.code == 2
        assert wanted in done.err
    assert not (tmp_path / "mynah-teams.zip").exists()
