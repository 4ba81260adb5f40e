"""Say clearly what is missing before an environment is made. Written so that an old Python can read it."""

import sys

NEEDED = (3, 11)


def main():
    """Exit with a message when this Python cannot carry the program."""
    found = ".".join(str(part) for part in sys.version_info[:2])
    needed = ".".join(str(part) for part in NEEDED)
    if sys.version_info < NEEDED:
        sys.exit(
            f"hengneng needs Python {needed} or later; {sys.executable} is Python {found}.\n"
            "Install a newer one and name it: make setup PYTHON=python3.12"
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        sys.exit(
            f"Python {found} at {sys.executable} cannot make virtual environments.\n"
            "On Debian and Ubuntu: apt-get install python3-venv"
        )


main()
