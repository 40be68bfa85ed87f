"""Skip-gram with negative sampling on a GPU, in Triton: tiles of kept tokens whose work is products of matrices.

A tile holds `TILE` consecutive kept tokens. All but the `window` outermost ones on either side are centers, all are
contexts, and the tile's noise words are drawn once for all centers. With X, Y and N the vectors of centers, contexts
and noise words, the scores are X Y' within a band and X N', and the gradient of equation 4 of Mikolov et al. 2013,
"Distributed Representations of Words and Phrases and their Compositionality", takes four more products: tensor-core
work in bfloat16 that accumulates in float32. A center with n contexts meets all N noise words of its tile with the
weight n * negatives / N. The model itself stays in float32 and is changed by atomic additions.

Subsampling and windows are drawn by the hashes of `skip_gram_cpu`, so that both kernels see the same (center, context)
pairs. Noise words come from the same hash and distribution, for other tiles than the blocks of the CPU.

Programs do not wait for each other ("Hogwild", Recht et al. 2011): a step may be taken at parameters that miss those of
the tiles in work. Each program goes through a stretch of the text of its own, so that tiles in work at a time lie far
apart. What they do to one word is then what its share of the text lets expect, and steps are scaled down by it; see
`_scale`.
"""

# Triton looks annotations up inside of its language, where it finds none but its own
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls

import triton
import triton.language as tl

_SUBSAMPLE = tl.constexpr(0)  # what a hash is for, as in `skip_gram_cpu`
_REACH = tl.constexpr(1)
_NOISE = tl.constexpr(2)


@triton.jit
def _hash(key, purpose: tl.constexpr, place):
    """64 random bits: the finalizer of SplitMix64 (Steele, Lea and Flood 2014) over distinct multiples."""
    more: tl.constexpr = (purpose * 0xD1B54A32D192ED03) % 2**64
    x = key + tl.full([1], more, tl.uint64) + place.to(tl.uint64) * tl.full([1], 0x9E3779B97F4A7C15, tl.uint64)
    x = (x ^ (x >> 30)) * tl.full([1], 0xBF58476D1CE4E5B9, tl.uint64)
    x = (x ^ (x >> 27)) * tl.full([1], 0x94D049BB133111EB, tl.uint64)
    return x ^ (x >> 31)


@triton.jit
def _fraction(bits):
    """The low 24 bits as a float32 from 0 to below 1."""
    return (bits & 0xFFFFFF).to(tl.int32).to(tl.float32) * (1.0 / 16777216.0)


@triton.jit
def _below(bits, limit):
    """An integer from 0 to below ``limit``, from the high 32 bits."""
    return (((bits >> 32) * limit.to(tl.uint64)) >> 32).to(tl.int32)


@triton.jit(do_not_specialize=["begin", "tokens"])
def subsample(ids, begin, tokens, keep, key, kept, SIZE: tl.constexpr):
    """Mark the tokens that subsampling keeps.

    Args:
        ids: (tokens,) int32, a piece of the text.
        begin: Where in the text it begins.
        tokens: Tokens of the piece.
        keep: (vocab,) float32, the chance of each word.
        key: (1,) int64, the bits of the key of the epoch.
        kept: (tokens,) bool, written.
        SIZE: Tokens of a program.
    """
    at = tl.program_id(0).to(tl.int64) * SIZE + tl.arange(0, SIZE)
    inside = at < tokens
    word = tl.load(ids + at, inside, other=0)
    bits = _hash(tl.load(key).to(tl.uint64), _SUBSAMPLE, at + begin)
    chance = tl.load(keep + word, inside, other=0.0)
    tl.store(kept + at, _fraction(bits) < chance, inside)


@triton.jit
def _rows(matrix, words, used, columns, WIDTH: tl.constexpr, KIND: tl.constexpr):
    """Vectors of some words, in the format of the products; zero where a row is not used."""
    place = words.to(tl.int64)[:, None] * WIDTH + columns[None, :]
    inside = used[:, None] & (columns < WIDTH)[None, :]
    # .cg passes the L1 cache by, which does not see what other multiprocessors add
    return tl.load(matrix + place, inside, other=0.0, cache_modifier=".cg").to(KIND)


