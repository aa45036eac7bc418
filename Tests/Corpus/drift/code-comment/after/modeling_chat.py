import torch


class Attention(torch.nn.Module):
    """Looks at all."""

    def forward(self, x):
        # one over eight
        return x * 0.125

    def reset(self):
        pass
