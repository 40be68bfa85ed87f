"""The language of a surname, from its characters."""

import random

import torch
import torch.nn as nn
from torchtext.data import BucketIterator, Field, LabelField, TabularDataset

random.seed(42)
torch.manual_seed(42)
NAME = Field(
    sequential=True, tokenize=list, lower=True, fix_length=10, truncate_first=True, pad_first=True, batch_first=True
)
LANGUAGE = LabelField()
fields = [("id", None), ("name", NAME), ("language", LANGUAGE)]
dataset = TabularDataset(path="names.csv", format="csv", skip_header=True, fields=fields)
train, valid, test = dataset.split(split_ratio=[0.7, 0.2, 0.1], random_state=random.getstate())
NAME.build_vocab(train)
LANGUAGE.build_vocab(dataset)
train_iter, valid_iter, test_iter = BucketIterator.splits(
    (train, valid, test), batch_size=16, sort_key=lambda ex: len(ex.name), sort_within_batch=True
)


class CharRNN(nn.Module):
    def __init__(self, n_chars, n_languages):
        super().__init__()
        self.embedding = nn.Embedding(n_chars, 10, padding_idx=1)
        self.gru = nn.GRU(10, 20, batch_first=True)
        self.linear = nn.Linear(20, n_languages)

    def forward(self, x):
        return self.linear(self.gru(self.embedding(x))[1][-1])


model = CharRNN(len(NAME.vocab), len(LANGUAGE.vocab))
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
for epoch in range(1, 6):
    for i, batch in enumerate(train_iter):
        model.zero_grad()
        loss = nn.functional.cross_entropy(model(batch.name), batch.language)
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        correct = sum((model(b.name).argmax(1) == b.language).sum().item() for b in valid_iter)
    print(epoch, i + 1, "%.4f" % loss.item(), correct, len(valid))
print(LANGUAGE.vocab.itos, len(NAME.vocab), len(train), len(valid), len(test))
