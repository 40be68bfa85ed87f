"""Skip-gram with negative sampling on a GPU, in Triton: tiles of kept tokens, processed by matrix products.

A tile holds `TILE` consecutive kept tokens. All but the `window` outermost ones on either side are centers, all are
contexts, and the tile's noise words (negative samples) are drawn once for all centers. With X, Y and N the vectors of
centers, contexts and noise words, the scores are X Y' within a band and X N', and the gradient of equation 4 of Mikolov
et al. 2013, "Distributed Representations of Words and Phrases and their Compositionality", takes four more products:
tensor-core work in bfloat16 that accumulates in float32. A center with n contexts is paired with all N noise words of
its tile, with the weight n * negatives / N. The model itself stays in float32 and is updated by atomic additions.

Subsampling and windows are drawn by the hashes of `skip_gram_cpu`, so that both kernels see the same (center, context)
pairs. Noise words come from the same hash and distribution, but the tiles differ from the blocks of the CPU.

Programs do not wait for each other ("Hogwild", Recht et al. 2011): a step may be computed at parameters that lack the
steps of the tiles in flight. Each program processes a contiguous part of the text, so the tiles in flight at any time
are far apart. Their joint effect on a word is then the one expected from its relative frequency, and steps are scaled
down accordingly; see `_scale`. The names (near, far, reach, loads, mass) are explained in `skip_gram_arrays`.
"""

# Triton resolves annotations within its own language, where it knows only its own types.
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls

import triton
import triton.language as tl

_SUBSAMPLE = tl.constexpr(0)  # purposes of a hash, as in `skip_gram_cpu`
_REACH = tl.constexpr(1)
_NOISE = tl.constexpr(2)


@triton.jit
def _hash(key, purpose: tl.constexpr, place):
    """Hash to 64 random bits: the finalizer of SplitMix64 (Steele, Lea and Flood 2014) over distinct multiples."""
    more: tl.constexpr = (purpose * 0xD1B54A32D192ED03) % 2**64
    x = key + tl.full([1], more, tl.uint64) + place.to(tl.uint64) * tl.full([1], 0x9E3779B97F4A7C15, tl.uint64)
    x = (x ^ (x >> 30)) * tl.full([1], 0xBF58476D1CE4E5B9, tl.uint64)
    x = (x ^ (x >> 27)) * tl.full([1], 0x94D049BB133111EB, tl.uint64)
    return x ^ (x >> 31)


@triton.jit
def _fraction(bits):
    """Convert the low 24 bits to a float32 from 0 to below 1."""
    return (bits & 0xFFFFFF).to(tl.int32).to(tl.float32) * (1.0 / 16777216.0)


@triton.jit
def _below(bits, limit):
    """Convert the high 32 bits to an integer from 0 to below ``limit``."""
    return (((bits >> 32) * limit.to(tl.uint64)) >> 32).to(tl.int32)


@triton.jit(do_not_specialize=["begin", "tokens"])
def subsample(ids, begin, tokens, keep, key, kept, SIZE: tl.constexpr):
    """Mark the tokens that subsampling keeps.

    Args:
        ids: (tokens,) int32, a part of the text.
        begin: Position in the text at which the part starts.
        tokens: Number of tokens of the part.
        keep: (vocab,) float32, the probability of keeping each word.
        key: (1,) int64, the bits of the key of the epoch.
        kept: (tokens,) bool, output.
        SIZE: Number of tokens per program.
    """
    at = tl.program_id(0).to(tl.int64) * SIZE + tl.arange(0, SIZE)
    inside = at < tokens
    word = tl.load(ids + at, inside, other=0)
    bits = _hash(tl.load(key).to(tl.uint64), _SUBSAMPLE, at + begin)
    chance = tl.load(keep + word, inside, other=0.0)
    tl.store(kept + at, _fraction(bits) < chance, inside)


@triton.jit
def _rows(matrix, words, used, columns, WIDTH: tl.constexpr, KIND: tl.constexpr):
    """Load the vectors of words in the dtype of the products; zeros for rows that are not used."""
    place = words.to(tl.int64)[:, None] * WIDTH + columns[None, :]
    inside = used[:, None] & (columns < WIDTH)[None, :]
    # .cg bypasses the L1 cache, which does not see the additions of other multiprocessors.
    return tl.load(matrix + place, inside, other=0.0, cache_modifier=".cg").to(KIND)


