from genre_lightning.fetch.summary import print_shared, print_table


def figures(**changes):
    told = {
        "wanted": 50, "found": 120, "fetched": 48, "new": 8, "skipped": {"404 Not Found": 3, "compilation": 2},
        "artists": 47, "most_songs_of_an_artist": 2, "hours": 0.4, "routes": {"artists": 40, "search": 8},
    }  # fmt: skip
    return told | changes


def test_the_table_has_a_line_for_each_genre_and_says_what_was_skipped(capsys):
    print_table({"rock": figures(), "jazz": figures(skipped={}, most_songs_of_an_artist=1)})
    lines = capsys.readouterr().out.splitlines()
    cells = [cell.strip() for cell in lines[2].strip("|").split("|")]
    assert cells == ["rock", "50", "120", "48", "8", "5", "47", "0.4", "40 artists, 8 search"]
    assert lines[4:] == ["rock, skipped: 3 404 Not Found, 2 compilation", "rock: up to 2 songs of one artist"]


def test_of_a_list_it_is_said_what_is_gone_and_what_has_failed(capsys):
    told = {"wanted": 50, "found": 47, "fetched": 46, "new": 6, "hours": 0.4,
            "gone": {"unknown id": 2, "not available": 1}}  # fmt: skip
    print_shared({"rock": told | {"failed": {"502 Bad Gateway": 1}}, "jazz": told | {"gone": {}, "failed": {}}})
    lines = capsys.readouterr().out.splitlines()
    cells = [cell.strip() for cell in lines[2].strip("|").split("|")]
    assert cells == ["rock", "50", "47", "46", "6", "3", "1", "0.4"]
    assert lines[4:] == [
        "rock, gone: 2 unknown id, 1 not available",
        "rock, failed, the next run tries again: 1 502 Bad Gateway",
    ]
