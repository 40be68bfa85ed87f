"""Count pairs of neighboring words in a hash table, in Numba."""

from typing import Any

import numpy as np

from textkit.kernels.compiling import compiled

WORD, CONNECTOR, BREAK = 0, 1, 2
"""Roles of tokens: part of a pair, allowed between the two words of one, and never within one."""
ID_BITS, CHAIN_BITS = 24, 16
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2**64 divided by the golden ratio, for Fibonacci hashing
_OTHER_SPREAD = np.uint64(0xC2B2AE3D27D4EB4F)  # any other odd number, for the parts


@compiled
def count_pairs(
    ids: Any,
    offsets: Any,
    roles: Any,
    part: int,
    parts: int,
    links: Any,
    chains: Any,
    keys: Any,
    counts: Any,
) -> Any:
    """Count the pairs of one part of all pairs: those whose hash is ``part`` modulo ``parts``.

    The key of a pair has the first word in its upper bits, then the chain of connectors between the two words, then the
    second word. Chains are numbered as they appear, from 1; 0 is the empty chain.

    Args:
        ids: (tokens,) int32, the token ids of all documents.
        offsets: (documents + 1,) int64, the start of each document in ``ids``, and the end of the last.
        roles: (vocab,) int64: the role of a token; for connector number n, `CONNECTOR` + 2 * n.
        part: Number of the part.
        parts: Number of parts, a power of two.
        links: (2**CHAIN_BITS, connectors) int32, input and output: the chain that a connector turns each chain into; 0
            where there is none yet.
        chains: (2**CHAIN_BITS, 2) int32, input and output: the chain that each one continues, and its last connector;
            the number of chains is in [0, 0].
        keys: (slots,) uint64, output: keys of pairs; the number of slots is a power of two.
        counts: (slots,) int64, zeros at the start, output: count of each pair, 0 for free slots.

    Returns:
        Whether the table was large enough; if not, its content is of no use.
    """
    last, most = np.uint64(len(keys) - 1), len(keys) * 3 // 4
    used = 0
    for document in range(len(offsets) - 1):
        start, chain = np.int64(-1), np.int64(0)
        for position in range(offsets[document], offsets[document + 1]):
            token = np.int64(ids[position])
            role = roles[token]
            if role == BREAK:
                start = np.int64(-1)
            elif role != WORD:
                if start >= 0:
                    number = (role - CONNECTOR) // 2
                    if links[chain, number] == 0 and chains[0, 0] + 1 < len(chains):
                        chains[0, 0] += 1
                        chains[chains[0, 0], 0] = chain
                        chains[chains[0, 0], 1] = number
                        links[chain, number] = chains[0, 0]
                    chain = np.int64(links[chain, number])
                    if chain == 0:  # there are too many chains
                        start = np.int64(-1)
            else:
                if start >= 0:
                    key = np.uint64((((start << CHAIN_BITS) | chain) << ID_BITS) | token)
                    if np.int64((key * _OTHER_SPREAD) >> np.uint64(40)) & (parts - 1) == part:
                        slot = (key * _SPREAD) >> np.uint64(32)
                        slot &= last
                        while counts[slot] and keys[slot] != key:
                            slot = (slot + np.uint64(1)) & last
                        if counts[slot] == 0:
                            if used == most:
                                return False
                            used += 1
                            keys[slot] = key
                        counts[slot] += 1
                start, chain = token, np.int64(0)
    return True
