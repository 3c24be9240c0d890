"""Headroom as a guest: what it does to the process that it runs in."""
import ctypes
import os
import resource
import signal
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import numpy as np
import small_screen as screen

import headroom

PR_GET_DUMPABLE = 3
LIBC = ctypes.CDLL(None)


def dumpable():
    return LIBC.prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)


class Guest(unittest.TestCase):
    def test_the_process_is_protected_while_it_holds_labels_and_no_longer(self):
        during = []
        limits = resource.getrlimit(resource.RLIMIT_NOFILE), resource.getrlimit(resource.RLIMIT_CORE)
        before = dumpable()
        headroom.bounds(screen.task(), progress=lambda *_: during.append(dumpable()), **screen.FLAGS)
        self.assertEqual(before, 1)
        self.assertIn(0, during)
        self.assertEqual(dumpable(), 1)
        self.assertEqual((resource.getrlimit(resource.RLIMIT_NOFILE), resource.getrlimit(resource.RLIMIT_CORE)), limits)

    def test_numpy_keeps_its_threads(self):
        blas = ctypes.CDLL("libopenblas.so.0")
        n_before = blas.openblas_get_num_threads()
        blas.openblas_set_num_threads(2)
        headroom.bounds(screen.task(), quiet=True, **screen.FLAGS)
        self.assertEqual(blas.openblas_get_num_threads(), 2)
        blas.openblas_set_num_threads(n_before)
        np.testing.assert_allclose(np.eye(50) @ np.ones(50), np.ones(50))

    def test_an_interrupt_ends_the_run_and_the_next_one_starts(self):
        def interrupt(phase, *_):
            if phase == "evaluations":
                os.kill(os.getpid(), signal.SIGINT)

        handler = signal.getsignal(signal.SIGINT)
        with screen.folder():
            with self.assertRaises(KeyboardInterrupt):
                headroom.run(screen.task(), {"good": screen.good_vectors()}, out="out", progress=interrupt, **screen.FLAGS)
            results = headroom.run(screen.task(), {"good": screen.good_vectors()}, out="out", quiet=True, resume=True,
                                   **screen.FLAGS)
        self.assertLessEqual(set(results.methods["status"]), {"ok", "skipped"})
        self.assertIs(signal.getsignal(signal.SIGINT), handler)

    def test_an_error_of_the_caller_s_function_is_the_caller_s(self):
        def fail(*_):
            raise LookupError("of my own")

        with self.assertRaisesRegex(LookupError, "of my own"):
            headroom.bounds(screen.task(), progress=fail, **screen.FLAGS)

    def test_threads_wait_for_each_other_and_python_goes_on(self):
        told, ticks = [], []

        def work():
            told.append(headroom.bounds(screen.task(), quiet=True, **screen.FLAGS).gaps["gap"].tolist())

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            ticks.append(time.monotonic())
            time.sleep(0.001)
        self.assertEqual(told[0], told[1])
        self.assertGreater(len(ticks), 10)

    def test_a_command_within_another_s_progress_is_refused(self):
        def again(*_):
            headroom.bounds(screen.task(), quiet=True)

        with self.assertRaisesRegex(RuntimeError, "from the progress of another"):
            headroom.bounds(screen.task(), progress=again, **screen.FLAGS)

    def test_nothing_is_printed_but_by_python(self):
        read_end, write_end = os.pipe()
        kept = os.dup(1), os.dup(2)
        try:
            os.dup2(write_end, 1)
            os.dup2(write_end, 2)
            headroom.bounds(screen.task(), quiet=True, **screen.FLAGS)
        finally:
            os.dup2(kept[0], 1)
            os.dup2(kept[1], 2)
            os.close(write_end)
        with open(read_end) as pipe:
            self.assertEqual(pipe.read(), "")


if __name__ == "__main__":
    unittest.main()
