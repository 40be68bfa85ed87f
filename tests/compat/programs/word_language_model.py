"""A word language model on the Penn Treebank."""

import math

import torch
import torch.nn as nn
from torchtext import data, datasets

torch.manual_seed(1111)
TEXT = data.Field(lower=True, batch_first=False)
train, valid, test = datasets.PennTreebank.splits(TEXT)
TEXT.build_vocab(train, min_freq=1)
train_iter, valid_iter, test_iter = data.BPTTIterator.splits(
    (train, valid, test), batch_size=8, bptt_len=12, device=torch.device("cpu"), repeat=False
)


class RNNModel(nn.Module):
    def __init__(self, ntoken, ninp, nhid):
        super().__init__()
        self.drop = nn.Dropout(0.2)
        self.encoder = nn.Embedding(ntoken, ninp)
        self.rnn = nn.LSTM(ninp, nhid)
        self.decoder = nn.Linear(nhid, ntoken)

    def forward(self, input, hidden):
        output, hidden = self.rnn(self.drop(self.encoder(input)), hidden)
        return self.decoder(self.drop(output)), hidden


def repackage_hidden(h):
    return tuple(v.detach() for v in h)


ntokens = len(TEXT.vocab)
model = RNNModel(ntokens, 24, 24)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)


def evaluate(iterator):
    model.eval()
    total_loss, hidden = 0.0, None
    with torch.no_grad():
        for batch in iterator:
            output, hidden = model(batch.text, hidden)
            total_loss += len(batch.text) * criterion(output.view(-1, ntokens), batch.target.view(-1)).item()
    return total_loss / sum(len(batch.text) for batch in iterator)


for epoch in range(3):
    model.train()
    hidden = None
    for batch in train_iter:
        hidden = None if hidden is None else repackage_hidden(hidden)
        optimizer.zero_grad()
        output, hidden = model(batch.text, hidden)
        loss = criterion(output.view(-1, ntokens), batch.target.view(-1))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.25)
        optimizer.step()
    print(f"epoch {epoch} | valid ppl {math.exp(evaluate(valid_iter)):8.2f} | {len(train_iter)} batches")
print(f"test ppl {math.exp(evaluate(test_iter)):8.2f}, {ntokens} words")
print(" ".join(TEXT.vocab.itos[i] for i in next(iter(test_iter)).text[:, 0].tolist()))
