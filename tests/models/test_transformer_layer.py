import torch

from textkit.models.transformer_layer import rotated


def test_rotations_multiply_complex_numbers():
    vectors = torch.randn(2, 3, 5, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    angles = torch.randn(5, 4, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    first, second = vectors.chunk(2, dim=-1)
    expected = torch.complex(first, second) * torch.polar(torch.ones_like(angles), angles)
    found = rotated(vectors, angles.cos(), angles.sin())
    torch.testing.assert_close(found, torch.cat([expected.real, expected.imag], dim=-1))
