"""When a gateway is left alone, for how long, and who tries it first: in a real Redis."""

import threading
import time

import pytest

from core.breaker import redis_breaker
from core.redis import client
from payments.gateways.base import Down, Unknown
from payments.gateways.calling import Answer, Line
from payments.gateways.circuit import Circuit, is_down
from payments.tests.answering import AnsweringServer, hangs_up, says

OK = says({"status": True, "data": {}})


def a_circuit(**changed: float) -> Circuit:
    return Circuit("paystack", **{"failures": 3, "window_seconds": 0.4, "open_seconds": 0.2, **changed})  # type: ignore[arg-type]


def opened(**changed: float) -> Circuit:
    circuit = a_circuit(**changed)
    assert [circuit.failed() for _ in range(3)] == [False, False, True]
    return circuit


class TestACircuit:
    def test_lets_everybody_through_while_it_is_closed(self):
        circuit = a_circuit()

        assert all(circuit.lets_through() for _ in range(5))
        assert not is_down("paystack")

    def test_opens_after_so_many_failures_and_for_every_process(self):
        opened()

        # Another object, as another process has one: only Redis is shared.
        assert is_down("paystack")
        assert not a_circuit().lets_through()
        assert not is_down("flutterwave")

    def test_forgets_failures_that_are_far_apart(self):
        circuit = a_circuit(window_seconds=0.1)
        circuit.failed()
        circuit.failed()
        time.sleep(0.15)

        assert not circuit.failed()
        assert not circuit.is_open

    def test_stays_closed_while_most_calls_are_answered(self):
        circuit = a_circuit(window_seconds=30)

        opened_by = [circuit.failed() or circuit.succeeded() for _call in range(20)]

        assert not any(opened_by)
        assert [circuit.failed() for _ in range(3)] == [False, False, True]

    def test_is_tried_by_one_alone_and_closed_by_a_success(self):
        circuit = opened()
        time.sleep(0.25)

        assert not circuit.is_open
        assert [circuit.lets_through() for _ in range(3)] == [True, False, False]
        assert circuit.succeeded()
        assert all(circuit.lets_through() for _ in range(3))

    def test_is_opened_again_by_one_failed_trial(self):
        circuit = opened()
        time.sleep(0.25)
        circuit.lets_through()

        assert circuit.failed()
        assert circuit.is_open

    def test_is_tried_again_when_who_tried_it_died(self):
        circuit = opened(probe_seconds=0.1)
        time.sleep(0.25)

        assert circuit.lets_through()
        assert not circuit.lets_through()
        time.sleep(0.15)
        assert circuit.lets_through()

    def test_stays_open_whatever_comes_back_of_calls_from_before(self):
        circuit = opened()

        assert not circuit.succeeded()
        assert circuit.is_open

    def test_begins_to_count_anew_once_it_is_closed(self):
        circuit = opened()
        time.sleep(0.25)
        circuit.lets_through()
        circuit.succeeded()

        assert not circuit.failed()

    def test_lets_one_of_many_through_at_once(self):
        circuit = opened()
        time.sleep(0.25)
        barrier, let_through = threading.Barrier(8), []

        def try_it() -> None:
            barrier.wait()
            let_through.append(circuit.lets_through())

        threads = [threading.Thread(target=try_it) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(let_through) == [False] * 7 + [True]

    def test_leaves_no_key_without_an_end(self):
        circuit = opened()
        time.sleep(0.25)
        circuit.lets_through()

        keys = [key for key in circuit._keys() if client().exists(key)]
        assert keys
        assert all(client().pttl(key) > 0 for key in keys)  # type: ignore[operator]

    def test_is_closed_while_redis_is_away(self, settings):
        opened()
        settings.REDIS_URL = "unix:///nowhere/redis.sock"
        redis_breaker.reset()
        try:
            circuit = a_circuit()
            assert circuit.lets_through()
            assert not circuit.failed()
            assert not circuit.succeeded()
            assert not is_down("paystack")
        finally:
            redis_breaker.reset()


class TestALine:
    def line_to(self, url: str) -> Line:
        return Line("paystack", url, "sk_test_made_up_for_tests", a_circuit(), connect_seconds=0.5, read_seconds=0.5)

    def test_is_left_alone_after_failures_and_comes_back(self):
        with AnsweringServer(hangs_up, hangs_up, hangs_up, OK) as server:
            line = self.line_to(server.url)
            for _ in range(3):
                assert isinstance(line.post("/x", {}, doing="try"), Unknown)
            assert isinstance(line.post("/x", {}, doing="try"), Down)
            time.sleep(0.25)
            assert isinstance(line.post("/x", {}, doing="try"), Answer)
            assert isinstance(line.post("/x", {}, doing="try"), Answer)

        assert len(server.requests) == 5

    @pytest.mark.parametrize("status", [400, 404, 422])
    def test_is_not_left_alone_for_saying_no(self, status: int):
        with AnsweringServer(says({"status": False, "message": "No"}, status)) as server:
            for _ in range(5):
                assert isinstance(self.line_to(server.url).post("/x", {}, doing="try"), Answer)

        assert not is_down("paystack")
