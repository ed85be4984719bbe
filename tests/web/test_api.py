"""What the service refuses, in which sentence, and what it says besides an answer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from fastapi.testclient import TestClient

from tests.commands import KESH, MORRISONS
from tests.conftest import ROOT
from tests.web.conftest import LIMITS
from tests.web.indexes import CAT, KINCORA
from tunetrace import build_index, open_index, tokenize
from tunetrace.indexer.store.database.naming import storage_of
from tunetrace.web.app import make_app
from tunetrace.web.settings import Settings
from tunetrace.web.work.answers import disposition


def refused(answer: Any, status: int) -> str:
    """The sentence of a problem with a status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    content = answer.json()
    assert content["status"] == status
    assert content["type"].startswith("urn:tunetrace:problem:")
    assert content["title"]
    assert "\n" not in content["detail"]
    return str(content["detail"])


WRONG = {
    "figure": "the parameter q is missing; add q=G3 GAB",
    "figure?q=C&vew=tokens": "'vew' is not a parameter here; did you mean view?",
    "figure?q=C&limits=9": "'limits' is not a parameter here; did you mean limit?",
    "corpora?zz=1": "'zz' is not a parameter here; there are none; leave it out",
    "figure?q=C&limit=2&limit=3": "'limit' is given 2 times; give it once",
    "figure?q=C&q=D&limit=3": "'q' is given 2 times; give it once",
    "figure?q=C&limit=x": "limit cannot be 'x'; give a whole number",
    "figure?q=C&limit=-1": "limit cannot be '-1'; give 0 or more",
    "figure?q=C&limit=51": "limit cannot be 51; this service gives at most 50",
    "find?q=C&limit=51": "limit cannot be 51; this service gives at most 50",
    "similar?q=session:3&limit=51": "limit cannot be 51; this service gives at most 50",
    "similar?q=session:3&limit=0": "limit cannot be '0'; give 1 or more",
    "figure?q=C&part=0": "part cannot be '0'; give 1 or more",
    "figure?q=C&part=9999999": "part cannot be '9999999'; give 1,000,000 or less",
    "figure?q=C&onset=x": "'x' is not a number of eighths; give a number such as 3 or 3/2",
    "figure?q=C&view=pitch":
        "view cannot be 'pitch'; give one of tokens, melody, intervals, rhythm, contour",
    "figure?q=C&open_end=perhaps": "open_end cannot be 'perhaps'; give true or false",
    "similar?q=session:3&min_probability=2": "min_probability cannot be '2'; give 1 or less",
    "similar?q=session:3&min_probability=nan": "min_probability cannot be 'nan'; give a number",
    "similar?q=The Kesh": "'The Kesh' is not a tune of the index; give corpus:number or its id, or "
        "send the tune itself with POST",
    "similar?q=/etc/passwd": "'/etc/passwd' is not a tune of the index; give corpus:number or its "
        "id, or send the tune itself with POST",
}  # fmt: skip


@pytest.mark.parametrize(("asked", "sentence"), WRONG.items())
def test_a_wrong_parameter_is_refused_in_one_sentence(
    client: TestClient, asked: str, sentence: str
) -> None:
    assert refused(client.get(f"/api/{asked}"), 422) == sentence


def test_a_list_of_parameters_is_named_where_none_is_near(client: TestClient) -> None:
    sentence = refused(client.post("/api/read", params={"zzzz": 1}, content=KESH), 422)
    assert sentence == "'zzzz' is not a parameter here; the parameters are format, voice and column"


def test_a_long_text_is_not_repeated_as_a_whole(client: TestClient) -> None:
    for asked in ("figure?q=C&title=", "tunes/", "nowhere/"):
        answer = client.get(f"/api/{asked}{'x' * 9_000}")
        assert answer.status_code in (404, 422)
        assert len(answer.json()["detail"]) < 700


def test_parameters_of_what_is_sent_are_refused_too(client: TestClient) -> None:
    for asked, sentence in {
        "check?copy_share=0": "copy_share cannot be '0'; give more than 0",
        "check?format=docx": "format cannot be 'docx'; give one of abc, folkrnn, thesession, csv, "
        "json, musicxml, midi",
        "score": "the parameter format is missing; add format=svg",
        "sample?n=1&n=2": "'n' is given 2 times; give it once",
        "report?view=melody&view=rhythm": "'view' is given 2 times; give it once",
        "score?format=svg&swing=1": "only a .mid can have swing; write a .mid, or leave out the "
        "swing",
    }.items():
        assert refused(client.post(f"/api/{asked}", content=KESH), 422) == sentence


