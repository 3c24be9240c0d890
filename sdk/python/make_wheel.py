"""Packs the wheel of the package `headroom` (PEP 427) from files that are there, with the standard library alone.

The same files give the same bytes: entries are sorted and bear no date of their own.
"""
import argparse
import base64
import hashlib
import os
import zipfile

NAME = "headroom"

METADATA = """\
Metadata-Version: 2.1
Name: {name}
Version: {version}
Summary: {summary}
License: Apache-2.0
Requires-Python: >=3.11
Requires-Dist: numpy
Requires-Dist: pandas
Provides-Extra: anndata
Requires-Dist: anndata; extra == 'anndata'
Description-Content-Type: text/markdown

{readme}"""

WHEEL = """\
Wheel-Version: 1.0
Generator: headroom ({version})
Root-Is-Purelib: false
Tag: {tag}
"""

ENTRY_POINTS = """\
[console_scripts]
headroom = headroom.__main__:main
"""


def read(path):
    with open(path, "rb") as file:
        return file.read()


def contents_of(path):
    """Each line FILE=PLACE: (place, bytes, whether it may be executed)."""
    for line in read(path).decode().splitlines():
        if line:
            source, place = line.rsplit("=", 1)
            yield place, read(source), os.access(source, os.X_OK)


def record_line(place, data):
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{place},sha256={digest},{len(data)}\n"


def write_entry(archive, place, data, executable):
    entry = zipfile.ZipInfo(place)  # 1980-01-01
    entry.external_attr = (0o100755 if executable else 0o100644) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, data)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for flag in ("contents", "version", "summary", "readme", "licence", "tag"):
        parser.add_argument(f"--{flag}", required=True)
    parser.add_argument("wheel")
    given = parser.parse_args()

    entries = sorted(contents_of(given.contents))
    info = f"{NAME}-{given.version}.dist-info"
    metadata = METADATA.format(name=NAME, version=given.version, summary=given.summary,
                               readme=read(given.readme).decode())
    entries += [(f"{info}/LICENSE", read(given.licence), False),
                (f"{info}/METADATA", metadata.encode(), False),
                (f"{info}/WHEEL", WHEEL.format(version=given.version, tag=given.tag).encode(), False),
                (f"{info}/entry_points.txt", ENTRY_POINTS.encode(), False)]
    record = "".join(record_line(place, data) for place, data, _ in entries) + f"{info}/RECORD,,\n"
    entries.append((f"{info}/RECORD", record.encode(), False))

    unfinished = given.wheel + ".part"
    with zipfile.ZipFile(unfinished, "w") as archive:
        for place, data, executable in entries:
            write_entry(archive, place, data, executable)
    os.replace(unfinished, given.wheel)


if __name__ == "__main__":
    main()
