import os
import subprocess
import sys

import pytest

from bench.processes import family, usage

WORK = "s = 0\nfor i in range(4_000_000): s += i\nprint('done', flush=True); input()"
PARENT = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {WORK!r}])"


def test_a_childs_work_counts_while_it_lives():
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        parent.stdout.readline()
        assert len(family(parent.pid)) == 2
        found = usage(parent.pid)
        parent.communicate(b"\n")
    assert found.cpu >= 0.05
    assert found.rss > found.own_rss > 1_000_000


def test_a_process_that_has_ended_is_said_to_have():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    with pytest.raises(ProcessLookupError, match="has ended"):
        usage(child.pid)


def test_we_are_of_our_own_family():
    assert os.getpid() in family(os.getpid())
