"""Where the course's repository is: from there Colab opens notebooks, and they install helpers."""

import re
import subprocess
from pathlib import Path

from .execution import ROOT

# What `git remote get-url` says, over https (with or without somebody's credentials) or ssh.
GITHUB = re.compile(
    r"(?:https?://|ssh://|git://)?(?:[^/@]+@)?github\.com(?::\d+/|[:/])"
    r"(?P<owner>[\w-]+)/(?P<name>[\w.-]+?)(?:\.git)?/?",
    re.IGNORECASE,
)


def package_address(config: dict) -> str:
    """What pip installs the helper package from, in every notebook; "" if nobody knows."""
    address, revision = repository_address(config), config["repository"]["revision"]
    if not address:
        return ""
    return f"git+{address}@{revision}" if revision else f"git+{address}"


def colab_repository(config: dict) -> str:
    """`owner/name` of the repository whose notebooks Colab opens; "" for no button."""
    return github_name(repository_address(config)) if config["launch_buttons"]["colab"] else ""


def repository_address(config: dict, root: Path = ROOT) -> str:
    """The address of the repository: the setting in _config.yml, else the git remote at GitHub.

    "" if neither is there. Of a remote only owner and name are used: it can hold a password.
    """
    setting = config["repository"]["url"].rstrip("/")
    name = github_name(git_remote(root))
    return setting or (f"https://github.com/{name}" if name else "")


def github_name(address: str) -> str:
    """`owner/name` of a repository at GitHub, "" for anything else."""
    found = GITHUB.fullmatch(address)
    return f"{found['owner']}/{found['name']}" if found else ""


def git_remote(root: Path) -> str:
    """The address of the remote `origin`; "" without one, without a repository or without git."""
    # Git would look for a repository in the folders above, too: that is not the course's.
    if not (root / ".git").exists():
        return ""
    try:
        remote = subprocess.run(
            ["git", "-C", str(root), "remote", "get-url", "origin"], capture_output=True, text=True
        )
    except OSError:
        return ""
    return remote.stdout.strip()


def keep_from_theme(app, config) -> None:
    """The theme has no button for the repository, but fails at a host that it does not know."""
    config.html_theme_options.pop("repository_url", None)


def setup(app) -> dict:
    app.connect("config-inited", keep_from_theme)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