@triton.jit
def _add_rows(matrix, words, used, columns, values, WIDTH: tl.constexpr, MERGE: tl.constexpr):
    """Add to the vectors of some words; of a word that occurs several times, once, if MERGE."""
    if MERGE:  # sum the rows of one word into the first of them, so that a frequent word is added once
        order = tl.arange(0, values.shape[0])
        same = (words[:, None] == words[None, :]) & used[:, None] & used[None, :]
        values = tl.dot(same.to(tl.float32), values, input_precision="tf32x3")
        earlier = same & (order[None, :] < order[:, None])
        used = used & (tl.sum(earlier.to(tl.int32), axis=1) == 0)
    place = words.to(tl.int64)[:, None] * WIDTH + columns[None, :]
    tl.atomic_add(matrix + place, values, used[:, None] & (columns < WIDTH)[None, :], sem="relaxed")


@triton.jit
def _squares(rows):
    """Squared length of each row."""
    wide = rows.to(tl.float32)
    return tl.sum(wide * wide, axis=1)


@triton.jit
def _softplus(x):
    return tl.maximum(x, 0.0) + tl.log(1.0 + tl.exp(-tl.abs(x)))


@triton.jit
def _logistic(x):
    e = tl.exp(-tl.abs(x))
    return tl.where(x >= 0, 1.0, e) / (1.0 + e)


@triton.jit
def _mass(words, others, used, loads):
    """The summed loads of each word among the rows of some others."""
    same = (words[:, None] == others[None, :]) & used[None, :]
    return tl.sum(tl.where(same, loads[None, :], 0.0), axis=1)


@triton.jit
def _mean(values, used):
    count = tl.sum(used.to(tl.float32), axis=0)
    return tl.sum(tl.where(used, values, 0.0), axis=0) / tl.maximum(count, 1.0)


@triton.jit
def _scale(mass, bound):
    """What a word's steps are multiplied with, so that together they change no score by more than ``bound``."""
    return bound / tl.maximum(mass, bound)


@triton.jit
def _scaled(rows, scale, KIND: tl.constexpr):
    return (rows.to(tl.float32) * scale).to(KIND)


