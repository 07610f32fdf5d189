import json

import pytest

from diag.facts.hami import Card, cards, shares


def test_both_forms_of_a_nodes_cards_are_read():
    older = "GPU-1,10,81920,100,NVIDIA-NVIDIA H100 80GB HBM3,0,true:GPU-2,10,81920,100,NVIDIA,1,false:"
    newer = json.dumps([{"id": "GPU-1", "count": 10, "devmem": 81920, "health": True, "mode": "hami-core"}])

    assert cards(older) == cards(newer) == [Card(uuid="GPU-1", memory=81920)]


def test_what_a_pod_was_given_is_read_by_card():
    assert shares("GPU-1,NVIDIA,3000,30:GPU-2,NVIDIA,500,0:;GPU-1,NVIDIA,200,0:;") == [
        ("GPU-1", 3000), ("GPU-2", 500), ("GPU-1", 200),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "",
        ";;",
        "[",
        "[1, null]",
        '[{"id": 1, "devmem": 2}]',
        '[{"id": "x", "devmem": true}]',
        '[{"id": "x", "devmem": 0}]',
        "a,b:c",
        "x,1,²,1,t,0,true",
    ],
)
def test_what_is_written_otherwise_is_no_card_and_no_share(text):
    assert cards(text) == []
    assert shares(text) == []
