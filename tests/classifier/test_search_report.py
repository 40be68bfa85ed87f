from textkit.classifier.search_report import SearchReport, SearchTrial


def trial(number, score, state="complete", **options):
    params = options.pop("params", {"dim": 3, "learning_rate": 0.00123456})
    facts = {"model": "cnn", "is_default": number == 1, "done": 1.0, "seconds": 2.0, **options}
    return SearchTrial(number=number, score=score, state=state, params=params, **facts)


def test_a_report_as_text_and_as_a_table():
    trials = (trial(1, 0.5), trial(2, 0.75), trial(3, 0.25, "stopped", done=0.4), trial(4, None, "failed", done=0.0))
    report = SearchReport(
        trials=trials,
        best=trials[1],
        metric="accuracy",
        valid_texts=1200,
        refitted=True,
        interrupted=False,
        seconds=9.0,
    )
    assert str(report).splitlines() == [
        "4 candidates in 9 s, by accuracy on 1,200 validation texts",
        "2. cnn dim=3, learning_rate=0.00123: 0.7500, 2.0 s",
        "1. cnn with its defaults: 0.5000, 2.0 s",
        "... and 2 more",
    ]
    assert str(trials[2]) == "3. cnn dim=3, learning_rate=0.00123: 0.2500, stopped after 40 %, 2.0 s"
    assert str(trials[3]) == "4. cnn dim=3, learning_rate=0.00123: no score, failed after 0 %, 2.0 s"
    frame = report.to_frame()
    assert frame.columns.tolist() == ["number", "model", "score", "state", "done", "seconds", "dim", "learning_rate"]
    assert frame["score"].tolist()[:3] == [0.5, 0.75, 0.25]
    assert frame["score"].isna().tolist() == [False, False, False, True]
