"""Translation with attention (Bahdanau et al. 2015), German to English."""

import random

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torchtext.data import BucketIterator, Field
from torchtext.datasets import Multi30k

SEED = 1
random.seed(SEED)
torch.manual_seed(SEED)


def tokenize_de(text):
    return text.split()[::-1]


def tokenize_en(text):
    return text.split()


SRC = Field(tokenize=tokenize_de, init_token="<sos>", eos_token="<eos>", lower=True, include_lengths=True)
TRG = Field(tokenize=tokenize_en, init_token="<sos>", eos_token="<eos>", lower=True)
train_data, valid_data, test_data = Multi30k.splits(exts=(".de", ".en"), fields=(SRC, TRG))
print(vars(train_data.examples[0]))
SRC.build_vocab(train_data, min_freq=1)
TRG.build_vocab(train_data, min_freq=1)
device = torch.device("cpu")
train_iterator, valid_iterator, test_iterator = BucketIterator.splits(
    (train_data, valid_data, test_data),
    batch_size=6,
    sort_within_batch=True,
    sort_key=lambda x: len(x.src),
    device=device,
)


class Encoder(nn.Module):
    def __init__(self, input_dim, emb_dim, hid_dim):
        super().__init__()
        self.embedding = nn.Embedding(input_dim, emb_dim)
        self.rnn = nn.GRU(emb_dim, hid_dim, bidirectional=True)
        self.fc = nn.Linear(hid_dim * 2, hid_dim)

    def forward(self, src, src_len):
        packed = nn.utils.rnn.pack_padded_sequence(self.embedding(src), src_len)
        outputs, hidden = self.rnn(packed)
        outputs, _ = nn.utils.rnn.pad_packed_sequence(outputs)
        return outputs, torch.tanh(self.fc(torch.cat((hidden[-2], hidden[-1]), dim=1)))


class Decoder(nn.Module):
    def __init__(self, output_dim, emb_dim, hid_dim):
        super().__init__()
        self.output_dim = output_dim
        self.attn = nn.Linear(hid_dim * 3, hid_dim)
        self.v = nn.Linear(hid_dim, 1, bias=False)
        self.embedding = nn.Embedding(output_dim, emb_dim)
        self.rnn = nn.GRU(hid_dim * 2 + emb_dim, hid_dim)
        self.out = nn.Linear(hid_dim * 3 + emb_dim, output_dim)

    def forward(self, input, hidden, encoder_outputs, mask):
        embedded = self.embedding(input.unsqueeze(0))
        repeated = hidden.unsqueeze(0).repeat(encoder_outputs.shape[0], 1, 1)
        energy = torch.tanh(self.attn(torch.cat((repeated, encoder_outputs), dim=2)))
        attention = self.v(energy).squeeze(2).t().masked_fill(mask == 0, -1e10)
        a = F.softmax(attention, dim=1).unsqueeze(1)
        weighted = torch.bmm(a, encoder_outputs.permute(1, 0, 2)).permute(1, 0, 2)
        output, hidden = self.rnn(torch.cat((embedded, weighted), dim=2), hidden.unsqueeze(0))
        prediction = self.out(torch.cat((output.squeeze(0), weighted.squeeze(0), embedded.squeeze(0)), dim=1))
        return prediction, hidden.squeeze(0)


class Seq2Seq(nn.Module):
    def __init__(self, encoder, decoder, pad_idx):
        super().__init__()
        self.encoder, self.decoder, self.pad_idx = encoder, decoder, pad_idx

    def forward(self, src, src_len, trg, teacher_forcing_ratio=0.5):
        outputs = torch.zeros(trg.shape[0], trg.shape[1], self.decoder.output_dim)
        encoder_outputs, hidden = self.encoder(src, src_len)
        mask = (src != self.pad_idx).t()
        output = trg[0, :]
        for t in range(1, trg.shape[0]):
            output, hidden = self.decoder(output, hidden, encoder_outputs, mask)
            outputs[t] = output
            output = trg[t] if random.random() < teacher_forcing_ratio else output.max(1)[1]
        return outputs


pad_idx = TRG.vocab.stoi["<pad>"]
model = Seq2Seq(Encoder(len(SRC.vocab), 16, 16), Decoder(len(TRG.vocab), 16, 16), SRC.vocab.stoi["<pad>"])
optimizer = optim.Adam(model.parameters(), lr=0.01)
criterion = nn.CrossEntropyLoss(ignore_index=pad_idx)


def run(iterator, training):
    total = 0
    for batch in iterator:
        src, src_len = batch.src
        trg = batch.trg
        output = model(src, src_len, trg, 0.5 if training else 0)
        loss = criterion(output[1:].view(-1, output.shape[-1]), trg[1:].view(-1))
        if training:
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
            optimizer.step()
        total += loss.item()
    return total / len(iterator)


for epoch in range(3):
    model.train()
    train_loss = run(train_iterator, True)
    model.eval()
    print(f"Epoch: {epoch + 1:02} | Train Loss: {train_loss:.3f} | Val. Loss: {run(valid_iterator, False):.3f}")
print(f"| Test Loss: {run(test_iterator, False):.3f} |", len(SRC.vocab), len(TRG.vocab))
