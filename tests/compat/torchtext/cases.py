"""One case for torchtext and for textkit.compat: what both must do alike, as JSON.

As a program, it reads cases from stdin, a JSON object a line, and writes what torchtext does with each.
"""

import json
import random
import sys
import warnings
from types import SimpleNamespace


def run(case, data):
    """Do what the case says with a module, and return the results as lists of numbers and strings."""
    random.seed(case.get("seed", 0))
    return KINDS[case["kind"]](SimpleNamespace(**case), data)


def vocabulary(case, data):
    field = data.Field(**case.field)
    field.build_vocab(case.texts, **case.options)
    asked = [field.vocab.stoi[word] for word in case.asked] if field.unk_token == "<unk>" else []
    before = dict(field.vocab.stoi)
    other = data.Field()
    other.build_vocab([case.asked])
    field.vocab.extend(other.vocab, sort=case.sort)
    return [field.vocab.itos, asked, sorted(before.items()), sorted(field.vocab.freqs.items()), field.vocab["zzz"]]


def tensors(case, data):
    field = data.Field(**case.field)
    field.build_vocab(case.texts, **case.options)
    texts = [field.preprocess(" ".join(text)) for text in case.batch]
    whole = field.process(texts)
    steps = field.numericalize(field.pad(texts))
    return [plain(whole), plain(steps), plain(field.pad(texts)), sorted(field.vocab.stoi.items())]


def nested(case, data):
    field = data.NestedField(data.Field(tokenize=list, **case.inner), **case.field)
    texts = [field.preprocess(text) for text in case.texts]
    field.build_vocab(texts)
    return [plain(field.pad(texts)), plain(field.process(texts)), field.vocab.itos]


def iterator(case, data):
    dataset, text, label = labeled(case, data)
    text.build_vocab(dataset, max_size=case.max_size)
    label.build_vocab(dataset)
    options = dict(case.options)
    if case.tokens:
        options["batch_size_fn"] = lambda new, count, size: max(size, len(new.text)) + len(new.text)
    result = [label.vocab.itos]
    iterators = getattr(data, case.iterator).splits((dataset, dataset), batch_sizes=case.sizes, **options)
    for each in iterators:
        for _ in range(case.epochs):
            result.append([[plain(batch.text), plain(batch.label), plain(batch.number)] for batch in each])
        result += [each.iterations, plain(each.epoch if not case.tokens else 0)]
    result.append(random.random())  # the program's own draws
    return result


def restored(case, data):
    dataset, text, label = labeled(case, data)
    text.build_vocab(dataset)
    label.build_vocab(dataset)
    make = getattr(data, case.iterator)
    first = make(dataset, case.sizes[0], **case.options)
    batches = iter(first)
    for _ in range(min(case.epochs, len(first))):
        next(batches)
    second = make(dataset, case.sizes[0], **case.options)
    second.load_state_dict(first.state_dict())
    rest = [plain(batch.text) for batch in second]
    return [rest, rest == [plain(batch.text) for batch in batches]]


def split(case, data):
    dataset, _, _ = labeled(case, data)
    options = {"stratified": True, "strata_field": "number"} if case.stratified else {}
    state = random.getstate() if case.state else None
    parts = dataset.split(case.ratio, random_state=state, **options)
    return [[[example.index for example in part] for part in parts], random.random()]


def bptt(case, data):
    text = data.Field(**case.field)
    dataset = data.Dataset([data.Example.fromlist([case.text], [("text", text)])], [("text", text)])
    text.build_vocab(dataset, max_size=case.max_size)
    batches = data.BPTTIterator(dataset, case.size, case.bptt, repeat=False)
    result = [len(batches)]
    for _ in range(2):
        result += [[plain(batch.text), plain(batch.target), len(batch)] for batch in batches]
    return [*result, batches.iterations, text.eos_token]


def functions(case, data):
    key = len
    return [
        [part for part in data.batch(case.texts, case.size, lambda new, count, size: size + len(new)) if part],
        list(data.pool(case.texts, case.size, key, sort_within_batch=case.sort)),
        [data.interleave_keys(len(text), case.size) for text in case.texts],
        data.Pipeline(str.upper).add_after(lambda word: word + "!").add_before(str.strip)(case.words),
    ]


def labeled(case, data):
    text, label = data.Field(**case.field), data.LabelField()
    number = data.Field(sequential=False, use_vocab=False)
    fields = [("text", text), ("label", label), ("number", number), ("index", data.RawField())]
    examples = [
        data.Example.fromlist([" ".join(words), name, number, index], fields)
        for index, (words, name, number) in enumerate(case.rows)
    ]
    dataset = data.Dataset(examples, fields)
    dataset.sort_key = lambda example: len(example.text)
    return dataset, text, label


def plain(value):
    if isinstance(value, (tuple, list)):
        return [plain(each) for each in value]
    return value.tolist() if hasattr(value, "tolist") else value


KINDS = {each.__name__: each for each in (vocabulary, tensors, nested, iterator, restored, split, bptt, functions)}

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    from torchtext import data as torchtext_data

    for line in sys.stdin:
        print(json.dumps(run(json.loads(line), torchtext_data)), flush=True)
