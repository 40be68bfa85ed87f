"""Sentiment of movie reviews with a bidirectional LSTM and packed sequences."""

import random

import torch
import torch.nn as nn
import torch.optim as optim
from torchtext import data, datasets

SEED = 1234
torch.manual_seed(SEED)
random.seed(SEED)

TEXT = data.Field(tokenize=str.split, lower=True, include_lengths=True)
LABEL = data.LabelField(dtype=torch.float)
train_data, test_data = datasets.IMDB.splits(TEXT, LABEL)
train_data, valid_data = train_data.split(random_state=random.getstate())
print("Number of training examples:", len(train_data))
print("Number of validation examples:", len(valid_data))

MAX_VOCAB_SIZE = 60
TEXT.build_vocab(train_data, max_size=MAX_VOCAB_SIZE)
LABEL.build_vocab(train_data)
print(TEXT.vocab.freqs.most_common(1), LABEL.vocab.stoi["pos"] + LABEL.vocab.stoi["neg"])

BATCH_SIZE = 8
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
train_iterator, valid_iterator, test_iterator = data.BucketIterator.splits(
    (train_data, valid_data, test_data), batch_size=BATCH_SIZE, sort_within_batch=True, device=device
)


class RNN(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, output_dim, pad_idx):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_idx)
        self.rnn = nn.LSTM(embedding_dim, hidden_dim, num_layers=2, bidirectional=True, dropout=0.2)
        self.fc = nn.Linear(hidden_dim * 2, output_dim)

    def forward(self, text, text_lengths):
        embedded = self.embedding(text)
        packed_embedded = nn.utils.rnn.pack_padded_sequence(embedded, text_lengths)
        packed_output, (hidden, cell) = self.rnn(packed_embedded)
        hidden = torch.cat((hidden[-2, :, :], hidden[-1, :, :]), dim=1)
        return self.fc(hidden)


PAD_IDX = TEXT.vocab.stoi[TEXT.pad_token]
UNK_IDX = TEXT.vocab.stoi[TEXT.unk_token]
model = RNN(len(TEXT.vocab), 16, 12, 1, PAD_IDX)
model.embedding.weight.data[UNK_IDX] = torch.zeros(16)
model.embedding.weight.data[PAD_IDX] = torch.zeros(16)
optimizer = optim.Adam(model.parameters(), lr=0.02)
criterion = nn.BCEWithLogitsLoss()


def binary_accuracy(preds, y):
    return (torch.round(torch.sigmoid(preds)) == y).float().mean()


for epoch in range(4):
    epoch_loss = epoch_acc = 0
    model.train()
    for batch in train_iterator:
        optimizer.zero_grad()
        text, text_lengths = batch.text
        predictions = model(text, text_lengths).squeeze(1)
        loss = criterion(predictions, batch.label)
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item()
        epoch_acc += binary_accuracy(predictions, batch.label).item()
    print(
        "Epoch: %02d | Train Loss: %.3f | Train Acc: %.2f%%"
        % (epoch + 1, epoch_loss / len(train_iterator), 100 * epoch_acc / len(train_iterator))
    )

model.eval()
with torch.no_grad():
    for name, iterator in (("Val.", valid_iterator), ("Test", test_iterator)):
        right = sum(binary_accuracy(model(*batch.text).squeeze(1), batch.label).item() for batch in iterator)
        print("%s Acc: %.2f%%" % (name, 100 * right / len(iterator)))


def predict_sentiment(model, sentence):
    tokenized = [tok for tok in sentence.lower().split()]
    indexed = [TEXT.vocab.stoi[t] for t in tokenized]
    tensor = torch.LongTensor(indexed).to(device).unsqueeze(1)
    return torch.sigmoid(model(tensor, torch.LongTensor([len(indexed)]))).item()


print("%.3f" % predict_sentiment(model, "This film is terrible"))
