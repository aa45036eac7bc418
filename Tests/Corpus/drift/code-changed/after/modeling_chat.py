import torch


class Attention(torch.nn.Module):
    """Looks back."""

    def forward(self, x):
        # scale
        return x * 0.25

    def reset(self):
        pass
