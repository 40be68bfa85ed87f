"""Natural language inference with two text fields."""

import random

import torch
import torch.nn as nn
from torchtext import data, datasets

random.seed(3)
torch.manual_seed(3)
inputs = data.Field(lower=True, tokenize=lambda s: s.split())
answers = data.Field(sequential=False, unk_token=None)
train, dev, test = datasets.SNLI.splits(inputs, answers)
inputs.build_vocab(train, dev, test)
answers.build_vocab(train)
train_iter, dev_iter, test_iter = data.BucketIterator.splits(
    (train, dev, test), batch_size=8, device=torch.device("cpu")
)


class SNLIClassifier(nn.Module):
    def __init__(self, n_embed, d_out):
        super().__init__()
        self.embed = nn.Embedding(n_embed, 16)
        self.rnn = nn.LSTM(16, 16, bidirectional=True)
        self.out = nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, d_out))

    def encode(self, sentence):
        _, (ht, _) = self.rnn(self.embed(sentence))
        return ht[-2:].transpose(0, 1).contiguous().view(sentence.size(1), -1)

    def forward(self, batch):
        return self.out(torch.cat([self.encode(batch.premise), self.encode(batch.hypothesis)], 1))


model = SNLIClassifier(len(inputs.vocab), len(answers.vocab))
criterion = nn.CrossEntropyLoss()
opt = torch.optim.Adam(model.parameters(), lr=0.02)
for epoch in range(3):
    train_iter.init_epoch()
    n_correct, n_total = 0, 0
    for batch_idx, batch in enumerate(train_iter):
        model.train()
        opt.zero_grad()
        answer = model(batch)
        n_correct += (torch.max(answer, 1)[1].view(batch.label.size()) == batch.label).sum().item()
        n_total += batch.batch_size
        loss = criterion(answer, batch.label)
        loss.backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        dev_correct = sum((model(b).argmax(1) == b.label).sum().item() for b in dev_iter)
    print(
        epoch, train_iter.iterations, "loss %.4f" % loss.item(), "%d/%d" % (n_correct, n_total), dev_correct, len(dev)
    )
print(answers.vocab.itos, len(inputs.vocab), [len(test), len(dev)])
