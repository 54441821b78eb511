"""The Teams door against a local Teams: the Agents Playground, over its API and through its page."""

from __future__ import annotations

import csv
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from adapters.teams.files import CONSENT, INFO
from adapters.teams.proactive import Unreachable, announce
from bot.config import load_settings
from tests.adaptive_schema import faults
from tests.own_network import own_network
from tests.served import Browser
from tests.teams_playground import ALEX, MEGAN, PATIENCE, Playground, answer_id, card_of, is_answer, playground
from tests.test_teams_cards import table_of, texts, titles
from tests.tiny_student import SALES, TODAY, Tiny

pytestmark = [pytest.mark.slow, pytest.mark.needs("teams-playground")]
SHOPS, CITIES, ALL = "how many shops do we have?", "total amount by city", "list all sales"
TEXT, CARD = "application/vnd.microsoft.activity.message", "application/vnd.microsoft.card.adaptive"
RULES = """
[[rule]]
users = ["{megan}"]
deny = ["sales.amount"]
"""


@pytest.fixture(scope="module")
def teams(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    with opened(tiny, tmp_path_factory.mktemp("teams")) as running:
        yield running
        assert "Traceback" not in running.bot.log


@pytest.fixture(autouse=True)
def afresh(teams: Playground) -> None:
    """Nothing that an earlier test left is taken for an answer."""
    teams.forget()


@contextmanager
def opened(tiny: Tiny, folder: Path, *doors: str, **more: str) -> Iterator[Playground]:
    rules = folder / "access.toml"
    rules.write_text(RULES.format(megan="00000000-0000-0000-0000-0000000000021"))
    variables = {
        "MYNAH_DATABASE_URL": f"sqlite:///{tiny.database}", "MYNAH_STUDENT_DIR": str(tiny.student),
        "MYNAH_TODAY": str(TODAY), "MYNAH_THREADS": "1", "MYNAH_ACCESS": str(rules), "MYNAH_USER_RATE": "1000",
        "MYNAH_CHANNEL_RATE": "1000", "MYNAH_REVIEWERS": "teams:00000000-0000-0000-0000-0000000000020", **more,
    }  # fmt: skip
    with own_network(), playground(folder, variables, ("--teams", *doors)) as running:
        yield running


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def shown(message: dict[str, Any]) -> str:
    return "\n".join(texts(card_of(message)))


def ask(teams: Playground, conversation: str, question: str, user: str = ALEX) -> dict[str, Any]:
    where = teams.say(conversation, question, user, mention=conversation != teams.personal)
    return teams.answer(where, is_answer)


def test_a_question_in_a_personal_chat_gets_a_card(teams: Playground) -> None:
    message = ask(teams, teams.personal, CITIES)
    card = card_of(message)
    assert faults(card) == []
    assert list(texts(table_of(card)))[:3] == ["City", "Amount", "Nordport"] or len(table_of(card)["rows"]) == 5
    assert table_of(card)["columns"][1]["horizontalCellContentAlignment"] == "Right"
    assert any(part["type"] == "Image" for part in card["body"])
    assert "student tiny-1" in shown(message)
    assert message["aiEntity"]["additionalType"] == ["AIGeneratedContent"]
    assert message["feedbackLoopEnabled"]
    assert titles(card)[:4] == ["SQL", "Correct SQL", "Re-run", "CSV"]


def test_in_a_group_and_in_a_channel_the_answer_takes_the_place_of_the_wait(teams: Playground) -> None:
    for conversation in (teams.group, teams.channel):
        where = teams.say(conversation, SHOPS, mention=True)
        waiting = teams.answer(where)
        assert waiting["told"] == "createMessage"
        assert "Reading the question …" in shown(waiting)
        message = teams.answer(where)
        assert message["told"] == "updateMessage"
        assert message["messageId"] == waiting["messageId"]
        assert shown(message).startswith("4\n")
    reply = ask(teams, where, SHOPS)  # in the thread that the answer began
    assert reply["conversation"] == where


def test_buttons_thumbs_and_reactions_are_one_vote_of_each_person(teams: Playground) -> None:
    where = teams.say(teams.group, SHOPS, mention=True)
    message = teams.answer(where, is_answer)
    mine, alex, megan = answer_id(message), teams.person(ALEX), teams.person(MEGAN)
    assert teams.press(message, "vote", answer=mine, vote=1) == {"type": TEXT, "value": "Thank you, noted."}
    assert teams.bot.votes(mine) == {alex: 1}
    teams.press(message, "vote", MEGAN, answer=mine, vote=-1)
    assert teams.bot.votes(mine) == {alex: 1, megan: -1}
    teams.thumb(where, "dislike", json.dumps({"feedbackText": "too few"}))
    assert teams.bot.votes(mine) == {alex: -1, megan: -1}
    assert teams.bot.rows(f"SELECT comment FROM feedback WHERE answer_id = '{mine}' AND user_id = '{alex}'") == [
        ("too few",)
    ]
    teams.thumb(where, "like", "just words")
    assert ("just words", 1) in teams.bot.rows(f"SELECT comment, vote FROM feedback WHERE answer_id = '{mine}'")

    def react(user: str, **reactions: Any) -> None:
        told = {name: [{"type": kind} for kind in kinds] for name, kinds in reactions.items()}
        event = teams.event("messageReaction", where, user, replyToId=message["messageId"], **told)
        assert teams.custom(event).status_code == 200

    react(MEGAN, reactionsAdded=["like"])
    until(lambda: teams.bot.votes(mine) == {alex: 1, megan: 1})
    react(MEGAN, reactionsRemoved=["like"])
    until(lambda: teams.bot.votes(mine) == {alex: 1})
    react(MEGAN, reactionsAdded=["heart"])
    react(ALEX, reactionsRemoved=["dislike"])  # not the vote that stands
    react(ALEX, reactionsRemoved=["like"], reactionsAdded=["dislike"])
    until(lambda: teams.bot.votes(mine) == {alex: -1})


def test_a_correction_is_checked_and_can_be_taken_back(teams: Playground) -> None:
    message = ask(teams, teams.personal, SHOPS)
    mine = answer_id(message)
    bad = teams.press(message, "correct", answer=mine, sql="DELETE FROM shops")
    assert bad == {"type": TEXT, "value": "Only queries that read data can run. This one starts with “DELETE”."}
    assert teams.bot.rows(f"SELECT * FROM corrections WHERE answer_id = '{mine}'") == []
    good = teams.press(message, "correct", answer=mine, sql="SELECT name FROM shops ORDER BY name")
    assert good["type"] == CARD
    assert faults(good["value"]) == []
    assert "noted for the next training" in "\n".join(texts(good["value"]))
    assert len(table_of(good["value"])["rows"]) == 5
    kept = f"SELECT sql FROM corrections WHERE answer_id = '{mine}' AND retracted_at IS NULL"
    assert len(teams.bot.rows(kept)) == 1
    back = teams.press(message, "uncorrect", answer=mine)
    assert "Taken back." in list(texts(back["value"]))
    assert teams.bot.rows(kept) == []


def test_what_a_reviewer_decides(teams: Playground) -> None:
    message = ask(teams, teams.group, SHOPS, MEGAN)
    teams.press(message, "correct", MEGAN, answer=answer_id(message), sql="SELECT COUNT(id) FROM shops")
    teams.say(teams.group, "review", mention=True)
    assert "chat of our own" in teams.answer(teams.group, lambda m: bool(m.get("text")))["text"]
    teams.say(teams.personal, "review")
    queue = teams.answer(teams.personal, lambda m: bool(m["attachments"]) and "wait" in shown(m))
    assert faults(card_of(queue)) == []
    box = next(part for part in card_of(queue)["body"] if "a correction" in "\n".join(texts(part)))
    pair = box["items"][-1]["actions"][0]["data"]["pair"]
    refused = teams.press(message, "review", MEGAN, pair=pair, decision="approve")
    assert refused["value"].startswith("Only reviewers may do that.")
    decided = teams.press(queue, "review", pair=pair, decision="approve")
    assert f"“{SHOPS}”: admitted." in list(texts(decided["value"]))
    assert teams.bot.rows(f"SELECT status FROM pairs WHERE id = {pair}") == [("admitted",)]


def test_an_oversized_result_is_trimmed_and_its_link_has_it_all(teams: Playground) -> None:
    message = ask(teams, teams.group, ALL)
    assert len(json.dumps(card_of(message))) < 28_000
    assert "The first 10 of 1,000 rows; the result itself was cut to fit. The file has all of them." in shown(message)
    everything = teams.press(message, "all", answer=answer_id(message))
    assert everything["type"] == CARD
    assert len(json.dumps(everything["value"])) < 28_000
    assert 50 < len(table_of(everything["value"])["rows"]) < 101
    link = next(button["url"] for button in card_of(message)["actions"] if button["type"] == "Action.OpenUrl")
    file = httpx.get(link)
    assert file.status_code == 200
    assert file.headers["content-disposition"] == 'attachment; filename="list-all-sales.csv"'
    assert len(list(csv.reader(io.StringIO(file.text)))) == 1001 < SALES
    for broken in (link[:-3], link.replace("/teams/files/", "/teams/files/x"), f"{teams.bot.url}/teams/files/x"):
        assert httpx.get(broken).status_code == 404


def test_the_same_event_twice_is_answered_once(teams: Playground) -> None:
    where = teams.say(teams.personal, "help")
    teams.answer(where)
    event = teams.event("message", teams.personal, text=SHOPS, textFormat="plain")
    for _ in range(3):
        assert teams.custom(event).status_code == 200
    teams.answer(teams.personal, is_answer)
    assert teams.quiet(teams.personal)
    assert teams.bot.rows(f"SELECT COUNT(*) FROM questions WHERE event_id LIKE '%{event['id']}'") == [(1,)]


def test_whoever_presses_sees_what_they_may_see(teams: Playground) -> None:
    message = ask(teams, teams.group, CITIES)
    again = teams.press(message, "again", answer=answer_id(message))
    assert again["type"] == CARD
    refused = teams.press(message, "again", MEGAN, answer=answer_id(message))
    assert refused["type"] == TEXT
    assert "amount" in refused["value"].lower()
    own = ask(teams, teams.personal, CITIES)
    elsewhere = teams.press(message, "again", MEGAN, answer=answer_id(own))
    assert elsewhere["value"] == "That answer was given somewhere else. Please ask again here."
    assert "I can't answer that" in shown(ask(teams, teams.group, CITIES, MEGAN))


def test_words_that_are_commands(teams: Playground) -> None:
    for word, wanted in (
        ("help", "Ask Shops in plain words"), ("Examples?", "Questions to begin with"), ("status", "Student: tiny-1"),
    ):  # fmt: skip
        teams.say(teams.personal, word)
        message = teams.answer(teams.personal, lambda m: bool(m["attachments"]))
        assert wanted in shown(message)
        assert faults(card_of(message)) == []
    teams.say(teams.personal, "cancel")
    assert teams.answer(teams.personal, lambda m: bool(m.get("text")))["text"] == "Nothing of yours runs here."
    teams.say(teams.group, "", mention=True)
    assert "Write your question behind my name" in teams.answer(teams.group, lambda m: bool(m.get("text")))["text"]
    assert "I can't answer that" in shown(ask(teams, teams.personal, "what is the weather like?"))


def test_an_example_is_asked_by_pressing_it(teams: Playground) -> None:
    teams.say(teams.personal, "help")
    message = teams.answer(teams.personal, lambda m: bool(m["attachments"]))
    pressed = teams.press(message, "ask", question=SHOPS)
    assert pressed == {"type": TEXT, "value": f"Asking: {SHOPS}"}
    assert shown(teams.answer(teams.personal, is_answer)).startswith("4\n")
    assert teams.press(message, "no such button")["type"] == "application/vnd.microsoft.error"


def test_a_file_goes_to_the_person_who_took_it(teams: Playground) -> None:
    message = ask(teams, teams.personal, CITIES)
    mine = answer_id(message)
    assert teams.press(message, "file", answer=mine)["value"] == "Teams asks you below whether to take the file."
    offer = teams.answer(teams.personal, lambda m: bool(m["attachments"]))
    assert offer["attachments"][0]["contentType"] == CONSENT
    assert offer["attachments"][0]["content"]["acceptContext"] == {"answer": mine}
    with drive() as (url, received):
        target = {"uploadUrl": url, "contentUrl": f"{url}/seen", "name": "a.csv", "uniqueId": "1", "fileType": "csv"}

        def consent(action: str, upload: dict[str, str]) -> None:
            value = {"type": "fileUpload", "action": action, "context": {"answer": mine}, "uploadInfo": upload}
            event = teams.event("invoke", teams.personal, name="fileConsent/invoke", value=value)
            assert teams.custom(event).status_code == 200

        consent("accept", target)
        kept = teams.answer(teams.personal, lambda m: bool(m["attachments"]))
        assert kept["attachments"][0]["contentType"] == INFO
        assert len(received) == 1
        assert len(received[0].decode("utf-8-sig").splitlines()) == 5
        consent("accept", target | {"uploadUrl": "https://evil.test/x"})
        assert teams.answer(teams.personal, lambda m: bool(m.get("text")))["text"] == "I may not put files there."
        consent("decline", {})
        assert teams.answer(teams.personal, lambda m: bool(m.get("text")))["text"] == "All right, no file."
        assert len(received) == 1


@contextmanager
def drive() -> Iterator[tuple[str, list[bytes]]]:
    """Where a file is put, and what was put there."""
    received: list[bytes] = []

    class Drive(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Content-Range"] == f"bytes 0-{len(body) - 1}/{len(body)}":
                received.append(body)
            self.send_response(201)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Drive)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", received
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_report_comes_unasked(teams: Playground) -> None:
    settings = load_settings(teams_local=True, teams_report=teams.group)
    service = teams.event("message", teams.group)["serviceUrl"]
    assert announce(settings, "The student of last night is better: 84 %.", service_url=service)
    message = teams.answer(teams.group, lambda m: bool(m.get("text")))
    assert message["text"] == "The student of last night is better: 84 %."
    assert announce(load_settings(), "Nobody wants to know.") == ""
    with pytest.raises(Unreachable, match="cannot be reached"):
        announce(settings, "Is anybody there?", service_url="http://127.0.0.1:9/")


def test_after_a_restart_buttons_still_work(teams: Playground) -> None:
    message = ask(teams, teams.group, SHOPS)
    teams.bot.kill()
    teams.bot.start()
    mine = answer_id(message)
    assert teams.press(message, "vote", answer=mine, vote=1)["value"] == "Thank you, noted."
    assert teams.press(message, "again", answer=mine)["type"] == CARD


def test_a_reading_is_picked_and_the_web_door_is_open_too(tmp_path: Path) -> None:
    demo = {"MYNAH_THRESHOLD": "1", "MYNAH_TODAY": "2026-11-22"}
    with own_network(), playground(tmp_path, demo, ("--teams", "--web")) as teams:
        message = ask(teams, teams.group, "top products")
        assert "Which of these did you mean?" in shown(message)
        picks = [part["selectAction"] for part in card_of(message)["body"] if "selectAction" in part]
        assert len(picks) > 1
        picked = teams.press(message, "pick", **picks[0]["data"])
        assert picked["type"] == CARD
        noted, same = "I have noted that this is what you meant.", message["messageId"]
        changed = teams.answer(
            teams.group,
            lambda m: (m["messageId"], m["told"]) == (same, "updateMessage") and noted in "\n".join(texts(card_of(m))),
        )
        # On a busy machine the press is answered before the query is, and only the message has its rows.
        assert card_of(changed) == picked["value"] or "Running it" in "\n".join(texts(picked["value"]))
        assert teams.bot.votes(picks[0]["data"]["answer"]) == {teams.person(ALEX): 1}
        assert "<title>Mynah</title>" in httpx.get(teams.bot.url).text


@pytest.mark.needs("chromium")
def test_through_the_page_of_the_playground(teams: Playground, tmp_path: Path) -> None:
    browser = Browser(tmp_path)
    try:
        browser.driver.get(teams.url)
        browser.wait("[contenteditable=true]").send_keys(CITIES, Keys.ENTER)
        message = teams.answer(teams.personal, is_answer)
        chart = browser.wait("img[alt^='Bar chart']")
        assert chart.size["width"] > 200
        assert browser.wait("table, [role=table]").is_displayed()
        browser.click(browser.wait("button[aria-label=SQL]"))
        browser.until(lambda: "SELECT" in browser.driver.find_element(By.TAG_NAME, "body").text)
        browser.click(browser.wait("button[aria-label=Re-run]"))
        browser.until(lambda: "Run again just now." in browser.driver.find_element(By.TAG_NAME, "body").text)
        browser.click(browser.wait("button[aria-label=Like]"))
        browser.until(lambda: _submitted(browser) and teams.bot.votes(answer_id(message)) == {teams.person(ALEX): 1})
    finally:
        browser.quit()


def _submitted(browser: Browser) -> bool:
    """Press the button of the form that a thumb opens, if it is there."""
    for button in browser.driver.find_elements(By.XPATH, "//button[contains(., 'Submit')]"):
        if button.is_displayed() and button.is_enabled():
            button.click()
    return True
