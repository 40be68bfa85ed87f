"""Parts of speech with a bidirectional LSTM over words and characters."""

import random

import torch
import torch.nn as nn
from torchtext import data, datasets

random.seed(1)
torch.manual_seed(1)
WORD = data.Field(init_token="<bos>", eos_token="<eos>", lower=True)
CHAR_NESTING = data.Field(tokenize=list, init_token="<bos>", eos_token="<eos>")
CHAR = data.NestedField(CHAR_NESTING, init_token="<bos>", eos_token="<eos>")
UD_TAG = data.Field(init_token="<bos>", eos_token="<eos>", unk_token=None)
PTB_TAG = data.Field(init_token="<bos>", eos_token="<eos>")
fields = ((("word", "char"), (WORD, CHAR)), ("udtag", UD_TAG), ("ptbtag", None))
train, val, test = datasets.UDPOS.splits(fields=fields)
WORD.build_vocab(train.word, min_freq=2)
CHAR.build_vocab(train.char)
UD_TAG.build_vocab(train.udtag)
train_iter, val_iter, test_iter = data.BucketIterator.splits((train, val, test), batch_size=4)


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(len(WORD.vocab), 12)
        self.chars = nn.Embedding(len(CHAR.vocab), 6)
        self.rnn = nn.LSTM(18, 12, bidirectional=True)
        self.out = nn.Linear(24, len(UD_TAG.vocab))

    def forward(self, word, char):
        characters = self.chars(char).max(2)[0].transpose(0, 1)
        return self.out(self.rnn(torch.cat([self.words(word), characters], 2))[0])


model = Tagger()
pad = UD_TAG.vocab.stoi["<pad>"]
criterion = nn.CrossEntropyLoss(ignore_index=pad)
optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
for epoch in range(4):
    losses = []
    for batch in train_iter:
        optimizer.zero_grad()
        scores = model(batch.word, batch.char)
        loss = criterion(scores.view(-1, scores.size(2)), batch.udtag.view(-1))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print("epoch %d loss %.4f" % (epoch, sum(losses) / len(losses)))
right = total = 0
for batch in val_iter:
    mask = batch.udtag != pad
    right += (model(batch.word, batch.char).argmax(2) == batch.udtag)[mask].sum().item()
    total += mask.sum().item()
print("accuracy %d of %d" % (right, total), UD_TAG.vocab.itos, len(CHAR.vocab), len(WORD.vocab), len(test))
