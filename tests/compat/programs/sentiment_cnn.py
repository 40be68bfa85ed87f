"""Kim's convolutional network on the Stanford Sentiment Treebank."""

import random

import torch
import torch.nn as nn
import torch.nn.functional as F
import torchtext.data as data
import torchtext.datasets as datasets

random.seed(0)
torch.manual_seed(0)


class CNN_Text(nn.Module):
    def __init__(self, embed_num, embed_dim, class_num, kernel_num, kernel_sizes, vectors):
        super().__init__()
        self.embed = nn.Embedding(embed_num, embed_dim)
        self.embed.weight.data.copy_(vectors)
        self.convs = nn.ModuleList([nn.Conv2d(1, kernel_num, (K, embed_dim)) for K in kernel_sizes])
        self.dropout = nn.Dropout(0.3)
        self.fc1 = nn.Linear(len(kernel_sizes) * kernel_num, class_num)

    def forward(self, x):
        x = self.embed(x).unsqueeze(1)
        x = [F.relu(conv(x)).squeeze(3) for conv in self.convs]
        x = [F.max_pool1d(i, i.size(2)).squeeze(2) for i in x]
        return self.fc1(self.dropout(torch.cat(x, 1)))


text_field = data.Field(lower=True, batch_first=True, fix_length=12)
label_field = data.Field(sequential=False)
train_data, dev_data, test_data = datasets.SST.splits(
    text_field, label_field, fine_grained=True, train_subtrees=True, filter_pred=lambda ex: ex.label != "neutral"
)
text_field.build_vocab(train_data, dev_data, test_data)
label_field.build_vocab(train_data, dev_data, test_data)
stoi = {word: index for index, word in enumerate(["good", "bad", "film"])}
text_field.vocab.set_vectors(stoi, torch.eye(3, 20), 20, unk_init=lambda v: v.normal_(0, 0.1))
train_iter, dev_iter, test_iter = data.BucketIterator.splits(
    (train_data, dev_data, test_data), batch_sizes=(10, len(dev_data), len(test_data)), device=-1, repeat=False
)

model = CNN_Text(len(text_field.vocab), 20, len(label_field.vocab) - 1, 8, (2, 3), text_field.vocab.vectors)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
steps = 0
for epoch in range(1, 4):
    for batch in train_iter:
        model.train()
        feature, target = batch.text, batch.label - 1  # index align
        optimizer.zero_grad()
        logit = model(feature)
        loss = F.cross_entropy(logit, target)
        loss.backward()
        optimizer.step()
        steps += 1
    corrects = (torch.max(logit, 1)[1].view(target.size()).data == target.data).sum()
    print(f"Batch[{steps}] - loss: {loss.item():.6f}  acc: {corrects}/{batch.batch_size}")

model.eval()
for batch in dev_iter:
    logit = model(batch.text)
    corrects = (torch.max(logit, 1)[1] == batch.label - 1).sum().item()
    print(f"Evaluation - acc: {corrects}/{len(dev_iter.dataset)}")
print(label_field.vocab.itos, batch.text.shape, len(train_data), len(test_data))
