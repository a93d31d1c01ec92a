"""Builds the mapping: `python3 build.py`. With `test`, runs its tests instead.

Makes a virtual environment with what requirements.txt names, at first and whenever that has changed.
"""

import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
import venv

HERE = pathlib.Path(__file__).resolve().parent
WIT = HERE / "wit/1.0.0"
VENV = HERE / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")


def run(*command, **options):
    subprocess.run([str(word) for word in command], cwd=HERE, check=True, **options)


def install():
    wanted, installed = HERE / "requirements.txt", VENV / "requirements.txt"
    if installed.exists() and installed.read_text() == wanted.read_text():
        return
    if importlib.util.find_spec("ensurepip") is None:
        sys.exit("This Python cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv")
    venv.create(VENV, with_pip=True)
    run(BIN / "python", "-m", "pip", "install", "--quiet", "--requirement", wanted)
    shutil.copy(wanted, installed)


def main(task="build"):
    install()
    componentize = [BIN / "componentize-py", "--quiet", "--wit-path", WIT, "--world", "mapper"]
    if task == "test":
        # What `mapping.py` imports as `wit_world`; inside the component, the host is behind it.
        run(*componentize, "bindings", "bindings")
        run(BIN / "python", "-m", "unittest", env={**os.environ, "PYTHONPATH": "bindings"})
    else:
        # Without --stub-wasi the component would import sockets, which no mapping gets.
        run(*componentize, "componentize", "--stub-wasi", "mapping", "--output", "tickets.wasm")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
