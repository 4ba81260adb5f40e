"""Print one short digest of some files: the name of a stamp that is valid as long as none of them changes."""

import hashlib
import sys


def main(paths):
    """Digest of the contents of ``paths``, in this order; a missing file counts as empty."""
    digest = hashlib.sha256()
    for path in paths:
        try:
            with open(path, "rb") as file:
                digest.update(file.read())
        except FileNotFoundError:
            pass
        digest.update(b"\0")
    return digest.hexdigest()[:16]


print(main(sys.argv[1:]))