@triton.jit
def _add_rows(matrix, words, used, columns, values, WIDTH: tl.constexpr, MERGE: tl.constexpr):
    """Add to the vectors of words; with MERGE, the rows of a word that occurs several times are summed before."""
    if MERGE:
        # Sum the rows of a word into the first of them, so that a frequent word takes one atomic addition.
        order = tl.arange(0, values.shape[0])
        same = (words[:, None] == words[None, :]) & used[:, None] & used[None, :]
        values = tl.dot(same.to(tl.float32), values, input_precision="tf32x3")
        earlier = same & (order[None, :] < order[:, None])
        used = used & (tl.sum(earlier.to(tl.int32), axis=1) == 0)
    place = words.to(tl.int64)[:, None] * WIDTH + columns[None, :]
    tl.atomic_add(matrix + place, values, used[:, None] & (columns < WIDTH)[None, :], sem="relaxed")


@triton.jit
def _squares(rows):
    """Compute the squared norm of each row."""
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
    """Sum, for each of ``words``, the loads of its rows among ``others``."""
    same = (words[:, None] == others[None, :]) & used[None, :]
    return tl.sum(tl.where(same, loads[None, :], 0.0), axis=1)


@triton.jit
def _mean(values, used):
    count = tl.sum(used.to(tl.float32), axis=0)
    return tl.sum(tl.where(used, values, 0.0), axis=0) / tl.maximum(count, 1.0)


@triton.jit
def _scale(mass, bound):
    """Compute the factor of a word's steps, so that together they change no score by more than ``bound``."""
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
    """Process the tiles from ``first`` to below ``last`` of this program's part of the text, of ``stretch`` tiles.

    Args:
        ids: (kept,) int32, the tokens that subsampling kept.
        places: (kept,) int64, the position of each kept token in the text.
        documents: (kept,) int32, the document of each kept token.
        kept: Number of kept tokens.
        draw: Number of the first draw of a noise word.
        accept: (vocab,) float32, table of the alias method for the noise distribution (Walker 1977).
        alias: (vocab,) int32, the other table of the alias method.
        vocab: Size of the vocabulary.
        flight: (vocab,) float32, expected count of each word among the tokens of all other tiles in flight.
        noise_flight: (vocab,) float32, expected count of each word among the noise words of all other tiles in flight.
        centers: (vocab, WIDTH) float32, the input embedding.
        contexts: (vocab, WIDTH) float32, the output embedding.
        key: (1,) int64, the bits of the key of the epoch.
        rate: Learning rate of the first tile of the epoch.
        rate_fall: Decrease of the learning rate per tile processed, counted over all programs.
        rate_end: Minimum learning rate.
        weight: negatives / DRAWN.
        bound: Maximum change of a score by the steps of a word while a tile is in flight.
        stretch: Number of tiles per program in the epoch.
        first: First tile to process in each program's part.
        last: Tile after the last one to process.
        loss: (programs * stretch,) float32, output: the loss of each tile in nats.
        pairs: (programs * stretch,) int32, output: the number of (center, context) pairs of each tile.
        WINDOW: Maximum number of contexts on each side.
        CENTERS: Number of centers per tile, at most TILE - 2 * WINDOW.
        TILE: Number of tokens per tile.
        DRAWN: Number of noise words per tile.
        WIDTH: Number of floats per row.
        CHUNK: Number of columns multiplied at a time.
        CHUNKS: Number of such chunks in a row.
        KIND: dtype of the matrix products.
        UPDATE: Whether to update the model.
        MERGE: Whether to sum the rows of a word that occurs several times in a tile before adding them.
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

            # The loads of the steps and their sum for each word, as in `skip_gram_cpu` and
            # `skip_gram_workers.apply_steps`, plus those expected from other tiles. For a center, noise words may
            # cancel the contribution of its contexts in one score, but not in every one.
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
            # The coefficients are scaled before the products, so that no steps have to be kept in registers meanwhile.
            of_x, of_y = _scaled(pull, x_scale[:, None], KIND), _scaled(pull, y_scale[None, :], KIND)
            noise_of_x, of_n = _scaled(push, x_scale[:, None], KIND), _scaled(push, n_scale[None, :], KIND)
            for chunk in tl.static_range(CHUNKS):
                columns = chunk * CHUNK + tl.arange(0, CHUNK)
                if CHUNKS > 1:
                    # Other programs may have updated these rows since; Hogwild tolerates such small differences.
                    X = _rows(centers, words, is_center, columns, WIDTH, KIND)
                    Y = _rows(contexts, words, used, columns, WIDTH, KIND)
                    N = _rows(contexts, noise, all_draws, columns, WIDTH, KIND)
                to_x = tl.dot(noise_of_x, N, tl.dot(of_x, Y, input_precision="ieee"), input_precision="ieee")
                _add_rows(centers, words, is_center, columns, to_x, WIDTH, MERGE)
                to_y = tl.dot(tl.trans(of_y), X, input_precision="ieee")
                _add_rows(contexts, words, used, columns, to_y, WIDTH, MERGE)
                to_n = tl.dot(tl.trans(of_n), X, input_precision="ieee")
                _add_rows(contexts, noise, all_draws, columns, to_n, WIDTH, MERGE)
