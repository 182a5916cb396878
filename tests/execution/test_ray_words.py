"""What is told of an actor that was lost, and of a host that cannot be."""

import pytest

from tfhpo.errors import ArgumentError
from tfhpo.execution.ray_connection import probe
from tfhpo.execution.ray_words import death, out_of_memory

DETAILS = """\
The actor died unexpectedly before finishing this task.
\tclass_name: Host
\tactor_id: 9baf5a1844dc48c8a217088901000000
\tpid: 1834
\tnamespace: a451f111-9b94-45f8-8a30-34e6e37d584b
\tip: 192.0.2.2
"""
PROCESS = "The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR"
GUESSES = " Some common causes include: (1) the process was killed by the OOM killer, \n(2) others."
NODE = "The actor died because its node has died. Node Id: 5f0a\n\tthe actor's node was terminated."


def test_a_process_that_died():
    first, *rest = death(DETAILS + PROCESS + GUESSES).splitlines()
    assert first.startswith("Its process died (process 1834 on 192.0.2.2): it crashed, was killed")
    assert rest == [f"Ray says: {PROCESS}"]


def test_a_node_that_died():
    first, *rest = death(DETAILS + NODE).splitlines()
    assert first == "Its node was lost (process 1834 on 192.0.2.2)."
    assert "\n".join(rest) == f"Ray says: {NODE}"


def test_a_connection_that_broke():
    text = death("The actor 9baf is unavailable: RPC error: Connection reset by peer.")
    assert text.startswith(
        "Its process or its node was lost: the connection to it broke.\nRay says"
    )


def test_a_text_without_details_is_told_as_it_is():
    assert death("Something else.").endswith("may tell more.\nRay says: Something else.")


def test_memory_that_ran_out():
    text = out_of_memory("Task was killed due to the node running low on memory.\n" + "a" * 5000)
    assert text.startswith("Its node ran out of memory, and Ray ended its process.\nRay says: Task")
    assert len(text) < 1200


@pytest.mark.parametrize("host", ["a..b", "a" * 64])
def test_a_host_that_cannot_be(host):
    with pytest.raises(ArgumentError, match=f"{host}: .*Received: address='{host}:6379'"):
        probe(f"{host}:6379", "address")
