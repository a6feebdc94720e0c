from genre_lightning.table import table


def test_tables_are_aligned():
    lines = table(["a", "long title"], [["something long", "1"], ["b", "2"]]).splitlines()
    assert len({len(line) for line in lines}) == 1
    bars = [[place for place, sign in enumerate(line) if sign == "|"] for line in lines]
    assert all(places == bars[0] for places in bars) and len(bars[0]) == 3
    assert set(lines[1]) == {"|", "-"}
