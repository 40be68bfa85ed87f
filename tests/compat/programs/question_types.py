"""Types of questions: TREC."""

import random

import torch
from torch import nn, optim
from torchtext import data, datasets

random.seed(7)
torch.manual_seed(7)
TEXT = data.Field(tokenize="basic_english", init_token="<s>", eos_token="</s>", batch_first=True)
LABEL = data.LabelField()
train, test = datasets.TREC.splits(TEXT, LABEL, fine_grained=False)
train, valid = train.split(0.8, stratified=False)
TEXT.build_vocab(train, min_freq=2)
LABEL.build_vocab(train)
train_iter, valid_iter, test_iter = data.BucketIterator.splits(
    (train, valid, test), batch_sizes=(6, 16, 16), sort_key=lambda x: len(x.text), sort_within_batch=False
)


class BagOfWords(nn.Module):
    def __init__(self, words, classes, padding):
        super().__init__()
        self.padding = padding
        self.embedding = nn.Embedding(words, 16, padding_idx=padding)
        self.linear = nn.Linear(16, classes)

    def forward(self, text):
        mask = (text != self.padding).unsqueeze(2).float()
        return self.linear((self.embedding(text) * mask).sum(1) / mask.sum(1))


model = BagOfWords(len(TEXT.vocab), len(LABEL.vocab), TEXT.vocab.stoi["<pad>"])
optimizer = optim.Adam(model.parameters(), lr=0.05)
for epoch in range(5):
    total = 0
    for text, label in train_iter:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()
        total += loss.item()
    print("epoch", epoch, "loss %.4f" % (total / len(train_iter)), "iterations", train_iter.iterations)
for name, iterator in [("valid", valid_iter), ("test", test_iter)]:
    good = sum((model(x).argmax(1) == y).sum().item() for x, y in iterator)
    print(name, good, "of", len(iterator.dataset))
print(LABEL.vocab.itos, len(TEXT.vocab))
