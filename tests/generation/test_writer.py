import pytest

from textkit.generation.settings import GenerationSettings


def chosen(model, prompt, **settings):
    return list(model.writer(prompt, GenerationSettings(**settings)).pieces_with_choices(k=2))


def test_each_piece_has_its_choice(bigrams):
    model = bigrams({"a": {"b": 0.75, "c": 0.25}, "b": {"a": 1}, "c": {"a": 1}})
    pieces = chosen(model, "a", length=2, temperature=0)
    assert [piece for piece, _ in pieces] == ["a", "b", "a"]
    assert pieces[0][1] == ()  # nothing is chosen in the prompt
    ((first,), (second,)) = (choices for _, choices in pieces[1:])
    # The probabilities are those of the model, not of the temperature.
    assert (first.token, first.probability) == ("b", pytest.approx(0.75))
    assert [token for token, _ in first.alternatives] == ["b", "c"]
    assert [chance for _, chance in first.alternatives] == pytest.approx([0.75, 0.25])
    assert (second.token, second.probability) == ("a", pytest.approx(1))


def test_the_text_is_that_of_pieces(random_model):
    model = random_model()
    writer = model.writer("the ", GenerationSettings(length=40, seed=3, top_k=5))
    assert [piece for piece, _ in writer.pieces_with_choices(1)] == list(writer.pieces(1))
    for piece, choices in writer.pieces_with_choices():
        assert len(choices) == (piece != "the ")
        for choice in choices:
            assert sum(chance for _, chance in choice.alternatives) < 1 + 1e-9
            assert len(choice.alternatives) == 10


def test_words_and_stops(bigrams):
    model = bigrams({"to": {"be": 1}, "be": {"<eos>": 1}, "<eos>": {"to": 1}}, unit="word")
    pieces = chosen(model, "to", length=3, temperature=0)
    assert [(piece, [choice.token for choice in choices]) for piece, choices in pieces] == [
        ("to", []),
        (" be", ["be"]),
        ("\n", ["<eos>"]),
        ("to", ["to"]),
    ]
    # What is held back for a stop string keeps its choices.
    pieces = chosen(model, "to", length=3, temperature=0, stop="be\nx")
    assert "".join(piece for piece, _ in pieces) == "to be\nto"
    assert [choice.token for _, choices in pieces for choice in choices] == ["be", "<eos>", "to"]
