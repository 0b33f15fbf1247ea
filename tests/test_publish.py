"""The workflow that publishes the course: what it may do, and that its commands work."""

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from book._site.notebooks import COLAB

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / ".github" / "workflows" / "publish.yml"
WORKFLOW = yaml.safe_load(FILE.read_text(encoding="utf-8"))
JOBS = WORKFLOW["jobs"]
STEPS = [step for job in JOBS.values() for step in job["steps"]]
# What is not of the course: every machine of GitHub has it.
OF_THE_MACHINE = ("git", "cp", "sed", "sudo")

needs_shell = pytest.mark.skipif(
    os.name == "nt" or not all(map(shutil.which, ("bash", "git", "sed"))),
    reason="needs bash, git and sed, which the machines of the workflow have",
)


def run_of(name):
    (step,) = (step for step in STEPS if step.get("name") == name)
    return step["run"]


def test_it_starts_with_a_push_to_main_only():
    started_by = WORKFLOW[True]  # YAML takes `on` for a truth value
    assert started_by == {"push": {"branches": ["main"]}, "workflow_dispatch": None}


def test_each_job_may_do_no_more_than_it_has_to():
    assert WORKFLOW["permissions"] == {}
    assert {name: job["permissions"] for name, job in JOBS.items()} == {
        "build": {"contents": "read", "pages": "read"},
        "notebooks": {"contents": "write"},
        "site": {"pages": "write", "id-token": "write"},
    }


def test_only_checked_and_finished_things_are_published():
    commands = [step.get("run", "") for step in JOBS["build"]["steps"]]
    (tests,) = (n for n, command in enumerate(commands) if command == "pytest")
    (build,) = (n for n, c in enumerate(commands) if c.startswith("jupyter-book build ."))
    (on_site,) = (n for n, c in enumerate(commands) if c.startswith("pytest tests/test_site.py"))
    assert tests < build < on_site
    assert JOBS["notebooks"]["needs"] == "build"
    assert JOBS["site"]["needs"] == "notebooks"


def test_actions_are_githubs_own_and_pinned_to_a_major_version():
    for action in (step["uses"] for step in STEPS if "uses" in step):
        assert re.fullmatch(r"actions/[a-z-]+@v\d+", action)


def test_no_job_runs_for_ever():
    assert all(job["timeout-minutes"] <= 180 for job in JOBS.values())


def test_commands_are_those_of_the_readme():
    """But for options, and for where things are put."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = [line for step in STEPS for line in step.get("run", "").splitlines()]
    own = [line for line in lines if line.split()[0] not in OF_THE_MACHINE]
    command = re.compile(r"python -m \S+|pip install -r \S+|jupyter-book build \.|\S+")
    assert {command.match(line)[0] for line in own} == {
        "pip install -r requirements.txt",
        "pytest",
        "jupyter-book build .",
        "python -m book.notebooks",
    }
    for line in own:
        assert command.match(line)[0] in readme
    assert importlib.util.find_spec("book.notebooks.__main__")


def test_files_that_it_names_exist():
    named = re.findall(r"tests/\w+\.py|recsys_helpers/\w+\.py", FILE.read_text(encoding="utf-8"))
    assert len(named) >= 4
    for name in named:
        assert (ROOT / name).is_file(), name


def test_nothing_is_pasted_into_a_script():
    """An expression in a script is a way for names of branches, for example, to become commands."""
    for step in STEPS:
        assert "${{" not in step.get("run", "")


def bash(script, folder, **environment):
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=os.environ | environment,
        check=True,
        capture_output=True,
    )


@needs_shell
def test_the_course_is_told_its_address_and_its_commit_unless_they_are_there(tmp_path):
    text = (ROOT / "_config.yml").read_text(encoding="utf-8")
    empty = re.sub(r"^  (baseurl|revision): .*$", r'  \1: ""', text, flags=re.MULTILINE)
    (tmp_path / "_config.yml").write_text(empty, encoding="utf-8")
    config = yaml.safe_load(empty)
    config["html"]["baseurl"] = "https://ada.github.io/course"
    config["repository"]["revision"] = "0123456"  # which YAML would take for a number
    tell = run_of("Tell the course its address and its commit")
    for address, commit in (("https://ada.github.io/course", "0123456"), ("https://b.org", "89e")):
        bash(tell, tmp_path, ADDRESS=address, GITHUB_SHA=commit)
        assert yaml.safe_load((tmp_path / "_config.yml").read_text("utf-8")) == config


def test_the_site_and_the_notebooks_of_the_branch_are_made_from_one_configuration():
    """Whatever else were said on a command line, only some of the notebooks would know."""
    names = [step.get("name") for step in JOBS["build"]["steps"]]
    told = names.index("Tell the course its address and its commit")
    assert told < names.index("Build the site, with the outputs of the tests")
    assert told < names.index("Make the notebooks")
    assert run_of("Make the notebooks").split()[3:] == ["_build/notebooks"]


@needs_shell
def test_the_branch_holds_the_notebooks_where_colab_looks_for_them(tmp_path, plain_git):
    remote, course = tmp_path / "remote", tmp_path / "course"
    bash("git init -q --bare -b main remote && git clone -q remote course", tmp_path)
    (course / "README.md").write_text("The course.")
    (course / ".gitignore").write_text("*.ipynb\n")
    bash("git switch -q -c main && git add .", course)
    bash("git -c user.name=Ada -c user.email=ada@example.org commit -qm Course", course)
    bash("git push -q origin main", course)

    for page in ("01_old", "01_new"):
        notebooks = tmp_path / page
        (notebooks / "ko" / "learner").mkdir(parents=True)
        (notebooks / "ko" / "learner" / f"{page}.ipynb").write_text("{}")
        bash(f"git clone -q remote clone-{page}", tmp_path)
        publish, clone = run_of("Publish the notebooks"), tmp_path / f"clone-{page}"
        bash(publish, clone, NOTEBOOKS=str(notebooks), GITHUB_SHA="0123abc")

    def files(branch):
        listing = ["git", "-C", str(remote), "ls-tree", "-r", "--name-only", branch]
        return subprocess.run(listing, check=True, capture_output=True, text=True).stdout.split()

    (branch,) = re.findall("/blob/([^/]+)/{path}", COLAB)
    assert files(branch) == ["ko/learner/01_new.ipynb"]
    assert files("main") == [".gitignore", "README.md"]
