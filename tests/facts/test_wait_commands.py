import pytest

from diag.facts.wait_commands import awaited


@pytest.mark.parametrize(
    ("line", "host", "port"),
    [
        ("until nc -z db 5432; do sleep 2; done", "db", 5432),
        ("until nc -z -w 5 db.shop.svc 5432; do :; done", "db.shop.svc", 5432),
        ("until nslookup redis.ml.svc.cluster.local; do sleep 1; done", "redis.ml.svc.cluster.local", None),
        ("while ! getent hosts train-master-0; do sleep 1; done", "train-master-0", None),
        ("curl -sf --retry 100 http://API:8080/healthz", "api", 8080),
        ("wget -qO- https://store/ready", "store", None),
        ("./wait-for-it.sh --timeout=30 -s db:5432 -- echo up", "db", 5432),
        ("dockerize -wait tcp://mq:5672 -timeout 60s", "mq", 5672),
        ("until pg_isready -h pg -p 5433 -U app; do sleep 1; done", "pg", 5433),
        ("until redis-cli -h cache ping; do sleep 1; done", "cache", None),
        ("until (echo > /dev/tcp/store/29500) 2>/dev/null; do sleep 1; done", "store", 29500),
        (
            "until ray health-check --address head-svc.ml.svc:6379 > /dev/null; do sleep 5; done",
            "head-svc.ml.svc",
            6379,
        ),
        ("nc -z ${DB} $(PORT)", "db", 5432),
    ],
)
def test_a_command_line_tells_whom_it_waits_for(line, host, port):
    found = awaited(line, {"DB": "db", "PORT": "5432"})

    assert (found.host, found.port, found.how) == (host, port, "waits")


@pytest.mark.parametrize(
    "line", ["echo the host", "python wait.py db", "nc -z $OTHER 5432", "sleep 3600", "nc -l 8080"]
)
def test_a_command_line_that_names_no_host_tells_nothing(line):
    assert awaited(line, {}) is None


def test_a_port_that_is_none_is_left_out():
    assert awaited("nc -z db 99999", {}).port is None


def test_a_huge_line_is_read_in_part():
    assert awaited("x" * 10_000_000 + " nc -z db 5432", {}) is None
