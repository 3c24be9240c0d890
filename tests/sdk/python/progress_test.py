"""What is told while a command works: to functions, on sys.stderr, in a notebook."""
import contextlib
import io
import os
import sys
import types
import unittest
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import small_screen as screen

import headroom


class Shown:
    """IPython's display handle, as far as a bar needs it."""

    def __init__(self):
        self.states = []

    def update(self, state):
        self.states.append(state)


def notebook(shown):
    """Modules as IPython's in the kernel of a notebook."""
    ipython, display = types.ModuleType("IPython"), types.ModuleType("IPython.display")
    ipython.get_ipython = lambda: types.SimpleNamespace(kernel=object())
    display.HTML = str
    display.display = lambda *_, **__: shown
    return {"IPython": ipython, "IPython.display": display}


class ToldProgress(unittest.TestCase):
    def run_and_hear(self, progress=True):
        heard = io.StringIO()
        with contextlib.redirect_stderr(heard):
            headroom.run(screen.task(), {"good": screen.good_vectors()}, progress=progress, **screen.FLAGS)
        return heard.getvalue()

    def test_a_function_hears_how_far_each_phase_is(self):
        states = []
        self.run_and_hear(lambda *state: states.append(state))
        of_evaluations = [state for state in states if state[0] == "evaluations"]
        phase, done, total, unit, _, ended = of_evaluations[-1]
        self.assertEqual((unit, ended), ("evaluations", True))
        self.assertEqual(done, total)
        self.assertGreater(total, 10)
        counts = [state[1] for state in of_evaluations]
        self.assertEqual(counts, sorted(counts))

    def test_messages_are_those_of_the_command(self):
        heard = self.run_and_hear(progress=False)
        self.assertIn("headroom: task adata: 120 perturbations × 40 genes, 2 contexts, 5 folds\n", heard)
        self.assertIn("headroom: good: 120 of 120 test perturbations have a vector\n", heard)
        self.assertNotIn("\x1b", heard)

    def test_a_notebook_has_a_bar_that_goes_away(self):
        shown = Shown()
        with mock.patch.dict(sys.modules, notebook(shown)):
            self.run_and_hear()
        self.assertTrue(any("<progress" in state for state in shown.states), shown.states)
        self.assertEqual(shown.states[-1], "")

    def test_the_bar_escapes_what_it_shows(self):
        from headroom._progress import bar_of, line_of

        self.assertEqual(bar_of("evaluations", 3, 10, "evaluations", "<b>"),
                         '<progress value="3" max="10"></progress> evaluations 3/10 evaluations · &lt;b&gt;')
        self.assertEqual(line_of("cells", 7, 0, "cells", ""), "cells 7 cells")

    def test_a_terminal_has_one_live_line(self):
        heard = io.StringIO()
        heard.isatty = lambda: True
        with mock.patch.object(sys, "stderr", heard):
            headroom.bounds(screen.task(), **screen.FLAGS)
        self.assertTrue(heard.getvalue().endswith("\r\x1b[K"))
        self.assertIn("\x1b[Kheadroom: task adata", heard.getvalue())


if __name__ == "__main__":
    unittest.main()
