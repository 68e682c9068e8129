import asyncio
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks import harness
from benchmarks.endpoints import Budget, Cost, verdicts
from benchmarks.harness import percentile
from benchmarks.race import Answer, Client, Outcome


class TestPercentile:
    @pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.95, 95), (0.99, 99), (1, 100), (0, 1)])
    def test_is_the_smallest_that_so_many_do_not_exceed(self, share, expected):
        assert percentile(range(100, 0, -1), share) == expected

    def test_of_one_value_is_that_value(self):
        assert percentile([7.0], 0.95) == 7.0


class TestTelling:
    def test_a_table_is_markdown_and_the_last_line_has_no_spaces_in_its_values(self, capsys):
        harness.table(["what", "ms"], [["list", 1.234], ["a longer name", 12]])
        harness.last_line("race", rounds=50, server="daphne 4", share=0.5)

        lines = capsys.readouterr().out.splitlines()
        assert lines[:2] == ["| what          |   ms |", "|---------------|-----:|"]
        assert lines[2] == "| list          | 1.23 |"
        assert lines[-1] == "race rounds=50 server=daphne_4 share=0.50"


class TestOptions:
    def test_quick_and_seed_are_understood_by_all(self):
        asked = harness.options("race", "about", ["--quick", "--seed", "7"])

        assert (asked.quick, asked.seed) == (True, 7)

    def test_a_benchmark_leaves_servers_of_ones_own_alone(self):
        assert {"DATABASE_URL", "REDIS_URL", "BUKA_HOME"} <= set(harness.NOT_INHERITED)


class TestOutcome:
    def test_a_fair_round_has_one_winner_and_hears_of_other_times(self):
        fair = Outcome([Answer(201, 0.1), Answer(409, 0.1, alternatives=3)])

        assert (fair.wins, fair.conflicts, fair.errors) == (1, 1, 0)

    @pytest.mark.parametrize(
        "bad", [Answer(409, 0.1, alternatives=0), Answer(500, 0.1), Answer(0, 30.0), Answer(429, 0.1), Answer(200, 0.1)]
    )
    def test_everything_else_is_an_error(self, bad):
        assert Outcome([Answer(201, 0.1), bad]).errors == 1


class TestClient:
    @pytest.mark.parametrize(
        ("said", "expected"),
        [
            (b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}", (201, 0)),
            (b'HTTP/1.1 409 Conflict\r\ncontent-length: 24\r\n\r\n{"alternatives": [1, 2]}', (409, 2)),
            (b'HTTP/1.1 409 Conflict\r\ncontent-length: 99\r\n\r\n{"alternatives": [1, 2]}', (0, 0)),
            (b"", (0, 0)),
        ],
    )
    def test_reads_an_answer_or_says_that_there_was_none(self, said, expected):
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(said)
            writer.close()
            await writer.wait_closed()

        async def ask() -> Answer:
            async with await asyncio.start_server(answer, harness.HOST, 0) as server:
                client = Client(server.sockets[0].getsockname()[1])
                await client.step_up()
                client.go(b"POST / HTTP/1.1\r\n\r\n")
                heard = await client.hear(0.0)
                await client.leave()
            return heard

        with ThreadPoolExecutor(1) as thread:
            # In a thread of its own: after a test with a browser, this one has an event loop already.
            heard = thread.submit(asyncio.run, ask()).result(timeout=30)

        assert (heard.status, heard.alternatives) == expected


class TestVerdicts:
    BUDGET = Budget(warm_queries=1, cold_queries=3, warm_ms=1.0, cold_ms=2.0)

    def test_nothing_is_said_of_what_keeps_its_budget(self):
        assert verdicts(self.BUDGET, Cost(1.0, 9, 9, 1), Cost(2.0, 9, 9, 3)) == []

    def test_everything_over_its_budget_is_named(self):
        said = verdicts(self.BUDGET, Cost(1.5, 9, 9, 2), Cost(2.5, 9, 9, 4))

        assert said == ["warm queries 2 over 1", "cold queries 4 over 3", "warm CPU 1.5 over 1", "cold CPU 2.5 over 2"]


def test_every_benchmark_explains_itself():
    for name in ("race", "endpoints", "first_booking"):
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}", "--help"],
            cwd=harness.ROOT,
            env={**os.environ, "PYTHONPATH": str(harness.ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
        )

        assert done.returncode == 0, done.stderr
        assert "--quick" in done.stdout
