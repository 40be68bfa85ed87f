def test_a_table_from_stdin_with_weights(run, tmp_path):
    rows = "".join(f"a good film {n},pos,{n % 3}\na bad film {n},neg,1\n" for n in range(20))
    table = ("text,label,importance\n" + rows).encode()
    done = run(
        "textkit.train", "classifier", "-", "-o", tmp_path / "m", "--weight", "importance", "--epochs", 1, "--quiet",
        stdin=table,
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "2 classes, 40 texts" in done.out
    done = run(
        "textkit.evaluate", "classifier", tmp_path / "m", "-", "--input-format", "tsv", "--quiet",
        stdin=table.replace(b",", b"\t"),
    )  # fmt: skip
    assert done.code == 0, done.err
    done = run("textkit.evaluate", "classifier", tmp_path / "m", "reviews", "--input-format", "tsv")
    assert "--input-format must be left out with reviews" in done.err