def test_unknown_pages_and_methods_are_problems(client: TestClient) -> None:
    assert refused(client.get("/nowhere"), 404) == (
        "there is no page /nowhere; /api lists what there is"
    )
    answer = client.post("/api/figure", content="x")
    assert refused(answer, 405) == "/api/figure does not take POST; use GET"
    assert answer.headers["allow"] == "GET"
    assert "\r" not in refused(client.get("/x%0d%0aSet-Cookie:%20a=b"), 404)


def test_a_tune_that_is_not_there_is_named_with_the_nearest_titles(client: TestClient) -> None:
    for ending in ("", ".svg", ".mid", ".json"):
        assert refused(client.get(f"/api/tunes/kincra{ending}"), 404) == (
            "there is no tune 'kincra' in the index; the nearest title is \"Kincora\""
        )


def test_no_path_in_a_request_reaches_the_file_system(client: TestClient, served: Path) -> None:
    for name in ("../small.db", str(served), "..%2f..%2fetc%2fpasswd", ".", "input.abc", "-"):
        assert client.get(f"/api/tunes/{name}").status_code == 404
    for text in (str(served), "session.abc", "-", "../book.abc"):
        assert client.post("/api/check", content=text).status_code == 422


def test_no_answer_has_a_folder_of_this_machine(client: TestClient, served: Path) -> None:
    folder = str(served.parent)
    asked = ("corpora", "figure?q=C", "tunes/1", "tunes/1.svg", "similar?q=1", "find?q=x")
    for answer in [*(client.get(f"/api/{one}") for one in asked),
                   client.post("/api/check", content=KESH)]:  # fmt: skip
        assert folder not in answer.text + str(answer.headers)
    for page in ("/tunes/1", "/tunes", "/tunes/1?beside=3", "/figures?q=G", "/about"):
        shown = client.get(page)
        assert shown.status_code == 200
        assert folder not in shown.text


def test_a_corpus_may_have_any_name(tmp_path: Path) -> None:
    (tmp_path / "Québec.abc").write_text(f"{KESH}\n{KINCORA}", encoding="utf-8")
    build_index(tmp_path / "Québec.abc", tmp_path / "named.db")
    with TestClient(make_app(Settings(storage_of(tmp_path / "named.db"), workers=1))) as client:
        found = client.get("/api/similar", params={"q": "Québec:3"}).json()["tunes"][0]
        assert [one["number"] for one in found["tunes"]] == [9]
        address = "/tunes/Qu%C3%A9bec:"
        page = client.get(f"{address}3", params={"beside": "Québec:9"})
        assert page.status_code == 200
        assert "Two tunes, bar under bar" in page.text


def test_an_index_that_is_not_there_is_named_without_its_folder(tmp_path: Path) -> None:
    with TestClient(make_app(Settings(storage_of(tmp_path / "none.db"), workers=1))) as client:
        answer = client.get("/api/corpora")
    sentence = refused(answer, 503)
    assert int(answer.headers["retry-after"]) > 0
    assert "none.db" in sentence
    assert str(tmp_path) not in sentence


# Limits


def test_more_tunes_than_the_limit_are_too_large(client: TestClient) -> None:
    three = KESH + MORRISONS + KINCORA
    assert len(client.post("/api/check", content=three).json()["tunes"]) == LIMITS.tunes
    for name in ("check", "similar", "read"):
        assert refused(client.post(f"/api/{name}", content=three + CAT), 413) == (
            "more than 3 tunes were sent; send at most 3 at once, or ask for a report with POST "
            "/api/report"
        )


def test_tunes_that_are_set_aside_count_too(client: TestClient) -> None:
    broken = KESH.replace("A3", "[A")
    assert refused(client.post("/api/check", content=KESH + broken * 3), 413)


def test_a_tune_of_more_tokens_than_the_limit_is_too_large(client: TestClient) -> None:
    def tune(tokens: int) -> str:
        """A tune of this many tokens, of which two are headers."""
        return f"X:1\nM:4/4\nL:1/8\nK:C\n{'C' * (tokens - 2)}\n"

    assert len(tokenize(tune(300))) == 300
    assert client.post("/api/check", content=tune(300)).status_code == 200
    for name in ("check", "similar", "read", "score?format=mid"):
        assert refused(client.post(f"/api/{name}", content=tune(301)), 413) == (
            "input:1: the tune has 301 tokens; give one of at most 300"
        )


