"""The README's examples do what they say, and all that is public is typed and explained."""
import doctest
import importlib.metadata
import inspect
import os
import re
import subprocess
import sys
import typing
import unittest
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import anndata
import numpy as np
import small_screen as screen

import headroom

SOURCES = Path(os.environ["HEADROOM_SOURCE_DIR"])
README = SOURCES / "sdk" / "python" / "README.md"


def blocks(path, language):
    """The code blocks of a Markdown file."""
    return re.findall(rf"^```{language}\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


class Documents(unittest.TestCase):
    def test_examples_of_the_readme(self):
        with screen.folder():
            failed, tried = doctest.testfile(str(README), module_relative=False, encoding="utf-8",
                                             optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
        self.assertEqual(failed, 0)
        self.assertGreater(tried, 15)

    def test_the_commands_from_nothing_to_a_percentage(self):
        of_start = [block.splitlines() for block in blocks(SOURCES / "README.md", "sh") if "host/quickstart\n" in block]
        vectors = next(lines for lines in of_start if any("vectors.npz" in line for line in lines))
        self.assertEqual((len(vectors), vectors[0]), (3, "sh host/quickstart"))
        model = next(block.splitlines() for block in blocks(SOURCES / "README.md", "sh") if "mine=model.py" in block
                     and "quickstart" in block)
        self.assertEqual(len(model), 2)
        self.assertIn("&& sh host/quickstart ", model[0])
        source = next(block for block in blocks(SOURCES / "README.md", "python") if block.startswith("import numpy"))
        with screen.folder() as here:
            os.symlink(os.environ["HEADROOM_BUILD_DIR"], "build")  # what the first lines made
            example = headroom.simulate("example", quiet=True)
            (example / "cells.h5ad").rename("cells.h5ad")
            known = anndata.read_h5ad(example / "embeddings" / "good.h5ad")
            np.savez("vectors.npz", ids=np.asarray(known.obs_names, dtype=str), vectors=known.X)
            Path("model.py").write_text(source)
            flags = " --metric L2 --predictor knn --nulls train_mean --nulls no_change"  # to be quick
            for line in [*vectors[1:], model[1]]:
                done = subprocess.run(["sh", "-c", line + (flags if " run " in line else "")], capture_output=True,
                                      text=True, cwd=here)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual("%" in done.stdout, " run " in line, line)

    def test_everything_public_is_typed_and_explained(self):
        self.assertTrue((Path(headroom.__file__).parent / "py.typed").exists())
        for name in headroom.__all__:
            thing = getattr(headroom, name)
            if name == "__version__":
                continue
            self.assertTrue(thing.__doc__, name)
            functions = [thing] if inspect.isfunction(thing) else \
                [each for key, each in vars(thing).items() if inspect.isfunction(each) and not key.startswith("_")]
            for function in functions:
                hints = typing.get_type_hints(function, {**vars(sys.modules[function.__module__]), "AnnData": object})
                parameters = [key for key in inspect.signature(function).parameters if key != "self"]
                self.assertLessEqual(set(parameters) | {"return"}, set(hints), function)

    def test_flags_are_explained_by_the_command_s_help(self):
        code, printed, _ = screen.command("bounds", "--help")
        self.assertEqual(code, 0)
        self.assertEqual(headroom.flags("bounds"), printed)

    def test_the_wheel_says_what_it_is(self):
        about = importlib.metadata.metadata("headroom")
        self.assertEqual(about["Version"], headroom.__version__)
        self.assertEqual(about["License"], "Apache-2.0")
        needed = {each.split(";")[0].strip() for each in about.get_all("Requires-Dist")}
        self.assertEqual(needed, {"numpy", "pandas", "anndata"})
        for file in importlib.metadata.files("headroom"):
            self.assertTrue(file.locate().exists(), file)


if __name__ == "__main__":
    unittest.main()
