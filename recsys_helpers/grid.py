"""Settings -> a table of results: each setting is trained once, however often the search is run.

The settings come from a tool that makes them, such as scikit-learn's `ParameterGrid` or
`ParameterSampler`; what has been trained lies in a folder, so that a search can be interrupted.
"""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from recsys_helpers.files import written_whole


def search(
    settings: Iterable[Mapping],
    train: Callable[..., Mapping[str, float]],
    folder: str | os.PathLike,
    about: Mapping,
) -> pd.DataFrame:
    """Train every setting that has no result in `folder` yet; return a row for each setting.

    ``train(path, **setting)`` trains one network, leaves its weights in `path`, a `.keras` file in
    `folder` that is named after the values of the setting, and returns its results, by name. They
    are written beside it as `.json`, whole or not at all. `about` is whatever else they depend on,
    such as ``{"data": dataset.fingerprint, "seed": 0}``. Columns of the table: those of the
    settings, those of the results, and "path".

    Raises ValueError, before anything is trained, for a result that is damaged or was found with
    another `about`, and for two settings of one name.
    """
    settings, folder = list(settings), Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{_name(setting)}.keras" for setting in settings]
    if len(set(paths)) < len(paths):
        twice = next(path for path in paths if paths.count(path) > 1)
        raise ValueError(f"two settings would both be written to {twice}: leave one out")
    # As they come back from JSON, in which a tuple is a list.
    conditions = [_json({"setting": setting, "about": about}) for setting in settings]
    results = [_read(path, condition) for path, condition in zip(paths, conditions, strict=True)]
    for number, result in enumerate(tqdm(results)):
        if result is None:
            path = paths[number]
            results[number] = _json(dict(train(path, **settings[number])))
            _write(path.with_suffix(".json"), conditions[number] | {"result": results[number]})
    return pd.DataFrame(
        [
            {**setting, **result, "path": path}
            for setting, result, path in zip(settings, results, paths, strict=True)
        ]
    )


def _name(setting: Mapping) -> str:
    return "_".join(
        "-".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
        for value in setting.values()
    )


def _json(content: dict) -> dict:
    """Bring to what JSON can hold; a number of NumPy's is a number."""
    return json.loads(json.dumps(content, default=np.generic.item))


def _read(path: Path, condition: dict) -> dict | None:
    """Read the result of a network, or None if there is none yet."""
    path = path.with_suffix(".json")
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        result, found_with = content.pop("result"), content
    except (ValueError, AttributeError, TypeError, KeyError) as error:
        raise ValueError(f"{path} is damaged ({error!r}): delete it to train again") from error
    if found_with != condition:
        raise ValueError(
            f"{path} was found with {found_with}, not with {condition}: "
            "search in another folder, or delete it to train again"
        )
    return result


def _write(path: Path, content: dict) -> None:
    with written_whole(path) as unfinished:
        unfinished.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
