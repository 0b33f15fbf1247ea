"""The languages of the course and their texts, read from languages.toml."""

import tomllib
from pathlib import Path

LANGUAGES: dict[str, dict] = tomllib.loads(
    Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
)
