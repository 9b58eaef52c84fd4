"""Threads, processes, signals and memory."""

import gc
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import pulse


def tiny(generator):
    return pulse.search(np.full((2, 2, 3), 0.5, np.float32), generator, candidates=1, steps=1, starts=1)


def count_for(seconds, until=None):
    """How often a Python thread comes round."""
    started, turns = time.perf_counter(), 0
    while time.perf_counter() - started < seconds if until is None else not until.is_set():
        turns += 1
    return turns / (time.perf_counter() - started)


def test_other_threads_run_while_a_search_does(faces, small):
    """All day long: they come round as long as the search takes, and not only between its steps."""
    done = threading.Event()
    beats = []

    def beat():
        while not done.is_set():
            beats.append(time.perf_counter())
            time.sleep(0.002)

    thread = threading.Thread(target=beat)
    thread.start()
    started = time.perf_counter()
    pulse.search(small, faces, candidates=4, steps=30, early_stop=False, progress=False)
    taken = time.perf_counter() - started
    done.set()
    thread.join()
    assert len(beats) > 20 * taken


def test_several_threads_search_at_once(faces, example):
    alone = [pulse.search(example, faces, candidates=2, steps=20, seed=seed).images for seed in range(4)]
    found = {}

    def work(seed):
        found[seed] = pulse.search(example, faces, candidates=2, steps=20, seed=seed)
        found[seed].verdict  # noqa: B018

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert all(np.array_equal(found[seed].images, alone[seed]) for seed in range(4))


def test_an_exception_belongs_to_the_thread_that_it_happened_on(faces, small):
    outcomes = {}

    def work(name, fails):
        def callback(event):
            if fails and event.step == 2:
                raise KeyError(name)

        try:
            outcomes[name] = len(pulse.search(small, faces, candidates=2, steps=8, callback=callback))
        except KeyError as error:
            outcomes[name] = error.args[0]

    threads = [threading.Thread(target=work, args=(str(number), number % 2)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert outcomes == {"0": 2, "1": "1", "2": 2, "3": "3"}


def test_a_thousand_searches_leave_no_memory_behind(own):
    for _ in range(100):
        tiny(own)
    gc.collect()
    before = resident()
    for _ in range(1000):
        tiny(own)
    gc.collect()
    # A candidate's pictures alone are 3 kB, and so 3 MB a thousand times.
    assert resident() - before < 2_000_000


def resident():
    """Bytes of this process that are in memory."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except FileNotFoundError:
        pytest.skip("this system does not say how much memory a process has")


SEARCH = textwrap.dedent("""
    import sys, numpy as np, pulse
    def told(event):
        if event.kind == "step" and event.step == 3:
            print("under way", flush=True)
    try:
        pulse.search(np.full((4, 4, 3), 0.5, np.float32), candidates=4, steps=100000, early_stop=False, callback=told)
    except KeyboardInterrupt as error:
        print(len(error.found), error.found.stopped, error.found[0].image.shape, flush=True)
        sys.exit(7)
""")


def test_ctrl_c_stops_at_the_next_step_with_what_was_found():
    process = subprocess.Popen([sys.executable, "-c", SEARCH], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "under way\n"
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=60)
    assert rest.splitlines()[-1] == "4 True (64, 64, 3)"
    assert process.returncode == 7


def test_ctrl_c_stops_a_search_that_nobody_watches():
    quiet = SEARCH.replace(", callback=told", "").replace("import sys", "import threading, sys")
    quiet = quiet.replace("try:", "threading.Timer(2, lambda: print('under way', flush=True)).start()\ntry:", 1)
    process = subprocess.Popen([sys.executable, "-c", quiet], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "under way\n"
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 7, rest


def in_child(queue):
    queue.put(tiny(pulse.Generator.open("faces"))[0].image)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_child_process_searches_too(method, faces):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system cannot {method}")
    here = tiny(faces)[0].image
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    child = context.Process(target=in_child, args=(queue,))
    child.start()
    there = queue.get(timeout=60)
    child.join(60)
    assert child.exitcode == 0
    assert np.array_equal(here, there)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_fork_goes_on_with_what_its_parent_compiled(faces, small):
    whole = pulse.search(small, faces, candidates=1, steps=8).images
    searching = pulse.searching(small, faces, candidates=1, steps=8)
    for event in searching:
        if event.step == 2:
            break
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        for _ in searching:
            pass
        os.write(writer, bytes([np.array_equal(searching.range.images, whole)]))
        os._exit(0)
    assert os.read(reader, 1) == b"\x01"
    os.waitpid(child, 0)


def test_threads_can_be_chosen(faces, small, few):
    before = pulse.threads()
    images = pulse.search(small, faces, **few).images
    try:
        for count in (1, 3):
            pulse.set_threads(count)
            assert pulse.threads() == count
            assert np.array_equal(pulse.search(small, faces, **few).images, images)
    finally:
        pulse.set_threads(before)
    with pytest.raises(pulse.PulseError, match="0 threads"):
        pulse.set_threads(0)
