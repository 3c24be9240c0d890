"""`python -m headroom`, and the script `headroom` of an environment: the program itself, with its worker and plugins."""
import os
import sys
from typing import NoReturn

from headroom._program import PROGRAM, make_executable


def main() -> NoReturn:
    make_executable()
    os.execv(PROGRAM, ["headroom", *sys.argv[1:]])


if __name__ == "__main__":
    main()
