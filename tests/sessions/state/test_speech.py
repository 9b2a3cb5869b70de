"""The utterances of a text-to-speech session, from the wish to the last sample."""

from hypothesis import given
from hypothesis import strategies as st

from sessions.audio.mixer import Progress
from sessions.events import Audio, AudioEnd, AudioSpan, AudioWords, Cleared, Closed, Failed, Word
from sessions.state.snapshot import Speech
from sessions.state.speech import KEPT, SpeechList
from sessions.state.spoken_words import SpokenWords

NOTHING: dict[str, Progress] = {}


def progress(
    played: float, length: float, *, finished: bool = False, paused: bool = False, current: bool = True
) -> Progress:
    return Progress(played, length, finished, paused, current)


def asked(*names: str) -> SpeechList:
    speech = SpeechList()
    for name in names:
        speech.ask(name, f"Text of {name}.", 10.0)
    return speech


def audio(name: str) -> Audio:
    return Audio(name, b"\0\0", 24000)


def phases(speech: SpeechList, heard: dict[str, Progress]) -> list[str]:
    return [each.phase for each in speech.view(heard)]


def test_utterance_goes_through_its_phases() -> None:
    speech = asked("a", "b")
    assert phases(speech, NOTHING) == ["synthesising", "queued"]
    speech.apply(audio("a"), 10.2)
    assert phases(speech, {"a": progress(0, 0.01, current=False)}) == ["queued", "queued"]
    assert phases(speech, {"a": progress(0.5, 1)}) == ["playing", "queued"]
    speech.apply(AudioEnd("a"), 10.5)
    assert phases(speech, {"a": progress(0.5, 1)}) == ["playing", "synthesising"]
    assert phases(speech, {"a": progress(0.6, 1, paused=True)}) == ["paused", "synthesising"]
    assert phases(speech, {"a": progress(1, 1, finished=True, paused=True)}) == ["done", "synthesising"]


def test_view_tells_all_that_is_known() -> None:
    speech = asked("a")
    speech.apply(AudioSpan("a", 0, 5, 0.0), 10.2)
    speech.apply(audio("a"), 10.2)
    speech.apply(audio("a"), 10.9)
    speech.apply(AudioEnd("a"), 11.0)
    [seen] = speech.view({"a": progress(0.5, 2.0)})
    assert seen == Speech(
        "a", "Text of a.", "playing", seen.first_byte, 0.5, 2.0, complete=True, sentence=(0, 5)
    )
    assert seen.first_byte is not None and round(seen.first_byte, 6) == 0.2
    assert speech.latencies == (seen.first_byte,)


def test_sentence_that_sounds_is_marked() -> None:
    speech = asked("a")
    for event in (AudioSpan("a", 0, 5, 0.1), audio("a"), AudioSpan("a", 5, 9, 2.0)):
        speech.apply(event, 10.0)
    marks = [speech.view({"a": progress(played, 3)})[0].sentence for played in (0.0, 0.1, 1.9, 2.0)]
    assert marks == [None, (0, 5), (0, 5), (5, 9)]
    assert speech.view({"a": progress(3, 3, finished=True)})[0].sentence is None


def test_utterance_without_any_sound_is_done() -> None:
    speech = asked("a", "b")
    speech.apply(AudioEnd("a"), 10.5)
    assert phases(speech, NOTHING) == ["done", "synthesising"]


def test_clear_drops_what_was_not_heard_to_its_end() -> None:
    speech = asked("done", "playing", "queued")
    for name in ("done", "playing"):
        speech.apply(audio(name), 10.1)
        speech.apply(AudioEnd(name), 10.2)
    speech.clear({"playing"})
    speech.apply(Cleared(), 10.3)
    heard = {"done": progress(1, 1, finished=True), "playing": progress(0.5, 0.5, finished=True)}
    assert phases(speech, heard) == ["done", "cleared", "cleared"]


def test_end_of_the_session_breaks_what_was_not_complete() -> None:
    for ended in (Closed(1000), Failed("gone")):
        speech = asked("whole", "half")
        speech.apply(AudioEnd("whole"), 10.1)
        speech.apply(ended, 10.2)
        assert phases(speech, {"whole": progress(0.5, 1)}) == ["playing", "broken"]


