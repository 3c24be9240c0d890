"""Where the program, its worker and the shipped plugins lie in the installed package."""
from pathlib import Path

PROGRAM = Path(__file__).resolve().parent / "program" / "bin" / "headroom"
WORKER = PROGRAM.parent.parent / "libexec" / "headroom" / "headroom-worker"


def make_executable() -> None:
    """Wheels are unpacked by tools that forget which files may be executed."""
    for file in (PROGRAM, WORKER):
        mode = file.stat().st_mode
        if not mode & 0o100:
            file.chmod(mode | 0o111)