def test_as_many_results_as_the_limit_are_given(client: TestClient) -> None:
    assert client.get("/api/figure", params={"q": "C", "limit": 50}).json()["hits"] > 0


# Files


def test_the_first_tune_that_is_sent_becomes_a_file(client: TestClient) -> None:
    for kind, beginning in {
        "svg": b"<?xml", "pdf": b"%PDF", "mid": b"MThd", "musicxml": b"<?xml", "abc": b"I:abc",
    }.items():  # fmt: skip
        answer = client.post(f"/api/score?format={kind}", content=KESH + MORRISONS)
        assert answer.status_code == 200
        assert answer.content.startswith(beginning)
        assert f'filename="The Kesh.{kind}"' in answer.headers["content-disposition"]
        assert answer.headers["tunetrace-corpora"] == "[]"
    written = client.post("/api/score?format=abc&transpose=A", content=KESH).text
    assert "\nK:Amaj\nA3 ABc | B3 Bce |\n" in written


@pytest.mark.parametrize("file", ["duet.musicxml", "played.mid"])
def test_scores_and_sounds_are_read_as_abc(client: TestClient, file: str) -> None:
    data = (ROOT / "examples" / file).read_bytes()
    (tune,) = client.post("/api/read", content=data).json()["tunes"]
    assert tokenize(tune["text"]) == tune["tokens"]
    assert (
        client.post("/api/score?format=abc", content=data).text.count("X:1")
        == tune["text"].count("X:1")
        == 1
    )


def test_a_picture_that_is_opened_by_itself_can_do_nothing(client: TestClient) -> None:
    hostile = KESH.replace("The Kesh", "<script>alert(1)</script>")
    for answer in (client.get("/api/tunes/book:1.svg"),
                   client.post("/api/score?format=svg", content=hostile)):  # fmt: skip
        policy = answer.headers["content-security-policy"]
        assert policy == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        assert "<script" not in answer.text


def test_the_name_of_a_file_is_in_ascii_and_in_utf_8(client: TestClient) -> None:
    header = client.get("/api/tunes/book:1.svg").headers["content-disposition"]
    plain, encoded = 'inline; filename="An -Cat--Dubh e.svg"', "An -Cat--Dubh é.svg"
    assert header.startswith(f"{plain}; filename*=UTF-8''")
    assert unquote(header.partition("''")[2]) == encoded


@pytest.mark.parametrize(
    "title",
    ["", ".", "..", "...", 'a"; filename="b.exe', "a\r\nSet-Cookie: a=b", "../../etc/passwd",
     "C:\\Windows\\x", "%0d%0a", "\ud800", "\u202egpj.exe", "é" * 500, "a\0b", "x" * 5000],
)  # fmt: skip
def test_no_title_gets_out_of_its_header(title: str) -> None:
    header = disposition(f"{title}.svg", is_shown=False)
    assert re.fullmatch(
        r"attachment; filename=\"[\w .'()-]{1,250}\.svg\"; filename\*=UTF-8''[\w.%~-]+\.svg",
        header,
        re.ASCII,
    )
    name = unquote(header.partition("''")[2])
    assert not set(name) & set('/\\"\r\n\0:%;')
    assert not name.startswith(".")
    assert len(name) <= 104


def test_half_a_character_in_what_is_sent_is_no_mistake_of_the_service(client: TestClient) -> None:
    sent = '[{"title": "\\ud800", "abc": "X:1\\nT:\\ud800\\nK:C\\nCDE|\\n"}]'
    answer = client.post("/api/read", content=sent)
    assert answer.status_code == 200
    assert answer.json()["tunes"][0]["tokens"] == ["K:Cmaj", "C", "D", "E", "|"]


def test_the_records_of_the_index_are_asked_and_no_other(client: TestClient, served: Path) -> None:
    with open_index(served) as index:
        for number in range(1, index.tunes + 1):
            tune = index.catalogue.tunes([number])[number]
            by_id, by_name = (client.get(f"/api/tunes/{one}") for one in (number, tune.reference))
            assert by_id.json() == by_name.json()
    assert client.get(f"/api/tunes/{number + 1}").status_code == 404