def test_latest_is_the_last_with_sound() -> None:
    speech = asked("a", "b")
    assert speech.latest is None
    speech.apply(audio("a"), 10.1)
    assert speech.latest == "a"


def test_what_was_cleared_can_be_played_again() -> None:
    speech = asked("a")
    speech.apply(audio("a"), 10.1)
    assert not speech.again("a"), "more of it is to come"
    speech.clear({"a"})
    assert speech.again("a"), "that is all of it"
    assert phases(speech, {"a": progress(0.5, 1)}) == ["playing"]


def test_audio_of_an_utterance_that_nobody_knows_changes_nothing() -> None:
    speech = asked("a")
    for event in (audio("x"), AudioSpan("x", 0, 1, 0.0), AudioEnd("x")):
        speech.apply(event, 10.0)
    assert phases(speech, NOTHING) == ["synthesising"]


def test_old_utterances_are_forgotten_when_they_are_over() -> None:
    speech = asked("waiting")
    for number in range(KEPT + 10):
        speech.ask(str(number), "…", 10.0)
        speech.apply(AudioEnd(str(number)), 10.0)
    names = [each.name for each in speech.view(NOTHING)]
    assert len(names) == KEPT
    assert names[0] == "waiting" and names[-1] == str(KEPT + 9)


def marked(text: str, *words: str) -> list[str]:
    """What is marked in the text while each of the words sounds, one a second."""
    spoken = SpokenWords(text)
    places = []
    for second, word in enumerate(words):
        spoken.add((Word(word, second, second + 1.0),))
        places.append(spoken.at(second + 0.5))
    return [text[slice(*place)] if place else "" for place in places]


def test_words_are_found_in_the_text_without_what_stands_around_them() -> None:
    text = "“Well-known”, isn't it? 你好世界 …"
    assert marked(text, "well", "known,", "isn't", "it?", "你好", "世界") == [
        "Well",
        "known",
        "isn't",
        "it",
        "你好",
        "世界",
    ]


def test_what_is_spoken_otherwise_than_written_leaves_the_mark_where_it_was() -> None:
    words = ("in", "nineteen", "eighty", "four", "the", "cat", "the", "…", "end")
    assert marked("In 1984 the cat; then the end.", *words) == [
        "In",
        "In",
        "In",
        "In",
        "the",
        "cat",
        "the",
        "the",
        "end",
    ]
    assert marked("Another thing", "a", "thin", "thing") == ["A", "A", "thing"]


@given(
    st.text(max_size=60),
    st.lists(st.tuples(st.text(max_size=8), st.floats(0, 100), st.floats(0, 100)), max_size=20),
    st.floats(0, 100),
)
def test_any_words_mark_something_within_the_text_and_never_go_back(
    text: str, words: list[tuple[str, float, float]], played: float
) -> None:
    spoken = SpokenWords(text)
    spoken.add(tuple(Word(*word) for word in words))
    places = [place for place in (spoken.at(played), spoken.at(played + 1)) if place]
    assert places == sorted(places)
    assert all(0 <= begin < end <= len(text) for begin, end in places)


def test_the_word_that_sounds_is_marked_while_it_sounds() -> None:
    speech = asked("a")
    speech.apply(AudioWords("a", (Word("Text", 0.2, 0.5), Word("of", 0.6, 0.7))), 10.0)
    speech.apply(audio("a"), 10.0)
    marks = [speech.view({"a": progress(played, 3)})[0].word for played in (0.1, 0.2, 0.55, 0.6)]
    assert marks == [None, (0, 4), (0, 4), (5, 7)]
    assert speech.view({"a": progress(3, 3, finished=True)})[0].word is None


def test_what_is_dropped_is_not_wanted_until_it_is_played_again() -> None:
    speech = asked("a", "b")
    speech.drop("a")
    assert phases(speech, NOTHING) == ["cleared", "synthesising"]
    assert [speech.is_wanted(name) for name in ("a", "b", "nobody")] == [False, True, False]
    speech.again("a")
    assert speech.is_wanted("a")
