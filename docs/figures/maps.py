"""Section 7 of the theory: what distances on a map mean and do not mean."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from docs.figures.drawing import panels
from docs.figures.neighbours import REPRESENTATIONS, as_compared
from docs.figures.stored import NETWORKS, Arrays, stored
from genre_lightning.data.catalogue import SPLITS
from genre_lightning.embed.projection import PCA, TSNE, UMAP, Projection
from genre_lightning.plotting import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SETTINGS: dict[str, Projection] = {
    "PCA": PCA(),
    "t-SNE, perplexity 5": TSNE(perplexity=5),
    "t-SNE, perplexity 30": TSNE(perplexity=30),
    "UMAP, n_neighbors 5, min_dist 0": UMAP(n_neighbors=5, min_dist=0.0),
    "UMAP, n_neighbors 50, min_dist 0.5": UMAP(n_neighbors=50, min_dist=0.5),
}
MAPPED = "cnn"  # the vectors that are mapped with all settings
SHOWN = [name for name in REPRESENTATIONS if name != NETWORKS["frames"]]  # each mapped with conf/projection's UMAP
NEAR = 10  # neighbours that trustworthiness asks for
CLUMPS = 6  # into so many every map of noise is cut


def noise(arrays: Arrays) -> np.ndarray:
    """As many points as there are songs, of as many independent normal numbers as MAPPED has: a cloud without parts."""
    return np.random.default_rng(0).standard_normal(arrays[MAPPED].shape).astype(np.float32)


def projected(arrays: Arrays) -> Arrays:
    """Positions on maps, `(maps, songs, 2)`.

    map_vectors, map_noise: of MAPPED and of `noise` by each of SETTINGS; map_representations: of each of SHOWN by
    UMAP as conf/projection has it.
    """
    clouds = {"vectors": arrays[MAPPED].astype(np.float32), "noise": noise(arrays)}
    maps = {name: [setting.fit(cloud) for setting in SETTINGS.values()] for name, cloud in clouds.items()}
    kinds = [REPRESENTATIONS[name] for name in SHOWN]
    compared = [as_compared(arrays[kind.array], kind, arrays["split"][0]).astype(np.float32) for kind in kinds]
    maps["representations"] = [UMAP().fit(vectors) for vectors in compared]
    return {f"map_{name}": np.array(positions, np.float16) for name, positions in maps.items()}


class Measured(NamedTuple):
    """How far a map can be trusted, and the parts that are coloured on it.

    trustworthiness: whether the NEAR neighbours on the map are near in the vectors, 0 to 1 (Venna and Kaski 2001);
    distances: Spearman's rank correlation of all distances on the map with those of the vectors, -1 to 1;
    on_map, in_vectors: the silhouette of the parts, how much nearer songs are to their own part than to the next, -1
    to 1 (Rousseeuw 1987).
    """

    trustworthiness: float
    distances: float
    on_map: float
    in_vectors: float


def measured(vectors: np.ndarray, positions: np.ndarray, parts: np.ndarray) -> Measured:
    """Measure a map `(songs, 2)` of vectors `(songs, width)`, which are compared by the angle, and parts `(songs,)`."""
    from scipy.spatial.distance import pdist
    from scipy.stats import spearmanr
    from sklearn.manifold import trustworthiness
    from sklearn.metrics import silhouette_score

    vectors, positions = vectors.astype(float), positions.astype(float)
    near = trustworthiness(vectors, positions, n_neighbors=NEAR, metric="cosine")
    kept: Any = spearmanr(pdist(vectors, "cosine"), pdist(positions))
    seen, true = silhouette_score(positions, parts), silhouette_score(vectors, parts, metric="cosine")
    return Measured(near, float(kept.statistic), float(seen), float(true))


def clumps(positions: np.ndarray) -> np.ndarray:
    """The CLUMPS parts into which k-means cuts a map, whether there are any or not, `(songs,)`."""
    from sklearn.cluster import KMeans

    return KMeans(CLUMPS, n_init="auto", random_state=0).fit_predict(positions.astype(float))


def map_settings() -> "Figure":
    """The same vectors, coloured by genre, and noise, coloured by each map's own clumps, by each of SETTINGS."""
    arrays = stored()
    figure, axes = panels(2, len(SETTINGS), width=11.0, height=6.0)
    above, below = axes[: len(SETTINGS)], axes[len(SETTINGS) :]
    for axis, setting, positions in zip(above, SETTINGS, arrays["map_vectors"], strict=True):
        draw_measured(axis, arrays[MAPPED], positions, arrays["genre"])
        axis.set_title(setting.replace("n_neighbors", "k"))
    for axis, positions in zip(below, arrays["map_noise"], strict=True):
        draw_measured(axis, noise(arrays), positions, clumps(positions))
    above[0].set_ylabel(f"songs as the {NETWORKS[MAPPED]} sees them,\ncoloured by genre")
    below[0].set_ylabel(f"pure noise, each map cut\ninto {CLUMPS} by k-means")
    name_genres(above[-1], arrays)
    return figure


def draw_measured(axis: "Axes", vectors: np.ndarray, positions: np.ndarray, parts: np.ndarray) -> None:
    """Draw a map in the colours of its parts, and write below what was measured on it."""
    draw_map(axis, positions, parts)
    found = measured(vectors, positions, parts)
    trusted = f"trustworthiness {found.trustworthiness:.2f}\ndistances kept {found.distances:.2f}"
    axis.set_xlabel(f"{trusted}\nsilhouette: map {found.on_map:.2f}, vectors {found.in_vectors:z.2f}")


def map_representations() -> "Figure":
    """Songs by their statistics and by networks, mapped by UMAP with the project's settings; pale: learnt from."""
    arrays = stored()
    figure, axes = panels(2, 3, width=9.0, height=5.6)
    for axis, name, positions in zip(axes, SHOWN, arrays["map_representations"], strict=True):
        draw_map(axis, positions, arrays["genre"], arrays["split"][0] != SPLITS.index("train"))
        axis.set_title(name)
    name_genres(axes[0], arrays)
    return figure


def name_genres(axis: "Axes", arrays: Arrays) -> None:
    """Say which colour is which genre."""
    named = zip(arrays["genres"].tolist(), COLOURS, strict=False)
    axis.legend(handles=[axis.plot([], [], "o", color=colour, label=name)[0] for name, colour in named])


def draw_map(axis: "Axes", positions: np.ndarray, colours: np.ndarray, full: np.ndarray | None = None) -> None:
    """Draw songs by the numbers of their `colours`; where some are `full`, the others are pale."""
    for number in np.unique(colours):
        for shown in (True,) if full is None else (False, True):
            rows = (colours == number) & (True if full is None else full == shown)
            axis.plot(*positions[rows].T, "o", color=COLOURS[number], markersize=3, alpha=1 if shown else 0.25, mew=0)
    axis.set(xticks=[], yticks=[])


PICTURES = {"map_settings": map_settings, "map_representations": map_representations}
SOUNDS = {}
