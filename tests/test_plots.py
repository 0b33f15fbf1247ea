"""The figures: what is drawn is what was given, and the page finds the image by its name."""

import base64
import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex, to_rgb

from recsys_helpers import plots


def axes_of(figure):
    return figure.axes[0]


def test_bars_have_the_given_heights_and_labels():
    axes = axes_of(plots.bars([1, 2, 3], [10.0, 20.0, 5.0], x="rating", y="%"))
    assert [bar.get_height() for bar in axes.patches] == [10.0, 20.0, 5.0]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["1", "2", "3"]
    assert [text.get_text() for text in axes.texts] == ["10", "20", "5"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("rating", "%")


def test_bars_drawn_sideways_run_from_the_top_down():
    axes = axes_of(plots.bars(["long", "b"], [4.0, 3.0], x="item", y="stars", sideways=True))
    assert [bar.get_width() for bar in axes.patches] == [4.0, 3.0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["long", "b"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("stars", "item")


def test_curves_over_whole_numbers_have_ticks_at_whole_numbers():
    axes = axes_of(plots.curves([1, 2, 3], {"a": [1.0, 2.0, 3.0]}, x="epoch", y="RMSE"))
    assert all(tick == round(tick) for tick in axes.get_xticks())
    axes = axes_of(plots.curves([0.0, 0.5, 1.0], {"a": [1.0, 2.0, 3.0]}, x="rate", y="RMSE"))
    assert not all(tick == round(tick) for tick in axes.get_xticks())


def test_a_histogram_counts_and_leaves_missing_values_out():
    values = [1.0, 1.5, 2.5, np.nan]
    axes = axes_of(plots.histogram(values, x="year", y="items", bins=[1, 2, 3]))
    assert [bar.get_height() for bar in axes.patches] == [2, 1]


def test_ranked_draws_counts_from_the_largest_down():
    axes = axes_of(plots.ranked([3, 100, 7], x="rank", y="ratings"))
    (line,) = axes.lines
    assert list(line.get_ydata()) == [100, 7, 3]
    assert list(line.get_xdata()) == [1, 2, 3]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")


def test_curves_name_each_line_mark_the_best_and_draw_the_level():
    figure = plots.curves(
        [1, 2, 4],
        {"fit": [3.0, 2.0, 1.0], "validation": [3.0, 2.5, 2.8]},
        x="rank",
        y="RMSE",
        best=2,
        level={"biases": 2.7},
        y_limits=(0.5, 3.5),
        log_x=True,
    )
    axes = axes_of(figure)
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert legend == ["fit", "validation", "biases"]
    drawn = [list(line.get_ydata()) for line in axes.lines]
    assert drawn[:2] == [[3.0, 2.0, 1.0], [3.0, 2.5, 2.8]]
    assert drawn[2] == [2.7, 2.7]
    assert list(axes.lines[3].get_xdata()) == [2, 2]
    assert axes.get_ylim() == (0.5, 3.5)
    assert axes.get_xscale() == "log"


# What is left of red, green and blue light for those who lack the cones for one of them. Source: G.
# Machado, M. Oliveira & L. Fernandes (2009), https://doi.org/10.1109/TVCG.2009.113, severity 1.
SEEN_WITHOUT = {
    "red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "green": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "blue": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
# From light to CIE XYZ, as shares of that of white (D65). Source: IEC 61966-2-1.
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(colours, seen=None):
    """Places of colours in CIELAB, where a distance of about 2.3 is just noticed."""
    shares = np.array([to_rgb(colour) for colour in colours])
    light = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    if seen:
        light = np.clip(light @ np.array(seen).T, 0, 1)
    x, y, z = np.cbrt(light @ XYZ.T / XYZ.sum(axis=1)).T
    return np.column_stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def nearest(colours, seen):
    return min(np.linalg.norm(a - b) for a, b in itertools.combinations(lab(colours, seen), 2))


@pytest.mark.parametrize("seen", SEEN_WITHOUT.values(), ids=SEEN_WITHOUT)
def test_colour_blind_readers_tell_all_colours_apart(seen):
    assert nearest(plots.COLOURS, seen) > 15


def test_red_and_brown_are_nearly_one_colour_without_green_cones():
    assert nearest(["tab:red", "tab:brown", "tab:green"], None) > 50
    assert nearest(["tab:red", "tab:brown", "tab:green"], SEEN_WITHOUT["green"]) < 8


def test_no_line_is_left_out_in_silence():
    with pytest.raises(ValueError, match="6 lines and 0 levels, but only 5 and 3"):
        plots.curves([1], {str(n): [n] for n in range(6)}, x="x", y="y")
    with pytest.raises(ValueError, match="1 lines and 4 levels"):
        plots.curves([1], {"a": [1]}, x="x", y="y", level={str(n): n for n in range(4)})


def test_a_hole_of_the_matrix_is_masked_and_a_rating_is_not():
    axes = axes_of(plots.matrix([[1.0, np.nan], [3.0, 5.0]], x="item", y="user", colour="rating"))
    drawn = axes.images[0].get_array()
    assert drawn.mask.tolist() == [[False, True], [False, False]]
    assert drawn[1, 1] == 5.0
    assert axes.figure.axes[1].get_ylabel() == "rating"
    assert len(plots.matrix([[1.0]], x="item", y="user").axes) == 1


def test_show_displays_a_png_under_the_name_that_glue_looks_for(monkeypatch):
    shown = []
    monkeypatch.setattr(plots, "display", lambda *args, **kwargs: shown.append((args, kwargs)))
    plots.show(plots.bars(["a"], [1.0], x="x", y="y"), "fig-one")
    ((data,), options) = shown[0]
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert options["metadata"]["scrapbook"] == {"name": "fig-one", "mime_prefix": ""}
    assert options["metadata"]["image/png"] == {"width": 550}
    assert options["raw"] is True


def test_the_same_figure_is_the_same_bytes(monkeypatch):
    shown = []
    monkeypatch.setattr(plots, "display", lambda data, **kwargs: shown.append(data["image/png"]))
    for _ in range(2):
        plots.show(plots.curves([1, 2], {"a": [1, 2]}, x="x", y="y"), "fig")
    assert shown[0] == shown[1]


def test_an_axis_is_logarithmic_if_asked_for():
    lines = {"a": [1.0, 100.0]}
    for log_y, scale in ((True, "log"), (False, "linear")):
        axes = axes_of(plots.curves([1, 2], lines, x="x", y="y", log_y=log_y))
        assert (axes.get_xscale(), axes.get_yscale()) == ("linear", scale)


def test_boxes_show_the_median_the_middle_half_and_the_5th_to_95th_percentile():
    groups = {"1": np.arange(101), "5": [3.0, 4.0, 50.0]}
    axes = axes_of(plots.boxes(groups, x="rating", y="predicted"))
    lows, highs = [], []
    for box in axes.patches:
        heights = box.get_path().vertices[:, 1]
        lows.append(heights.min())
        highs.append(heights.max())
    # Of 0..100 the quartiles are 25 and 75; of three numbers they lie halfway between two.
    assert (lows, highs) == ([25, 3.5], [75, 27])
    lower, upper, *_, median = (list(line.get_ydata()) for line in axes.lines[:5])
    assert (lower, upper, median) == ([25, 5], [75, 95], [50, 50])
    assert list(axes.lines[9].get_ydata()) == [4, 4]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["1", "5"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("rating", "predicted")


def test_a_box_of_nothing_is_refused():
    with pytest.raises(ValueError, match=r"no value in group '2': leave it out"):
        plots.boxes({"1": [1.0], "2": []}, x="x", y="y")


def test_tables_write_each_number_into_its_cell():
    figure = plots.tables({"one-hot": [0, 1], "$P$": [[0.5, -0.25, 3], [1, 2, 7]]})
    one_hot, table = figure.axes
    assert (one_hot.get_title(), table.get_title()) == ("one-hot", "$P$")
    assert {text.get_position(): text.get_text() for text in one_hot.texts} == {
        (0, 0): "0",
        (1, 0): "1",
    }
    cells = {text.get_position(): text.get_text() for text in table.texts}  # by (column, row)
    assert cells[1, 0] == "-0.25"
    assert [cells[column, 1] for column in range(3)] == ["1", "2", "7"]
    drawn = table.images[0].norm(table.images[0].get_array())
    assert drawn[1, 2] == drawn.max() == 0.5  # 7 is the darkest, yet black is legible on it,
    assert drawn[0, 1] == drawn.min() == 0  # and -0.25 the lightest


def test_a_table_of_equal_numbers_can_be_drawn(recwarn):
    plots.tables({"zeros": np.zeros((2, 3)), "ones": [1, 1]}).canvas.draw()
    assert not recwarn.list


def test_a_graph_has_a_text_for_each_node_and_an_arrow_for_each_edge():
    nodes = {"user": (0, 0), "item": (0, 1), "dot": (1, 0.5)}
    figure = plots.graph(nodes, [("user", "dot"), ("item", "dot")])
    axes = axes_of(figure)
    names = {text.get_text(): text.get_position() for text in axes.texts if text.get_text()}
    assert names == nodes
    arrows = [text for text in axes.texts if not text.get_text()]
    assert [(arrow.xyann, arrow.xy) for arrow in arrows] == [
        ((0, 0), (1, 0.5)),
        ((0, 1), (1, 0.5)),
    ]
    assert axes.yaxis_inverted()  # rows are counted from the top


def test_an_edge_to_a_node_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"an edge names 'sum', but the nodes are \['dot'\]"):
        plots.graph({"dot": (0, 0)}, [("dot", "sum")])


@pytest.mark.parametrize("n_points", [30, 31])
def test_few_points_get_markers_many_do_not(n_points):
    figure = plots.curves(range(n_points), {"a": range(n_points)}, x="x", y="y")
    marker = axes_of(figure).lines[0].get_marker()
    assert (marker == "o") is (n_points <= 30)


def test_points_have_a_panel_for_each_x_and_a_colour_and_marker_for_each_group():
    groups = {
        "dot": pd.DataFrame({"parameters": [10, 20], "seconds": [1.5, 2], "RMSE": [0.9, 1]}),
        "average": pd.DataFrame({"RMSE": [0.8], "seconds": [3], "parameters": [30]}),
    }
    figure = plots.points(groups, x=["parameters", "seconds"], y="RMSE")
    left, right = figure.axes
    drawn = [[points.get_offsets().tolist() for points in axes.collections] for axes in figure.axes]
    assert drawn[0] == [[[10, 0.9], [20, 1]], [[30, 0.8]]]
    assert drawn[1] == [[[1.5, 0.9], [2, 1]], [[3, 0.8]]]
    assert (left.get_xlabel(), right.get_xlabel()) == ("parameters", "seconds")
    assert (left.get_ylabel(), right.get_ylabel()) == ("RMSE", "")
    assert left.get_shared_y_axes().joined(left, right)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["dot", "average"]
    for axes in figure.axes:
        colours = {to_hex(points.get_facecolor()[0]) for points in axes.collections}
        shapes = {len(points.get_paths()[0].vertices) for points in axes.collections}
        assert len(colours) == len(shapes) == 2


def test_no_group_of_points_is_left_out_in_silence():
    table = pd.DataFrame({"x": [1], "y": [2]})
    with pytest.raises(ValueError, match="6 groups, but only 5 can be told apart"):
        plots.points({str(n): table for n in range(6)}, x=["x"], y="y")


def test_a_group_without_points_is_in_the_legend_all_the_same():
    table = pd.DataFrame({"x": [1], "y": [2]})
    figure = plots.points({"all": table, "none": table[:0]}, x=["x"], y="y")
    assert [len(drawn.get_offsets()) for drawn in figure.axes[0].collections] == [1, 0]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["all", "none"]


def test_many_points_are_drawn_smaller():
    sizes = []
    for n_points in (10, 200, 10_000):
        table = pd.DataFrame({"x": range(n_points), "y": 0})
        (drawn,) = plots.points({"all": table}, x=["x"], y="y").axes[0].collections
        sizes += drawn.get_sizes().tolist()
    assert sizes == [36, 20, 6]


def test_a_waterfall_goes_from_part_to_part_down_to_their_sum():
    parts = {"$\\mu$": 3.5, "Drama": 0.32, "year": -0.75, "age": -0.001}
    axes = axes_of(plots.waterfall(parts, x="rating", x_limits=(2, 4.5)))
    ends = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches]
    expected = [(0, 3.5), (3.5, 3.82), (3.82, 3.07), (3.07, 3.069), (0, 3.069)]
    np.testing.assert_allclose(ends, expected)
    texts = [text.get_text() for text in axes.texts]
    assert texts == ["3.50", "+0.32", "\u22120.75", "+0.00", "3.07"]
    # A number stands to the right of its bar, wherever that began.
    np.testing.assert_allclose([text.xy[0] for text in axes.texts], [3.5, 3.82, 3.82, 3.07, 3.069])
    (connecting,) = axes.collections
    steps = [(line[0][0], line[1][0]) for line in connecting.get_segments()]
    np.testing.assert_allclose(steps, [(end, end) for _, end in expected[:-1]])
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == ["$\\mu$", "Drama", "year", "age", "sum"]
    assert axes.yaxis_inverted()
    assert (axes.get_xlabel(), axes.get_xlim()) == ("rating", (2, 4.5))
    first, rise, fall, _, total = (to_hex(bar.get_facecolor()) for bar in axes.patches)
    assert first == total
    assert len({first, rise, fall}) == 3


def test_the_sum_of_a_waterfall_may_have_another_name_and_be_negative():
    axes = axes_of(plots.waterfall({"a": -0.5, "b": 0.25}, x="score", total="$s$"))
    assert [text.get_text() for text in axes.texts] == ["\u22120.50", "+0.25", "\u22120.25"]
    assert axes.get_yticklabels()[-1].get_text() == "$s$"
    low, high = axes.get_xlim()
    assert low <= -0.5 < 0 <= high


def test_a_waterfall_of_nothing_is_refused():
    with pytest.raises(ValueError, match="there is no part to add up"):
        plots.waterfall({}, x="rating")


def test_maps_show_the_same_points_in_the_same_colours():
    square = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    figure = plots.maps(
        {"a": square, "b": 2 * square},
        [1, 10, 100, 1000],
        colour="ratings",
        names={2: "x"},
        log=True,
    )
    left, right, bar = figure.axes
    assert (left.get_title(), right.get_title(), bar.get_xlabel()) == ("a", "b", "ratings")
    assert left.collections[0].get_offsets().tolist() == square.tolist()
    assert right.collections[0].get_offsets().tolist() == (2 * square).tolist()
    for axes in (left, right):
        colours = axes.collections[0]
        assert np.allclose(colours.norm(colours.get_array()), [0, 1 / 3, 2 / 3, 1])
    assert [(text.get_text(), list(text.xy)) for text in right.texts] == [("x", [2, 0])]
    assert right.texts[0].get_ha() == "right"  # so that it ends on the map
    figure.draw_without_rendering()
    assert "500" in [label.get_text() for label in bar.get_xticklabels()]
    assert [list(axes.get_xticks()) for axes in (left, right)] == [[], []]


def test_maps_leave_the_rest_of_a_grid_empty():
    place = np.zeros((1, 2))
    figure = plots.maps(dict.fromkeys("abcd", place), [1], colour="year", columns=3)
    assert [axes.axison for axes in figure.axes[:6]] == [True] * 4 + [False] * 2


def test_the_colours_of_a_map_are_linear_unless_told_otherwise():
    figure = plots.maps({"a": np.zeros((3, 2))}, [1900, 1950, 2000], colour="year")
    colours = figure.axes[0].collections[0]
    assert np.allclose(colours.norm(colours.get_array()), [0, 0.5, 1])


def test_maps_refuse_a_cloud_of_another_size():
    with pytest.raises(ValueError, match=r"'b' has shape \(3, 2\), expected \(2, 2\)"):
        plots.maps({"a": np.zeros((2, 2)), "b": np.zeros((3, 2))}, [1, 2], colour="ratings")