@triton.jit(do_not_specialize=["kept", "draw", "stretch", "first", "last", "vocab"])
def train_tiles(
    ids,
    places,
    documents,
    kept,
    draw,
    accept,
    alias,
    vocab,
    flight,
    noise_flight,
    centers,
    contexts,
    key,
    rate,
    rate_fall,
    rate_end,
    weight,
    bound,
    stretch,
    first,
    last,
    loss,
    pairs,
    WINDOW: tl.constexpr,
    CENTERS: tl.constexpr,
    TILE: tl.constexpr,
    DRAWN: tl.constexpr,
    WIDTH: tl.constexpr,
    CHUNK: tl.constexpr,
    CHUNKS: tl.constexpr,
    KIND: tl.constexpr,
    UPDATE: tl.constexpr,
    MERGE: tl.constexpr,
):
    """Go through the tiles from ``first`` to below ``last`` of this program's stretch of ``stretch`` tiles.

    Args:
        ids: (kept,) int32, the tokens that subsampling kept.
        places: (kept,) int64, their places in the text.
        documents: (kept,) int32, their documents.
        kept: How many there are.
        draw: Number of the first draw of a noise word.
        accept: (vocab,) float32, Walker's table of the noise (1977),
        alias: (vocab,) int32, and the other one.
        vocab: Number of words.
        flight: (vocab,) float32, how often a word is expected among the tokens of all other tiles in work,
        noise_flight: (vocab,) float32, and among their noise words.
        centers: (vocab, WIDTH) float32, the input embedding,
        contexts: (vocab, WIDTH) float32, and the output embedding.
        key: (1,) int64, the bits of the key of the epoch.
        rate: Learning rate of the first tile of the epoch;
        rate_fall: what it loses for each tile gone through, by all programs together;
        rate_end: its lower end.
        weight: negatives / DRAWN.
        bound: How far a word's steps may change a score while a tile is in work.
        stretch: Tiles of each program in the epoch.
        first: First tile in each stretch.
        last: Tile behind the last.
        loss: (programs * stretch,) float32, written: the loss of each tile in nats,
        pairs: (programs * stretch,) int32, written: its (center, context) pairs.
        WINDOW: Most contexts on each side.
        CENTERS: Centers of a tile, at most TILE - 2 * WINDOW.
        TILE: Tokens of a tile.
        DRAWN: Noise words of a tile.
        WIDTH: Floats of a row.
        CHUNK: Columns that are multiplied at a time,
        CHUNKS: and how often.
        KIND: Format of what is multiplied.
        UPDATE: Whether to change the model.
        MERGE: Whether to add a word that a tile holds several times only once.
    """
    program = tl.program_id(0)
    epoch_key = tl.load(key).to(tl.uint64)
    here = tl.arange(0, TILE)
    draws = tl.arange(0, DRAWN)
    all_draws = draws >= 0
    for step in range(first, last):
        tile = program.to(tl.int64) * stretch + step
        at = tile * CENTERS - WINDOW + here
        used = (at >= 0) & (at < kept)
        is_center = used & (here >= WINDOW) & (here < WINDOW + CENTERS)
        words = tl.load(ids + at, used, other=-1)
        document = tl.load(documents + at, used, other=-1)
        place = tl.load(places + at, used, other=0)
        reach = 1 + _below(_hash(epoch_key, _REACH, place), tl.full([1], WINDOW, tl.int64))
        gap = here[None, :] - here[:, None]
        band = (gap != 0) & (tl.abs(gap) <= reach[:, None]) & is_center[:, None] & used[None, :]
        band = band & (document[:, None] == document[None, :])
        count = tl.sum(band.to(tl.int32), axis=1)
        share = count.to(tl.float32) * weight

        bits = _hash(epoch_key, _NOISE, tile * DRAWN + draws + draw)
        noise = _below(bits, tl.full([1], 1, tl.int64) * vocab)
        other = tl.load(alias + noise)
        noise = tl.where(_fraction(bits) < tl.load(accept + noise), noise, other)

        near = tl.zeros([TILE, TILE], tl.float32)
        far = tl.zeros([TILE, DRAWN], tl.float32)
        x_squares = tl.zeros([TILE], tl.float32)
        y_squares = tl.zeros([TILE], tl.float32)
        n_squares = tl.zeros([DRAWN], tl.float32)
        for chunk in tl.static_range(CHUNKS):
            columns = chunk * CHUNK + tl.arange(0, CHUNK)
            X = _rows(centers, words, is_center, columns, WIDTH, KIND)
            Y = _rows(contexts, words, used, columns, WIDTH, KIND)
            N = _rows(contexts, noise, all_draws, columns, WIDTH, KIND)
            near = tl.dot(X, tl.trans(Y), near, input_precision="ieee")
            far = tl.dot(X, tl.trans(N), far, input_precision="ieee")
            x_squares += _squares(X)
            y_squares += _squares(Y)
            n_squares += _squares(N)

        total = tl.sum(tl.where(band, _softplus(-near), 0.0), axis=1) + share * tl.sum(_softplus(far), axis=1)
        tl.store(loss + tile, tl.sum(total, axis=0))
        tl.store(pairs + tile, tl.sum(count, axis=0))

        if UPDATE:
            gone = (step * tl.num_programs(0) + program).to(tl.float32)
            now = tl.maximum(rate - gone * rate_fall, rate_end)
            pull = tl.where(band, now * _logistic(-near), 0.0).to(KIND)
            push = (-now * share[:, None] * _logistic(far)).to(KIND)
            x_near = tl.zeros([TILE], tl.float32)
            x_steps = tl.zeros([TILE], tl.float32)
            y_steps = tl.zeros([TILE], tl.float32)
            n_steps = tl.zeros([DRAWN], tl.float32)
            for chunk in tl.static_range(CHUNKS):
                columns = chunk * CHUNK + tl.arange(0, CHUNK)
                if CHUNKS > 1:
                    X = _rows(centers, words, is_center, columns, WIDTH, KIND)
                    Y = _rows(contexts, words, used, columns, WIDTH, KIND)
                    N = _rows(contexts, noise, all_draws, columns, WIDTH, KIND)
                to_x = tl.dot(pull, Y, input_precision="ieee")
                x_near += _squares(to_x)
                to_x = tl.dot(push, N, to_x, input_precision="ieee")
                x_steps += _squares(to_x)
                to_y = tl.dot(tl.trans(pull), X, input_precision="ieee")
                y_steps += _squares(to_y)
                to_n = tl.dot(tl.trans(push), X, input_precision="ieee")
                n_steps += _squares(to_n)

            # how far a step reaches, and the sum of it for each word: as in `skip_gram_cpu` and `workers.apply_steps`,
            # with what is expected of other tiles. Of a center, noise may cancel its contexts in one score, not in each
            longest_x = tl.sqrt(tl.max(x_squares, axis=0))
            longest_y = tl.sqrt(tl.maximum(tl.max(y_squares, axis=0), tl.max(n_squares, axis=0)))
            x_loads = longest_y * tl.sqrt(tl.maximum(x_near, x_steps))
            y_loads = longest_x * tl.sqrt(y_steps)
            n_loads = longest_x * tl.sqrt(n_steps)
            x_mean = _mean(x_loads, is_center)
            y_mean = _mean(y_loads, used)
            n_mean = _mean(n_loads, all_draws)
            expected = tl.load(flight + words, used, other=0.0)
            x_mass = _mass(words, words, is_center, x_loads) + x_mean * expected
            expected = y_mean * expected + n_mean * tl.load(noise_flight + words, used, other=0.0)
            y_mass = _mass(words, words, used, y_loads) + _mass(words, noise, all_draws, n_loads) + expected
            expected = y_mean * tl.load(flight + noise) + n_mean * tl.load(noise_flight + noise)
            n_mass = _mass(noise, words, used, y_loads) + _mass(noise, noise, all_draws, n_loads) + expected
            x_scale, y_scale, n_scale = _scale(x_mass, bound), _scale(y_mass, bound), _scale(n_mass, bound)
            # scaled before the products, which are small, so that no steps are kept in registers meanwhile
            of_x, of_y = _scaled(pull, x_scale[:, None], KIND), _scaled(pull, y_scale[None, :], KIND)
            noise_of_x, of_n = _scaled(push, x_scale[:, None], KIND), _scaled(push, n_scale[None, :], KIND)
            for chunk in tl.static_range(CHUNKS):
                columns = chunk * CHUNK + tl.arange(0, CHUNK)
                if CHUNKS > 1:
                    # other programs may have added to these rows since; the steps differ by as little as all of Hogwild
                    X = _rows(centers, words, is_center, columns, WIDTH, KIND)
                    Y = _rows(contexts, words, used, columns, WIDTH, KIND)
                    N = _rows(contexts, noise, all_draws, columns, WIDTH, KIND)
                to_x = tl.dot(noise_of_x, N, tl.dot(of_x, Y, input_precision="ieee"), input_precision="ieee")
                _add_rows(centers, words, is_center, columns, to_x, WIDTH, MERGE)
                to_y = tl.dot(tl.trans(of_y), X, input_precision="ieee")
                _add_rows(contexts, words, used, columns, to_y, WIDTH, MERGE)
                to_n = tl.dot(tl.trans(of_n), X, input_precision="ieee")
                _add_rows(contexts, noise, all_draws, columns, to_n, WIDTH, MERGE)
